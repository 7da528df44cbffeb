import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { silentLog } from '../../src/base/log.ts'
import { MINUTE_MS } from '../../src/base/units.ts'
import { startDaemon } from '../../src/daemon/daemon.ts'
import { loadConfiguration } from '../../src/parameters/load.ts'
import { lastCounted, rowsOf } from '../lib/chaos-count.ts'
import { configurationOf, databaseOf, type Setting, writeParameters } from '../lib/chaos-daemon.ts'
import { bannedBy, lineOf, numberIn } from '../lib/chaos-lines.ts'

const LINES_BEFORE = 50
const LINES = 30_000
const DOWN_MS = 10 * MINUTE_MS

test('after ten minutes of being down, with two rotations, one of them to .gz, every line counts, with its own time', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'log2table-down-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const setting: Setting = { folder, log: join(folder, 'app.log') }
  const { log } = setting
  writeParameters(setting)
  const configuration = (await loadConfiguration(configurationOf(setting))).configuration!
  const stoppedAt = Math.floor(Date.now() / 1_000) * 1_000 - DOWN_MS
  let clockAt = stoppedAt
  /** Runs until so many lines have been counted. */
  const run = async (count: number) => {
    const daemon = await startDaemon({
      ...{ configuration, reload: async () => configuration, version: '0', log: silentLog, now: () => clockAt, startAt: 'start' },
      onDecision: () => {},
      onFault: (error) => assert.fail(String(error)),
    })
    for (const giveUpAt = Date.now() + 20_000; lastCounted(databaseOf(setting)) !== count && Date.now() < giveUpAt; )
      await sleep(20)
    await daemon.stop()
  }
  const timeOf = (number: number) => stoppedAt + Math.floor((DOWN_MS * (number - LINES_BEFORE)) / (LINES - LINES_BEFORE))
  /** The time of change is that of the last line, as it would be. */
  const write = (first: number, last: number) => {
    const numbers = Array.from({ length: last - first + 1 }, (_, i) => first + i)
    appendFileSync(log, numbers.map((number) => `${lineOf(number, timeOf(number))}\n`).join(''))
    utimesSync(log, timeOf(last) / 1_000, timeOf(last) / 1_000)
  }

  writeFileSync(log, '')
  const first = run(LINES_BEFORE)
  write(1, LINES_BEFORE)
  await first

  write(LINES_BEFORE + 1, 10_000)
  renameSync(log, `${log}.1`)
  write(10_001, 20_000)
  execFileSync('gzip', [`${log}.1`])
  renameSync(`${log}.1.gz`, `${log}.2.gz`)
  renameSync(log, `${log}.1`)
  write(20_001, LINES)
  clockAt = stoppedAt + DOWN_MS
  await run(LINES)

  const rows = rowsOf(databaseOf(setting), 'SELECT at, line FROM hits ORDER BY id')
  const counted = rows.map(({ line }) => numberIn(String(line)))
  assert.equal(counted.length, LINES)
  assert.equal(
    counted.findIndex((number, i) => number !== i + 1),
    -1,
    'each line once, in its order',
  )
  const strays = rows.slice(LINES_BEFORE).filter(({ at, line }) => at !== timeOf(numberIn(String(line))!))
  assert.deepEqual(strays.slice(0, 3), [], 'lines have their own times')
  const bans = rowsOf(databaseOf(setting), 'SELECT at, network FROM bans')
  assert.deepEqual(new Set(bans.map(({ network }) => network)), bannedBy(Array.from({ length: LINES }, (_, i) => i + 1)))
  assert.ok(bans.every(({ at }) => Number(at) <= clockAt && Number(at) >= stoppedAt))
  assert.ok(
    bans.some(({ at }) => Number(at) < stoppedAt + DOWN_MS / 2),
    'bans are of the time of their lines',
  )
  t.diagnostic(`down for 10 min: ${LINES - LINES_BEFORE} lines in 3 files, 0 lost, 0 double, ${bans.length} bans`)
})
