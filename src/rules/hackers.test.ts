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
  readonly listings?: number
}

function hit(score: number, past: Past = {}, certainScore = score): ScoredHit {
  const history = {
    bans: (since: number) =>
      (past.bans ?? []).filter((at) => at >= since).map((at) => ({ at, table: 'bad_ip', until: at + HOUR_MS })),
    listings: () => past.listings ?? 0,
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

test('whoever was banned before may need fewer points, a friend still needs more', () => {
  const rule = new Hackers({ table: 'bad_ip', thresholdAgain: 40, memory: '10d' })
  assert.equal(banned(rule, hit(60)), undefined)
  assert.equal(banned(rule, hit(60, { bans: [AT - 9 * DAY_MS] })), 'bad_ip 1h')
  assert.equal(banned(rule, hit(60, { bans: [AT - 11 * DAY_MS] })), undefined)
  assert.equal(banned(rule, hit(60, { bans: [AT - DAY_MS], lastLoginAt: AT - DAY_MS })), undefined)
})

test('what is certain counts for the network around it, what can be forged does not', () => {
  const rule = new Hackers({ table: 'bad_ip', networks: { from: 8 } })
  assert.deepEqual(rule.onHit(undefined, hit(100)).decisions, [{ kind: 'ban', table: 'bad_ip', for: '1h', networkFrom: 8 }])
  assert.deepEqual(rule.onHit(undefined, hit(100, {}, 99)).decisions, [{ kind: 'ban', table: 'bad_ip', for: '1h' }])
})

const often = { bans: [5, 4, 3, 2].map((day) => AT - day * DAY_MS), listings: 16 }

test('whoever was listed more than 15 times and banned 4 times is proposed for life, and banned as usual until then', () => {
  const rule = new Hackers({ table: 'bad_ip', forLife: { table: 'blockips' } })
  assert.deepEqual(rule.tables, ['bad_ip', 'blockips'])
  assert.deepEqual(rule.onHit(undefined, hit(100, often)).decisions, [
    { kind: 'ban', table: 'bad_ip', for: '1h' },
    { kind: 'propose', table: 'blockips', reason: '16 listings and 4 bans within 90d' },
  ])
  for (const less of [
    { ...often, listings: 15 },
    { ...often, bans: often.bans.slice(1), listings: 90 },
  ]) {
    assert.equal(rule.onHit(undefined, hit(100, less)).decisions?.length, 1)
  }
})

test('where nobody is to be asked, it is banned for life at once', () => {
  const rule = new Hackers({
    table: 'bad_ip',
    forLife: { table: 'blockips', confirm: false, minBans: 2, listings: { moreThan: 3 } },
  })
  assert.equal(banned(rule, hit(100, { bans: often.bans.slice(2), listings: 4 })), 'blockips life')
  assert.equal(banned(rule, hit(100, { bans: often.bans.slice(2), listings: 3 })), 'bad_ip 1h')
})

test('nobody is for life by what can be forged, nor of whom a login was accepted in the last week', () => {
  const rule = new Hackers({ table: 'bad_ip', forLife: { table: 'blockips', confirm: false } })
  assert.equal(banned(rule, hit(100, often, 99)), 'bad_ip 1h')
  assert.equal(banned(rule, hit(300, { ...often, lastLoginAt: AT - 7 * DAY_MS })), 'bad_ip 1h')
  assert.equal(banned(rule, hit(300, { ...often, lastLoginAt: AT - 8 * DAY_MS })), 'blockips life')
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
  const forLife = { tabel: 'blockips', listings: { moreThan: 0 }, confirm: 'yes' }
  assert.deepEqual(new Hackers({ table: 'bad_ip', forLife } as never).check(), [
    { option: 'forLife.table', message: 'is missing' },
    { option: 'forLife.tabel', message: 'unknown key', hint: 'did you mean "table"?' },
    { option: 'forLife.listings.moreThan', message: '0 is out of range', hint: 'write a whole number from 1 to 100000' },
    { option: 'forLife.confirm', message: '"yes" is neither true nor false' },
  ])
})
