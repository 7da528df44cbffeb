import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type Address,
  contains,
  formatNetwork,
  networkOf,
  overlaps,
  parseAddress,
  parseNetwork,
  sourceNetwork,
} from '../../src/base/address.ts'
import { FOR_LIFE, HOUR_MS, MINUTE_MS } from '../../src/base/units.ts'
import { Core } from '../../src/core/core.ts'
import type { Change, Decision, Fact, HitFact, TableChange } from '../../src/core/model.ts'
import { Generic, type Outcome, type ScoredHit } from '../../src/rules/generic.ts'
import { Hackers } from '../../src/rules/hackers.ts'
import { Journal } from '../lib/journal.ts'

/** A rule that keeps something, wants to be woken, bans, and withdraws its ban. */
class Temporary extends Generic<number> {
  override onHit(kept: number | undefined, hit: ScoredHit): Outcome<number> {
    return kept === undefined ? { kept: 1, wakeAt: hit.at + 10 * MINUTE_MS } : { kept: kept + 1 }
  }
  override onWake(kept: number | undefined, { at }: { at: number }): Outcome<number> {
    if (kept === 0) return { kept: undefined, decisions: [{ kind: 'unban', table: 'wifi' }] }
    return { kept: 0, wakeAt: at + 20 * MINUTE_MS, decisions: [{ kind: 'ban', table: 'wifi', for: '2h' }] }
  }
}

/** A rule that bans soon, for longer each time, friends too. */
class Eager extends Generic {
  override onHit(_kept: undefined, hit: ScoredHit): Outcome {
    const earlier = hit.history.bans(0).length
    return hit.score < 60 ? {} : { decisions: [{ kind: 'ban', table: 'wifi', for: `${2 + earlier}m` }] }
  }
}

const START = Date.UTC(2026, 10, 21)
const rules = new Map<string, Generic>([
  [
    'hackers',
    new Hackers({
      ...{ table: 'bad_ip', ban: ['30m', '2h', '1d'], thresholdAgain: 80 },
      forLife: { listings: { moreThan: 2, within: '3d' }, minBans: 2, table: 'wifi', confirm: false },
    }),
  ],
  ['temporary', new Temporary()],
  ['eager', new Eager()],
])
const tables = new Set(['bad_ip', 'wifi'])
const ignored = [parseNetwork('192.0.2.8/30')!]
const guarded = [{ network: parseNetwork('2001:db8:0:1::/64')!, because: 'own address of eth0' }]

const address = fc.oneof(
  fc.integer({ min: 5, max: 8 }).map((n): Address => (parseAddress('192.0.2.0') as number) + n),
  fc.integer({ min: 0, max: 1 }).map((n): Address => (parseAddress('2001:db8::1') as bigint) + (BigInt(n) << 64n)),
)
const hit = fc
  .record({
    address: fc.option(address, { nil: undefined, freq: 8 }),
    rule: fc.constantFrom('hackers', 'hackers', 'eager', 'eager', 'temporary'),
    weight: fc.constantFrom(10, 20, 25, 60),
    session: fc.option(fc.constantFrom('1', '2', '3', '4', '5'), { nil: undefined }),
    once: fc.boolean(),
    account: fc.constantFrom(undefined, 'root', 'bob'),
    distinct: fc.constantFrom(undefined, undefined, '22', '80'),
    spoofable: fc.constantFrom(false, false, false, true),
    times: fc.constantFrom(1, 1, 1, 3),
    login: fc.constantFrom(
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      'opened' as const,
      'closed' as const,
    ),
  })
  .map((one): Omit<HitFact, 'at'> => {
    const weight = one.login === 'opened' ? -100 : one.login === 'closed' ? 0 : one.weight
    return { kind: 'hit', log: 'authlog', set: 'sshd', position: 0, pattern: 'p', parameters: {}, line: '', ...one, weight }
  })
const order = fc
  .record({ address, do: fc.constantFrom('ban', 'unban'), hours: fc.constantFrom(1, 5, Number.POSITIVE_INFINITY) })
  .map((one) => {
    const network = sourceNetwork(typeof one.address === 'number' ? one.address : (one.address >> 64n) << 64n)
    return one.do === 'unban'
      ? ({ kind: 'order', order: { do: 'unban', network, reason: '' } } as const)
      : ({ kind: 'order', order: { do: 'ban', network, table: 'bad_ip', until: one.hours, reason: '' } } as const)
  })
const step = fc.record({
  afterMs: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: 0, max: 30_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 40 * MINUTE_MS }) },
  ),
  what: fc.oneof(
    { weight: 12, arbitrary: hit },
    { weight: 1, arbitrary: order },
    { weight: 2, arbitrary: fc.constant({ kind: 'clock' } as const) },
  ),
  /** Whether the batch ends here, and whether the daemon is restarted. */
  cut: fc.constantFrom('no', 'no', 'no', 'batch', 'restart'),
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

function factsOf(steps: readonly Step[]): Fact[] {
  let at = START
  return steps.map(({ afterMs, what }) => {
    at += afterMs
    if (what.kind !== 'order' || what.order.do === 'unban') return { ...what, at } as Fact
    const until = what.order.until === Number.POSITIVE_INFINITY ? FOR_LIFE : at + what.order.until * HOUR_MS
    return { kind: 'order', at, order: { ...what.order, until } }
  })
}

