import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Address, formatNetwork, lastAddress, parseAddress } from '../base/address.ts'
import { networksBetween } from './range.ts'

const between = (first: string, last: string) => networksBetween(parseAddress(first)!, parseAddress(last)!).map(formatNetwork)

test('a range is the fewest networks', () => {
  assert.deepEqual(between('192.0.2.5', '192.0.2.8'), ['192.0.2.5', '192.0.2.6/31', '192.0.2.8'])
  assert.deepEqual(between('0.0.0.0', '255.255.255.255'), ['0.0.0.0/0'])
  assert.deepEqual(between('2001:db8::', '2001:db8::1:ffff:ffff:ffff:ffff'), ['2001:db8::/63'])
})

test('the networks follow each other from the first address to the last', () => {
  const v4 = fc.integer({ min: 0, max: 2 ** 32 - 1 })
  const v6 = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n })
  fc.assert(
    fc.property(fc.oneof(fc.tuple(v4, v4), fc.tuple(v6, v6)), ([a, b]: [Address, Address]) => {
      const [first, last] = a < b ? [a, b] : [b, a]
      const networks = networksBetween(first, last)
      assert.equal(networks[0]!.address, first)
      assert.equal(lastAddress(networks.at(-1)!), last)
      for (const [i, network] of networks.slice(1).entries()) {
        assert.equal(BigInt(network.address), BigInt(lastAddress(networks[i]!)) + 1n)
      }
    }),
  )
})
