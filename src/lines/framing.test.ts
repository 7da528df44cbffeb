import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Framer, type Piece } from './framing.ts'

const limits = { chunkBytes: 64, lineBytesMax: 16 }

/** Reads `log` through a framer in reads of at most `readBytes`. */
function piecesOf(
  log: Buffer,
  { readBytes = 64, framer = new Framer(limits) } = {},
): (Omit<Piece, 'bytes'> & { text: string })[] {
  const pieces = []
  for (let at = 0; at < log.length; ) {
    const free = framer.free()
    const count = Math.min(free.length, readBytes, log.length - at)
    free.set(log.subarray(at, at + count))
    framer.filled(count)
    at += count
    for (let piece = framer.next(); piece; piece = framer.next()) {
      const { bytes, ...rest } = piece
      pieces.push({ text: Buffer.from(bytes).toString('latin1'), ...rest })
    }
  }
  return pieces
}

const lines = (text: string, offset: number) => ({ text, offset, isSkipped: false, overlongLines: 0 as const })
const skipped = (text: string, offset: number, overlongLines: 0 | 1) => ({ text, offset, isSkipped: true, overlongLines })

test('whole lines come in one piece, and the rest waits for its line feed', () => {
  const framer = new Framer(limits)
  assert.deepEqual(piecesOf(Buffer.from('one\ntwo\nthr'), { framer }), [lines('one\ntwo\n', 0)])
  assert.equal(framer.offset, 8)
  assert.equal(Buffer.from(framer.rest).toString(), 'thr')
  assert.deepEqual(piecesOf(Buffer.from('ee\n'), { framer }), [lines('three\n', 8)])
})

test('only a line feed ends a line: CR, NUL, U+2028, invalid UTF-8 pass as they are', () => {
  const log = Buffer.from('a\rb\r\n\0\n\u2028c\n\xff\xfe\x85\n', 'latin1')
  assert.deepEqual(piecesOf(log), [lines(log.toString('latin1'), 0)])
})

test('a line of exactly the cap is a line, one byte more is not', () => {
  assert.deepEqual(piecesOf(Buffer.from(`${'x'.repeat(16)}\nb\n`)), [lines(`${'x'.repeat(16)}\nb\n`, 0)])
  assert.deepEqual(piecesOf(Buffer.from(`${'x'.repeat(17)}\nb\n`)), [skipped(`${'x'.repeat(17)}\n`, 0, 1), lines('b\n', 18)])
})

test('an overlong line that fits the buffer is passed over between the lines around it, and offsets stay those of the log', () => {
  assert.deepEqual(piecesOf(Buffer.from(`a\nb\n${'x'.repeat(20)}\nc\nd`)), [
    lines('a\nb\n', 0),
    skipped(`${'x'.repeat(20)}\n`, 4, 1),
    lines('c\n', 25),
  ])
})

test('an overlong line is counted once and no part of it is taken for a line, however it is read', () => {
  for (const readBytes of [1, 2, 3, 7, 16, 17, 18, 63, 64]) {
    const log = Buffer.from(`a\n${'x'.repeat(1_000)}\nb\n`)
    const pieces = piecesOf(log, { readBytes })
    assert.equal(pieces.map((piece) => piece.text).join(''), log.toString())
    assert.equal(
      pieces
        .filter((piece) => !piece.isSkipped)
        .map((piece) => piece.text)
        .join(''),
      'a\nb\n',
    )
    assert.equal(
      pieces.reduce((sum, piece) => sum + piece.overlongLines, 0),
      1,
    )
  }
})

test('reading goes on within an overlong line where it was left', () => {
  const framer = new Framer(limits)
  framer.restart(100, true)
  assert.deepEqual(piecesOf(Buffer.from('xxx\nb\n'), { framer }), [skipped('xxx\n', 100, 0), lines('b\n', 104)])
})

test('at the end what is left is a line, with a line feed that the log does not have', () => {
  const framer = new Framer(limits)
  assert.deepEqual(piecesOf(Buffer.from('a\nlast'), { framer }), [lines('a\n', 0)])
  const { bytes, ...piece } = framer.end()!
  assert.deepEqual({ text: Buffer.from(bytes).toString(), ...piece }, lines('last\n', 2))
  assert.equal(framer.offset, 6)
  assert.equal(framer.end(), undefined)
})

test('the rest of an overlong line at the end is no line', () => {
  const framer = new Framer(limits)
  piecesOf(Buffer.from('x'.repeat(17)), { framer })
  assert.equal(framer.end(), undefined)
})
