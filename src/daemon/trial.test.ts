import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logTo } from '../base/log.ts'
import { MINUTE_MS } from '../base/units.ts'
import { UserError } from '../base/user-error.ts'
import { Trial } from './trial.ts'

const START = Date.UTC(2026, 10, 21, 10)
const FROM = '192.0.2.1 50000 198.51.100.1 22'
const ANEW = '192.0.2.1 50001 198.51.100.1 22'

function scene() {
  const undone: string[] = []
  const lines: string[] = []
  let timer: { ms: number; run: () => void } | undefined
  const trial = new Trial<string>({
    timers: {
      after(ms, run) {
        timer = { ms, run }
        return () => {
          timer = undefined
        }
      },
    },
    now: () => START,
    log: logTo((line) => lines.push(line)),
    undo: async (before) => void undone.push(before),
  })
  return { trial, undone, lines, timeIsOver: () => timer?.run(), waits: () => timer?.ms }
}

test('what nobody confirms in time is undone, and before that it is said when', () => {
  const { trial, undone, lines, timeIsOver, waits } = scene()
  assert.equal(trial.trouble, undefined)
  trial.begin({ confirmMs: 5 * MINUTE_MS }, 'old')
  assert.equal(waits(), 5 * MINUTE_MS)
  const trouble =
    'the configuration is on trial: it is undone at 2026-11-21T10:05:00.000Z unless "log2table confirm" comes from a new connection'
  assert.equal(trial.trouble, trouble)
  timeIsOver()
  assert.deepEqual(undone, ['old'])
  assert.deepEqual(lines, [`warning: ${trouble}`, 'warning: nobody confirmed the configuration; the one before is put in force'])
  assert.deepEqual([trial.trouble, trial.confirm(undefined)], [undefined, false])
})

test('what is confirmed over another connection stays; over the same one it does not', () => {
  const { trial, undone, timeIsOver, waits } = scene()
  trial.begin({ confirmMs: MINUTE_MS, connection: FROM }, 'old')
  assert.throws(() => trial.confirm(FROM), UserError)
  assert.equal(waits(), MINUTE_MS)
  assert.equal(trial.confirm(ANEW), true)
  assert.equal(waits(), undefined)
  timeIsOver()
  assert.deepEqual(undone, [])
  assert.equal(trial.confirm(ANEW), false)
})

test('from the console, and where it was asked for there, it can be confirmed at once', () => {
  const { trial } = scene()
  trial.begin({ confirmMs: MINUTE_MS, connection: FROM }, 'old')
  assert.equal(trial.confirm(undefined), true)
  trial.begin({ confirmMs: MINUTE_MS }, 'old')
  assert.equal(trial.confirm(FROM), true)
})

test('a second one on trial gives way to what was in force before the first', () => {
  const { trial, undone, timeIsOver } = scene()
  trial.begin({ confirmMs: MINUTE_MS }, 'old')
  trial.begin({ confirmMs: 2 * MINUTE_MS }, 'first')
  timeIsOver()
  assert.deepEqual(undone, ['old'])
})
