import type { Instant } from '../base/units.ts'
import type { HitFact, SavedPosition } from '../core/model.ts'
import { LineDates } from '../lines/line-dates.ts'
import { type Feed, nameOf, type Pattern, parametersOf, WEIGHT_DEFAULT } from '../matching/pattern.ts'
import type { Findings, Match, Scanner } from '../matching/scanner.ts'
import type { Block } from '../sources/source.ts'
import type { BlindSpots } from './blind-spots.ts'

export interface LogReaderOptions {
  readonly log: string
  readonly feeds: readonly Feed[]
  readonly scanner: Scanner
  /** The zone of the log's dates, where it is not this machine's. */
  readonly zone?: string | undefined
  /** Where the log was left. */
  readonly saved?: SavedPosition | undefined
  /** Learns from what is read, where somebody wants to know. */
  readonly blindSpots?: BlindSpots | undefined
  /** Whether hits carry their line; it costs time and memory, and only a ledger needs it. */
  readonly keepsLines: boolean
}

/** The hits of one block. */
export interface ReadBlock {
  readonly hits: readonly HitFact[]
  /** To be committed once the core has been told all of them. */
  readonly position: SavedPosition
  /** The same for before the first of them. */
  readonly start: SavedPosition
}

/** Turns the blocks of one log into facts: finds the hits, and says when each happened. */
export class LogReader {
  readonly log: string
  readonly scanner: Scanner
  readonly #feeds: readonly Feed[]
  readonly #zone: string | undefined
  readonly #keepsLines: boolean
  readonly #blindSpots: BlindSpots | undefined
  readonly #prepared = new Map<Pattern, PreparedPattern>()
  /** Where the next block begins. */
  #position: SavedPosition
  /** Hits that are still to be passed over, because they were told before a restart. */
  #toldHits: number
  /** The latest time that a line of this log was given. */
  #lastAt: Instant
  /** Hits of the line that was the last one to have any, where it is not of the block that is read. */
  #lastHits: readonly HitFact[]
  /** Where the line begins that comes after the last one that had hits, for "last message repeated". */
  #lastHitsEnd = -1
  hits = 0

  constructor({ log, feeds, scanner, zone, saved, blindSpots, keepsLines }: LogReaderOptions) {
    this.log = log
    this.scanner = scanner
    this.#feeds = feeds
    this.#zone = zone
    this.#keepsLines = keepsLines
    this.#blindSpots = blindSpots
    this.#position = saved ?? { log, position: undefined, toldHits: 0, lastAt: 0, lastHits: [] }
    this.#toldHits = this.#position.toldHits
    this.#lastAt = this.#position.lastAt
    this.#lastHits = this.#position.lastHits
  }

