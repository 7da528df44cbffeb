import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatNetwork, networkOf, parseAddress } from '../base/address.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../base/units.ts'
import { Generic, type Outcome, type ScoredHit } from '../rules/generic.ts'
import { Core, type CoreOptions } from './core.ts'
import type { Change, Decision, HitFact, Offender } from './model.ts'

const START = Date.UTC(2026, 10, 21, 10)

/** Whoever is in a line is banned: a pattern that matches what it should not. */
class Mistaken extends Generic {
  override onHit(_kept: undefined, { address }: ScoredHit): Outcome {
    return {
      decisions: [
        { kind: 'ban', table: 'bad_ip', for: '2h' },
        { kind: 'run', command: 'report', parameters: { address } },
      ],
    }
  }
}

const client = (n: number) => `192.0.2.${n}`
const attacker = (n: number) => `198.${18 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`

/** A core that knows clients 1 to `clients` by a login of yesterday. */
function newCore(clients: number, kept: readonly Change[] = []): Core {
  const sources = Array.from({ length: clients }, (_, index) => parseAddress(client(index + 1))!)
  const friend: Offender = { bans: [], listings: [], lastLoginAt: START - DAY_MS }
  const options: CoreOptions = {
    rules: new Map([
      ['mine', new Mistaken()],
      ['other', new Mistaken()],
    ]),
    tables: new Set(['bad_ip']),
    offender: (source) => (sources.includes(source) ? friend : undefined),
    loginsSince: () => sources,
  }
  const core = new Core(options)
  core.restore({
    ...{ hits: [], bans: [], sessions: [], clockAt: undefined },
    kept: kept.flatMap((change) => (change.kind === 'kept' ? change : [])),
  })
  return core
}

function hit(afterMs: number, address: string, rule = 'mine'): HitFact {
  return {
    ...{ kind: 'hit', at: START + afterMs, rule, log: 'log', position: afterMs, pattern: 'p', set: undefined, weight: 20 },
    ...{ once: false, distinct: undefined, spoofable: false, login: undefined, session: undefined, account: undefined },
    ...{ address: parseAddress(address), times: 1, parameters: {}, line: '' },
  }
}

/** Each decision but those to run something, as `what whom`. */
function tell(core: Core, ...hits: readonly HitFact[]): string[] {
  for (const one of hits) core.tell(one)
  return lines(core.take().decisions)
}

const lines = (decisions: readonly Decision[]) =>
  decisions.flatMap(({ kind, address, rule }) => (kind === 'run' ? [] : `${kind} ${address ?? rule}`))

const everySecond = (...addresses: readonly string[]) => addresses.map((address, index) => hit(index * SECOND_MS, address))

