import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type Address,
  contains,
  formatNetwork,
  type Network,
  overlaps,
  parseAddress,
  parseNetwork,
} from '../../src/base/address.ts'
import { HOUR_MS, MINUTE_MS } from '../../src/base/units.ts'
import { Core } from '../../src/core/core.ts'
import type { Decision, Fact, HitFact, TableChange } from '../../src/core/model.ts'
import { Hackers } from '../../src/rules/hackers.ts'
import { Journal } from '../lib/journal.ts'

const START = Date.UTC(2026, 10, 21)
const FROM = 3
const rules = new Map([['hackers', new Hackers({ table: 'bad_ip', ban: ['30m', '3h'], networks: { from: FROM } })]])
const tables = new Set(['bad_ip'])
const guarded = [{ network: parseNetwork('192.0.2.240/30')!, because: 'own address of eth0' }]

const address = fc.oneof(
  fc.integer({ min: 0, max: 255 }).map((n): Address => (parseAddress('192.0.2.0') as number) + n),
  fc.integer({ min: 0, max: 15 }).map((n): Address => (parseAddress('192.0.2.64') as number) + n),
  fc.integer({ min: 0, max: 15 }).map((n): Address => (parseAddress('2001:db8::1') as bigint) + (BigInt(n) << 64n)),
)
const hit = fc
  .record({
    address,
    login: fc.constantFrom(...Array(30).fill(undefined), 'opened'),
    spoofable: fc.constantFrom(false, false, false, true),
  })
  .map(
    ({ login, ...one }): Omit<HitFact, 'at'> => ({
      ...{ kind: 'hit', rule: 'hackers', log: 'authlog', set: 'sshd', position: 0, pattern: 'p', parameters: {}, line: '' },
      ...{ once: false, distinct: undefined, account: undefined, session: undefined, times: 1, ...one },
      ...(login ? { login, weight: -100 } : { login, weight: 100 }),
    }),
  )
const network = fc
  .constantFrom('192.0.2.0/24', '192.0.2.64/28', '192.0.2.0/25', '192.0.2.66', '2001:db8::/60')
  .map((text) => parseNetwork(text)!)
const order = fc.record({ network, do: fc.constantFrom('ban', 'unban'), hours: fc.constantFrom(1, 5) })
const step = fc.record({
  afterMs: fc.integer({ min: 0, max: 4 * MINUTE_MS }),
  what: fc.oneof({ weight: 30, arbitrary: hit }, { weight: 1, arbitrary: order }),
  cut: fc.constantFrom('no', 'no', 'batch', 'restart'),
})
const steps = fc.array(step, { maxLength: 120, size: 'max' })

type Steps = typeof steps extends fc.Arbitrary<infer S> ? S : never

function factsOf(all: Steps): Fact[] {
  let at = START
  return all.map(({ afterMs, what }) => {
    at += afterMs
    if ('kind' in what) return { ...what, at } as Fact
    const { network, hours } = what
    if (what.do === 'unban') return { kind: 'order', at, order: { do: 'unban', network, reason: '' } }
    return { kind: 'order', at, order: { do: 'ban', network, table: 'bad_ip', until: at + hours * HOUR_MS, reason: '' } }
  })
}

/** Runs the facts; `look` sees the core after each of them. */
function run(
  facts: readonly Fact[],
  cuts: readonly string[],
  look: (core: Core, decisions: readonly Decision[], fact: Fact) => void,
) {
  const journal = new Journal(HOUR_MS)
  const start = () => {
    const core = new Core({
      rules,
      tables,
      offender: (source) => journal.offender(source),
      loginsSince: (since) => journal.loginsSince(since),
    })
    core.restore(journal.load())
    core.tell({ kind: 'protect', at: 0, ignored: [], protected: guarded })
    core.take()
    return core
  }
  let core = start()
  const decisions: Decision[] = []
  const tableChanges: TableChange[] = []
  for (const [index, fact] of facts.entries()) {
    core.tell(fact)
    if (cuts[index] === 'no') continue
    const taken = core.take()
    decisions.push(...taken.decisions)
    tableChanges.push(...taken.tableChanges)
    journal.commit([...taken.changes, { kind: 'clock', at: fact.at }])
    core.committed()
    look(core, taken.decisions, fact)
    if (cuts[index] === 'restart') core = start()
  }
  const rest = core.take()
  return {
    decisions: [...decisions, ...rest.decisions],
    tableChanges: [...tableChanges, ...rest.tableChanges],
    wanted: [...core.wanted('bad_ip')].map(([text, { until }]) => `${text} ${until}`).sort(),
    bans: core.bans(),
  }
}

