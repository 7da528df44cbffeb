import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseNetwork } from './address.ts'
import { explainAddress } from './address-faults.ts'

const faults: readonly (readonly [text: string, explanation: string])[] = [
  ['010.1.2.3', '010.1.2.3: a number with a leading zero is read as octal by some tools; write 10.1.2.3'],
  ['1.2.3', '1.2.3: an IPv4 address has four numbers'],
  ['121.224.77', '121.224.77: an IPv4 address has four numbers'],
  ['1.2.3.4.5', '1.2.3.4.5: an IPv4 address has four numbers'],
  ['1.2.3.256', '1.2.3.256: 256 is more than 255'],
  ['1..2.3', '1..2.3: an IPv4 address has four numbers with one dot between them'],
  ['3232235521', '3232235521: a number alone is no address; write 192.168.0.1'],
  ['0x7f.1', '0x7f.1: hexadecimal numbers are not understood; write four decimal numbers'],
  ['192.0.2.*', '192.0.2.*: "*" means nothing in an address; write 192.0.2.0/24'],
  ['example.org', 'example.org: a name; names are never resolved, give the address'],
  ['localhost', 'localhost: a name; names are never resolved, give the address'],
  ['192.0.2.7:22', '192.0.2.7:22: a port is no part of an address; write 192.0.2.7'],
  ['192.0.2.1-192.0.2.9', '192.0.2.1-192.0.2.9: a range; write it as networks, such as 192.0.2.0/24'],
  ['!192.0.2.7', '!192.0.2.7: "!" means nothing here; write 192.0.2.7'],
  [' 192.0.2.7', ' 192.0.2.7: there is white space around it'],
  ['192.0.2.7 and more', '192.0.2.7 and more: an address has no white space in it'],
  ['192.0.2.7/24', '192.0.2.7/24: host bits are set; did you mean 192.0.2.0/24 or 192.0.2.7?'],
  ['2001:db8::7/64', '2001:db8::7/64: host bits are set; did you mean 2001:db8::/64 or 2001:db8::7?'],
  ['192.0.2.0/33', '192.0.2.0/33: the length of an IPv4 network is at most 32'],
  ['2001:db8::/129', '2001:db8::/129: the length of an IPv6 network is at most 128'],
  ['192.0.2.0/024', '192.0.2.0/024: the length has a leading zero; write 192.0.2.0/24'],
  ['192.0.2.0/', '192.0.2.0/: a network ends in its length, a number from 0 to 32'],
  ['192.0.2.0/255.255.255.0', '192.0.2.0/255.255.255.0: a network ends in its length, not in a mask; write 192.0.2.0/24'],
  ['192.0.2.0/255.0.255.0', '192.0.2.0/255.0.255.0: a network ends in its length, not in a mask'],
  ['10/8', '10/8: an IPv4 address has four numbers; write 10.0.0.0/8'],
  ['example.org/24', 'example.org/24: a name; names are never resolved, give the address'],
  ['::ffff:192.0.2.0/120', '::ffff:192.0.2.0/120: an IPv4 address written as IPv6; write 192.0.2.0/24'],
  [
    'fe80::1%eth0',
    'fe80::1%eth0: an address with a zone (%eth0) holds on one interface only and cannot be in a table; write fe80::1',
  ],
  ['[2001:db8::7]:22', '[2001:db8::7]:22: brackets and a port are no part of an address; write 2001:db8::7'],
  ['2001:db8', '2001:db8: an IPv6 address has eight groups, or "::" for those that are zero'],
  ['2001::db8::1', '2001::db8::1: an IPv6 address has "::" at most once'],
  ['2001:db8::g', '2001:db8::g: "g" is no group of an IPv6 address: one to four hexadecimal digits'],
  ['1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8:9: an IPv6 address has at most eight groups'],
  ['1:2:3:4::5:6:7:8', '1:2:3:4::5:6:7:8: "::" stands for at least one group, and there are eight'],
  ['::ffff:1.2.3', '::ffff:1.2.3: at its end, 1.2.3: an IPv4 address has four numbers'],
  ['1:2:3:4:5:6:7:8:', '1:2:3:4:5:6:7:8:: a colon is in the wrong place'],
  ['١.2.3.4', '١.2.3.4: an address is made of ASCII letters, digits, dots and colons'],
  ['', 'an empty text is no address'],
]

for (const [text, explanation] of faults) {
  test(`${JSON.stringify(text)} is refused with what to do`, () => assert.equal(explainAddress(text), explanation))
}

test('what is an address or a network has no fault', () => {
  for (const text of ['10.1.2.3', '::ffff:1.2.3.4', '2001:db8::/32', '192.0.2.0/24', '0.0.0.0/0', '::']) {
    assert.equal(explainAddress(text), undefined, text)
  }
})

test('a strange text is shown escaped and cut', () => {
  assert.equal(explainAddress('\x1b[31m'), '\\x1b[31m: an address is made of ASCII letters, digits, dots and colons')
  assert.ok(explainAddress('x'.repeat(1_000_000))!.length < 200)
})

test('a text has a fault exactly when it is not understood, and what is to be written instead is understood', () => {
  const pieces = fc.constantFrom(
    '0',
    '1',
    '10',
    '010',
    '255',
    '256',
    '.',
    '..',
    ':',
    '::',
    'f',
    'ffff',
    'g',
    '/',
    '24',
    '%',
    '-',
    '!',
    '[',
    ']',
    '*',
    ' ',
  )
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.ipV4Extended(),
    fc.array(pieces, { maxLength: 14 }).map((some) => some.join('')),
  )
  fc.assert(
    fc.property(texts, (text) => {
      const fault = explainAddress(text)
      assert.equal(fault === undefined, parseNetwork(text) !== undefined)
      const instead = /; write ([0-9a-f.:/]+)$/.exec(fault ?? '')
      if (instead) assert.ok(parseNetwork(instead[1]!), fault)
    }),
    { numRuns: 5_000 },
  )
})
