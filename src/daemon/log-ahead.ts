import type { Feed, Pattern } from '../matching/pattern.ts'
import type { Findings, PatternCost, Quarantined, ScanCounts, Scanner } from '../matching/scanner.ts'
import type { Block, Source, SourceState } from '../sources/source.ts'
import { Finder, type Finds, findsIn, NumberedPatterns, tellFinds } from './finds.ts'
import type { ScanAhead } from './scan-ahead.ts'

/** Blocks of one log that are scanned or being scanned before they are needed, and how many of them the other thread has. */
const AHEAD_MAX = 12
const GIVEN_MAX = 3

/** A block that was read before it is needed. */
export interface Job {
  readonly block: Block
  /** Undefined where it is to be scanned when it is needed. */
  finds: Finds | undefined
  /** The other thread has it. */
  isGiven: boolean
}

/** What logs with the same feeds have in common: as with one scanner, a pattern that is lost in one of them is lost in all. */
export class SharedFeeds {
  readonly patterns: NumberedPatterns
  readonly #quarantined = new Map<Pattern, string>()
  readonly #feeds: readonly Feed[]
  #finder: Finder | undefined

  constructor(feeds: readonly Feed[]) {
    this.#feeds = feeds
    this.patterns = new NumberedPatterns(feeds)
  }

  get quarantined(): readonly Quarantined[] {
    return [...this.#quarantined].map(([pattern, reason]) => ({ pattern, reason }))
  }

  /** Whether nothing can be scanned ahead any more. */
  get isInOrder(): boolean {
    return this.#quarantined.size > 0
  }

  /** A pattern ran out of time in a block that has its turn. */
  lose(pattern: Pattern, reason: string): void {
    this.#quarantined.set(pattern, reason)
    this.#finder = undefined
  }

  /** Scans a block in its turn, or ahead of it. */
  find({ bytes, writtenBy: by }: Block, zone: string | undefined): Finds {
    this.#finder ??= new Finder(this.#feeds, (pattern) => this.#quarantined.get(pattern))
    const finds = this.#finder.find(bytes, { by, zone })
    // Blocks of other logs may come before this one, in which its patterns were not lost yet.
    if (finds.breaches.length > 0) this.#finder = undefined
    return finds
  }
}

interface LogAheadOptions {
  readonly threads: ScanAhead
  readonly number: number
  readonly zone: string | undefined
  readonly source: Source
  readonly shared: SharedFeeds
}

/**
 * A log whose blocks are scanned before they are needed: a source that knows what is in them, and the scanner that tells it of the
 * block that was read last.
 */
export class LogAhead implements Source, Scanner {
  readonly log: string
  readonly counts: ScanCounts = { lines: 0, overlong: 0, withoutAddress: 0 }
  readonly #threads: ScanAhead
  readonly #number: number
  readonly #zone: string | undefined
  readonly #source: Source
  readonly #shared: SharedFeeds
  readonly #queue: Job[] = []
  /** What blocks are copied into, taken in turn. */
  readonly #copies: Buffer<SharedArrayBuffer>[] = []
  #copied = 0
  #current: Finds | undefined

  constructor({ threads, number, zone, source, shared }: LogAheadOptions) {
    this.log = source.log
    this.#threads = threads
    this.#number = number
    this.#zone = zone
    this.#source = source
    this.#shared = shared
  }

  get state(): SourceState {
    const { kind, ...state } = this.#source.state
    return { ...state, kind: this.#queue.length > 0 ? 'reading' : kind }
  }

  get quarantined(): readonly Quarantined[] {
    return this.#shared.quarantined
  }

  /** Known to the threads that scan, and asked for by nobody. */
  get costs(): readonly PatternCost[] {
    return []
  }

  release(): void {
    throw new Error('nothing is released where nobody can ask for it')
  }

  close(): void {
    this.#source.close()
  }

  read(): Block | undefined {
    const { block, finds } = this.#next() ?? {}
    this.#current = finds
    return block
  }

  /** Tells what was found in the block that was read last. */
  scan(bytes: Uint8Array, findings: Findings): void {
    const { numbers, counts, breaches } = this.#current!
    this.#threads.passed(bytes.length, findsIn(numbers))
    tellFinds(this.#current!, this.#shared.patterns, findings)
    this.counts.lines += counts.lines
    this.counts.overlong += counts.overlong
    this.counts.withoutAddress += counts.withoutAddress
    for (const { pattern, reason } of breaches) this.#shared.lose(this.#shared.patterns.all[pattern]!.pattern, reason)
  }

  #next(): Job | undefined {
    this.#threads.receive()
    while (this.#mayGive()) {
      const job = this.#readAhead()
      if (!job) break
      job.isGiven = true
      this.#threads.give(this.#number, job)
    }
    const job = this.#queue.shift() ?? this.#readNow()
    if (!job) return undefined
    while (job.isGiven && !this.#shared.isInOrder) {
      const ahead = this.#queue.length < AHEAD_MAX ? this.#readAhead() : undefined
      if (ahead) ahead.finds = this.#find(ahead)
      else this.#threads.waitFor(job)
      this.#threads.receive()
    }
    // What was scanned ahead was scanned with patterns that are lost by now.
    if (!job.finds || this.#shared.isInOrder) job.finds = this.#find(job)
    return job
  }

  #mayGive(): boolean {
    const given = this.#queue.filter(({ isGiven }) => isGiven).length
    return this.#threads.canTake && !this.#shared.isInOrder && given < GIVEN_MAX && this.#queue.length < AHEAD_MAX
  }

  #readNow(): Job | undefined {
    const block = this.#source.read()
    return block && { block, finds: undefined, isGiven: false }
  }

  /** The source's bytes are valid for a moment only. */
  #readAhead(): Job | undefined {
    const block = this.#source.read()
    if (!block) return undefined
    const job: Job = { block: { ...block, bytes: this.#copyOf(block.bytes) }, finds: undefined, isGiven: false }
    this.#queue.push(job)
    return job
  }

  #copyOf(bytes: Uint8Array): Uint8Array {
    // The block that is at work and those ahead of it are one fewer.
    const place = this.#copied++ % (AHEAD_MAX + 2)
    let copy = this.#copies[place]
    if (!copy || copy.length < bytes.length) {
      copy = Buffer.from(new SharedArrayBuffer(2 * bytes.length))
      this.#copies[place] = copy
    }
    copy.set(bytes)
    return copy.subarray(0, bytes.length)
  }

  #find({ block }: Job): Finds {
    return this.#shared.find(block, this.#zone)
  }
}
