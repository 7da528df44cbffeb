import { compilePattern, compilePrefix } from '../../src/matching/compile.ts'
import { jsonText } from '../../src/matching/json-line.ts'
import type { Pattern } from '../../src/matching/pattern.ts'
import { PeerText, type Span } from '../../src/matching/peer-text.ts'
import type { Random } from './chaos-random.ts'

/** A sample line, one character a byte, whose fields can be filled with other words; the address stays the true one. */
export interface Victim {
  readonly name: string
  readonly line: string
  readonly address: string
  readonly fields: number
  /** The line with these words in the fields of these numbers. */
  fill(words: ReadonlyMap<number, string>): string
}

/** The samples of patterns that are used together, each with what its peer chose in it. */
export function victimsOf(patterns: readonly Pattern[]): readonly Victim[] {
  return patterns.flatMap((pattern) => {
    const { match = [], forged = [] } = pattern.samples ?? {}
    return [...match, ...forged].flatMap(([scene, address]) => {
      const line = bytesOf(scene.slice(scene.lastIndexOf('\n') + 1))
      return address === null || pattern.weight === 0 ? [] : (victimOf(pattern, line, address) ?? [])
    })
  })
}

function victimOf(pattern: Pattern, line: string, address: string): Victim | undefined {
  const { set, name = String(pattern.regex) } = pattern
  const { regex } = compilePattern(pattern)
  const found = set?.prefix && compilePrefix(set.prefix).exec(line)
  const begin = found ? found.index + found[0].length : 0
  const head = line.slice(0, begin)
  if (set?.json !== undefined) return jsonVictim(name, head, line.slice(begin), set.json, address)
  const tail = found?.groups?.times !== undefined && line.endsWith(']') ? ']' : ''
  const text = line.slice(begin, line.length - tail.length)
  const reading = new PeerText(regex, { beginsLine: set?.prefix === undefined }).read(text)
  if (!reading) return undefined
  const put = (spans: readonly Span[], words: ReadonlyMap<number, string>) => {
    let filled = ''
    let from = 0
    for (const [index, { start, end }] of spans.entries()) {
      filled += text.slice(from, start) + (words.get(index) ?? text.slice(start, end))
      from = end
    }
    return head + filled + text.slice(from) + tail
  }
  // Where a pattern says that its line can't be forged, the peer chooses what the regex lets be anything.
  const isFree = (span: Span) =>
    new RegExp(regex.source, regex.flags).test(put([span], new Map([[0, 'x y']])).slice(begin, tail === '' ? undefined : -1))
  const fields =
    pattern.unforgeable === undefined ? reading.peer : reading.peer.filter((span) => span.name !== undefined && isFree(span))
  return { name, line, address, fields: fields.length, fill: (words) => put(fields, words) }
}

/** Every value that is text, but for the address: whatever it holds, the program has escaped it. */
function jsonVictim(name: string, head: string, json: string, form: string, address: string): Victim | undefined {
  const record: unknown = JSON.parse(Buffer.from(json, 'latin1').toString('utf8'))
  if (jsonText(form)(record) === undefined) return undefined
  const filled = (wordsOf: (field: number) => string | undefined) => {
    let field = 0
    return JSON.stringify(record, (_, value) => {
      if (typeof value !== 'string' || value.includes(address)) return value
      return wordsOf(field++) ?? value
    })
  }
  let fields = 0
  filled((field) => {
    fields = field + 1
    return undefined
  })
  return { name, line: head + json, address, fields, fill: (words) => head + bytesOf(filled((field) => words.get(field))) }
}

/** How programs write a line feed of somebody else's: rsyslog, C, Python, vis(3), Java, JSON, PHP, percent, entities; and what ends a line elsewhere. */
const lineFeeds = [
  '#012',
  '\\n',
  '\\x0a',
  '\\012',
  '^J',
  '\\^J',
  '\\u000a',
  '<0A>',
  '%0a',
  '%0d%0a',
  '&#10;',
  '\\r\\n',
  '\r',
  '\x0b',
  '\x0c',
  '\x85',
  '\u2028',
]
const marks = [
  '"',
  "'",
  '\\"',
  '\\\\"',
  '\\',
  '`',
  '<',
  '>',
  '<>',
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  ', ',
  ': ',
  '; ',
  ' - ',
  '=',
  '#',
  '@',
  '|',
  '\t',
  ' ',
  '  ',
  '%20',
  '$',
  '^',
]
const hostile = [
  '\0',
  '#000',
  '\\x00',
  '\\0',
  '\x1b[2J',
  '\x1b]0;x\x07',
  '\u202e',
  '\u2066',
  '\ufeff',
  '\u200b',
  'é',
  '\x80',
  '\xff\xfe',
  'A'.repeat(300),
]

/** Addresses that nobody in the samples has; a wrong ban would be of one of these, or of nobody. */
const others = [
  '192.0.2.66',
  '198.51.100.66',
  '2001:db8::66',
  '::ffff:192.0.2.66',
  '[192.0.2.66]',
  '[2001:db8::66]:22',
  '192.0.2.66:22',
  '192.0.2.66#53',
  '(192.0.2.66)',
  '<HOST>',
  '192.0.2',
  '0xc0000242',
  '127.0.0.1',
  '::',
]

/** What may come into a field of a line of these patterns. */
export function injectionsFor(victims: readonly Victim[], random: Random): () => string {
  const upTo = (n: number) => Math.floor(random() * n)
  const one = <T>(list: readonly T[]) => list[upTo(list.length)]!
  const lied = () => {
    const { line, address } = one(victims)
    return line.replaceAll(address, address.includes(':') ? '2001:db8::66' : '192.0.2.66')
  }
  // A whole line, its end from somewhere on, its beginning, or a piece: cut where words end.
  const cut = (line: string) => {
    const places = [0, ...[...line.matchAll(/(?<=\W)|(?=\W)/g)].map(({ index }) => index), line.length]
    const [a, b] = [one(places), one(places)].sort((x, y) => x - y) as [number, number]
    return one([line, line.slice(a), line.slice(0, b), line.slice(a, b)])
  }
  const part = () => {
    const what = random()
    if (what < 0.4) return cut(lied())
    if (what < 0.55) return bytesOf(one(others))
    if (what < 0.7) return bytesOf(one(lineFeeds))
    if (what < 0.9) return one(marks)
    return bytesOf(one(hostile))
  }
  // A plain word now and then, for fields that take nothing else.
  return () => (random() < 0.05 ? 'bob' : Array.from({ length: 1 + upTo(4) }, part).join(''))
}

/** One character a byte, as lines are matched. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1')
}
