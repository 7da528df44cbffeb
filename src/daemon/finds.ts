import type { Address } from '../base/address.ts'
import { LineDates } from '../lines/line-dates.ts'
import type { Written } from '../lines/timestamp.ts'
import type { Feed, Pattern } from '../matching/pattern.ts'
import { groupsOf } from '../matching/prepared.ts'
import type { Findings, Match, Quarantined, ScanCounts, Scanner } from '../matching/scanner.ts'
import { scannerOf } from '../matching/scanner-of.ts'
import { scanTimeLimit } from './time-limit.ts'

/** What a scanner found in one block, in a form that can be handed to another thread; `tellFinds` tells it as a scanner does. */
export interface Finds {
  /** A record for each, see below. */
  readonly numbers: Float64Array<ArrayBuffer>
  /** Of each match the session, then its groups in their order. */
  readonly texts: readonly (string | undefined)[]
  /** Addresses that are no numbers. */
  readonly wide: readonly bigint[]
  readonly counts: ScanCounts
  /** Patterns, by number, that ran out of time in this block. */
  readonly breaches: readonly { readonly pattern: number; readonly reason: string }[]
}

/** A record: the pattern's number, or that it is a line that says how often the one before was repeated. */
const PATTERN = 0
const REPEATED = -1
/** Where the line begins and ends in the block. */
const START = 1
const END = 2
/** When the line says that it was written; NaN where it says nothing. */
const AT = 3
/** As a number; one of `wide`, or none. */
const ADDRESS = 4
const WIDE = -1
const NO_ADDRESS = -2
const TIMES = 5
const RECORD = 6

/** The patterns of feeds by their numbers, each with what a match of it holds. */
export class NumberedPatterns {
  readonly all: readonly { readonly feed: number; readonly pattern: Pattern; readonly groups: readonly string[] }[]
  readonly #numbers: readonly ReadonlyMap<Pattern, number>[]

  constructor(feeds: readonly Feed[]) {
    this.all = feeds.flatMap(({ patterns }, feed) =>
      patterns.map((pattern) => {
        const groups = [...groupsOf(pattern.regex).keys()].filter((name) => name !== 'ip' && name !== 'session')
        return { feed, pattern, groups }
      }),
    )
    const numbers = feeds.map(() => new Map<Pattern, number>())
    for (const [number, { feed, pattern }] of this.all.entries()) numbers[feed]!.set(pattern, number)
    this.#numbers = numbers
  }

  numberOf(feed: number, pattern: Pattern): number {
    return this.#numbers[feed]!.get(pattern)!
  }
}

/** Scans blocks, and keeps what it finds in them. */
export class Finder {
  /** A pattern has run out of time in some block, and is not looked for since. */
  hasBreached = false
  readonly #patterns: NumberedPatterns
  readonly #scanner: Scanner
  #numbers = new Float64Array(1024)
  #quarantined: readonly Quarantined[]

  constructor(feeds: readonly Feed[], quarantinedBefore: (pattern: Pattern) => string | undefined = () => undefined) {
    this.#patterns = new NumberedPatterns(feeds)
    // Its own list, so that it is a scanner of its own.
    this.#scanner = scannerOf([...feeds], {
      timeLimit: scanTimeLimit,
      quarantinedBefore,
      onQuarantine: () => {
        this.hasBreached = true
      },
    })
    this.#quarantined = this.#scanner.quarantined
  }

  find(bytes: Uint8Array, written: Written): Finds {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    const dates = new LineDates(text, written)
    const before = { ...this.#scanner.counts }
    const texts: (string | undefined)[] = []
    const wide: bigint[] = []
    let end = 0
    const add = (pattern: number, from: number, to: number, at: number, address: number, times: number) => {
      if (end + RECORD > this.#numbers.length) this.#numbers = grown(this.#numbers)
      const numbers = this.#numbers
      numbers[end + PATTERN] = pattern
      numbers[end + START] = from
      numbers[end + END] = to
      numbers[end + AT] = at
      numbers[end + ADDRESS] = address
      numbers[end + TIMES] = times
      end += RECORD
    }
    this.#scanner.scan(bytes, {
      match: (match) => {
        const { feed, pattern, start, end, address, session, times, groups } = match
        const number = this.#patterns.numberOf(feed, pattern)
        const at = dates.of(start, end, match.text) ?? Number.NaN
        texts.push(session)
        for (const name of this.#patterns.all[number]!.groups) texts.push(groups[name])
        if (typeof address === 'bigint') wide.push(address)
        add(number, start, end, at, typeof address === 'bigint' ? WIDE : (address ?? NO_ADDRESS), times)
      },
      repeated: (start, end, times) => add(REPEATED, start, end, Number.NaN, NO_ADDRESS, times),
    })
    const { lines, overlong, withoutAddress } = this.#scanner.counts
    return {
      numbers: this.#numbers.slice(0, end),
      texts,
      wide,
      counts: {
        lines: lines - before.lines,
        overlong: overlong - before.overlong,
        withoutAddress: withoutAddress - before.withoutAddress,
      },
      breaches: this.hasBreached ? this.#newBreaches() : [],
    }
  }

  #newBreaches(): Finds['breaches'] {
    const before = new Set(this.#quarantined.map(({ pattern }) => pattern))
    this.#quarantined = this.#scanner.quarantined
    return this.#quarantined
      .filter(({ pattern }) => !before.has(pattern))
      .map(({ pattern, reason }) => ({ pattern: this.#patterns.all.findIndex((one) => one.pattern === pattern), reason }))
  }
}

/** How many lines. */
export function findsIn(numbers: Finds['numbers']): number {
  return numbers.length / RECORD
}

/** Tells what was found as the scanner that found it would have. */
export function tellFinds({ numbers, texts, wide }: Finds, patterns: NumberedPatterns, findings: Findings): void {
  let nextText = 0
  let nextWide = 0
  for (let record = 0; record < numbers.length; record += RECORD) {
    const number = numbers[record + PATTERN]!
    const start = numbers[record + START]!
    const end = numbers[record + END]!
    const times = numbers[record + TIMES]!
    if (number === REPEATED) {
      findings.repeated(start, end, times)
      continue
    }
    const { feed, pattern, groups: names } = patterns.all[number]!
    const at = numbers[record + AT]!
    const known = numbers[record + ADDRESS]!
    let address: Address | undefined
    if (known >= 0) address = known
    else if (known === WIDE) address = wide[nextWide++]
    const session = texts[nextText++]
    const groups: Record<string, string> = {}
    for (const name of names) {
      const text = texts[nextText++]
      if (text !== undefined) groups[name] = text
    }
    const match: Match = { feed, pattern, start, end, address, session, times, groups, at: Number.isNaN(at) ? null : at }
    findings.match(match)
  }
}

function grown(numbers: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * numbers.length)
  larger.set(numbers)
  return larger
}
