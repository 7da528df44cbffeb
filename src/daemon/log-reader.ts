import type { Instant } from '../base/units.ts'
import type { HitFact, SavedPosition } from '../core/model.ts'
import { parseTimestamp } from '../lines/timestamp.ts'
import { type Feed, type Pattern, parametersOf, WEIGHT_DEFAULT } from '../matching/pattern.ts'
import type { Findings, Match, Scanner } from '../matching/scanner.ts'
import type { Block } from '../sources/source.ts'

export interface LogReaderOptions {
  readonly log: string
  readonly feeds: readonly Feed[]
  readonly scanner: Scanner
  /** The zone of the log's dates, where it is not this machine's. */
  readonly zone?: string | undefined
  /** Where the log was left. */
  readonly saved?: SavedPosition | undefined
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
  readonly #prepared = new Map<Pattern, PreparedPattern>()
  /** Where the next block begins. */
  #position: SavedPosition
  /** Hits that are still to be passed over, because they were told before a restart. */
  #toldHits: number
  /** The latest time that a line of this log was given. */
  #lastAt: Instant
  /** Hits of the line that ends where the next one begins, for "last message repeated". */
  #lastHits: readonly HitFact[]
  #lastHitsEnd = -1
  hits = 0

  constructor({ log, feeds, scanner, zone, saved, keepsLines }: LogReaderOptions) {
    this.log = log
    this.scanner = scanner
    this.#feeds = feeds
    this.#zone = zone
    this.#keepsLines = keepsLines
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
    let line = ''
    let lineStart = -1
    const lineAt = (start: number, end: number) => {
      if (start !== lineStart) {
        line = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
        lineStart = start
      }
      return line
    }
    const add = (hit: HitFact, end: number) => {
      hits.push(hit)
      if (this.#lastHitsEnd === end && this.#lastHits.at(-1)?.position === hit.position) this.#lastHits = [...this.#lastHits, hit]
      else this.#lastHits = [hit]
      this.#lastHitsEnd = end
    }
    const findings: Findings = {
      match: (match) => {
        const dated = match.text ?? lineAt(match.start, match.end)
        const at = this.#timeOf(dated, match.start, block, arrivedAt)
        add(
          this.#hit(match, at, offset, this.#keepsLines ? utf8(lineAt(match.start, match.end)) : ''),
          offset + nextLine(bytes, match.end),
        )
      },
      repeated: (start, end, times) => {
        if (this.#lastHitsEnd !== offset + start) return
        const at = this.#timeOf(lineAt(start, end), start, block, arrivedAt)
        const position = offset + start
        const again = this.#lastHits.map((hit): HitFact => ({ ...hit, at, position, times }))
        for (const hit of again) add(hit, offset + nextLine(bytes, end))
      },
    }
    this.scanner.scan(bytes, findings, block.packets)
    const start = this.#position
    const toldBefore = Math.min(this.#toldHits, hits.length)
    this.#toldHits -= toldBefore
    this.hits += hits.length - toldBefore
    this.#position = {
      log: this.log,
      position: block.position,
      toldHits: this.#toldHits,
      lastAt: this.#lastAt,
      lastHits: this.#lastHitsEnd === offset + bytes.length ? this.#lastHits : [],
    }
    return { hits: hits.slice(toldBefore), position: this.#position, start }
  }

  #hit({ feed, pattern, start, address, session, times, groups }: Match, at: Instant, offset: number, line: string): HitFact {
    const prepared = this.#prepare(pattern)
    return {
      kind: 'hit',
      at,
      rule: this.#feeds[feed]!.rule,
      log: this.log,
      position: offset + start,
      ...prepared.fact,
      distinct: pattern.distinct === undefined ? undefined : groups[pattern.distinct],
      address,
      session,
      account: groups.user,
      times,
      parameters: { ...prepared.parameters, ...groups },
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

  #timeOf(line: string, start: number, block: Block, arrivedAt: Instant | undefined): Instant {
    const written = () => (block.timeOf ? block.timeOf(start) : parseTimestamp(line, { by: block.writtenBy, zone: this.#zone }))
    const own = block.catchingUp || arrivedAt === undefined ? written() : arrivedAt
    const at = own ?? arrivedAt ?? this.#lastAt
    this.#lastAt = Math.max(this.#lastAt, arrivedAt === undefined ? at : Math.min(at, arrivedAt))
    return this.#lastAt
  }
}

/** What of a hit is the same for every line of a pattern. */
interface PreparedPattern {
  readonly fact: Pick<HitFact, 'pattern' | 'set' | 'weight' | 'once' | 'spoofable' | 'login'>
  readonly parameters: HitFact['parameters']
}

function prepare(pattern: Pattern): PreparedPattern {
  const { name, set, weight = WEIGHT_DEFAULT, once, spoofable = false, session: login } = pattern
  return {
    fact: { pattern: name ?? String(pattern.regex), set: set?.name, weight, once: once === 'session', spoofable, login },
    parameters: parametersOf(pattern),
  }
}

/** Where the line after the one that ends at `end` begins: past its carriage return, if it has one, and its line feed. */
function nextLine(bytes: Uint8Array, end: number): number {
  return bytes[end] === 13 ? end + 2 : end + 1
}

function utf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
