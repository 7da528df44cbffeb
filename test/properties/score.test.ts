import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HOUR_MS, MINUTE_MS } from '../../src/base/units.ts'
import { Core } from '../../src/core/core.ts'
import type { HitFact } from '../../src/core/model.ts'
import { Generic, type Outcome, type ScoredHit } from '../../src/rules/generic.ts'

const START = Date.UTC(2026, 10, 21)

/** Tells the score of every hit, and bans nobody. */
class Teller extends Generic {
  override onHit(_kept: undefined, { score }: ScoredHit): Outcome {
    return { decisions: [{ kind: 'notify', reason: String(score) }] }
  }
}

const step = fc.record({
  afterMs: fc.oneof(fc.integer({ min: 0, max: MINUTE_MS }), fc.integer({ min: 0, max: 40 * MINUTE_MS })),
  host: fc.integer({ min: 1, max: 2 }),
  weight: fc.constantFrom(10, 20, 25, 60),
  times: fc.constantFrom(1, 1, 1, 3),
  session: fc.constantFrom(undefined, '1', '2'),
  once: fc.boolean(),
  distinct: fc.constantFrom(undefined, undefined, '22', '80'),
  account: fc.constantFrom(undefined, 'root', 'bob'),
  isLogin: fc.constantFrom(false, false, false, false, true),
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

function factsOf(steps: readonly Step[]): HitFact[] {
  let at = START
  return steps.map(({ afterMs, host, session, isLogin, weight, ...one }) => {
    at += afterMs
    return {
      ...{ kind: 'hit', at, rule: 'teller', log: 'authlog', position: 0, pattern: 'p', set: 'sshd', spoofable: false },
      ...{ login: isLogin ? 'opened' : undefined, address: 0xc0000200 + host, parameters: {}, line: '' },
      ...{ weight: isLogin ? -100 : weight, session: isLogin || !session ? undefined : `${host}${session}`, ...one },
    }
  })
}

/** The scores that the rule must be told, from nothing but lists. */
function naive(facts: readonly HitFact[]): string[] {
  const points: { at: number; address: unknown; points: number; account: string | undefined; distinct: string | undefined }[] = []
  const sessions: { id: string; lines: { at: number; cost: number; once: boolean }[] }[] = []
  const costOf = (lines: readonly { cost: number; once: boolean }[]) =>
    Math.max(
      ...[0, ...lines.filter(({ once }) => once).map(({ cost }) => cost)],
      lines.filter(({ once }) => !once).reduce((sum, { cost }) => sum + cost, 0),
    )
  const told: string[] = []
  for (const { at, address, weight, times, once, distinct, account, session, login } of facts) {
    if (login === 'opened') {
      for (const one of points) if (account !== undefined && one.address === address && one.account === account) one.points = 0
      continue
    }
    let worth = once ? weight : weight * times
    if (session !== undefined) {
      let of = sessions.findLast(({ id }) => id === session)
      if (!of || at - of.lines.at(-1)!.at >= HOUR_MS) {
        of = { id: session, lines: [] }
        sessions.push(of)
      }
      const before = costOf(of.lines)
      of.lines.push({ at, cost: worth, once })
      worth = costOf(of.lines) - before
      if (worth === 0) continue
    }
    const live = points.filter((one) => one.address === address && one.points > 0 && at - one.at < HOUR_MS)
    if (distinct !== undefined && live.some((one) => one.distinct === distinct)) worth = Math.floor(worth / 10)
    points.push({ at, address, points: worth, account, distinct })
    told.push(String(live.reduce((sum, one) => sum + one.points, worth)))
  }
  return told
}

test('the score of every hit is the naive sum of what counts: once a session, distinct values, less what a good login takes back', () => {
  let most = 0
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const facts = factsOf(steps)
      const core = new Core({ rules: new Map([['teller', new Teller()]]), tables: new Set(), offender: () => undefined })
      for (const fact of facts) core.tell(fact)
      const told = core.take().decisions.map((one) => (one.kind === 'notify' ? one.reason : one.kind))
      assert.deepEqual(told, naive(facts))
      most = Math.max(most, told.length)
    }),
    { numRuns: 400 },
  )
  assert.ok(most > 30)
})
