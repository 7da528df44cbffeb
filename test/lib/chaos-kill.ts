import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { bansIn, type Count, countEvidence, lastCounted, rangesOf, rowsOf } from './chaos-count.ts'
import { configurationOf, databaseOf, RunningDaemon, type Setting, writeParameters } from './chaos-daemon.ts'
import { drain } from './chaos-drain.ts'
import { bannedBy, THRESHOLD } from './chaos-lines.ts'
import { chosenSeed, randomFrom } from './chaos-random.ts'
import { readTruth, startWriter, type WriterOptions, type Written } from './chaos-writing.ts'
import type { Namespace } from './namespace.ts'
import { AS_ROOT } from './running.ts'

/** How long a daemon is waited for that starts, or that comes no further with what it has fallen behind. */
const CATCH_UP_MS = 60_000
/** How long a daemon lives at most, in times of what it needs to start: after its start, or after it said that it runs. */
const LIFE = 1.2
const RUNNING_LIFE = 0.6

export interface KillRun {
  readonly kills: number
  readonly rotation: WriterOptions['rotation']
  /** All points count to the end, and each start reads them: what is written fast must not be killed often. */
  readonly linesPerSecond?: number
  readonly namespace?: Namespace
}

export interface Killed extends Count {
  readonly written: Written
  /** Of `lost`, without the lines that were written between a copy and the emptying after it; as a text, empty where there are none. */
  readonly lostForNoReason: string
  /** What a reader that was never interrupted, and knows no copies, did not get. */
  readonly drainLost: number
  readonly bans: readonly string[]
}

/**
 * Lines are written, the log is rotated every second, and the daemon is killed again and again: some at a random moment after
 * its start, the others at one after it has begun to read. What must hold for each way to rotate is checked here.
 */
export async function killRun(t: TestContext, { kills, rotation, linesPerSecond = 1_000, namespace }: KillRun): Promise<Killed> {
  const seed = chosenSeed()
  t.diagnostic(`CHAOS_SEED=${seed}`)
  const random = randomFrom(seed)
  const folder = mkdtempSync(join(tmpdir(), 'log2table-kill-'))
  const setting: Setting = { folder, log: join(folder, 'app.log'), ...(namespace && { namespace }) }
  const truthPath = join(folder, 'truth')
  writeParameters(setting)
  writeFileSync(setting.log, '')
  // What was rotated away before a log was ever looked at is nobody's loss.
  const first = new RunningDaemon(t, setting)
  const startMsOf = async (daemon: RunningDaemon) => {
    const from = performance.now()
    await daemon.started(CATCH_UP_MS)
    return performance.now() - from
  }
  // What a start takes changes with what else the machine does.
  let startMs = await startMsOf(first)
  await waitFor(() => rowsOf(databaseOf(setting), 'SELECT * FROM logs').length > 0)
  await first.stop()
  const counted = join(folder, 'counted')
  const writing = {
    log: setting.log,
    truth: truthPath,
    rotation,
    everyMs: 1_000,
    linesPerSecond,
    seed,
    counted,
  }
  const writer = startWriter(t, writing)
  t.after(() => rmSync(folder, { recursive: true }))
  const beside = rotation === 'copytruncate' ? drain(setting.log) : undefined
  t.after(() => beside?.stop())

  let [beforeReading, said, complaints] = [0, '', '']
  for (let kill = 0; kill < kills; kill++) {
    const daemon = new RunningDaemon(t, setting)
    const isToRun = random() < 0.5
    if (isToRun) startMs = await startMsOf(daemon)
    await sleep(random() * startMs * (isToRun ? RUNNING_LIFE : LIFE))
    if (!daemon.isRunning) beforeReading++
    await daemon.kill()
    said += daemon.stdout
    const last = lastCounted(databaseOf(setting))
    writeFileSync(`${counted}.new`, String(last))
    renameSync(`${counted}.new`, counted)
    complaints += `kill ${kill}, line ${last}: ${daemon.stderr}`
  }
  const daemon = new RunningDaemon(t, setting)
  const written = await writer.stop()
  await catchUp(() => lastCounted(databaseOf(setting)), written.issued)
  beside?.stop()
  await daemon.stop()
  said += daemon.stdout

  const truth = readTruth(truthPath)
  assert.equal(truth.size, written.issued)
  const count = countEvidence(databaseOf(setting), truth)
  const bans = bansIn(databaseOf(setting)).sort()
  const drainLost = written.issued - (beside?.numbers.size ?? written.issued)
  t.diagnostic(
    `${kills} kills (${beforeReading} before it read), ${written.rotations} rotations by ${rotation}, ${written.issued} lines: ` +
      `${count.lost.length} lost, ${count.double} double, ${count.wrong} wrong; ${bans.length} bans` +
      (beside ? `; a reader beside it lost ${drainLost}, ${written.atRisk.length} were written between copy and truncation` : ''),
  )
  const lostForNoReason = rangesOf(count.lost.filter((number) => !written.atRisk.includes(number)))
  if (lostForNoReason !== '') t.diagnostic(`${lostForNoReason} are lost\n${complaints}`)
  assert.deepEqual([count.double, count.wrong], [0, 0], 'lines counted twice, lines counted that were never issued')
  const undisturbed = await bansOfReplay(setting, truth, count)
  assert.equal(differences(bans, undisturbed), '', 'bans are those of a run that nobody disturbed')
  const reckoned = [...bannedBy(count.counted)].map((address) => `${address} ${THRESHOLD}`)
  assert.equal(differences(bans, reckoned), '', 'bans are those that the counted lines deserve')
  assert.ok(bans.length > 0)
  const told = bansTold(said)
  assert.equal(new Set(told).size, told.length, 'no ban is told twice')
  return { ...count, lostForNoReason, written, drainLost, bans }
}

