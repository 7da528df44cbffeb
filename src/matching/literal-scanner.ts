import { CHUNK_BYTES, LINE_BYTES_MAX } from '../base/limits.ts'
import { Candidate } from './candidate.ts'
import { type Corpus, corpusOf } from './corpus.ts'
import { FoundInMemory } from './found-in-memory.ts'
import { FoundMatch, type Place } from './found-match.ts'
import { Head } from './head.ts'
import { literalTables, type Sought } from './literal-tables.ts'
import type { Literal } from './literals.ts'
import { type Feed, type Pattern, type PatternSetInfo, WEIGHT_DEFAULT } from './pattern.ts'
import { literalsOfPattern } from './prepared.ts'
import { RegExpEngine } from './regexp-engine.ts'
import type { Findings, PatternCost, Quarantined, ScanCounts, Scanner } from './scanner.ts'
import { type Clock, noClock, StepClock } from './step-clock.ts'
import { type Breach, runAhead, type TimeLimit, type Try } from './wall.ts'
import { CandidatesMemory, type Listener } from './wasm/candidates-memory.ts'
import type { Machine } from './wasm/machine.ts'

export interface LiteralScannerOptions {
  readonly machine: Machine
  /** What cuts RegExps off; without it they take as long as they take. */
  readonly timeLimit?: TimeLimit | undefined
  /** Told of each pattern that is quarantined. */
  readonly onQuarantine?: ((quarantined: Quarantined) => void) | undefined
  /** What patterns cost is measured by it; without it they take no time. */
  readonly clock?: Clock | undefined
  /** Why a pattern is quarantined from the beginning, where it is. */
  readonly quarantinedBefore?: ((pattern: Pattern) => string | undefined) | undefined
}

const LINE_FEED = 10
/** What may be read behind a block. */
const MARGIN_BYTES = 32
const RECORDS = 2 * 4096
/** That of the line that says how often the one before it was repeated. */
const NO_FEED = -2

const REPEATED = 'last message repeated '
const repeated =
  /^(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.+Z-]+) [\w.:-]+ (?:syslogd(?:\[\d+\])?: )?last message repeated (\d{1,9}) times$/

/**
 * The scanner that looks for literals first: for each pattern it knows texts of which every match holds one, finds all of
 * them in one pass over the bytes of a block, and looks only at lines that hold one, with those patterns only.
 */
export function literalScanner(feeds: readonly Feed[], options: LiteralScannerOptions): Scanner {
  return new LiteralScanner(feeds, options)
}

class LiteralScanner implements Scanner {
  readonly counts: ScanCounts = { lines: 0, overlong: 0, withoutAddress: 0 }
  readonly #machine: Machine
  readonly #timeLimit: TimeLimit | undefined
  readonly #onQuarantine: LiteralScannerOptions['onQuarantine']
  /** By number: those of one feed together, by rank. */
  readonly #candidates: readonly Candidate[]
  readonly #heads: readonly Head[]
  /** The candidates where WebAssembly looks at lines with them. */
  readonly #inMemory: CandidatesMemory | undefined
  readonly #stepClock: StepClock
  readonly #words: number
  readonly #repeatedNumber: number
  /** Bits of the candidates whose engine is not known yet, or is a RegExp. */
  readonly #needCare: Uint32Array
  readonly #ranAhead = new Set<RegExpEngine>()
  /** Those that were quarantined in the batch of lines that is looked at. */
  readonly #breached: Candidate[] = []
  readonly #records: number
  readonly #recordsBytes: number
  #block = 0
  #blockBytes = 0

  constructor(
    feeds: readonly Feed[],
    { machine, timeLimit, onQuarantine, clock = noClock, quarantinedBefore }: LiteralScannerOptions,
  ) {
    this.#stepClock = new StepClock(clock)
    this.#machine = machine
    this.#timeLimit = timeLimit
    this.#onQuarantine = onQuarantine
    const heads = new Map<PatternSetInfo['prefix'], Head>()
    this.#candidates = feeds.flatMap(({ patterns }, feed) =>
      byRank(patterns).map((pattern) => {
        const prefix = pattern.set?.prefix
        if (prefix && !heads.has(prefix)) heads.set(prefix, new Head(prefix, machine))
        const candidate = new Candidate({ feed, pattern, head: prefix && heads.get(prefix), machine, clock })
        const reason = quarantinedBefore?.(pattern)
        if (reason !== undefined) candidate.quarantine(reason)
        return candidate
      }),
    )
    this.#heads = [...heads.values()]
    this.#repeatedNumber = this.#candidates.length
    if (machine.automata) {
      const feedNumbers = [...this.#candidates.map(({ feed }) => feed), NO_FEED]
      this.#inMemory = new CandidatesMemory(machine, machine.automata, feedNumbers)
    }
    this.#words = (this.#candidates.length >>> 5) + 1
    this.#needCare = new Uint32Array(this.#words)
    for (const number of this.#candidates.keys()) this.#needCare[number >>> 5]! |= 1 << (number & 31)
    // Twice as many as there can be lines in what the scan does at once.
    this.#recordsBytes = RECORDS * (8 + 4 * this.#words)
    this.#records = machine.allocate(this.#recordsBytes)
    this.#configure(corpusOf(feeds))
  }

  get quarantined(): readonly Quarantined[] {
    return this.#candidates.flatMap(({ pattern, quarantinedFor: reason }) => (reason === undefined ? [] : { pattern, reason }))
  }

  get costs(): readonly PatternCost[] {
    return this.#candidates.flatMap((candidate, number) => {
      const { runs, steps } = this.#inMemory?.cost(number) ?? { runs: 0, steps: 0 }
      const lines = candidate.runs + runs
      return lines === 0 ? [] : { pattern: candidate.pattern, lines, ms: candidate.ms + this.#stepClock.msOf(steps) }
    })
  }

