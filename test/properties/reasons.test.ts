import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseAddress, parseNetwork } from '../../src/base/address.ts'
import { FOR_LIFE, type Instant, MINUTE_MS, type Until } from '../../src/base/units.ts'
import { BY_HAND } from '../../src/core/bans.ts'
import { Core } from '../../src/core/core.ts'
import type { Fact } from '../../src/core/model.ts'
import { Generic, type Outcome, type ScoredHit, type Wake } from '../../src/rules/generic.ts'

const START = Date.UTC(2026, 10, 21)
const TABLE = 'bad_ip'

/** Bans for as long as the line says, and takes that back when the line says so. */
class AsTold extends Generic<null> {
  override readonly tables = [TABLE]

  override onHit(_kept: null | undefined, { at, parameters }: ScoredHit): Outcome<null> {
    const { minutes, takenBackAfter } = parameters as { minutes: number; takenBackAfter: number | null }
    const length = minutes === 0 ? 'life' : (`${minutes}m` as const)
    const wakeAt = takenBackAfter === null ? undefined : at + takenBackAfter * MINUTE_MS
    return { kept: null, wakeAt, decisions: [{ kind: 'ban', table: TABLE, for: length }] }
  }

  override onWake(_kept: null | undefined, _wake: Wake): Outcome<null> {
    return { kept: undefined, decisions: [{ kind: 'unban', table: TABLE }] }
  }
}

const addresses = ['192.0.2.1', '192.0.2.2', '2001:db8::/64'] as const
const step = fc.record({
  afterMinutes: fc.integer({ min: 1, max: 12 }),
  address: fc.constantFrom(...addresses),
  what: fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ rule: fc.constantFrom('one', 'two', 'three'), takenBackAfter: fc.constantFrom(null, null, 3, 20) }),
    },
    { weight: 2, arbitrary: fc.constant('ban' as const) },
    { weight: 1, arbitrary: fc.constant('unban' as const) },
  ),
  minutes: fc.constantFrom(0, 5, 17, 40, 90),
})

/** Why an address is in the table, and until when; and when a rule takes its own reason back. */
class Model {
  readonly reasons = new Map<string, Until>()
  readonly takenBackAt = new Map<string, Instant>()

  pass(now: Instant): void {
    for (const [rule, at] of this.takenBackAt) {
      if (at > now) continue
      // What had ended before is not there to be taken back.
      if ((this.reasons.get(rule) ?? 0) > at) this.reasons.delete(rule)
      this.takenBackAt.delete(rule)
    }
    for (const [rule, until] of this.reasons) if (until <= now) this.reasons.delete(rule)
  }

  get until(): Until | undefined {
    return this.reasons.size === 0 ? undefined : Math.max(...this.reasons.values())
  }
}

test('an address is in the table until the latest of its reasons ends, and a rule takes back its own and no other', () => {
  let compared = 0
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const rules = new Map(['one', 'two', 'three'].map((name) => [name, new AsTold()]))
      const core = new Core({ rules, tables: new Set([TABLE]), offender: () => undefined })
      const models = new Map(addresses.map((address) => [address, new Model()]))
      let at = START
      for (const { afterMinutes, address, what, minutes } of steps) {
        at += afterMinutes * MINUTE_MS
        for (const model of models.values()) model.pass(at)
        const { reasons, takenBackAt } = models.get(address)!
        const until = minutes === 0 ? FOR_LIFE : at + minutes * MINUTE_MS
        const network = parseNetwork(address)!
        if (what === 'ban') {
          reasons.set(BY_HAND, until)
          core.tell({ kind: 'order', at, order: { do: 'ban', network, table: TABLE, until, reason: '' } })
        } else if (what === 'unban') {
          reasons.clear()
          takenBackAt.clear()
          core.tell({ kind: 'order', at, order: { do: 'unban', network, reason: '' } })
        } else {
          const { rule, takenBackAfter } = what
          // Hits while a rule has banned an address are evidence, and the rule is not asked.
          if (!reasons.has(rule)) {
            reasons.set(rule, until)
            if (takenBackAfter === null) takenBackAt.delete(rule)
            else takenBackAt.set(rule, at + takenBackAfter * MINUTE_MS)
          }
          core.tell(hitOf({ at, rule, address, minutes, takenBackAfter }))
        }
        const wanted = [...core.wanted(TABLE)].map(([text, entry]) => [text, entry.until])
        const expected = [...models].flatMap(([text, model]) => (model.until === undefined ? [] : [[text, model.until]]))
        assert.deepEqual(wanted.sort(), expected.sort())
        compared++
      }
    }),
    { numRuns: 500 },
  )
  assert.ok(compared > 5_000, `${compared} comparisons`)
})

function hitOf({
  at,
  rule,
  address,
  ...parameters
}: {
  at: Instant
  rule: string
  address: string
  minutes: number
  takenBackAfter: number | null
}): Fact {
  return {
    ...{ kind: 'hit', at, rule, log: 'door.log', set: undefined, position: 0, pattern: 'p', weight: 1, line: '', parameters },
    ...{ once: false, distinct: undefined, account: undefined, session: undefined, times: 1, login: undefined, spoofable: false },
    address: parseAddress(address.replace('/64', '1'))!,
  }
}
