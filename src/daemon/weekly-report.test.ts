import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { localTime } from '../base/local-time.ts'
import { silentLog } from '../base/log.ts'
import { DAY_MS, HOUR_MS, isoTime } from '../base/units.ts'
import type { Message } from '../notify/message.ts'
import { mondayAfter, WeeklyReport } from './weekly-report.ts'

process.env.TZ = 'Europe/Berlin'

/** A Saturday. */
const START = Date.parse('2026-11-21T10:00:00+01:00')

function weekly(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'log2table-weekly-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'reported')
  const state = { now: START, sent: [] as Message[], fails: false, printed: 0, path }
  const begin = () =>
    new WeeklyReport({
      host: 'fw1',
      path,
      print: async (as) => {
        state.printed++
        if (state.fails) throw new Error('no room')
        return `the week as ${as}`
      },
      send: (message) => state.sent.push(message),
      log: silentLog,
      now: () => state.now,
    })
  let report = begin()
  /** Passes time, and has it looked every hour. */
  const pass = async (ms: number) => {
    for (const end = state.now + ms; state.now < end; state.now += HOUR_MS) await report.look()
    await report.look()
  }
  return { state, pass, restart: () => (report = begin()) }
}

test('it is sent on Mondays in the morning, once, as text and as a page', async (t) => {
  const { state, pass } = weekly(t)
  await pass(43 * HOUR_MS)
  assert.deepEqual(state.sent, [])
  await pass(HOUR_MS)
  assert.deepEqual(state.sent, [
    { subject: 'log2table on fw1: the week', text: 'the week as text', html: 'the week as html', isUrgent: false },
  ])
  await pass(6 * DAY_MS)
  assert.equal(state.sent.length, 1)
  await pass(2 * DAY_MS)
  assert.equal(state.sent.length, 2)
})

test('a daemon that is started every day sends it all the same, and one that slept on Monday sends it late', async (t) => {
  const { state, pass, restart } = weekly(t)
  for (let day = 0; day < 14; day++) {
    restart()
    await pass(DAY_MS)
  }
  assert.equal(state.sent.length, 2)
  state.now += 9 * DAY_MS
  restart()
  await pass(DAY_MS)
  assert.equal(state.sent.length, 3)
})

test('one that cannot be made is tried again after an hour', async (t) => {
  const { state, pass } = weekly(t)
  state.fails = true
  await pass(3 * DAY_MS)
  assert.ok(state.printed > 20 && state.printed < 30, `${state.printed} times`)
  state.fails = false
  await pass(2 * HOUR_MS)
  assert.equal(state.sent.length, 1)
})

test('what is kept may be lost, damaged or of another time', async (t) => {
  for (const text of ['', 'nonsense\n', `${isoTime(START + 400 * DAY_MS)}\n`]) {
    const { state, pass } = weekly(t)
    writeFileSync(state.path, text)
    await pass(DAY_MS)
    assert.deepEqual(state.sent, [])
    assert.equal(readFileSync(state.path, 'utf8'), `${isoTime(START)}\n`)
    await pass(DAY_MS)
    assert.equal(state.sent.length, 1)
  }
})

test('Monday morning is six by the clock on the wall, in summer and in winter', () => {
  const after = (text: string) => localTime(mondayAfter(Date.parse(text)))
  assert.equal(after('2026-11-21T10:00:00+01:00'), '2026-11-23T06:00:00+01:00')
  assert.equal(after('2026-11-23T05:59:59+01:00'), '2026-11-23T06:00:00+01:00')
  assert.equal(after('2026-11-23T06:00:00+01:00'), '2026-11-30T06:00:00+01:00')
  assert.equal(after('2026-03-28T10:00:00+01:00'), '2026-03-30T06:00:00+02:00')
  assert.equal(after('2026-10-24T10:00:00+02:00'), '2026-10-26T06:00:00+01:00')
})