/** What one list has and the other has not; only so much of it that a person can read it. */
export function differences(actual: readonly string[], expected: readonly string[]): string {
  const parts = [
    ['not expected', [...new Set(actual).difference(new Set(expected))]],
    ['missing', [...new Set(expected).difference(new Set(actual))]],
  ] as const
  return parts
    .filter(([, list]) => list.length > 0)
    .map(([what, list]) => `${list.length} ${what}: ${list.slice(0, 5).join(', ')}`)
    .join('; ')
}

/** Comes back with the last line, or when it goes no further. */
async function catchUp(counted: () => number, issued: number): Promise<void> {
  for (let [before, last] = [-1, counted()]; before < last && last < issued; ) {
    before = last
    await waitFor(() => counted() > before)
    last = counted()
  }
}

async function waitFor(isSo: () => boolean): Promise<void> {
  for (const giveUpAt = Date.now() + CATCH_UP_MS; !isSo() && Date.now() < giveUpAt; ) await sleep(50)
}

/** What the bans would have been, had the same lines been read in peace. */
async function bansOfReplay(setting: Setting, truth: ReturnType<typeof readTruth>, { counted }: Count): Promise<string[]> {
  const whole = join(setting.folder, 'whole.log')
  const lines = [...truth].filter(([number]) => counted.has(number)).map(([, { line }]) => `${line}\n`)
  writeFileSync(whole, lines.join(''))
  const command = new URL('../../bin/log2table', import.meta.url).pathname
  const argv = ['replay', '--json', '--config', configurationOf(setting), '--as', setting.log, whole]
  const env = { ...AS_ROOT, ...process.env, LOG2TABLE_NODE: process.execPath }
  const { stdout } = await promisify(execFile)(command, argv, { env, maxBuffer: 2 ** 28 })
  return bansTold(stdout).sort()
}

function bansTold(stdout: string): string[] {
  const decisions = stdout
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as { kind: string; address: string; score: number })
  return decisions.filter(({ kind }) => kind === 'ban').map(({ address, score }) => `${address} ${score}`)
}
