import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FrameReader, frame, HEAD_BYTES, WireError } from './frames.ts'

const BYTES_MAX = 1_000

const received = (pieces: readonly Buffer[]) => {
  const frames = new FrameReader(BYTES_MAX)
  return pieces.flatMap((piece) => frames.push(piece))
}

test('messages and their bytes come out as they went in, however they are cut', () => {
  const message = fc.record({ message: fc.dictionary(fc.string(), fc.jsonValue()), bytes: fc.uint8Array({ maxLength: 300 }) })
  const fits = fc.array(message.filter((one) => frame(one.message, one.bytes).length - HEAD_BYTES <= BYTES_MAX))
  fc.assert(
    fc.property(fits, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (messages, lengths) => {
      const sent = Buffer.concat(messages.map(({ message, bytes }) => frame(message, bytes)))
      const pieces: Buffer[] = []
      for (let at = 0, i = 0; at < sent.length; i++) {
        const length = lengths[i % lengths.length]!
        pieces.push(sent.subarray(at, at + length))
        at += length
      }
      assert.deepEqual(
        received(pieces).map(({ message, bytes }) => ({ message, bytes: [...bytes] })),
        messages.map(({ message, bytes }) => ({ message: JSON.parse(JSON.stringify(message)), bytes: [...bytes] })),
      )
    }),
  )
})

test('what is no message is refused, and a length is believed before anything is kept for it', () => {
  const withLengths = (length: number, textLength: number, text = '') => {
    const head = Buffer.alloc(HEAD_BYTES)
    head.writeUInt32BE(length)
    head.writeUInt32BE(textLength, 4)
    return Buffer.concat([head, Buffer.from(text, 'latin1')])
  }
  for (const [length, textLength] of [
    [0, 0],
    [5, 0],
    [2, 3],
    [BYTES_MAX + 1, 2],
  ] as const) {
    assert.throws(() => received([withLengths(length, textLength)]), /impossible length/, `${length} ${textLength}`)
  }
  assert.throws(() => received([Buffer.from('GET / HTTP/1.1\r\n\r\n')]), WireError)
  assert.throws(() => received([withLengths(2, 2, '{]')]), /no JSON/)
  assert.throws(() => received([withLengths(3, 3, '"\xff"')]), /no JSON/)
  assert.deepEqual(received([withLengths(5, 5, '{}')]), [])
})
