import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import {
  type Address,
  contains,
  formatAddress,
  formatNetwork,
  lastAddress,
  networkOf,
  overlaps,
  parseAddress,
  parseNetwork,
  sourceNetwork,
  sourceOf,
} from './address.ts'
import { addressSet } from './address-set.ts'

/** Another program's opinion: net.isIP for the form, URL for the value (ipaddr.js takes ::1.2.3.4 for 1.2.3.4). */
function opinion(text: string): string | undefined {
  if (isIP(text) === 0 || text.includes('%')) return undefined
  if (isIP(text) === 4) return text
  const ipv6 = new URL(`http://[${text}]/`).hostname.slice(1, -1)
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/
    .exec(ipv6)
    ?.slice(1)
    .map((group) => Number.parseInt(group, 16))
  return mapped ? mapped.flatMap((group) => [group >> 8, group & 255]).join('.') : ipv6
}

const canonical = (text: string) => {
  const address = parseAddress(text)
  return address === undefined ? undefined : formatAddress(address)
}

const ipv4 = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const ipv6 = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).filter((n) => n >> 32n !== 0xffffn)
const address: fc.Arbitrary<Address> = fc.oneof(ipv4, ipv6)
const network = address.chain((one) =>
  fc.integer({ min: 0, max: typeof one === 'number' ? 32 : 128 }).map((bits) => networkOf(one, bits)),
)

describe('addresses', () => {
  test('are taken in their strict forms only', () => {
    for (const [text, expected] of [
      ['192.0.2.7', '192.0.2.7'],
      ['0.0.0.0', '0.0.0.0'],
      ['255.255.255.255', '255.255.255.255'],
      ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
      ['::ffff:1.2.3.4', '1.2.3.4'],
      ['::ffff:102:304', '1.2.3.4'],
      ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
      ['::', '::'],
      ['010.1.2.3', undefined],
      ['1.2.3', undefined],
      ['1.2.3.4.5', undefined],
      ['1.2.3.256', undefined],
      ['1.2.3.-4', undefined],
      ['0x7f.1.1.1', undefined],
      ['1.2.3.4 ', undefined],
      ['1..2.3', undefined],
      ['١.2.3.4', undefined],
      ['fe80::1%eth0', undefined],
      ['example.org', undefined],
      ['localhost', undefined],
      ['1::2::3', undefined],
      ['1:2:3:4:5:6:7', undefined],
      ['1:2:3:4:5:6:7::8', undefined],
      ['12345::', undefined],
      ['[::1]', undefined],
      ['::1.2.3.4:5', undefined],
      ['', undefined],
    ] as const) {
      assert.equal(canonical(text), expected, text)
    }
  })

  test('are read as net.isIP and URL read them, whatever the text', () => {
    const character = fc.constantFrom(...'0123456789abcdefABCDEF:.:.:.%/ xg٣-')
    const text = fc.array(character, { maxLength: 42 }).map((all) => all.join(''))
    const likely = fc
      .array(fc.constantFrom('0', '1', '00', '255', '256', 'ffff', 'FFFF', 'fe80', '::', ':', '.', '1.2.3.4', '010'), {
        maxLength: 17,
      })
      .map((all) => all.join(''))
    const groups = fc
      .array(fc.constantFrom('0', '1', 'db8', 'ffff', '', '1.2.3.4'), { minLength: 2, maxLength: 9 })
      .map((all) => all.join(':'))
    const octets = fc
      .array(fc.constantFrom('0', '1', '01', '255', '256', '', '1e1'), { minLength: 3, maxLength: 5 })
      .map((all) => all.join('.'))
    fc.assert(
      fc.property(fc.oneof(text, likely, groups, octets), (one) => assert.equal(canonical(one), opinion(one))),
      { numRuns: 50_000 },
    )
  })

  test('come back from their text', () => {
    fc.assert(fc.property(address, (one) => assert.equal(parseAddress(formatAddress(one)), one)))
    fc.assert(fc.property(address, (one) => assert.equal(formatAddress(one), opinion(formatAddress(one)))))
  })
})

describe('networks', () => {
  test('are refused where host bits are set, or the length is out of range', () => {
    for (const text of [
      '192.0.2.7/24',
      '192.0.2.0/33',
      '2001:db8::/129',
      '192.0.2.0/024',
      '192.0.2.0/',
      '/24',
      '2001:db8::1/64',
      '192.0.2.0/-1',
      '::ffff:1.2.3.4/32',
    ]) {
      assert.equal(parseNetwork(text), undefined, text)
    }
    assert.equal(formatNetwork(parseNetwork('192.0.2.0/24')!), '192.0.2.0/24')
    assert.equal(formatNetwork(parseNetwork('192.0.2.7/32')!), '192.0.2.7')
    assert.equal(formatNetwork(parseNetwork('::/0')!), '::/0')
  })

  test('contain what lies between their first and last address, and come back from their text', () => {
    fc.assert(
      fc.property(network, address, (one, other) => {
        const inside = typeof one.address === typeof other && other >= one.address && other <= lastAddress(one)
        assert.equal(contains(one, other), inside)
        assert.deepEqual(parseNetwork(formatNetwork(one)), one)
      }),
    )
  })

  test('overlap where one contains an end of the other', () => {
    fc.assert(
      fc.property(network, network, (a, b) => assert.equal(overlaps(a, b), contains(a, b.address) || contains(b, a.address))),
    )
  })

  test('a source is an IPv4 address, or the /64 of an IPv6 address', () => {
    assert.equal(formatNetwork(sourceNetwork(sourceOf(parseAddress('192.0.2.7')!))), '192.0.2.7')
    assert.equal(formatNetwork(sourceNetwork(sourceOf(parseAddress('2001:db8:1:2:3::4')!))), '2001:db8:1:2::/64')
  })
})

test('a set of networks has what one of them contains, and overlaps what one of them overlaps', () => {
  const near = fc.oneof(
    fc.integer({ min: 0, max: 300 }).chain((n) => fc.integer({ min: 22, max: 32 }).map((bits) => networkOf(n, bits))),
    fc.integer({ min: 0, max: 300 }).chain((n) => fc.integer({ min: 118, max: 128 }).map((bits) => networkOf(BigInt(n), bits))),
  )
  fc.assert(
    fc.property(fc.array(near), near, (networks, one) => {
      const set = addressSet(networks)
      assert.equal(
        set.has(one.address),
        networks.some((other) => contains(other, one.address)),
      )
      assert.equal(
        set.overlaps(one),
        networks.some((other) => overlaps(other, one)),
      )
    }),
    { numRuns: 2_000 },
  )
})
