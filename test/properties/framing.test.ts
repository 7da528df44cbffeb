import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Framer } from '../../src/lines/framing.ts'

const lineBytesMax = 12
const byte = fc.oneof(
  { weight: 3, arbitrary: fc.constant(10) },
  { weight: 8, arbitrary: fc.constantFrom(0x61, 0x62) },
  { weight: 2, arbitrary: fc.constantFrom(0, 13, 0xe2, 0x80, 0xa8, 0xff) },
)
const log = fc.array(
  fc.oneof({ weight: 20, arbitrary: byte.map((b) => [b]) }, { weight: 1, arbitrary: fc.constant(Array(30).fill(0x78)) }),
  {
    maxLength: 200,
  },
)

test('what the framer gives does not depend on how the bytes were cut: the lines under the cap, each at its offset', () => {
  fc.assert(
    fc.property(
      log,
      fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
      fc.integer({ min: 1, max: 40 }),
      (parts, cuts, chunkBytes) => {
        const bytes = Buffer.from(parts.flat())
        const expected = naive(bytes)
        const framer = new Framer({ chunkBytes, lineBytesMax })
        const lines: [number, string][] = []
        const all: Buffer[] = []
        let overlong = 0
        for (let at = 0; at < bytes.length; ) {
          const free = framer.free()
          assert.ok(free.length > 0)
          const count = Math.min(free.length, cuts.next().value, bytes.length - at)
          free.set(bytes.subarray(at, at + count))
          framer.filled(count)
          at += count
          for (let piece = framer.next(); piece; piece = framer.next()) {
            assert.equal(piece.offset, Buffer.concat(all).length)
            all.push(Buffer.from(piece.bytes))
            overlong += piece.overlongLines
            if (!piece.isSkipped) lines.push(...linesOf(Buffer.from(piece.bytes), piece.offset))
          }
          assert.equal(framer.offset, Buffer.concat(all).length)
        }
        const last = framer.end()
        if (last) {
          lines.push(...linesOf(Buffer.from(last.bytes), last.offset))
          all.push(Buffer.from(last.bytes.subarray(0, -1)))
        }
        assert.deepEqual(Buffer.concat(all), bytes)
        assert.deepEqual({ lines, overlong }, expected)
      },
    ),
    { numRuns: 2_000 },
  )
})

/** The same in the plainest way: split the whole log, drop what is too long. */
function naive(bytes: Buffer): { lines: [number, string][]; overlong: number } {
  const all = bytes.toString('latin1').split('\n')
  const lines: [number, string][] = []
  let overlong = 0
  let offset = 0
  for (const [i, line] of all.entries()) {
    if (line.length > lineBytesMax) overlong++
    else if (i < all.length - 1 || line !== '') lines.push([offset, line])
    offset += line.length + 1
  }
  return { lines, overlong }
}

function linesOf(bytes: Buffer, offset: number): [number, string][] {
  return naive(bytes).lines.map(([at, line]) => [offset + at, line])
}
