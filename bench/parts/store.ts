import { statSync } from 'node:fs'
import { join } from 'node:path'
import { networkOf } from '../../src/base/address.ts'
import type { Change } from '../../src/core/model.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { printTable } from '../lib/turns.ts'
import { workFolder } from '../lib/work-folder.ts'

const HITS = 1_000_000
const BANS = 100_000
const LOOK_UPS = 20_000
const BATCH = 500
const PURGE_ROWS = 1_000
const AT = Date.UTC(2026, 10, 21)
const LINE = 'Nov 21 03:45:55 host sshd[12345]: Failed password for invalid user admin from 203.0.113.77 port 51234 ssh2'

/** The database under a flood of a million hits from as many sources: writing, starting again, looking up, purging. */
export async function store(): Promise<void> {
  const path = join(workFolder, 'store', 'state.db')
  const random = sources()
  let database = openSqlite(path)
  const inBatches = (count: number, change: (n: number) => Change) =>
    Array.from({ length: count / BATCH }, (_, batch) => {
      const changes = Array.from({ length: BATCH }, (_, n) => change(batch * BATCH + n))
      return duration(() => database.commit(changes))
    })

  const hits = inBatches(HITS, (n) => {
    if (n % 50 === 49) return { kind: 'spend', rule: 'hackers', source: random() }
    const source = random()
    const where = { pattern: 'sshd/failed-password', log: '/var/log/authlog', position: n * 100, line: LINE }
    const who = { source, address: source, account: 'admin', distinct: undefined, spoofable: false }
    return { kind: 'hit', hit: { at: AT + (n >> 2), rule: 'hackers', points: 10, ...who, ...where } }
  })
  const bytes = statSync(path).size
  const bans = inBatches(BANS, (n) => {
    const network = networkOf(random())
    const id = `${n} hackers bad_ip ${network.address}`
    const ban = { id, at: AT + n, network, table: 'bad_ip', rule: 'hackers', until: AT + n + 3_600_000, score: 100, reason: 'r' }
    return { kind: 'ban', ban }
  })
  const lookUps = duration(() => {
    for (let n = 0; n < LOOK_UPS; n++) database.offender(random())
  })
  database.close()

  let points = 0
  const load = duration(() => {
    database = openSqlite(path)
    for (const _ of database.load(() => 0).hits) points++
  })
  const purges: number[] = []
  let hasMore = true
  while (hasMore) {
    const purge = duration(() => {
      hasMore = database.purge(AT + HITS, PURGE_ROWS)
    })
    purges.push(purge)
  }
  database.close()

  const rate = (count: number, times: readonly number[]) => `${Math.round((count / sum(times)) * 1_000).toLocaleString('en')}/s`
  const worst = (times: readonly number[]) => `${Math.max(...times).toFixed(0)} ms`
  printTable(`the database: ${HITS / 1e6} M hits with their lines, each of another source`, [
    ['hits written, in batches of 500', rate(HITS, hits), `longest batch ${worst(hits)}`],
    ['size', `${(bytes / 1e6).toFixed(0)} MB`, `${(bytes / HITS).toFixed(0)} bytes a hit`],
    ['bans written', rate(BANS, bans), `longest batch ${worst(bans)}`],
    ['an offender looked up', `${((lookUps / LOOK_UPS) * 1_000).toFixed(1)} us`, ''],
    ['opened and loaded', `${(load / 1_000).toFixed(1)} s`, `${points} live points, ${BANS} bans`],
    [`purged, ${PURGE_ROWS} rows a step`, `${(sum(purges) / 1_000).toFixed(1)} s`, `longest step ${worst(purges)}`],
  ])
}

function duration(action: () => void): number {
  const begunAt = performance.now()
  action()
  return performance.now() - begunAt
}

function sum(times: readonly number[]): number {
  return times.reduce((all, time) => all + time, 0)
}

/** Addresses of 10.0.0.0/12 in no order. */
function sources(): () => number {
  let state = 1
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return 0x0a000000 + (state >>> 11)
  }
}
