import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseAddress } from '../base/address.ts'
import { addressIn } from './address-in.ts'
import { ADDRESS, addressAt, KIND } from './wasm/finds-memory.ts'
import { wasmMachine } from './wasm/machine.ts'

const machine = wasmMachine()
const MARGIN_BYTES = 32
const from = machine.allocate(1_024) + MARGIN_BYTES
const find = machine.allocate(64) >>> 2

/** In JavaScript and in WebAssembly. */
function agree(text: string): void {
  const bytes = Buffer.from(`1${text}:`, 'latin1')
  const expected = parseAddress(text)
  assert.equal(addressIn(bytes, 1, bytes.length - 1), expected, JSON.stringify(text))
  machine.bytes.set(bytes, from - 1)
  machine.words[find + KIND] = machine.automata!.readAddress(from, from + bytes.length - 2, 4 * (find + ADDRESS))
  assert.equal(addressAt(machine, find), expected, `in WebAssembly, ${JSON.stringify(text)}`)
}

test('the strict forms are read from bytes as they are from a text, and nothing else', () => {
  const texts = [
    ...['192.0.2.1', '0.0.0.0', '255.255.255.255', '010.1.1.1', '1.2.3', '1.2.3.4.5', '1.2.3.256', '1..2.3', '', '.', 'a.b.c.d'],
    ...[
      '::',
      '::1',
      '1::',
      '2001:db8::1',
      '1:2:3:4:5:6:7:8',
      '1:2:3:4:5:6:7::',
      '::2:3:4:5:6:7:8',
      'FE80::aBcD',
      '::ffff:192.0.2.1',
    ],
    ...['::ffff:c000:201', '1:2:3:4:5:6:192.0.2.1', '::192.0.2.1', '64:ff9b::192.0.2.1', '0:0:0:0:0:ffff:0:1', '::ffff:0:0:0'],
    ...[':', ':::', ':1', '1:', '1:::2', '::1::', '1:2', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8::', '12345::', '::12345', 'g::'],
    ...['fe80::1%eth0', '1.2.3.4::', '::1.2.3.4:1', '1:2:3:4:5:6:7:192.0.2.1', '::010.1.1.1', '::1.2.3', '192.0.2.1:80'],
  ]
  for (const text of texts) agree(text)
})

test('any other text is read as parseAddress reads it', () => {
  const piece = fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(':', '::', '.', 'ffff', '0', 'db8', '192.0.2.1') },
    { weight: 1, arbitrary: fc.constantFrom('00', '256', 'g', ' ', '%', '\xff', '12345') },
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 18 }), (pieces) => agree(pieces.join(''))),
    { numRuns: 20_000 },
  )
  fc.assert(fc.property(fc.ipV6(), agree))
  fc.assert(fc.property(fc.ipV4(), agree))
})
