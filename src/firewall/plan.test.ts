import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatNetwork, parseNetwork } from '../base/address.ts'
import { DAY_MS, FOR_LIFE, SECOND_MS, type Until } from '../base/units.ts'
import type { Entry } from '../core/model.ts'
import { END_TOLERANCE_MS, plan } from './plan.ts'

const NOW = Date.UTC(2026, 0, 1)
const LONGEST = 100 * DAY_MS
const entry = (address: string, until: Until): Entry => ({ network: parseNetwork(address)!, until })
const wantedOf = (entries: readonly Entry[]) => new Map(entries.map((one) => [formatNetwork(one.network), one]))
const options = { now: NOW, isOurs: () => true, timeoutMsMax: LONGEST, toleranceMs: END_TOLERANCE_MS }

test('what is missing is added, what has another end renewed, what is not wanted deleted, what is not ours kept', () => {
  const wanted = [
    entry('192.0.2.1', FOR_LIFE),
    entry('192.0.2.2', NOW + 60 * SECOND_MS),
    entry('2001:db8::/64', NOW + 60 * SECOND_MS),
  ]
  const present = [
    entry('192.0.2.2', NOW + 30 * SECOND_MS),
    entry('2001:db8::/64', NOW + 61 * SECOND_MS),
    entry('192.0.2.3', FOR_LIFE),
    entry('192.0.2.4', FOR_LIFE),
  ]
  assert.deepEqual(plan(wantedOf(wanted), present, { ...options, isOurs: (key) => key === '192.0.2.3' }), {
    add: [wanted[0]],
    renew: [wanted[1]],
    delete: [parseNetwork('192.0.2.3')],
    strange: [present[3]],
  })
})

test('ends beyond half of what the firewall can time are alike, until they come nearer', () => {
  const wanted = wantedOf([entry('192.0.2.1', NOW + 5 * LONGEST)])
  const renewed = (until: Until) => plan(wanted, [entry('192.0.2.1', until)], options).renew.length
  assert.equal(renewed(NOW + LONGEST), 0)
  assert.equal(renewed(FOR_LIFE), 0)
  assert.equal(renewed(NOW + 0.4 * LONGEST), 1)
})

test('where the firewall ends nothing by itself, ends do not matter', () => {
  const wanted = wantedOf([entry('192.0.2.1', NOW + 60 * SECOND_MS)])
  assert.deepEqual(plan(wanted, [entry('192.0.2.1', FOR_LIFE)], { ...options, timeoutMsMax: undefined }).renew, [])
})

const anyEntries = fc
  .uniqueArray(
    fc.record({
      address: fc.constantFrom(
        '192.0.2.1',
        '192.0.2.2',
        '192.0.2.0/24',
        '2001:db8::/64',
        '2001:db8::/48',
        '2001:db8::1',
        '10.0.0.1',
      ),
      until: fc.oneof(fc.constant(FOR_LIFE), fc.integer({ min: NOW + SECOND_MS, max: NOW + LONGEST / 3 })),
    }),
    { selector: ({ address }) => address },
  )
  .map((all) => all.map(({ address, until }) => entry(address, until)))

test('carried out, a plan gives what is wanted, and the next plan is empty', () => {
  fc.assert(
    fc.property(anyEntries, anyEntries, (wanted, present) => {
      const map = wantedOf(wanted)
      const table = wantedOf(present)
      const carryOut = () => {
        const changes = plan(map, [...table.values()], options)
        for (const network of changes.delete) table.delete(formatNetwork(network))
        for (const one of [...changes.add, ...changes.renew]) table.set(formatNetwork(one.network), one)
        return changes
      }
      carryOut()
      assert.deepEqual([...table.keys()].sort(), [...map.keys()].sort())
      for (const [key, { until }] of map) {
        const held = table.get(key)!.until
        assert.ok(held === until || Math.abs(held - until) <= END_TOLERANCE_MS)
      }
      assert.deepEqual(carryOut(), { add: [], renew: [], delete: [], strange: [] })
    }),
  )
})

test('what is not ours is never in a plan', () => {
  fc.assert(
    fc.property(anyEntries, anyEntries, (wanted, present) => {
      const changes = plan(wantedOf(wanted), present, { ...options, isOurs: () => false })
      assert.deepEqual(changes.delete, [])
      assert.equal(changes.strange.length + wanted.length - changes.add.length, present.length)
    }),
  )
})