interface Run {
  readonly decisions: readonly Decision[]
  readonly tableChanges: readonly TableChange[]
  readonly changes: readonly Change[]
  readonly wanted: readonly string[]
}

function run(facts: readonly Fact[], cuts: readonly string[]): Run {
  const journal = new Journal(HOUR_MS)
  const start = () => {
    const offender = (source: Address) => journal.offender(source)
    const core = new Core({ rules, tables, offender, loginsSince: (since) => journal.loginsSince(since) })
    core.restore(journal.load())
    core.tell({ kind: 'protect', at: 0, ignored, protected: guarded })
    core.take()
    return core
  }
  let core = start()
  const all = { decisions: [] as Decision[], tableChanges: [] as TableChange[], changes: [] as Change[] }
  const take = (at: number) => {
    const { decisions, tableChanges, changes } = core.take()
    all.decisions.push(...decisions)
    all.tableChanges.push(...tableChanges)
    all.changes.push(...changes)
    journal.commit([...changes, { kind: 'clock', at }])
    core.committed()
  }
  for (const [index, fact] of facts.entries()) {
    core.tell(fact)
    if (cuts[index] === 'no') continue
    take(fact.at)
    if (cuts[index] === 'restart') core = start()
  }
  take(facts.at(-1)?.at ?? START)
  return {
    ...all,
    wanted: [...tables]
      .flatMap((table) => [...core.wanted(table)].map(([text, { until }]) => `${table} ${text} ${until}`))
      .sort(),
  }
}

const steps = fc.array(step, { maxLength: 150, size: 'max' })

test('the same facts give the same decisions, cut into batches and restarted anywhere', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const facts = factsOf(all)
      const whole = run(
        facts,
        facts.map(() => 'no'),
      )
      const cut = run(
        facts,
        all.map((one) => one.cut),
      )
      assert.deepEqual(cut.decisions, whole.decisions)
      assert.deepEqual(cut.wanted, whole.wanted)
    }),
    { numRuns: 400 },
  )
})

test('the ignore list, the protected set and those who are logged in are never banned, by a rule or by hand', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const core = new Core({ rules, tables, offender: () => undefined })
      core.tell({ kind: 'protect', at: 0, ignored, protected: guarded })
      for (const fact of factsOf(all)) {
        const before = new Set(core.loggedIn.keys())
        core.tell(fact)
        for (const { kind, address: text } of core.take().decisions) {
          if (kind !== 'ban') continue
          const network = parseNetwork(text)!
          assert.ok(!ignored.some((one) => overlaps(one, network)), text)
          assert.ok(!guarded.some((one) => overlaps(one.network, network)), text)
          const still = new Set(core.loggedIn.keys())
          for (const source of before) assert.ok(!still.has(source) || !contains(network, source), `${text} is logged in`)
        }
      }
    }),
    { numRuns: 400 },
  )
})

test('every ban that ends is lifted once, at its time, and the table holds an address exactly while one of its bans lives', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const facts = factsOf(all)
      const end = (facts.at(-1)?.at ?? START) + 100 * 24 * HOUR_MS
      const { decisions, tableChanges } = run([...facts, { kind: 'clock', at: end }], [...facts.map(() => 'no'), 'batch'])
      const live = new Map<string, Decision & { kind: 'ban' }>()
      for (const decision of decisions) {
        if (decision.kind !== 'ban' && decision.kind !== 'unban') continue
        const key = `${decision.table} ${decision.address} ${decision.rule}`
        const ban = live.get(key)
        if (decision.kind === 'ban') {
          assert.ok(!ban || decision.rule === 'by hand', `banned twice: ${key}`)
          live.set(key, decision)
        } else {
          assert.ok(ban, `lifted without a ban: ${key}`)
          if (decision.reason === 'ended') assert.equal(decision.at, ban.until)
          else assert.ok(decision.at <= ban.until)
          live.delete(key)
        }
      }
      assert.ok([...live.values()].every(({ until }) => until === FOR_LIFE))
      const held = new Map<string, number>()
      for (const { kind, table, network, until } of tableChanges) {
        const key = `${table} ${formatNetwork(network)}`
        if (kind === 'add') held.set(key, until)
        else assert.ok(held.delete(key), `deleted twice: ${key}`)
      }
      assert.deepEqual(
        [...held.keys()].sort(),
        [...new Set([...live.values()].map((ban) => `${ban.table} ${ban.address}`))].sort(),
      )
    }),
    { numRuns: 400 },
  )
})

test('an IPv4 address is banned alone, an IPv6 address by its /64', () => {
  fc.assert(
    fc.property(steps, (all) => {
      for (const decision of run(
        factsOf(all),
        all.map(() => 'no'),
      ).decisions) {
        if (decision.kind !== 'ban') continue
        const { address: first, bits } = parseNetwork(decision.address)!
        assert.equal(bits, typeof first === 'number' ? 32 : 64)
        assert.deepEqual(networkOf(first, bits).address, first)
      }
    }),
  )
})
