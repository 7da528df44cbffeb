import { appendFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { networkOf } from '../../src/base/address.ts'
import { DAY_MS, HOUR_MS } from '../../src/base/units.ts'
import type { Change } from '../../src/core/model.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { failedPasswords, TRIES } from '../lib/attackers.ts'
import { log2tableDaemon } from '../lib/daemons.ts'
import { memoryOf, waitFor } from '../lib/processes.ts'
import { printTable } from '../lib/turns.ts'
import { workFolder } from '../lib/work-folder.ts'

const HITS = 10_000_000
const OFFENDERS = 1_000_000
const BATCH = 2_000
/** As the daemon purges: so many rows in a step. */
const PURGE_ROWS = 500
const PURGES = 2_000

/** The database of years: its size after 10 M hits, how long purging holds the daemon up, and a start with 1 M offenders. */
export async function ledger(): Promise<void> {
  size()
  await start()
}

function size(): void {
  const path = join(workFolder, 'ledger', 'state.db')
  const store = openSqlite(path)
  const at = Date.now() - 500 * DAY_MS
  const commits: number[] = []
  for (let n = 0; n < HITS; n += BATCH) {
    const changes = Array.from({ length: BATCH }, (_, m) => hit(n + m, at))
    commits.push(duration(() => store.commit(changes)))
  }
  const { bytes, bytesMax, letGo } = store.room()!
  const file = statSync(path).size
  const purges = Array.from({ length: PURGES }, () => duration(() => store.purge(Date.now() - 400 * DAY_MS, PURGE_ROWS)))
  store.close()
  printTable(`the database after ${HITS / 1e6} M hits`, [
    ['size', `${mb(bytes)} of ${mb(bytesMax)}`, `file ${mb(file)}`],
    ['hits still in it', String(HITS - letGo), `${(bytes / (HITS - letGo)) | 0} bytes a hit`],
    [
      'written, in batches of 2,000',
      `${Math.round(HITS / (sum(commits) / 1000)).toLocaleString('en')}/s`,
      `longest batch ${worst(commits)}`,
    ],
    [`purged, ${PURGE_ROWS} rows a step`, `${PURGES} steps`, `longest step ${worst(purges)}`],
  ])
}

async function start(): Promise<void> {
  const daemon = log2tableDaemon({ name: 'offenders', table: 'dryRun' })
  const store = openSqlite(join(workFolder, 'offenders/state/state.db'))
  const at = Date.now() - 60 * DAY_MS
  for (let n = 0; n < OFFENDERS; n += BATCH / 2) {
    store.commit(Array.from({ length: BATCH / 2 }, (_, m) => ban(n + m, at)).flat())
  }
  const { bytes } = store.room()!
  store.close()
  const begunAt = performance.now()
  const running = daemon.start()
  try {
    await waitFor(() => running.output.includes('running'), { withinMs: 60_000, everyMs: 5 })
    const startMs = performance.now() - begunAt
    await sleep(1_000)
    const { rss, pss } = await memoryOf(running.pid)
    // An offender comes back: it is looked up, and banned.
    const address = '10.0.0.7'
    const cameAt = performance.now()
    appendFileSync(daemon.log, failedPasswords(address, TRIES))
    const isBanned = await waitFor(() => running.output.includes(`ban ${address}`), { withinMs: 10_000, everyMs: 1 })
    printTable(`start with ${OFFENDERS / 1e6} M known offenders, ${mb(bytes)}`, [
      ['start to running', `${(startMs / 1000).toFixed(2)} s`],
      ['RSS / PSS', `${mb(rss)} / ${mb(pss)}`],
      [
        'one of them comes back: banned after',
        isBanned === undefined ? 'never' : `${(performance.now() - cameAt).toFixed(0)} ms`,
      ],
    ])
  } finally {
    await running.stop()
  }
}

function hit(n: number, at: number): Change {
  const source = 0x0a000000 + (Math.imul(n, 0x9e3779b1) >>> 8)
  const line = `Nov 21 03:45:55 host sshd[${n % 32_768}]: Failed password for invalid user admin from 10.123.45.67 port 51234 ssh2`
  const where = { pattern: 'sshd/failed-password', log: '/var/log/authlog', position: n * 110, line }
  const who = { source, address: source, account: 'admin', distinct: undefined, spoofable: false }
  return { kind: 'hit', hit: { at: at + n, rule: 'hackers', points: 20, ...who, ...where } }
}

/** A ban of an hour that has ended. */
function ban(n: number, at: number): readonly Change[] {
  const network = networkOf(0x0a000000 + n)
  const id = `${at + n} hackers bad_ip ${n}`
  const until = at + n + HOUR_MS
  const reason = 'sshd/failed-password in /var/log/authlog'
  return [
    { kind: 'ban', ban: { id, at: at + n, network, table: 'bad_ip', rule: 'hackers', until, score: 100, reason } },
    { kind: 'unban', id, at: until, reason: 'ended' },
  ]
}

function duration(action: () => void): number {
  const begunAt = performance.now()
  action()
  return performance.now() - begunAt
}

const sum = (times: readonly number[]) => times.reduce((all, time) => all + time, 0)
const worst = (times: readonly number[]) => `${times.reduce((most, time) => Math.max(most, time), 0).toFixed(0)} ms`
const mb = (bytes: number) => `${Math.round(bytes / 1e6)} MB`
