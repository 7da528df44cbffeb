import assert from 'node:assert/strict'
import { appendFileSync, existsSync, renameSync, statSync, writeFileSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { formatAddress } from '../../src/base/address.ts'
import { DAY_MS, isoTime } from '../../src/base/units.ts'
import { Database } from '../../src/store/database.ts'
import { chosenSeed, randomFrom } from './chaos-random.ts'
import { DaemonProcess } from './daemon-process.ts'
import { MovedClock } from './moved-clock.ts'
import { median, type ProcessSize, sizeOf } from './process-size.ts'
import { waitFor } from './wait-for.ts'

export interface SoakOptions {
  readonly lines: number
  /** More than the 400 that evidence is kept, so that the database comes to its size. */
  readonly days: number
  /** How often the clock is moved in a day; what is written in between comes at once. */
  readonly stepsPerDay: number
  readonly reloadEveryDays: number
}

const START = Date.UTC(2026, 0, 1)
const KEPT_DAYS = 400
/** One line in so many is an attacker's, and those come in fives, which are a ban. */
const ATTACK_EVERY = 20
const BURST = 5
const FIRST_ADDRESS = 0x0b000000
const ADDRESSES = 20_000
const ROTATED_MAX = 3
const WAIT_MS_MAX = 60_000
const ROWS = 10
/** How much a process may differ from itself between two moments, however long it lives. */
const RSS_MIB_MAX = 24
/** Rotated files are kept open for a while. */
const DESCRIPTORS_MAX = 4
/** How much the database may differ once as much goes as comes. */
const DATABASE_PART_MAX = 0.1
const MIB = 2 ** 20

interface Day extends ProcessSize {
  readonly databaseMiB: number
  readonly live: number
}

/**
 * The daemon's life of more than a year, by a moved clock: lines all day, attackers among them who are banned, let go and come
 * back, a log that is renamed every night, configurations that are loaded again, bans that are lifted by hand. Each line must
 * be counted once, and after the first year nothing may grow any more. What was measured is printed as a table.
 */
export async function soak(t: TestContext, { lines, days, stepsPerDay, reloadEveryDays }: SoakOptions): Promise<void> {
  const seed = chosenSeed()
  t.diagnostic(`CHAOS_SEED=${seed}`)
  const random = randomFrom(seed)
  let clock: MovedClock
  const daemon = new DaemonProcess(t, { around: (argv) => clock.around(argv) })
  clock = new MovedClock(t, { path: daemon.path('clock'), at: START })
  const [log, database] = [daemon.path('auth.log'), daemon.path('state/state.db')]
  writeFileSync(
    daemon.path('etc/parameters.ts'),
    `import { dryRun, Hackers, parameters } from 'log2table'
import { sshd } from 'log2table/patterns'

export default parameters({
  stateFolder: '${daemon.path('state')}',
  control: '${daemon.path('run/control.sock')}',
  tables: { bad_ip: dryRun() },
  rules: { hackers: new Hackers({ table: 'bad_ip', ban: ['8h', '3d', '14d'] }) },
  logs: { '${log}': { hackers: [...sshd] } },
})
`,
  )
  writeFileSync(log, '')
  await daemon.start()
  const { pid } = JSON.parse((await daemon.run('status --json')).stdout)
  const db = new Database(database, { readOnly: true, timeout: 5_000 })
  t.after(() => db.close())
  const lastHit = db.prepare('SELECT account FROM evidence WHERE points IS NOT NULL ORDER BY id DESC LIMIT 1')
  const liveBans = db.prepare('SELECT network, count(*) OVER () AS count FROM bans WHERE ended_at IS NULL LIMIT 1')

  let [written, attacks, unbans] = [0, 0, 0]
  /** How many attackers' lines there were before each day. */
  const attacksBefore: number[] = []
  const measured: Day[] = []
  t.after(() => {
    for (const line of tableOf(measured, written)) t.diagnostic(line)
  })
  const startedAt = performance.now()
  for (let day = 0; day < days; day++) {
    attacksBefore.push(attacks)
    for (let step = 0; step < stepsPerDay; step++) {
      const share = (day * stepsPerDay + step + 1) / (days * stepsPerDay)
      const wanted = Math.max(BURST, Math.round(lines * share) - written)
      const bursts = Math.max(1, Math.round(wanted / ATTACK_EVERY / BURST))
      const texts: string[] = []
      const at = isoTime(clock.now)
      for (let n = bursts * BURST; n < wanted; n++) {
        texts.push(`${at} www sshd[${n}]: Accepted publickey of nobody, line ${written + n} of a quiet day`)
      }
      for (let burst = 0; burst < bursts; burst++) {
        const address = formatAddress(FIRST_ADDRESS + Math.floor(random() ** 2 * ADDRESSES))
        for (let n = 0; n < BURST; n++) {
          texts.push(`${at} www sshd[${attacks}]: Failed password for u${++attacks} from ${address} port 50022 ssh2`)
        }
      }
      appendFileSync(log, `${texts.join('\n')}\n`)
      written += texts.length
      await waitFor('the lines are read', WAIT_MS_MAX, () => lastHit.get()?.account === `u${attacks}`)
      clock.move(DAY_MS / stepsPerDay)
    }
    for (let n = ROTATED_MAX; n >= 1; n--) {
      const older = n === 1 ? log : `${log}.${n - 1}`
      if (existsSync(older)) renameSync(older, `${log}.${n}`)
    }
    writeFileSync(log, '')
    const live = liveBans.get()
    if (live && (await daemon.run(`unban ${live.network}`)).status === 0) unbans++
    if (day % reloadEveryDays === reloadEveryDays - 1) daemon.hangUp()
    const databaseMiB = ['', '-wal'].reduce((sum, suffix) => sum + statSync(database + suffix).size, 0) / MIB
    measured.push({ ...sizeOf(pid), databaseMiB, live: Number(live?.count ?? 0) })
  }
  const tookS = (performance.now() - startedAt) / 1000
  await waitFor('what is too old is gone', WAIT_MS_MAX, () => {
    const { at } = db.prepare('SELECT min(at) AS at FROM evidence').get()!
    return Number(at) >= clock.now - (KEPT_DAYS + 1) * DAY_MS
  })
  const since = START + (days - KEPT_DAYS + 1) * DAY_MS
  const counted = db
    .prepare('SELECT count(*) AS count, count(DISTINCT account) AS numbers FROM evidence WHERE at >= ? AND points IS NOT NULL')
    .get(since)!
  const issued = attacks - attacksBefore[days - KEPT_DAYS + 1]!
  const bans = Number(db.prepare('SELECT count(*) AS count FROM bans').get()!.count)
  assert.equal(await daemon.stop(), 0)

  const reloads = daemon.said.filter((line) => line.startsWith('the configuration was loaded again')).length
  assert.ok(reloads > 0)
  const half = measured.slice(Math.floor(days / 2))
  const slope = slopeOf(half.map(({ rssMiB }) => rssMiB))
  t.diagnostic(
    `${written} lines in ${days} days (${tookS.toFixed(0)} s), ${days} rotations, ${reloads} reloads, ${unbans} lifted by hand; ` +
      `${issued} attackers' lines of the last ${KEPT_DAYS - 1} days: ${issued - Number(counted.numbers)} lost, ` +
      `${Number(counted.count) - Number(counted.numbers)} double; ${bans} bans kept; ` +
      `RSS slope of the second half ${(slope * 1024).toFixed(1)} KiB a day`,
  )
  assert.deepEqual({ ...counted }, { count: issued, numbers: issued }, 'each line is counted once')
  const full = measured.slice(KEPT_DAYS + 2)
  const ends = (values: readonly number[]) => {
    const part = Math.max(1, Math.floor(values.length / 5))
    return [median(values.slice(0, part)), median(values.slice(-part))] as const
  }
  const [fdFirst, fdLast] = ends(half.map(({ descriptors }) => descriptors))
  assert.ok(fdLast <= fdFirst + DESCRIPTORS_MAX, `descriptors: ${fdFirst}, then ${fdLast}`)
  const [rssFirst, rssLast] = ends(half.map(({ rssMiB }) => rssMiB))
  assert.ok(rssLast <= rssFirst + RSS_MIB_MAX, `MiB of memory: ${rssFirst}, then ${rssLast}`)
  const [dbFirst, dbLast] = ends(full.map(({ databaseMiB }) => databaseMiB))
  assert.ok(dbLast <= dbFirst * (1 + DATABASE_PART_MAX), `MiB of the database: ${dbFirst}, then ${dbLast}`)
}

/** Ten rows, each of what was measured in the middle of a tenth of the time. */
function tableOf(measured: readonly Day[], lines: number): readonly string[] {
  const rows = Array.from({ length: ROWS }, (_, row) => {
    const until = Math.floor(((row + 1) * measured.length) / ROWS)
    const part = measured.slice(Math.floor((row * measured.length) / ROWS), until)
    const of = (key: keyof Day) => median(part.map((one) => one[key]))
    const cells = [until, Math.round((lines * until) / measured.length).toLocaleString('en-US'), of('rssMiB').toFixed(0)]
    return [...cells, of('descriptors'), of('databaseMiB').toFixed(1), of('live')].join(' | ')
  })
  return ['day | lines | RSS (MiB) | descriptors | database (MiB) | live bans', '---|---|---|---|---|---', ...rows]
}

/** By how much it grows from one to the next, as the straight line through all says. */
function slopeOf(values: readonly number[]): number {
  const mean = (numbers: readonly number[]) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length
  const [middle, average] = [(values.length - 1) / 2, mean(values)]
  const above = values.reduce((sum, value, index) => sum + (index - middle) * (value - average), 0)
  return above / values.reduce((sum, _, index) => sum + (index - middle) ** 2, 0)
}
