import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LINE_BYTES_MAX } from '../../src/base/limits.ts'
import { Framer } from '../../src/lines/framing.ts'
import type { Scanner } from '../../src/matching/scanner.ts'
import { scannerOf } from '../../src/matching/scanner-of.ts'
import { httpd, sshd } from '../../src/patterns/index.ts'

const lineOf = (sample: readonly [line: string, address: string]) => sample[0].slice(sample[0].lastIndexOf('\n') + 1)
const lines = [...sshd, ...httpd].flatMap(({ samples }) => samples?.match?.slice(0, 1).map(lineOf) ?? [])
const long = `${lines[0]} ${'x'.repeat(LINE_BYTES_MAX)}`
const log = Buffer.from(['', ...lines, '\xff\0 no UTF-8', ...lines.slice(0, 3), ''].join('\n'), 'latin1')
const withLong = Buffer.concat([log, Buffer.from(`${long}\n${'x'.repeat(LINE_BYTES_MAX)}\n`), log])

/** What is found in a log that is read in chunks which end at these places: each match with its place in the log. */
function found(scanner: Scanner, bytes: Buffer, borders: readonly number[]): readonly string[] {
  const framer = new Framer({ chunkBytes: 64 * 1024, lineBytesMax: LINE_BYTES_MAX })
  const all: string[] = []
  let from = 0
  for (const to of [...borders, bytes.length]) {
    framer.free().set(bytes.subarray(from, to))
    framer.filled(to - from)
    from = to
    for (let piece = framer.next(); piece; piece = framer.next()) {
      const { offset, isSkipped } = piece
      if (isSkipped) continue
      scanner.scan(piece.bytes, {
        match: ({ pattern, start, end, address, session, groups }) =>
          all.push(`${offset + start}-${offset + end} ${pattern.name} ${address} ${session} ${JSON.stringify(groups)}`),
        repeated: () => {},
      })
    }
  }
  return all
}

const scanner = scannerOf([{ rule: 'hackers', patterns: [...sshd, ...httpd] }])

test('wherever a chunk ends, in a line or between two, the same is found at the same places', (t) => {
  const whole = found(scanner, log, [])
  assert.ok(whole.length >= lines.length, `${whole.length} of ${lines.length} lines match`)
  for (let border = 0; border <= log.length; border++) assert.deepEqual(found(scanner, log, [border]), whole, `cut at ${border}`)
  t.diagnostic(`${log.length + 1} borders in ${lines.length} lines`)
})

test('so it is around a line that is too long, and with chunks of a few bytes', () => {
  const whole = found(scanner, withLong, [])
  assert.equal(whole.length, 2 * found(scanner, log, []).length)
  const edges = [log.length, log.length + long.length, log.length + long.length + LINE_BYTES_MAX + 1]
  for (const edge of edges) {
    for (let border = edge - 3; border <= edge + 3; border++) assert.deepEqual(found(scanner, withLong, [border]), whole)
  }
  const borders = Array.from({ length: Math.floor(withLong.length / 7) }, (_, index) => index * 7)
  assert.deepEqual(found(scanner, withLong, borders), whole)
})
