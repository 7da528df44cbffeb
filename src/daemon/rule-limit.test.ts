import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseAddress } from '../base/address.ts'
import { HOUR_MS } from '../base/units.ts'
import { Core } from '../core/core.ts'
import type { Fact, HitFact } from '../core/model.ts'
import { Generic, type Outcome, type ScoredHit } from '../rules/generic.ts'
import { Hackers } from '../rules/hackers.ts'
import { limitRules } from './rule-limit.ts'
import { timeLimitOf } from './time-limit.ts'

const START = Date.UTC(2026, 10, 21, 10)
const limit = timeLimitOf(250)

function spin(): never {
  for (;;);
}

/** Bans at 50 points. Where it is told to, it comes to no end. */
class Own extends Generic {
  readonly #loops: string
  constructor(loops = '') {
    super()
    this.#loops = loops
  }
  override points({ address, weight }: { address: string; weight: number }): number {
    if (this.#loops === `points ${address}`) spin()
    return weight
  }
  override onHit(_kept: undefined, { address, score, at }: ScoredHit): Outcome {
    try {
      if (this.#loops === `onHit ${address}`) spin()
    } catch {
      // A rule cannot catch that it is cut off.
    }
    return score < 50 ? { wakeAt: at + HOUR_MS } : { decisions: [{ kind: 'ban', table: 'bad_ip', for: '10m' }] }
  }
  override onWake(_kept: undefined, { address }: { address: string }): Outcome {
    if (this.#loops === `onWake ${address}`) spin()
    return { decisions: [{ kind: 'notify', reason: 'an hour' }] }
  }
}

function hit(rule: string, host: number, afterMs: number): HitFact {
  return {
    ...{ kind: 'hit', at: START + afterMs, rule, log: 'app.log', position: afterMs, pattern: 'p', set: undefined, weight: 25 },
    ...{ once: false, distinct: undefined, spoofable: false, login: undefined, address: parseAddress(`192.0.2.${host}`) },
    ...{ session: undefined, account: undefined, times: 1, parameters: {}, line: '' },
  }
}

/** Of three addresses, in turn, for both rules; then two hours go by. */
const facts: readonly Fact[] = [
  ...Array.from({ length: 18 }, (_, n) => hit(n % 2 ? 'own' : 'hackers', 1 + ((n >> 1) % 3), n * 1_000)),
  { kind: 'clock', at: START + 2 * HOUR_MS },
]

/** What came of the facts: `own ban 192.0.2.1`, and the lines that are kept, by rule. */
function tell(own: Own, around = limit) {
  const rules = new Map<string, Generic>([
    ['hackers', new Hackers({ table: 'bad_ip', threshold: 75 })],
    ['own', own],
  ])
  const core = new Core({ rules, tables: new Set(['bad_ip']), offender: () => undefined })
  limitRules(core, rules, around)(facts)
  const { decisions, changes } = core.take()
  const saved = changes.flatMap((change) => (change.kind === 'hit' ? [change.hit.rule] : []))
  return {
    decisions: decisions.map(({ rule, kind, address = '', at, ...more }) => {
      const said = kind === 'notify' && 'reason' in more ? ` ${more.reason}` : ''
      return `${(at - START) / 1_000} ${rule} ${kind} ${address}${said}`
    }),
    saved: { hackers: saved.filter((rule) => rule === 'hackers').length, own: saved.filter((rule) => rule === 'own').length },
  }
}

const hackersOf = (decisions: readonly string[]) => decisions.filter((one) => one.split(' ')[1] === 'hackers')

describe('a rule that comes to no end', () => {
  const well = tell(new Own())
  for (const [place, atSeconds, bansBefore, saved] of [
    ['points 192.0.2.2', 3, 0, 1],
    ['onHit 192.0.2.3', 5, 0, 3],
    ['onWake 192.0.2.2', 3_603, 3, 9],
  ] as const) {
    test(`in ${place.split(' ')[0]} is quarantined and named; the others go on, and nothing that was told is lost`, () => {
      const { decisions, saved: kept } = tell(new Own(place))
      assert.ok(
        decisions.includes(`${atSeconds} own notify  rule own is quarantined: it does not come back`),
        decisions.join('\n'),
      )
      assert.deepEqual(hackersOf(decisions), hackersOf(well.decisions))
      assert.equal(decisions.filter((one) => one.includes('own ban')).length, bansBefore)
      assert.deepEqual(kept, { hackers: well.saved.hackers, own: saved })
    })
  }

  test('is not taken for one on a machine that stood still: what is cut off once decides as if it had not been', () => {
    for (const place of ['points', 'onHit', 'onWake'] as const) {
      let cuts = 0
      class Slow extends Own {
        override onHit(kept: undefined, scored: ScoredHit): Outcome {
          if (place === 'onHit') this.stand()
          return super.onHit(kept, scored)
        }
        override points(of: { address: string; weight: number }): number {
          if (place === 'points') this.stand()
          return super.points(of)
        }
        override onWake(kept: undefined, wake: { address: string }): Outcome {
          if (place === 'onWake') this.stand()
          return super.onWake(kept, wake)
        }
        stand(): void {
          if (cuts === 0) {
            cuts++
            spin()
          }
        }
      }
      assert.deepEqual(tell(new Slow()), well)
      assert.equal(cuts, 1)
    }
  })

  test('that is a shipped one is not looked for, and costs nothing', () => {
    const core = new Core({ rules: new Map(), tables: new Set(), offender: () => undefined })
    const never = () => assert.fail('it was told under a limit')
    limitRules(core, new Map([['hackers', new Hackers({ table: 'bad_ip' })]]), never)(facts)
    limitRules(core, new Map([['own', new Own()]]), never)([hit('hackers', 1, 0), { kind: 'clock', at: START }])
  })
})

test('what is cut off while no rule was being asked is not gone on with', () => {
  // Stands still in the midst of the core: the second limit of all runs out before anything was told.
  assert.throws(() => tell(new Own(), () => false), /stood still for 1000 ms in the midst of a decision/)
})

test('a rule that would wait is told that it cannot', () => {
  class Waiting extends Own {
    // @ts-expect-error: users are told so by their editor, where they have one.
    override async onHit(): Promise<Outcome> {
      return {}
    }
  }
  const { decisions } = tell(new Waiting() as Own)
  assert.equal(decisions[0], '1 own notify  rule own is quarantined: it returned a promise; a rule cannot wait for anything')
})
