import { type AST, RegExpParser } from '@eslint-community/regexpp'
import { formatAddress, parseAddress } from '../base/address.ts'
import { compileAutomaton } from './automaton/automaton.ts'
import { compilePattern, compilePrefix } from './compile.ts'
import { exampleTexts } from './example-line.ts'
import { jsonText } from './json-line.ts'
import type { Pattern } from './pattern.ts'
import { PeerText, type Reading, type Span } from './peer-text.ts'
import type { Scanner } from './scanner.ts'

/** A line with which a peer would have somebody else banned. */
export interface Forgery {
  /** The proof: give it to the pattern, and this comes of it. */
  readonly line: string
  /** The address that is not the peer's. */
  readonly forged: string
  /** The peer's own. */
  readonly address: string
  /** The pattern that was fooled. */
  readonly pattern: Pattern
}

/**
 * Looks for a line that the peer can have written and that gives another address than the peer's: takes the pattern's sample
 * lines (lines made of its regex, where it has none), puts other words in the place of those that the peer chooses, above
 * all pieces of the line itself with another address in them, and has the scanner of the pattern, and of those that it is
 * used with, read what comes of it. Undefined where no such line was found; where the pattern says why there can be none
 * (`unforgeable`); and where it weighs nothing, so that it matters to nobody which address it gives.
 */
export function findForgery(pattern: Pattern, scanner: Scanner): Forgery | undefined {
  if (isExcused(pattern)) return undefined
  const lines = new Map<string, Example>()
  for (const example of examplesOf(pattern)) {
    for (const line of forgedLines(example)) if (!lines.has(line)) lines.set(line, example)
  }
  return shortestFooled([...lines], scanner)
}

const isExcused = ({ weight, unforgeable }: Pattern) => weight === 0 || unforgeable !== undefined

/** What else people should know of a pattern, in words. */
export function lintWarnings(pattern: Pattern): readonly string[] {
  const { regex } = compilePattern(pattern)
  const warnings: string[] = []
  const automaton = compileAutomaton(regex)
  if (automaton.kind === 'inexpressible') {
    warnings.push(`runs as RegExp within a limit of time, as ${automaton.reason}: on some line it may take too long`)
  }
  if (isExcused(pattern) || pattern.set?.json !== undefined) return warnings
  const example = examplesOf(pattern)[0]
  if (example && !example.isAnchored) warnings.push('may begin anywhere in a line; write ^ before it')
  if (example && !example.isClosed && example.reading.peer.some(({ start }) => start < example.reading.ip.start)) {
    warnings.push('the peer may write before the address, and what follows the match is not looked at; write $ behind it')
  }
  return warnings
}

/** A line that a pattern matches, one character a byte, taken apart. */
interface Example {
  readonly address: string
  /** What stands before the text that the regex saw of the line, and behind it. */
  readonly head: string
  readonly text: string
  readonly tail: string
  readonly reading: Reading & { readonly ip: Span }
  /** What the set's prefix and the pattern leave open: whether a match begins where the line does. */
  readonly isHeadAnchored: boolean
  readonly isAnchored: boolean
  /** Whether it ends where the line does. */
  readonly isClosed: boolean
  /** Of a line that is a JSON object: the lines in which the words are one of its values. */
  readonly places?: (words: string) => readonly string[]
}

function examplesOf(pattern: Pattern): readonly Example[] {
  const { samples, set } = pattern
  const { regex } = compilePattern(pattern)
  const prefix = set?.prefix && compilePrefix(set.prefix)
  const peerText = new PeerText(regex, { beginsLine: set?.prefix === undefined && set?.json === undefined })
  const anchors = { isHeadAnchored: !prefix || isAnchored(prefix), isAnchored: isAnchored(regex), isClosed: isClosed(regex) }
  const example = (line: string, address: string): readonly Example[] => {
    const found = prefix?.exec(line)
    if (found === null) return []
    const begin = found ? found.index + found[0].length : 0
    const json = set?.json === undefined ? undefined : jsonExample(set.json, line, begin, address)
    if (set?.json !== undefined && !json) return []
    const tail = found?.groups?.times !== undefined && line.endsWith(']') ? ']' : ''
    const text = json?.text ?? line.slice(begin, line.length - tail.length)
    const reading = peerText.read(text)
    const ip = reading?.ip
    if (!ip || parseAddress(text.slice(ip.start, ip.end)) === undefined) return []
    return [{ address, head: line.slice(0, begin), text, tail, reading: { ...reading, ip }, ...anchors, ...json }]
  }
  const proved = [...(samples?.match ?? []), ...(samples?.forged ?? [])].flatMap(([scene, address]) =>
    address === null ? [] : example(bytesOf(scene.slice(scene.lastIndexOf('\n') + 1)), address),
  )
  if (proved.length > 0 || set?.json !== undefined) return proved
  const made = (address: string) => {
    const [head = ''] = prefix ? exampleTexts(prefix, address) : []
    return exampleTexts(regex, address).flatMap((text) => example(head + text, address))
  }
  const ofIpv4 = made('203.0.113.9')
  return ofIpv4.length > 0 ? ofIpv4 : made('2001:db8::9')
}

