import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { formatNetwork, networkOf, overlaps, parseNetwork } from '../base/address.ts'
import { FOR_LIFE } from '../base/units.ts'
import { WantedEntries } from './wanted-entries.ts'

const entry = (text: string) => ({ network: parseNetwork(text)!, until: FOR_LIFE })

function wanted(...texts: readonly string[]): WantedEntries {
  const entries = new WantedEntries()
  for (const text of texts) entries.set(text, entry(text))
  return entries
}

const overlapping = (entries: WantedEntries, ...texts: readonly string[]) =>
  entries.overlapping(texts.map((text) => parseNetwork(text)!)).map(({ key }) => key)

describe('entries that overlap a network', () => {
  const all = ['192.0.2.0/24', '192.0.2.1', '192.0.2.2', '2001:db8::/48', '2001:db8::/64', '2001:db8::1', '2001:db8:0:1::/64']

  for (const [networks, expected] of [
    ['', []],
    ['192.0.2.1', ['192.0.2.0/24', '192.0.2.1']],
    [
      '192.0.2.2 192.0.2.1 2001:db8::1',
      ['192.0.2.0/24', '192.0.2.2', '192.0.2.1', '2001:db8::/48', '2001:db8::/64', '2001:db8::1'],
    ],
    ['192.0.2.0/30', ['192.0.2.0/24', '192.0.2.1', '192.0.2.2']],
    ['192.0.3.1', []],
    ['0.0.0.0/0', ['192.0.2.0/24', '192.0.2.1', '192.0.2.2']],
    ['2001:db8::/64', ['2001:db8::/48', '2001:db8::/64', '2001:db8::1']],
    ['2001:db8:1::/64', []],
  ] as const) {
    test(networks, () => assert.deepEqual(overlapping(wanted(...all), ...networks.split(' ').filter(Boolean)), expected))
  }

  test('may be narrower by a bit', () => {
    assert.deepEqual(overlapping(wanted('192.0.2.1'), '192.0.2.0/31'), ['192.0.2.1'])
    assert.deepEqual(overlapping(wanted('2001:db8::/65'), '2001:db8::/64'), ['2001:db8::/65'])
  })

  test('are those that are there at the moment', () => {
    const entries = wanted('192.0.2.0/24', '192.0.2.1')
    entries.set('192.0.2.1', entry('192.0.2.1'))
    entries.delete('192.0.2.1')
    assert.deepEqual(overlapping(entries, '192.0.2.1'), ['192.0.2.0/24'])
    assert.deepEqual(overlapping(entries, '192.0.2.0/25'), ['192.0.2.0/24'])
    entries.clear()
    assert.deepEqual(overlapping(entries, '192.0.2.1'), [])
  })

  test('are those that a look at each would find', () => {
    const address = fc.oneof(
      fc.integer({ min: 0, max: 255 }).map((low) => ({ address: 0xc000_0200 + low, shortest: 22 })),
      fc.integer({ min: 0, max: 255 }).map((low) => ({ address: (0x2001_0db8n << 96n) + (BigInt(low) << 60n), shortest: 56 })),
    )
    const network = fc.tuple(address, fc.nat(10)).map(([{ address, shortest }, longer]) => networkOf(address, shortest + longer))
    fc.assert(
      fc.property(fc.array(network), fc.array(network), fc.array(network), (put, taken, asked) => {
        const entries = wanted(...put.map(formatNetwork))
        for (const one of taken) entries.delete(formatNetwork(one))
        const found = [...entries.values()].flatMap((one) =>
          asked.some((wanted) => overlaps(one.network, wanted)) ? [formatNetwork(one.network)] : [],
        )
        assert.deepEqual(overlapping(entries, ...asked.map(formatNetwork)).toSorted(), found.toSorted())
      }),
    )
  })
})