  release(pattern: Pattern): void {
    for (const candidate of this.#candidates) if (candidate.pattern === pattern) candidate.release()
  }

  scan(block: Uint8Array, findings: Findings): void {
    if (block.length === 0) return
    const { code } = this.#machine
    const from = this.#place(block)
    for (const head of this.#heads) head.leave()
    this.#inMemory?.leave()
    code.begin(from, from + block.length + Number(block.at(-1) !== LINE_FEED))
    while (!code.isDone()) {
      const end = code.scan()
      if (this.#timeLimit) this.#takeCare(end, this.#timeLimit)
      if (this.#inMemory) this.#lookInMemory(this.#inMemory, end, from, block.length, findings)
      else this.#look(end, from, findings)
      for (const engine of this.#ranAhead) engine.forget()
      this.#ranAhead.clear()
      for (const candidate of this.#breached.splice(0)) candidate.quarantinedFrom = 0
    }
    this.counts.lines += code.countedLines()
    this.counts.overlong += code.countedOverlong()
  }

  /** Puts a block into memory, and a line feed behind it. */
  #place(block: Uint8Array): number {
    if (block.length + MARGIN_BYTES > this.#blockBytes) {
      this.#blockBytes = Math.max(2 * block.length, CHUNK_BYTES + LINE_BYTES_MAX) + MARGIN_BYTES
      this.#block = this.#machine.allocate(this.#blockBytes)
    }
    this.#machine.bytes.set(block, this.#block)
    this.#machine.bytes[this.#block + block.length] = LINE_FEED
    return this.#block
  }

  #configure(corpus: Corpus): void {
    const { code } = this.#machine
    const patternsBy = new Map<Literal, number[]>([[REPEATED, [this.#repeatedNumber]]])
    const always: number[] = []
    for (const [number, { pattern }] of this.#candidates.entries()) {
      const literals = literalsOfPattern(pattern, (literal) => corpus.share(literal))
      if (!literals) always.push(number)
      for (const literal of literals ?? []) patternsBy.set(literal, [...(patternsBy.get(literal) ?? []), number])
    }
    const sought = [...patternsBy].map(([literal, patterns]): Sought => ({ literal, patterns }))
    const wanted = { sought, always, words: this.#words }
    const { at, bytes, sets, hashShift, shorts } = literalTables(wanted, corpus, (byteLength) =>
      this.#machine.allocate(byteLength),
    )
    this.#machine.bytes.set(bytes, at)
    const end = this.#records + this.#recordsBytes
    code.configure(at, sets, this.#words, hashShift, shorts, this.#records, end, LINE_BYTES_MAX)
  }

  #lookInMemory(inMemory: CandidatesMemory, end: number, from: number, blockBytes: number, findings: Findings): void {
    const tell = (number: number, at: number) => {
      findings.match(new FoundInMemory(this.#machine, at, from, this.#candidates[number]!))
    }
    const listener: Listener = {
      found: () => inMemory.finds.each(tell),
      ask: ({ number, start, end }) => {
        if (number === this.#repeatedNumber) {
          this.#lookForRepeated(start, end, from, findings)
          return false
        }
        const candidate = this.#candidates[number]!
        const matches = this.#match(candidate, start, end, from, findings)
        const { head, engine } = candidate
        if (engine.kind === 'RegExp' || head?.engine.kind === 'RegExp') return matches
        const { addressGroup, wanted } = candidate
        inMemory.put(number, {
          pattern: { automaton: engine.inMemory!, groups: wanted.ofPattern, addressGroup },
          head: head && { automaton: head.engine.inMemory!, groups: wanted.ofHead, timesGroup: head.timesGroup },
        })
        return matches
      },
    }
    const look = (listener: Listener) => inMemory.look(this.#words, this.#records, end, listener)
    if (this.#stepClock.isToTime(blockBytes)) this.#stepClock.time(listener, this.#machine.automata!.stepsTaken, look)
    else look(listener)
    this.counts.withoutAddress += inMemory.withoutAddress()
  }

  /** The same in JavaScript. */
  #look(end: number, from: number, findings: Findings): void {
    const wordCount = this.#words
    const { words } = this.#machine
    for (let record = this.#records >>> 2; record < end >>> 2; record += 2 + wordCount) {
      const lineStart = words[record]!
      const lineEnd = words[record + 1]!
      let feed = -1
      for (let word = 0; word < wordCount; word++) {
        for (let bits = words[record + 2 + word]!; bits !== 0; bits &= bits - 1) {
          const number = (word << 5) | (31 - Math.clz32(bits & -bits))
          if (number === this.#repeatedNumber) this.#lookForRepeated(lineStart, lineEnd, from, findings)
          else {
            const candidate = this.#candidates[number]!
            if (candidate.feed !== feed && this.#match(candidate, lineStart, lineEnd, from, findings)) feed = candidate.feed
          }
        }
      }
    }
  }

  #match(candidate: Candidate, start: number, end: number, from: number, findings: Findings): boolean {
    if (end >= candidate.quarantinedFrom) return false
    const { head } = candidate
    if (head && !head.matches(start, end)) return false
    const [restStart, restEnd] = head ? [head.restStart, head.restEnd] : [start, end]
    if (!candidate.run(restStart, restEnd)) return false
    return this.#tell(candidate, { start, end, restStart, restEnd }, from, findings)
  }

  /** Tells of a match, unless its address is none. */
  #tell(candidate: Candidate, place: Place, from: number, findings: Findings): boolean {
    const { addressGroup, engine } = candidate
    const address = addressGroup === undefined ? undefined : engine.address(addressGroup)
    if (addressGroup !== undefined && address === undefined) {
      this.counts.withoutAddress++
      return false
    }
    findings.match(new FoundMatch(candidate, place, from, address))
    return true
  }

  #lookForRepeated(start: number, end: number, from: number, findings: Findings): void {
    const times = repeated.exec(this.#machine.bytes.toString('latin1', start, end))?.[1]
    if (times !== undefined) findings.repeated(start - from, end - from, Number(times))
  }

  /** Runs those RegExps that will be asked for ahead of need, where they can be cut off. */
  #takeCare(end: number, limit: TimeLimit): void {
    if (this.#needCare.every((word) => word === 0)) return
    const heads = new Map<Head, Try[]>()
    this.#eachInNeed(end, ({ head }, start, end) => {
      if (!(head?.engine instanceof RegExpEngine)) return
      this.#ranAhead.add(head.engine)
      const tries = heads.get(head) ?? []
      if (tries.at(-1)?.start !== start) tries.push({ engine: head.engine, start, end })
      heads.set(head, tries)
    })
    for (const [head, tries] of heads) {
      runAhead(tries, limit, (breach) => {
        for (const candidate of this.#candidates) if (candidate.head === head) this.#quarantine(candidate, breach)
      })
    }
    const tries: Try[] = []
    const candidates = new Map<RegExpEngine, Candidate>()
    this.#eachInNeed(end, (candidate, start, end, number) => {
      const { engine, head } = candidate
      if (engine instanceof RegExpEngine) {
        candidates.set(engine, candidate)
        this.#ranAhead.add(engine)
        if (!head) tries.push({ engine, start, end })
        else if (head.matches(start, end)) tries.push({ engine, start: head.restStart, end: head.restEnd })
      } else if (!(head?.engine instanceof RegExpEngine)) this.#needCare[number >>> 5]! &= ~(1 << (number & 31))
    })
    if (tries.length > 0) runAhead(tries, limit, (breach) => this.#quarantine(candidates.get(breach.engine)!, breach))
  }

  #eachInNeed(end: number, visit: (candidate: Candidate, start: number, end: number, number: number) => void): void {
    for (let record = this.#records >>> 2; record < end >>> 2; record += 2 + this.#words) {
      const start = this.#machine.words[record]!
      const lineEnd = this.#machine.words[record + 1]!
      for (let word = 0; word < this.#words; word++) {
        for (let bits = this.#machine.words[record + 2 + word]! & this.#needCare[word]!; bits !== 0; bits &= bits - 1) {
          const number = (word << 5) | (31 - Math.clz32(bits & -bits))
          const candidate = this.#candidates[number]
          if (candidate && lineEnd < candidate.quarantinedFrom) visit(candidate, start, lineEnd, number)
        }
      }
    }
  }

  #quarantine(candidate: Candidate, { start, end, lines }: Breach): void {
    const reason = `ran out of time on ${lines === 1 ? `${end - start} bytes of a line` : `${lines} lines`}`
    candidate.quarantine(reason, start)
    this.#breached.push(candidate)
    this.#onQuarantine?.({ pattern: candidate.pattern, reason })
  }
}

/** The harmless (0) first, then the dearest; of equal ones the first. */
function byRank(patterns: readonly Pattern[]): readonly Pattern[] {
  const order = ({ weight = WEIGHT_DEFAULT }: Pattern) => (weight === 0 ? Number.NEGATIVE_INFINITY : -weight)
  return patterns.toSorted((a, b) => order(a) - order(b))
}
