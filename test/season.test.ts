import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { formatNetwork, parseAddress, parseNetwork } from '../src/base/address.ts'
import { exitStatus } from '../src/base/exit-status.ts'
import { silentLog } from '../src/base/log.ts'
import { DAY_MS, FOR_LIFE, HOUR_MS, MINUTE_MS } from '../src/base/units.ts'
import { Core } from '../src/core/core.ts'
import type { Decision, Fact } from '../src/core/model.ts'
import { idleControl } from '../src/daemon/control.testing.ts'
import { type ControlServer, listenForControl } from '../src/daemon/control.ts'
import { KeptFiles, putKeptFile } from '../src/daemon/kept-files.ts'
import { keptText } from '../src/firewall/kept-file.ts'
import { lifersOf } from '../src/history/offenders.ts'
import { Hackers } from '../src/rules/hackers.ts'
import { openHistory } from '../src/store/history.ts'
import { openSqlite } from '../src/store/sqlite.ts'
import { log2table } from './cli/session.ts'
import { randomFrom } from './lib/chaos-random.ts'
import { configurationFolder } from './lib/configuration-folder.ts'
import { assertGolden } from './lib/golden.ts'
import { type Happened, type Season, seasonOf } from './reference/season.ts'

process.env.TZ = 'UTC'

const START = Date.UTC(2026, 0, 1)
const DAYS = 90
const SEED = Number(process.env.SEED ?? 20261121)
const rules = new Map([
  [
    'hackers',
    new Hackers({
      ...{ table: 'bad_ip', ban: ['1h', '6h', '1d', '2d'], networks: { from: 4 } },
      forLife: { table: 'blockips', confirm: false },
    }),
  ],
])
const tables = new Set(['bad_ip', 'blockips'])

/** Six of those that were there. */
const chosen = [
  ['is for life', '203.0.113.1', exitStatus.done],
  ['is banned with its network', '203.0.113.3', exitStatus.done],
  ['was banned with its network', '10.3.7.11', exitStatus.no],
  ['was listed every day', '192.0.2.3', exitStatus.no],
  ['is slow', '198.51.100.3', exitStatus.no],
  ['logs in now and then', '10.1.7.33', exitStatus.no],
] as const

/** Ninety days of several hosts: those who come back, those who are slow, friends, subnets, and what other firewalls list. */
function generate(seed: number): readonly Happened[] {
  const chance = randomFrom(seed)
  const upTo = (n: number) => Math.floor(chance() * n)
  const all: Happened[] = []
  const attack = (address: string, at: number, count: number, gapMs: number, points = 20) => {
    for (let n = 0; n < count; n++) all.push({ at: at + n * gapMs, what: 'failure', address, points, account: `user${upTo(3)}` })
  }
  const sometime = (day: number) => START + day * DAY_MS + upTo(DAY_MS - 2 * HOUR_MS)
  // From once to nearly every day; some of them quickly, some of them below the threshold for long.
  for (let n = 1; n <= 60; n++) {
    const eagerness = chance() ** 2
    for (let day = 0; day < DAYS; day++) {
      if (chance() > eagerness) continue
      attack(`203.0.113.${n}`, sometime(day), 3 + upTo(5), upTo(2) ? MINUTE_MS : 17 * MINUTE_MS, upTo(2) ? 20 : 25)
    }
  }
  // Listed every day elsewhere, and banned three times before the last time.
  for (let n = 1; n <= 5; n++) for (const day of [1, 10, 30, 80]) attack(`192.0.2.${n}`, sometime(day), 6, 1_000)
  // Slow: 40 points every 20 minutes.
  for (let n = 1; n <= 3; n++) attack(`198.51.100.${n}`, sometime(20 * n), 12, 20 * MINUTE_MS, 40)
  // Friends who mistype, in the midst of subnets that attack together.
  for (let day = 0; day < DAYS; day++) {
    const friend = `10.${day % 3}.7.33`
    if (chance() < 0.4) {
      attack(friend, sometime(day), 1 + upTo(4), 10_000)
      all.push({ at: sometime(day), what: 'login', address: friend, account: `user${upTo(3)}` })
    }
    if (chance() < 0.5) {
      const [base, first] = [`10.${upTo(4)}.7`, [8, 32, 36, 200][upTo(4)]!]
      const at = sometime(day)
      for (let n = 0; n < 3 + upTo(5); n++) attack(`${base}.${first + upTo(8)}`, at + n * MINUTE_MS, 5, 1_000)
    }
    // A person who forgives now and then.
    if (chance() < 0.5) all.push({ at: sometime(day), what: 'unban', address: `203.0.113.${1 + upTo(60)}` })
    for (let n = 1; n <= 5; n++) {
      all.push({ at: START + (day + 1) * DAY_MS - 1, what: 'snapshot', address: `192.0.2.${n}`, table: 'fw1/bad_ip' })
    }
    // Another firewall's table, which holds some of them all the time.
    for (let n = 1; n <= 60; n += 7) {
      const snapshot = { what: 'snapshot', address: `203.0.113.${n}`, table: 'fw1/bad_ip' } as const
      if (chance() < 0.3) all.push({ at: START + (day + 1) * DAY_MS - MINUTE_MS, ...snapshot })
    }
  }
  return all.sort((a, b) => a.at - b.at)
}

