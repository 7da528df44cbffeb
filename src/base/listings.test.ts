import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { countListings, dayOf } from './listings.ts'
import { DAY_MS, FOR_LIFE, HOUR_MS } from './units.ts'

const START = Date.UTC(2026, 10, 1)
const ban = (day: number, hours: number, table = 'bad_ip') => {
  const at = START + day * DAY_MS + 6 * HOUR_MS
  return { at, until: at + hours * HOUR_MS, table }
}
const at = START + 30 * DAY_MS

test('a listing is one table on one day: two bans of a day are one, two tables are two, a long ban is one a day', () => {
  assert.equal(countListings([ban(1, 1), ban(1, 2)], [], START, at), 1)
  assert.equal(countListings([ban(1, 1), ban(1, 1, 'blockips')], [], START, at), 2)
  assert.equal(countListings([ban(1, 72)], [], START, at), 4)
  assert.equal(countListings([ban(1, 18)], [], START, at), 1, 'out at midnight')
  assert.equal(countListings([ban(1, Number.POSITIVE_INFINITY)], [], START, at), 30)
  assert.equal(countListings([], [], START, at), 0)
})

test('a snapshot of a table counts as a day in it, once with the bans of that table', () => {
  const day = dayOf(START) + 1
  const snapshots = [
    { table: 'bad_ip', day },
    { table: 'fw2/bad_ip', day },
    { table: 'fw2/bad_ip', day: day + 1 },
    { table: 'fw2/bad_ip', day: day + 100 },
  ]
  assert.equal(countListings([ban(1, 1)], snapshots, START, at), 3)
})

test('only what was within the time counts, and the count is that of asking day by day', () => {
  const bans = fc.array(
    fc.record({
      at: fc.integer({ min: START, max: at }),
      lastsMs: fc.oneof(fc.integer({ min: 1, max: 20 * DAY_MS }), fc.constant(FOR_LIFE)),
      table: fc.constantFrom('a', 'b'),
    }),
    { maxLength: 12 },
  )
  fc.assert(
    fc.property(bans, fc.integer({ min: START, max: at }), (some, since) => {
      const past = some.map(({ at: from, lastsMs, table }) => ({ at: from, until: from + lastsMs, table }))
      let naive = 0
      for (let day = dayOf(since); day <= dayOf(at); day++) {
        for (const table of ['a', 'b']) {
          const isIn = (one: (typeof past)[number]) => one.at < (day + 1) * DAY_MS && one.until > day * DAY_MS
          if (past.some((one) => one.table === table && isIn(one))) naive++
        }
      }
      assert.equal(countListings(past, [], since, at), naive)
    }),
  )
})