/** Whether each way through a regex begins with `^`. */
function isAnchored(regex: RegExp): boolean {
  return alternativesOf(regex).every(({ elements }) => isEdge(elements[0], 'start'))
}

/** Whether each way through a regex ends with `$`. */
function isClosed(regex: RegExp): boolean {
  return alternativesOf(regex).every(({ elements }) => isEdge(elements.at(-1), 'end'))
}

function isEdge(element: AST.Element | undefined, kind: 'start' | 'end'): boolean {
  if (element?.type === 'Group')
    return element.alternatives.every(({ elements }) => isEdge(elements.at(kind === 'start' ? 0 : -1), kind))
  return element?.type === 'Assertion' && element.kind === kind
}

function alternativesOf({ source }: RegExp): readonly AST.Alternative[] {
  return new RegExpParser({ ecmaVersion: 2024 }).parsePattern(source).alternatives
}

/** The peer writes a value of the object, and the program escapes it. */
function jsonExample(form: string, line: string, begin: number, address: string) {
  const record: unknown = parsed(Buffer.from(line.slice(begin), 'latin1').toString('utf8'))
  const text = record === undefined ? undefined : jsonText(form)(record)
  if (text === undefined) return undefined
  const places = (words: string) => {
    const lines: string[] = []
    for (let place = 0; ; place++) {
      let index = 0
      const other = JSON.stringify(record, (_, value) =>
        typeof value === 'string' && !value.includes(address) && index++ === place ? words : value,
      )
      if (index <= place) return lines
      lines.push(line.slice(0, begin) + bytesOf(other))
    }
  }
  return { text: bytesOf(text), places }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The form, not the words, decides where a value ends: a few will show. */
const JSON_WORDS_MAX = 8

/** Lines in which the words that the peer chose are others. */
function* forgedLines({ head, text, tail, address, reading, places, ...anchors }: Example): Generator<string> {
  const { whole, ip, peer } = reading
  const forged = forgedAddress(address)
  const marks = [...new Set([0, text.length, ...[whole, ip, ...peer].flatMap(({ start, end }) => [start, end])])]
  const words = new Set<string>()
  for (const from of marks) {
    for (const to of marks) {
      if (from > ip.start || to < ip.end) continue
      const piece = text.slice(from, ip.start) + forged + text.slice(ip.end, to)
      words.add(piece)
      if (from === 0 && head !== '') words.add(head + piece)
    }
  }
  if (places) {
    for (const word of [...words].slice(0, JSON_WORDS_MAX)) yield* places(word)
    return
  }
  // What the regex does not look at may be the peer's too.
  const outside = [
    ...(anchors.isAnchored ? [] : [{ start: 0, end: whole.start }]),
    ...(anchors.isClosed ? [] : [{ start: whole.end, end: text.length }]),
  ]
  for (const word of words) {
    if (!anchors.isHeadAnchored) yield `${word} ${head}${text}${tail}`
    for (const { start, end } of [...peer, ...outside]) {
      const own = text.slice(start, end)
      // What stands right beside the address is more than the peer's words: it parts them from it.
      const left = start === ip.end ? own.slice(0, 1) || ' ' : ''
      const right = end === ip.start ? own.slice(-1) || ' ' : ''
      for (const first of new Set(['', 'x', 'x ', own])) {
        for (const last of ['', ' x']) {
          yield head + text.slice(0, start) + left + first + word + last + right + text.slice(end) + tail
        }
      }
    }
  }
}

/** One of the same family, for documentation, that is not this one. */
function forgedAddress(address: string): string {
  if (address.includes(':')) return address === '2001:db8::66' ? '2001:db8::67' : '2001:db8::66'
  return address === '192.0.2.66' ? '192.0.2.67' : '192.0.2.66'
}

/** Scans all lines at once, and tells of the shortest from which another address came than its own. */
function shortestFooled(lines: readonly (readonly [line: string, example: Example])[], scanner: Scanner): Forgery | undefined {
  const ends: number[] = []
  let length = 0
  for (const [line] of lines) {
    length += line.length + 1
    ends.push(length)
  }
  let index = 0
  let fooled: Forgery | undefined
  scanner.scan(Buffer.from(lines.map(([line]) => `${line}\n`).join(''), 'latin1'), {
    match({ start, address, pattern }) {
      if (address === undefined || isExcused(pattern)) return
      while (ends[index]! <= start) index++
      const [line, { address: own }] = lines[index]!
      const forged = formatAddress(address)
      if (forged === own || (fooled && fooled.line.length <= line.length)) return
      fooled = { line: Buffer.from(line, 'latin1').toString('utf8'), forged, address: own, pattern }
    },
    repeated() {},
  })
  return fooled
}

/** One character a byte, as lines are matched. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1')
}
