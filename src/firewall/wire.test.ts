import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { framed, MESSAGE_BYTES_MAX, Unframer, WireError } from './wire.ts'

const received = (pieces: readonly Buffer[]) => {
  const unframer = new Unframer()
  return pieces.flatMap((piece) => unframer.push(piece))
}

test('messages come out as they went in, however they are cut', () => {
  const message = fc.dictionary(fc.string(), fc.jsonValue())
  fc.assert(
    fc.property(fc.array(message), fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (messages, lengths) => {
      const bytes = Buffer.concat(messages.map(framed))
      const pieces: Buffer[] = []
      for (let at = 0, i = 0; at < bytes.length; i++) {
        const length = lengths[i % lengths.length]!
        pieces.push(bytes.subarray(at, at + length))
        at += length
      }
      assert.deepEqual(received(pieces), JSON.parse(JSON.stringify(messages)))
    }),
  )
})

test('what is no message is refused, and a length is believed before anything is kept for it', () => {
  const withLength = (length: number, text = '') => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(length)
    return Buffer.concat([bytes, Buffer.from(text, 'latin1')])
  }
  assert.throws(() => received([withLength(0)]), WireError)
  assert.throws(() => received([withLength(MESSAGE_BYTES_MAX + 1)]), /impossible length/)
  assert.throws(() => received([Buffer.from('GET / HTTP/1.1\r\n\r\n')]), /impossible length/)
  assert.throws(() => received([withLength(2, '{]')]), /no JSON/)
  assert.throws(() => received([withLength(3, '"\xff"')]), /no JSON/)
  assert.deepEqual(received([withLength(5, '{}')]), [])
})

test('a message that the other end would not take is not sent', () => {
  assert.throws(() => framed({ text: 'x'.repeat(MESSAGE_BYTES_MAX) }), WireError)
})
