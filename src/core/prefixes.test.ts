import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Address, contains, formatNetwork, networkOf, parseAddress } from '../base/address.ts'
import { guiltyPrefix, neighbourhoodOf } from './prefixes.ts'

const addresses = (...texts: readonly string[]) => texts.map((text) => parseAddress(text)!)
const guilty = (source: string, others: readonly string[], min: number) => {
  const network = guiltyPrefix(parseAddress(source)!, addresses(source, ...others), min)
  return network && formatNetwork(network)
}

test('the narrowest network that explains enough offenders is guilty, however many more there are further away', () => {
  assert.equal(guilty('192.0.2.1', ['192.0.2.2', '192.0.2.3'], 3), '192.0.2.0/30')
  assert.equal(guilty('192.0.2.1', ['192.0.2.2', '192.0.2.3', '192.0.2.200'], 3), '192.0.2.0/30')
  assert.equal(guilty('192.0.2.1', ['192.0.2.2', '192.0.2.200'], 3), '192.0.2.0/24')
  assert.equal(guilty('2001:db8:1:2::', ['2001:db8:1:3::', '2001:db8:1:7::'], 3), '2001:db8:1::/61')
})

test('no network wider than a /24 or a /48 is, and none for the sake of another family', () => {
  assert.equal(guilty('192.0.2.1', ['192.0.3.1'], 2), undefined)
  assert.equal(guilty('2001:db8:1:2::', ['2001:db8:2:2::'], 2), undefined)
  assert.equal(guilty('2001:db8:1:2::', ['2001:db8:1:fff2::'], 2), '2001:db8:1::/48')
  assert.equal(guilty('0.0.0.1', ['::1'], 2), undefined)
})

const source = fc.oneof(
  fc.integer({ min: 0, max: 600 }).map((n): Address => (parseAddress('192.0.2.0') as number) + n),
  fc.integer({ min: 0, max: 0x2ffff }).map((n): Address => (parseAddress('2001:db8::') as bigint) + (BigInt(n) << 64n)),
)

test('it holds the source and enough offenders, none narrower does, and it is what trying all lengths finds', () => {
  fc.assert(
    fc.property(fc.uniqueArray(source, { minLength: 1, maxLength: 40 }), fc.integer({ min: 2, max: 6 }), (offenders, min) => {
      const [one] = offenders
      const isV4 = typeof one === 'number'
      let naive: string | undefined
      for (let bits = isV4 ? 24 : 48; bits <= (isV4 ? 32 : 64); bits++) {
        const network = networkOf(one!, bits)
        if (offenders.filter((offender) => contains(network, offender)).length >= min) naive = formatNetwork(network)
      }
      const found = guiltyPrefix(one!, offenders, min)
      assert.equal(found && formatNetwork(found), naive)
      if (found) assert.ok(contains(neighbourhoodOf(one!), found.address))
    }),
    { numRuns: 1000 },
  )
})
