import { LINE_BYTES_MAX } from '../../src/base/limits.ts'
import type { Random } from './chaos-random.ts'

/** With the carriage return before its line feed a line may be no longer. */
const LENGTH_MAX = LINE_BYTES_MAX - 1

/** What attackers and accidents put into lines: ends of texts, other encodings, none at all, and what looks like an address. */
const pieces = [
  '\0',
  '\r',
  '\t',
  '\x7f',
  '\x80',
  '\xa0',
  '\xff\xfe',
  '\xc3',
  '\xc3\xa9',
  '\xe2\x80\xa8',
  ' ',
  '  ',
  '"',
  "'",
  '\\',
  ']',
  '[',
  '(',
  ')',
  '<',
  '>',
  '.',
  ':',
  ';',
  ' from ',
  '192.0.2.1',
  '::ffff:192.0.2.1',
  '256.0.2.1',
  '010.0.2.1',
  '0.2.1',
  '2001:db8::1',
  'A',
  '0',
]

/** Draws lines that others were made into, one character a byte: cut, spliced, injected into, drawn out up to the longest line. */
export function mutatedLines(lines: readonly string[], random: Random): () => string {
  const upTo = (n: number) => Math.floor(random() * n)
  const one = <T>(list: readonly T[]) => list[upTo(list.length)]!
  const mutations: readonly ((line: string, from: number, to: number) => string)[] = [
    (line, from) => line.slice(0, from),
    (line, from) => line.slice(from),
    (line, from, to) => line.slice(0, from) + line.slice(to),
    (line, from) => line.slice(0, from) + one(lines).slice(upTo(40)),
    (line, from) => line.slice(0, from) + one(lines) + line.slice(from),
    (line, from, to) => line.slice(0, to) + line.slice(from),
    (line, from, to) => line.slice(0, to) + line.slice(from, to).repeat(1 + upTo(20)) + line.slice(to),
    (line, from) => line.slice(0, from) + one(pieces) + line.slice(from),
    (line, from, to) => line.slice(0, from) + one(pieces) + line.slice(to),
    (line, from) =>
      line.slice(0, from) + line.slice(from).replace(/[a-z]/i, (letter) => String.fromCharCode(letter.charCodeAt(0) ^ 32)),
  ]
  const long = (line: string, from: number, to: number) =>
    line.slice(0, from) + line.slice(from, to).repeat(Math.ceil(LENGTH_MAX / (to - from))) + line.slice(to)
  const mutated = (line: string) => {
    const from = upTo(line.length)
    const to = Math.min(line.length, from + 1 + upTo(20))
    // One in a few hundred; it costs as much as a hundred others.
    const mutation = line !== '' && random() < 0.003 ? long : one(mutations)
    return mutation(line, from, to)
  }
  return () => {
    let line = one(lines)
    for (let times = 1 + upTo(3); times > 0; times--) line = mutated(line).slice(0, LENGTH_MAX)
    return line.replaceAll('\n', ' ').replace(/\r+$/, '')
  }
}