function factOf({ at, what, address: text, points = 0, account, table = '' }: Happened, index: number): Fact {
  const address = parseAddress(text)!
  const said = what === 'login' ? 'Accepted publickey' : 'Failed password'
  const line = `host${index % 3} sshd[${index}]: ${said} for ${account} from ${text} port 50022 ssh2`
  if (what === 'unban') return { kind: 'order', at, order: { do: 'unban', network: parseNetwork(text)!, reason: 'forgiven' } }
  if (what === 'snapshot') return { kind: 'snapshot', at, table, entries: 1, networks: [parseNetwork(text)!] }
  return {
    ...{ kind: 'hit', at, rule: 'hackers', log: `/var/log/host${index % 3}`, position: index, pattern: 'sshd/x', set: 'sshd' },
    ...{ once: false, distinct: undefined, spoofable: false, session: undefined, times: 1, parameters: {}, address, account },
    ...{ weight: what === 'login' ? -100 : points, login: what === 'login' ? 'opened' : undefined, line },
  }
}

interface Lived {
  readonly folder: string
  readonly decisions: readonly Decision[]
  readonly core: Core
}

/** The same through the core and the database, with a restart every week. */
function live(ends: (() => void)[], all: readonly Happened[]): Lived {
  const folder = configurationFolder({ after: (end: () => void) => ends.push(end) } as unknown as TestContext, {})
  const path = join(folder, 'state.db')
  const decisions: Decision[] = []
  let store = openSqlite(path)
  let at = START
  const start = () => {
    const core = new Core({
      ...{ rules, tables },
      offender: (source) => store.offender(source),
      loginsSince: (since) => store.loginsSince(since),
    })
    core.restore(store.load(() => at - HOUR_MS))
    core.take()
    return core
  }
  let core = start()
  let restartAt = START + 7 * DAY_MS
  const settle = () => {
    const taken = core.take()
    decisions.push(...taken.decisions)
    store.commit([...taken.changes, { kind: 'clock', at }])
    core.committed()
  }
  for (const [index, one] of all.entries()) {
    at = one.at
    core.tell(factOf(one, index))
    if (index % 5 === 0) settle()
    if (at < restartAt) continue
    settle()
    store.close()
    store = openSqlite(path)
    core = start()
    restartAt = at + 7 * DAY_MS
  }
  settle()
  store.close()
  return { folder, decisions, core }
}

