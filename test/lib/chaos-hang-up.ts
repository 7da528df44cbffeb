import assert from 'node:assert/strict'
import { renameSync, writeFileSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { bansIn, countEvidence, lastCounted, rangesOf, rowsOf } from './chaos-count.ts'
import { differences } from './chaos-kill.ts'
import { bannedBy, PATTERN, THRESHOLD } from './chaos-lines.ts'
import { chosenSeed, randomFrom } from './chaos-random.ts'
import { readTruth, startWriter } from './chaos-writing.ts'
import { DaemonProcess } from './daemon-process.ts'
import { firstAndLast, type ProcessSize, sizeOf } from './process-size.ts'
import { TestJournal } from './systemd-journal.ts'
import { waitFor } from './wait-for.ts'

const JOURNAL = 'journal:app.service'
const JOURNAL_ENTRIES = 20
const JOURNAL_EVERY_MS = 1_000
const WAIT_MS_MAX = 120_000
/** Signals that come at once; one of them, or the one that is being followed, is enough. */
const STORM_MAX = 5
/** The part of the run after which V8 has come to the size of heap that it likes. */
const WARM_UP = 0.4
/** V8 takes more for a while, as each load leaves much to be cleared away; a configuration that is never let go would be far more in 1,000. */
const RSS_MIB_MAX = 150
/** Rotated files, one a second, are kept open for a while; one that each load left behind would be far more. */
const DESCRIPTORS_MAX = 12

/**
 * Lines are written to a log that is renamed every second, and entries to a journal, while the daemon is told again and again
 * to load its configuration, alone and several times at once. In the end no line is lost or counted twice, and the daemon is
 * not bigger than it was. Points and bans outlast the run, so what is alive grows with the lines that are written.
 */
export async function hangUpRun(t: TestContext, hangUps: number, linesPerSecond = 500): Promise<void> {
  const seed = chosenSeed()
  t.diagnostic(`CHAOS_SEED=${seed}`)
  const random = randomFrom(seed)
  const daemon = new DaemonProcess(t)
  const [log, truth, database] = [daemon.path('app.log'), daemon.path('truth'), daemon.path('state/state.db')]
  const journal = new TestJournal(daemon.path('journal'))
  const [journalctl, ...args] = journal.journalctl
  daemon.provide('journalctl', `exec ${journalctl} ${args.join(' ')} "$@"`)
  writeFileSync(
    daemon.path('etc/parameters.ts'),
    `import { dryRun, Hackers, parameters } from 'log2table'

export default parameters({
  stateFolder: '${daemon.path('state')}',
  control: '${daemon.path('run/control.sock')}',
  tables: { bad_ip: dryRun() },
  rules: { hackers: new Hackers({ table: 'bad_ip', threshold: ${THRESHOLD}, window: '1d', ban: '7d' }) },
  logs: {
    '${log}': { hackers: [${PATTERN}] },
    '${JOURNAL}': { hackers: [{ name: 'entry', weight: 1, regex: /^\\S+ \\S+ app\\[\\d+\\]: entry \\d+ of (?<ip>\\S+)$/ }] },
  },
})
`,
  )
  writeFileSync(log, '')
  let entries = 0
  const addEntries = () =>
    journal.append(
      Array.from({ length: JOURNAL_ENTRIES }, () => ({
        at: Date.now(),
        message: `entry ${++entries} of 198.51.100.1`,
        fields: { _SYSTEMD_UNIT: 'app.service', SYSLOG_IDENTIFIER: 'app' },
      })),
    )
  await addEntries()
  await daemon.start()
  await waitFor('the log is known', WAIT_MS_MAX, () => rowsOf(database, 'SELECT * FROM logs').length === 2)

  const rate = { everyMs: 1_000, linesPerSecond }
  const counted = daemon.path('counted')
  const writer = startWriter(t, { log, truth, rotation: 'rename', ...rate, seed, counted })
  let isWriting = true
  const writingEntries = (async () => {
    while (isWriting) {
      await addEntries()
      await sleep(JOURNAL_EVERY_MS)
    }
  })()
  // Whatever else fails first is told.
  writingEntries.catch(() => {})
  t.after(() => (isWriting = false))

  const { pid } = JSON.parse((await daemon.run('status --json')).stdout)
  const sizes: ProcessSize[] = []
  const count = (start: string) => daemon.said.filter((line) => line.startsWith(start)).length
  const loads = () => count('the configuration was loaded again')
  /** On a machine that has no time for it, a load may take too long, and the configuration before stays in force. */
  const refusals = () => count('error: the configuration was not loaded again')
  let sent = 0
  while (sent < hangUps) {
    const before = loads() + refusals()
    const storm = random() < 0.2 ? Math.min(STORM_MAX, hangUps - sent) : 1
    for (let n = 0; n < storm; n++, sent++) daemon.hangUp()
    await waitFor('it is loaded', WAIT_MS_MAX, () => loads() + refusals() > before)
    sizes.push(sizeOf(pid))
    writeFileSync(`${counted}.new`, String(lastCounted(database, log)))
    renameSync(`${counted}.new`, counted)
    await sleep(random() * 50)
  }
  isWriting = false
  await writingEntries
  const written = await writer.stop()
  const entriesCounted = () => rowsOf(database, `SELECT line FROM hits WHERE log = '${JOURNAL}'`)
  await waitFor('all is counted', WAIT_MS_MAX, () => {
    return lastCounted(database, log) === written.issued && entriesCounted().length >= entries
  })
  assert.equal(await daemon.stop(), 0)

  const known = readTruth(truth)
  const evidence = countEvidence(database, known, log)
  const numbers = entriesCounted().map(({ line }) => Number(/entry (\d+)/.exec(String(line))?.[1]))
  const distinct = new Set(numbers)
  const warm = sizes.slice(Math.floor(sizes.length * WARM_UP))
  const rss = firstAndLast(warm.map(({ rssMiB }) => rssMiB))
  const descriptors = firstAndLast(warm.map((one) => one.descriptors))
  t.diagnostic(
    `${sent} signals, ${loads()} loads, ${refusals()} too slow, ${written.rotations} rotations; ${written.issued} lines: ${evidence.lost.length} lost, ` +
      `${evidence.double} double, ${evidence.wrong} wrong; ${entries} entries of the journal: ${entries - distinct.size} lost, ` +
      `${numbers.length - distinct.size} double; descriptors ${descriptors.first} to ${descriptors.last}, ` +
      `RSS ${rss.first.toFixed(1)} to ${rss.last.toFixed(1)} MiB`,
  )
  assert.equal(rangesOf(evidence.lost), '', 'lines lost')
  assert.deepEqual([evidence.double, evidence.wrong], [0, 0], 'lines counted twice, lines counted that were never issued')
  assert.deepEqual([distinct.size, numbers.length], [entries, entries], 'entries of the journal counted')
  const banned = [...bannedBy(evidence.counted), '198.51.100.1'].map((address) => `${address} ${THRESHOLD}`)
  assert.equal(differences(bansIn(database), banned), '', 'bans are those that the lines deserve')
  assert.ok(loads() > refusals(), 'most were in time')
  assert.ok(descriptors.last <= descriptors.first + DESCRIPTORS_MAX, 'descriptors are flat')
  assert.ok(rss.last <= rss.first + RSS_MIB_MAX, 'memory is flat')
}
