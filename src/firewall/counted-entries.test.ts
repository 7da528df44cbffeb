import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CountedEntries } from './counted-entries.ts'

const family = (key: string) => (key.includes(':') ? 'v6' : 'v4')

test('entries are counted by set, each once', () => {
  const entries = new CountedEntries(family)
  entries.set('192.0.2.1', 1).set('192.0.2.1', 2).set('192.0.2.2', 1).set('2001:db8::/64', 1)
  assert.deepEqual([entries.size, entries.countOf('v4'), entries.countOf('v6'), entries.countOf('v7')], [3, 2, 1, 0])
  assert.deepEqual([entries.delete('192.0.2.1'), entries.delete('192.0.2.1'), entries.countOf('v4')], [true, false, 1])
  entries.clear()
  assert.deepEqual([entries.size, entries.countOf('v4'), entries.countOf('v6')], [0, 0, 0])
})

test('the soonest of a set are those that sorting all of them gives', () => {
  const ends = fc.array(fc.nat(1_000), { maxLength: 300 })
  fc.assert(
    fc.property(ends, fc.integer({ min: 1, max: 20 }), fc.nat(1_200), (untils, count, before) => {
      const entries = new CountedEntries(family)
      for (const [i, until] of untils.entries())
        entries.set(i % 3 === 0 ? `2001:db8:${i.toString(16)}::/64` : `10.0.${i >> 8}.${i & 255}`, until)
      const expected = [...entries].filter(([key, until]) => family(key) === 'v4' && until < before).map(([, until]) => until)
      const found = entries.soonest('v4', count, before).map((key) => entries.get(key)!)
      assert.deepEqual(found, expected.sort((a, b) => a - b).slice(0, count))
    }),
  )
})
