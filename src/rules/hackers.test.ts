import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DAY_MS, HOUR_MS } from '../base/units.ts'
import type { ScoredHit } from './generic.ts'
import { Hackers } from './hackers.ts'

const AT = Date.UTC(2026, 0, 15)

interface Past {
  /** When its bans began. */
  readonly bans?: readonly number[]
  readonly lastLoginAt?: number
}

function hit(score: number, past: Past = {}, certainScore = score): ScoredHit {
  const history = {
    bans: (since: number) =>
      (past.bans ?? []).filter((at) => at >= since).map((at) => ({ at, table: 'bad_ip', until: at + HOUR_MS })),
    lastLoginAt: past.lastLoginAt,
  }
  return {
    at: AT,
    address: '192.0.2.7',
    log: '/var/log/authlog',
    pattern: 'sshd/failed-password',
    weight: 20,
    spoofable: certainScore < score,
    parameters: {},
    points: 20,
    score,
    certainScore,
    history,
  }
}

/** How long the rule bans; undefined where it does not. */
function banned(rule: Hackers, scored: ScoredHit): string | undefined {
  const [decision] = rule.onHit(undefined, scored).decisions ?? []
  return decision?.kind === 'ban' ? `${decision.table} ${decision.for}` : undefined
}

test('100 points are a ban of an hour, 99 are none', () => {
  const rule = new Hackers({ table: 'bad_ip' })
  assert.equal(banned(rule, hit(99)), undefined)
  assert.equal(banned(rule, hit(100)), 'bad_ip 1h')
})

test('whoever comes back is banned for longer, up to the last step, until it is forgiven', () => {
  const rule = new Hackers({ table: 'bad_ip', ban: ['1h', '1d', '7d'], memory: '30d' })
  const daysAgo = (...days: readonly number[]) => ({ bans: days.map((day) => AT - day * DAY_MS) })
  assert.equal(banned(rule, hit(100, daysAgo(5))), 'bad_ip 1d')
  assert.equal(banned(rule, hit(100, daysAgo(5, 4))), 'bad_ip 7d')
  assert.equal(banned(rule, hit(100, daysAgo(5, 4, 3, 2))), 'bad_ip 7d')
  assert.equal(banned(rule, hit(100, daysAgo(40, 31))), 'bad_ip 1h')
})

test('what may be forged leads to the first step at most', () => {
  const rule = new Hackers({ table: 'bad_ip', ban: ['1h', '7d'] })
  assert.equal(banned(rule, hit(100, { bans: [AT - DAY_MS] }, 80)), 'bad_ip 1h')
})

test('an address of which a login was accepted in the last week needs three times the points', () => {
  const rule = new Hackers({ table: 'bad_ip', threshold: 50 })
  assert.equal(banned(rule, hit(149, { lastLoginAt: AT - 7 * DAY_MS })), undefined)
  assert.equal(banned(rule, hit(150, { lastLoginAt: AT - 7 * DAY_MS })), 'bad_ip 1h')
  assert.equal(banned(rule, hit(50, { lastLoginAt: AT - 8 * DAY_MS })), 'bad_ip 1h')
})

test('options that are right have no faults', () => {
  const rule = new Hackers({ table: 'bad_ip', threshold: 200, window: '30m', ban: ['1h', '1d12h'], memory: '4w' })
  assert.deepEqual(rule.check(), [])
})

test('every wrong option is told by check, none by an exception', () => {
  const rule = new Hackers({ table: 5, treshold: 5, threshold: 0, window: '1 hour', ban: ['1h', 5] } as never)
  assert.deepEqual(rule.check(), [
    { option: 'table', message: '5 is not the name of a table', hint: 'write one of those in tables' },
    { option: 'treshold', message: 'unknown key', hint: 'did you mean "threshold"?' },
    { option: 'threshold', message: '0 is out of range', hint: 'write a whole number from 1 to 1000000' },
    { option: 'window', message: '"1 hour" is not a length of time', hint: 'write "1h"' },
    { option: 'ban[1]', message: '5 is not a length of time', hint: 'write "5s"' },
  ])
})
