import { compileAutomaton } from './automaton/automaton.ts'
import { compilePrefix, PatternError } from './compile.ts'
import { jsonFilter } from './json-filter.ts'
import { type JsonText, jsonText } from './json-line.ts'
import { type Feed, type Pattern, type PatternSetInfo, WEIGHT_DEFAULT } from './pattern.ts'
import type { Findings, Match, ScanCounts, Scanner } from './scanner.ts'

type ScannerOf = (feeds: readonly Feed[]) => Scanner

/**
 * Adds sets for JSON logs (see PatternSetInfo.json) to a scanner of plain lines. Where a line ends in `}` and may match, a text
 * is made of it in the form of each such set, and these texts are scanned as lines are. Other lines cost a search for
 * literals at most, and a log without JSON costs nothing.
 */
export function withJson(scannerOf: ScannerOf): ScannerOf {
  return (feeds) => {
    const forms = formsOf(feeds, scannerOf)
    if (forms.length === 0) return scannerOf(feeds)
    const plain = feeds.map((feed) => ({ ...feed, patterns: feed.patterns.filter(({ set }) => set?.json === undefined) }))
    return jsonScanner(feeds, scannerOf(plain), forms, scannerOf)
  }
}

function formsOf(feeds: readonly Feed[], scannerOf: ScannerOf): readonly Form[] {
  const keyOf = ({ set }: Pattern) => (set?.json === undefined ? undefined : `${set.json} ${set.prefix}`)
  const first = new Map<string | undefined, Pattern>()
  for (const pattern of feeds.flatMap(({ patterns }) => patterns)) {
    if (!first.has(keyOf(pattern))) first.set(keyOf(pattern), pattern)
  }
  first.delete(undefined)
  return [...first].map(([key, { set }]) => {
    const own = feeds.map((feed) => ({ ...feed, patterns: feed.patterns.filter((pattern) => keyOf(pattern) === key) }))
    return new Form(set!, own, scannerOf)
  })
}

/** The sets that read a JSON line alike. What it needs for that is made when the first such line comes. */
class Form {
  /** The scanner has copies of the patterns: theirs know no prefix, as it is cut off before the JSON. */
  readonly originals: ReadonlyMap<Pattern, Pattern>
  readonly #set: PatternSetInfo
  readonly #copies: readonly Feed[]
  readonly #scannerOf: ScannerOf
  #reader: { readonly prefix: Prefix | undefined; readonly textOf: JsonText } | undefined
  #scanner: Scanner | undefined

  constructor(set: PatternSetInfo, feeds: readonly Feed[], scannerOf: ScannerOf) {
    const originals = new Map<Pattern, Pattern>()
    this.#copies = feeds.map((feed) => ({
      ...feed,
      patterns: feed.patterns.map((pattern) => {
        const copy: Pattern = { ...pattern, set: { name: pattern.set!.name } }
        originals.set(copy, pattern)
        return copy
      }),
    }))
    this.originals = originals
    this.#set = set
    this.#scannerOf = scannerOf
  }

  get reader() {
    const { prefix, json } = this.#set
    this.#reader ??= { prefix: prefix && jsonPrefix(prefix), textOf: jsonText(json!) }
    return this.#reader
  }

  /** For the lines on which the patterns may match. */
  filters(): readonly Pattern[] {
    return jsonFilter([...this.originals.keys()], this.#set.json!)
  }

  get scanner(): Scanner {
    this.#scanner ??= this.#scannerOf(this.#copies)
    return this.#scanner
  }

  /** Its scanner where it has one yet. */
  get knownScanner(): Scanner | undefined {
    return this.#scanner
  }
}

/** Finds what stands before the JSON of a line: where that ends, and the session that it names. */
type Prefix = (line: Buffer) => { readonly end: number; readonly session: string | undefined } | undefined

/** It works on every line of its log and behind no wall, so it must be an automaton. Throws a PatternError where it can't be. */
export function jsonPrefix(prefix: RegExp): Prefix {
  const automaton = compileAutomaton(compilePrefix(prefix))
  if (automaton.kind === 'inexpressible') {
    throw new PatternError(`can't stand before JSON, as ${automaton.reason}: on some line it may take too long`)
  }
  const group = automaton.groups.get('session')
  return (line) => {
    const slots = automaton.match(line, 0, line.length)
    if (!slots) return undefined
    const start = group === undefined ? -1 : slots[2 * group]!
    return { end: slots[1]!, session: start < 0 ? undefined : line.toString('utf8', start, slots[2 * group! + 1]!) }
  }
}

const LINE_FEED = 10
const CLOSING_BRACE = 125

/** A JSON line as the patterns of one form see it. */
interface JsonLine {
  readonly start: number
  readonly end: number
  readonly text: string
  readonly session: string | undefined
}