  /**
   * `arrivedAt` is when the block was read; undefined in replay, where lines have their own time only. A line that was
   * there before us counts by its own time, but never later than it was read, and never before the line before it.
   */
  read(block: Block, arrivedAt: Instant | undefined): ReadBlock {
    const { bytes, offset } = block
    const hits: HitFact[] = []
    // What was saved with the position are the hits of the line right before this block.
    if (this.#lastHitsEnd < 0 && this.#lastHits.length > 0) this.#lastHitsEnd = offset
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    const clock = this.#clockOf(block, text, arrivedAt)
    const findings: Findings = {
      match: (match) => {
        const { start, end } = match
        const at = clock(start, end, match)
        hits.push(this.#hit(match, at, offset + start, this.#keepsLines ? text.toString('utf8', start, end) : ''))
        this.#lastHitsEnd = offset + nextLine(bytes, end)
      },
      repeated: (start, end, times) => {
        if (this.#lastHitsEnd !== offset + start) return
        const at = clock(start, end)
        const position = offset + start
        for (const hit of this.#hitsOfLastLine(hits)) hits.push({ ...hit, at, position, times })
        this.#lastHitsEnd = offset + nextLine(bytes, end)
      },
    }
    this.scanner.scan(bytes, findings, block.packets)
    this.#blindSpots?.see(block, hits, arrivedAt)
    const start = this.#position
    const toldBefore = Math.min(this.#toldHits, hits.length)
    this.#toldHits -= toldBefore
    this.hits += hits.length - toldBefore
    this.#lastHits = this.#lastHitsEnd === offset + bytes.length ? this.#hitsOfLastLine(hits) : []
    this.#position = {
      log: this.log,
      position: block.position,
      toldHits: this.#toldHits,
      lastAt: this.#lastAt,
      lastHits: this.#lastHits,
    }
    return { hits: toldBefore === 0 ? hits : hits.slice(toldBefore), position: this.#position, start }
  }

  #hitsOfLastLine(hits: readonly HitFact[]): readonly HitFact[] {
    const last = hits.at(-1)
    return last ? hits.slice(hits.findLastIndex(({ position }) => position !== last.position) + 1) : this.#lastHits
  }

  #hit({ feed, pattern, address, session, times, groups }: Match, at: Instant, position: number, line: string): HitFact {
    const { name, set, weight, once, spoofable, login, parameters } = this.#prepare(pattern)
    return {
      kind: 'hit',
      at,
      rule: this.#feeds[feed]!.rule,
      log: this.log,
      position,
      pattern: name,
      set,
      weight,
      once,
      spoofable,
      login,
      distinct: pattern.distinct === undefined ? undefined : groups[pattern.distinct],
      address,
      session,
      account: groups.user,
      times,
      parameters: parameters ? { ...parameters, ...groups } : groups,
      line,
    }
  }

  #prepare(pattern: Pattern): PreparedPattern {
    let prepared = this.#prepared.get(pattern)
    if (!prepared) {
      prepared = prepare(pattern)
      this.#prepared.set(pattern, prepared)
    }
    return prepared
  }

  /** Says when a line of a block happened; `match` knows its date, or where that is, if it is not in the line itself. */
  #clockOf(
    block: Block,
    text: Buffer,
    arrivedAt: Instant | undefined,
  ): (start: number, end: number, match?: Pick<Match, 'text' | 'at'>) => Instant {
    if (!block.catchingUp && arrivedAt !== undefined) {
      return () => {
        this.#lastAt = Math.max(this.#lastAt, arrivedAt)
        return this.#lastAt
      }
    }
    const latest = arrivedAt ?? Number.POSITIVE_INFINITY
    const dates = new LineDates(text, { by: block.writtenBy, zone: this.#zone })
    const ownTime = (start: number, end: number, match: Pick<Match, 'text' | 'at'> = {}) => {
      if (block.timeOf) return block.timeOf(start)
      if (match.at !== undefined) return match.at ?? undefined
      return dates.of(start, end, match.text)
    }
    return (start, end, match) => {
      const own = ownTime(start, end, match)
      this.#lastAt = Math.max(this.#lastAt, Math.min(own ?? arrivedAt ?? this.#lastAt, latest))
      return this.#lastAt
    }
  }
}

/** What of a hit is the same for every line of a pattern. */
interface PreparedPattern extends Pick<HitFact, 'set' | 'weight' | 'once' | 'spoofable' | 'login'> {
  readonly name: string
  /** Undefined where the pattern has none of its own. */
  readonly parameters: HitFact['parameters'] | undefined
}

function prepare(pattern: Pattern): PreparedPattern {
  const { set, weight = WEIGHT_DEFAULT, once, spoofable = false, session: login } = pattern
  const own = parametersOf(pattern)
  const parameters = Object.keys(own).length > 0 ? own : undefined
  return { name: nameOf(pattern), set: set?.name, weight, once: once === 'session', spoofable, login, parameters }
}

/** Where the line after the one that ends at `end` begins: past its carriage return, if it has one, and its line feed. */
function nextLine(bytes: Uint8Array, end: number): number {
  return bytes[end] === 13 ? end + 2 : end + 1
}