test('a table never holds an address twice, and holds all who are banned', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const facts = factsOf(all)
      run(
        facts,
        facts.map(() => 'batch'),
        (core) => {
          const entries = [...core.wanted('bad_ip').values()]
          for (const [index, { network: one }] of entries.entries()) {
            for (const { network: other } of entries.slice(index + 1))
              assert.ok(!overlaps(one, other), `${formatNetwork(one)} and ${formatNetwork(other)}`)
          }
          const covers = (one: Network) =>
            entries.some(({ network: wide }) => wide.bits <= one.bits && contains(wide, one.address))
          for (const ban of core.bans()) assert.ok(covers(ban.network), formatNetwork(ban.network))
          for (const { network: one } of entries)
            assert.ok(core.bans().some((ban) => formatNetwork(ban.network) === formatNetwork(one)))
        },
      )
    }),
    { numRuns: 300 },
  )
})

test('what was told to be added and deleted is what the table must hold', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const facts = factsOf(all)
      const { tableChanges, wanted } = run(
        facts,
        facts.map(() => 'no'),
        () => {},
      )
      const held = new Map<string, number>()
      for (const { kind, network: one, until } of tableChanges) {
        const key = formatNetwork(one)
        if (kind === 'add') held.set(key, until)
        else assert.ok(held.delete(key), `deleted twice: ${key}`)
      }
      assert.deepEqual([...held].map(([key, until]) => `${key} ${until}`).sort(), wanted)
    }),
    { numRuns: 300 },
  )
})

test('a network is banned only for enough offenders in it, never wider than a /24 or /48, never with a friend or what is protected', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const facts = factsOf(all)
      const logins = new Map<Address, number>()
      run(
        facts,
        facts.map(() => 'batch'),
        (core, decisions, fact) => {
          if (fact.kind === 'hit' && fact.login === 'opened') logins.set(fact.address!, fact.at)
          for (const decision of decisions) {
            if (decision.kind !== 'ban' || decision.rule !== 'hackers') continue
            const banned = parseNetwork(decision.address)!
            const isV4 = typeof banned.address === 'number'
            if (banned.bits === (isV4 ? 32 : 64)) continue
            assert.ok(banned.bits >= (isV4 ? 24 : 48))
            const within = core
              .bans()
              .filter((ban) => ban.rule === 'hackers' && ban.countsForNetwork && contains(banned, ban.network.address))
            assert.ok(within.length >= FROM, `${within.length} in ${decision.address}`)
            assert.ok(![...logins.keys()].some((friend) => contains(banned, friend)), 'a friend is in it')
            assert.ok(!guarded.some((one) => overlaps(one.network, banned)))
          }
          for (const ban of core.bans()) {
            if (ban.rule !== 'hackers' || ban.countsForNetwork || ban.network.bits >= 64 || ban.network.bits === 32) continue
            const friends = [...logins].filter(([friend, at]) => at > ban.at && contains(ban.network, friend))
            assert.deepEqual(friends, [], 'it is let go when a friend shows up')
          }
        },
      )
    }),
    { numRuns: 300 },
  )
})

test('the same facts give the same decisions, cut into batches and restarted anywhere', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const facts = factsOf(all)
      const whole = run(
        facts,
        facts.map(() => 'no'),
        () => {},
      )
      const cut = run(
        facts,
        all.map((one) => one.cut),
        () => {},
      )
      assert.deepEqual(cut.decisions, whole.decisions)
      assert.deepEqual(cut.wanted, whole.wanted)
    }),
    { numRuns: 300 },
  )
})

test('the generated histories do ban networks, and split them again', () => {
  let banned = 0
  let split = 0
  for (const all of fc.sample(steps, { numRuns: 100, seed: 1 })) {
    const facts = factsOf(all)
    const { decisions } = run(
      [...facts, { kind: 'clock', at: START + 100 * HOUR_MS }],
      facts.map(() => 'no'),
      () => {},
    )
    const networks = decisions.filter(({ kind, address: text }) => kind === 'ban' && /\/(?:2|3|5|60|61|62|63)/.test(text ?? ''))
    banned += networks.length
    split += decisions.filter(
      ({ kind, ...one }) => kind === 'unban' && 'reason' in one && one.reason.startsWith('a login from'),
    ).length
  }
  assert.ok(banned > 50, `${banned} networks`)
  assert.ok(split > 0, `${split} split`)
})