function jsonScanner(feeds: readonly Feed[], plain: Scanner, forms: readonly Form[], scannerOf: ScannerOf): Scanner {
  let filter: Scanner | undefined
  const filterOf = () => {
    filter ??= scannerOf(forms.map((form) => ({ rule: '', patterns: form.filters() })))
    return filter
  }
  const all = () => [plain, ...forms.map(({ knownScanner }) => knownScanner)].filter((scanner) => scanner !== undefined)
  const counts: ScanCounts = {
    get lines() {
      return plain.counts.lines
    },
    get overlong() {
      return plain.counts.overlong
    },
    get withoutAddress() {
      return all().reduce((sum, { counts: { withoutAddress } }) => sum + withoutAddress, 0)
    },
  }

  function scan(block: Uint8Array, findings: Findings): void {
    const linesOf = readLines(block, forms, filterOf)
    if (!linesOf) {
      plain.scan(block, findings)
      return
    }
    const found: Found[] = []
    plain.scan(block, {
      match: (match) => found.push({ start: match.start, match }),
      repeated: (start, end, times) => found.push({ start, end, times }),
    })
    for (const [index, form] of forms.entries()) {
      scanTexts(form, linesOf[index]!, (match) => found.push({ start: match.start, match }))
    }
    tellInOrder(found, feeds, findings)
  }

  const originalOf = (pattern: Pattern) => forms.map(({ originals }) => originals.get(pattern)).find(Boolean) ?? pattern
  return {
    counts,
    scan,
    get costs() {
      return all().flatMap(({ costs }) => costs.map((cost) => ({ ...cost, pattern: originalOf(cost.pattern) })))
    },
    get quarantined() {
      return all().flatMap(({ quarantined }) =>
        quarantined.map(({ pattern, reason }) => ({ pattern: originalOf(pattern), reason })),
      )
    },
    release(pattern) {
      plain.release(pattern)
      for (const { knownScanner, originals } of forms) {
        for (const [copy, original] of originals) if (original === pattern) knownScanner?.release(copy)
      }
    },
  }
}

/** For each form the lines that are of it; undefined where no line is of any. */
function readLines(block: Uint8Array, forms: readonly Form[], filterOf: () => Scanner): readonly JsonLine[][] | undefined {
  if (!holdsJson(Buffer.from(block.buffer, block.byteOffset, block.length))) return undefined
  let linesOf: JsonLine[][] | undefined
  let line: ReadLine | undefined
  filterOf().scan(block, {
    match({ feed, start, end }) {
      if (block[end - 1] !== CLOSING_BRACE) return
      linesOf ??= forms.map(() => [])
      if (line?.start !== start) line = new ReadLine(Buffer.from(block.buffer, block.byteOffset + start, end - start), start)
      const read = line.as(forms[feed]!)
      if (read) linesOf[feed]!.push(read)
    },
    repeated() {},
  })
  return linesOf
}

/** Whether a line ends in `}`; most logs have none, and this is told at once. */
function holdsJson(block: Buffer): boolean {
  return block.includes('}\n') || block.includes('}\r\n') || block.at(-1) === CLOSING_BRACE
}

/** A line of the log, parsed once for all forms whose prefix ends at the same place. */
class ReadLine {
  readonly start: number
  readonly #bytes: Buffer
  #parsedFrom = -1
  #record: unknown

  constructor(bytes: Buffer, start: number) {
    this.start = start
    this.#bytes = bytes
  }

  as({ reader: { prefix, textOf } }: Form): JsonLine | undefined {
    const head = prefix?.(this.#bytes)
    if (prefix && !head) return undefined
    const from = head?.end ?? 0
    if (from !== this.#parsedFrom) {
      this.#parsedFrom = from
      this.#record = parse(this.#bytes, from)
    }
    const text = this.#record === undefined ? undefined : textOf(this.#record)
    if (text === undefined) return undefined
    return { start: this.start, end: this.start + this.#bytes.length, text, session: head?.session }
  }
}

const OPENING_BRACE = 123

function parse(bytes: Buffer, from: number): unknown {
  if (bytes[from] !== OPENING_BRACE) return undefined
  try {
    return JSON.parse(bytes.toString('utf8', from))
  } catch {
    return undefined
  }
}

/** Scans texts as a block of their own, and tells what matched as found in the lines that they stand for. */
function scanTexts(form: Form, lines: readonly JsonLine[], tell: (match: Match) => void): void {
  if (lines.length === 0) return
  const { scanner, originals } = form
  const block = Buffer.from(lines.map(({ text }) => `${text}\n`).join(''))
  let index = 0
  let end = block.indexOf(LINE_FEED)
  scanner.scan(block, {
    match(match) {
      for (; end < match.start; end = block.indexOf(LINE_FEED, end + 1)) index++
      const { text, start, end: lineEnd, session } = lines[index]!
      const pattern = originals.get(match.pattern)!
      const { feed, address, times, groups } = match
      tell({ feed, pattern, start, end: lineEnd, address, session: match.session ?? session, times, groups, text })
    },
    repeated() {},
  })
}

/** What is to be told of the line that begins at `start`. */
export type Found = { readonly start: number } & (
  | { readonly match: Match }
  | { readonly match?: never; readonly end: number; readonly times: number }
)

/** Tells in the order of lines, then of feeds; where several forms found something in one line, only what counts. */
export function tellInOrder(found: readonly Found[], feeds: readonly Feed[], findings: Findings): void {
  const best = new Map<string, Match>()
  for (const { start, match } of found) {
    if (!match) continue
    const key = `${start} ${match.feed}`
    const other = best.get(key)
    if (!other || outranks(match, other, feeds[match.feed]!)) best.set(key, match)
  }
  const told = found.filter(({ start, match }) => !match || best.get(`${start} ${match.feed}`) === match)
  told.sort((a, b) => a.start - b.start || (a.match?.feed ?? feeds.length) - (b.match?.feed ?? feeds.length))
  for (const one of told) {
    if (one.match) findings.match(one.match)
    else findings.repeated(one.start, one.end, one.times)
  }
}

/** Whether `one` counts and not `other`: the harmless (0) first, then the dearest, then the first. */
function outranks({ pattern: one }: Match, { pattern: other }: Match, { patterns }: Feed): boolean {
  const rank = ({ weight = WEIGHT_DEFAULT }: Pattern) => (weight === 0 ? Number.POSITIVE_INFINITY : weight)
  return rank(one) === rank(other) ? patterns.indexOf(one) < patterns.indexOf(other) : rank(one) > rank(other)
}