describe(`a season of ${DAYS} days (SEED=${SEED})`, () => {
  const all = generate(SEED)
  const expected: Season = seasonOf(all)
  let lived: Lived
  const ends: (() => void)[] = []
  before(() => {
    lived = live(ends, all)
  })
  after(() => {
    for (const end of ends) end()
  })
  const text = (at: number, address: string, table: string, until: number) =>
    `${new Date(at).toISOString()} ${address} ${table} ${until === FOR_LIFE ? 'for life' : (until - at) / HOUR_MS}`

  test('has what it is for: the whole ladder, lifers, networks, and some that are none of these', () => {
    const of = (matches: (ban: Season['bans'][number]) => boolean) => expected.bans.filter(matches).length
    const counts = {
      short: of(({ at, until }) => until - at === HOUR_MS),
      long: of(({ at, until }) => until - at === 2 * DAY_MS),
      networks: of(({ address }) => address.includes('/')),
      lifers: expected.lifers.size,
    }
    assert.ok(counts.short > 50 && counts.long > 10 && counts.networks > 3 && counts.lifers > 3, JSON.stringify(counts))
  })

  test('bans whom the separate script bans, at the same moments and for as long', () => {
    const bans = lived.decisions.flatMap((one) => (one.kind === 'ban' ? [text(one.at, one.address, one.table, one.until)] : []))
    const wanted = new Set(expected.bans.map(({ at, address, table }) => `${new Date(at).toISOString()} ${address} ${table}`))
    assert.deepEqual(
      bans.map((line) => line.split(' ').slice(0, 3).join(' ')),
      [...wanted],
    )
    // The script shortens bans that were lifted early; the core says so by an unban.
    const early = lived.decisions.filter((one) => one.kind === 'unban' && one.reason !== 'ended').map(({ at }) => at)
    const whole = expected.bans.filter(({ until }) => !early.includes(until))
    const lengths = new Set(bans)
    for (const { at, address, table, until } of whole) assert.ok(lengths.has(text(at, address, table, until)), address)
    assert.ok(whole.length > expected.bans.length / 2 && early.length > 5, `${early.length} were lifted early`)
  })

  test('lifts each at its time, and networks when somebody good shows up', () => {
    const lifted = lived.decisions.flatMap((one) => (one.kind === 'unban' ? [`${one.at} ${one.address} ${one.table}`] : []))
    const end = all.at(-1)!.at
    const wanted = expected.bans
      .filter(({ until }) => until <= end)
      .map(({ until, address, table }) => `${until} ${address} ${table}`)
    assert.deepEqual(lifted.sort(), wanted.sort())
  })

  test('knows the lifers, and nobody is one who was listed every day and banned three times', () => {
    const wanted = [...lived.core.wanted('blockips').keys()].sort()
    assert.deepEqual(wanted, [...expected.lifers.keys()].sort())
    for (let n = 1; n <= 5; n++) assert.ok(!expected.lifers.has(`192.0.2.${n}`))
  })

  test('keeps them in the file, and paroles those who fell silent', async () => {
    const path = join(lived.folder, 'blockips')
    await new KeptFiles({
      files: new Map([['blockips', path]]),
      bans: () => lived.core.bans(),
      put: async (_, entries) => putKeptFile(path, keptText(entries)),
      log: silentLog,
    }).write()
    const kept = readFileSync(path, 'utf8').split('\n').slice(1, -1)
    assert.deepEqual(kept.map((line) => line.split(' ')[0]).sort(), [...expected.lifers.keys()].sort())
    for (const line of kept) assert.match(line, / # 2026-\d\d-\d\d hackers: \d+ listings and \d+ bans within 90d$/)

    const history = openHistory(join(lived.folder, 'state.db'))
    const lifers = lifersOf(history.bans(all.at(-1)!.at), history.traces(0))
    history.close()
    assert.deepEqual(
      new Map(lifers.map(({ ban, lastAt }) => [formatNetwork(ban.network), lastAt])),
      new Map([...expected.lifers].sort((a, b) => a[1] - b[1])),
    )
  })

  describe('of which why tells, of one', { skip: process.env.SEED !== undefined }, () => {
    const now = all.at(-1)!.at
    let server: ControlServer
    before(async () => {
      const { core, folder } = lived
      const control = idleControl({
        standing: (network) => ({
          ...{ address: formatNetwork(network), database: join(folder, 'state.db'), refusal: core.refusal(network) ?? null },
          rules: core
            .standing(network.address)
            .map(({ threshold = null, quarantine = null, frozen = null, ...one }) => ({ ...one, threshold, quarantine, frozen })),
        }),
      })
      server = await listenForControl({ path: join(folder, 'run/control.sock'), control, log: silentLog, now: () => now })
    })
    after(() => server.close())

    for (const [name, address, status] of chosen) {
      test(`that ${name}`, async () => {
        const env = { LOG2TABLE_SOCKET: join(lived.folder, 'run/control.sock') }
        const seen = await log2table(`why ${address}`, { env, now })
        assert.equal(seen.stderr, '')
        assertGolden(seen.stdout, `why/season/${name.replaceAll(' ', '-')}.txt`)
        assert.equal(seen.status, status)
      })
    }
  })
})