describe('a rule that bans clients that had logged in', () => {
  test('is frozen at the third within an hour where there are few; those whom it banned are let go', () => {
    const core = newCore(20)
    assert.deepEqual(tell(core, ...everySecond(client(1), attacker(1), client(2), client(3), client(4), attacker(2))), [
      `ban ${client(1)}`,
      `ban ${attacker(1)}`,
      `ban ${client(2)}`,
      `unban ${client(1)}`,
      `unban ${client(2)}`,
      'notify mine',
      `refused ${client(3)}`,
      `refused ${client(4)}`,
      `refused ${attacker(2)}`,
    ])
    assert.deepEqual([...core.wanted('bad_ip').keys()], [attacker(1)])
    assert.equal(core.report().rules[0]!.frozen, 'within an hour it banned 3 of 20 clients that had logged in lately')
  })

  test('says why and what to do', () => {
    const core = newCore(20)
    for (const one of everySecond(client(1), client(2), client(3))) core.tell(one)
    const reasons = core.take().decisions.flatMap((one) => (one.kind === 'notify' || one.kind === 'refused' ? one.reason : []))
    const because = 'rule mine is frozen and only watches: within an hour it banned 3 of 20 clients that had logged in lately'
    assert.deepEqual(reasons, [`${because}; "log2table release mine" has it ban again`, because])
  })

  test('is left alone where it is a small part of them', () => {
    const core = newCore(50)
    const friends = Array.from({ length: 5 }, (_, index) => client(index + 1))
    assert.deepEqual(
      tell(core, ...everySecond(...friends)),
      friends.map((one) => `ban ${one}`),
    )
    assert.ok(tell(core, hit(MINUTE_MS, client(6))).includes('notify mine'))
  })

  test('is left alone where they come one after the other over hours, or the same one again and again', () => {
    const core = newCore(20)
    for (const n of [1, 2, 3, 4, 5, 6]) tell(core, hit(n * 40 * MINUTE_MS, client(n)))
    for (const n of [1, 2, 3, 4, 5]) tell(core, hit(DAY_MS + n * 3 * HOUR_MS, client(1)))
    assert.equal(core.report().rules[0]!.frozen, undefined)
  })

  test('carries out nothing while it is frozen, and others go on', () => {
    const core = newCore(20)
    tell(core, ...everySecond(client(1), client(2), client(3)))
    core.tell(hit(MINUTE_MS, attacker(1)))
    assert.deepEqual(
      core.take().decisions.map(({ kind }) => kind),
      ['refused'],
    )
    assert.deepEqual(tell(core, hit(MINUTE_MS, attacker(1), 'other')), [`ban ${attacker(1)}`])
    const order = {
      do: 'ban',
      network: networkOf(parseAddress(attacker(2))!),
      table: 'bad_ip',
      until: START + DAY_MS,
      reason: '',
    } as const
    core.tell({ kind: 'order', at: START + MINUTE_MS, order })
    assert.deepEqual(lines(core.take().decisions), [`ban ${attacker(2)}`])
  })

  test('bans again when it is released, and begins to count anew', () => {
    const core = newCore(20)
    tell(core, ...everySecond(client(1), client(2), client(3)))
    core.tell({ kind: 'order', at: START + MINUTE_MS, order: { do: 'release', rule: 'mine' } })
    assert.deepEqual(tell(core, hit(MINUTE_MS, client(4)), hit(MINUTE_MS, client(5))), [`ban ${client(4)}`, `ban ${client(5)}`])
    assert.ok(tell(core, hit(MINUTE_MS, client(6))).includes('notify mine'))
  })

  test('is frozen after a restart, and where the database had to be begun anew', () => {
    const core = newCore(20)
    for (const one of everySecond(client(1), client(2), client(3))) core.tell(one)
    for (const saved of [core.take().changes, core.present()]) {
      assert.deepEqual(tell(newCore(20, saved), hit(MINUTE_MS, attacker(1))), [`refused ${attacker(1)}`])
    }
  })

  test('is counted across a restart', () => {
    const core = newCore(20)
    for (const one of everySecond(client(1), client(2))) core.tell(one)
    const next = newCore(20, core.take().changes)
    assert.ok(tell(next, hit(MINUTE_MS, client(3))).includes('notify mine'))
  })
})

describe('a flood', () => {
  const flood = (from: number, count: number, atMs: number) =>
    Array.from({ length: count }, (_, index) => hit(atMs + Math.floor((index * MINUTE_MS) / count), attacker(from + index)))

  test('of 20,000 attackers in a minute freezes nothing, nor one client among them', () => {
    const core = newCore(20)
    tell(core, hit(0, client(1)), ...flood(0, 20_000, 0))
    assert.equal(core.report().rules[0]!.frozen, undefined)
    assert.equal(core.wanted('bad_ip').size, 20_001)
  })

  test('with two clients among them does, where the rule never banned so fast', () => {
    const core = newCore(40)
    tell(core, hit(0, client(1)), hit(0, client(2)), ...flood(0, 198, 0))
    assert.equal(core.report().rules[0]!.frozen, undefined)
    tell(core, hit(MINUTE_MS - 1, attacker(1000)))
    assert.equal(
      core.report().rules[0]!.frozen,
      'within an hour it banned 2 of 40 clients that had logged in lately, and in one minute 201 addresses, more than ever',
    )
    assert.deepEqual(
      core.bans().filter(({ network }) => formatNetwork(network).startsWith('192.0.2.')),
      [],
    )
  })

  test('that was there in the days before is not out of its history', () => {
    const core = newCore(40)
    tell(core, ...flood(0, 100, -2 * DAY_MS))
    tell(core, hit(0, client(1)), hit(0, client(2)), ...flood(1000, 1_000, 0))
    assert.equal(core.report().rules[0]!.frozen, undefined)
  })
})
