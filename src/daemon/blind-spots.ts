import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS } from '../base/units.ts'
import type { HitFact } from '../core/model.ts'
import { parseTimestamp } from '../lines/timestamp.ts'
import { type NearMiss, NearMisses } from '../matching/near-miss.ts'
import type { Feed, Pattern } from '../matching/pattern.ts'
import { programText } from '../matching/program-text.ts'
import type { TimeLimit } from '../matching/wall.ts'
import type { Block } from '../sources/source.ts'

/** A pattern set that used to match lines of a log, and does so no more, though its program goes on logging. */
export interface BlindSpot {
  readonly log: string
  readonly set: string
  readonly lastHitAt: Instant
  /** How long it was as a rule from one busy hour (or day) to the next. */
  readonly usualGapMs: number
  /** Lines of the program that were looked at since, none of which matched. */
  readonly lines: number
  /** Some of them, the one first that comes nearest to a pattern of the set. Costs some milliseconds. */
  nearest(): readonly MissedLine[]
}

export interface MissedLine {
  readonly line: string
  /** Undefined where it is like no pattern. */
  readonly near: NearMiss | undefined
}

/** What is known of one set in one log; it is worth keeping. */
export interface Usual {
  readonly set: string
  /** Hours in which a line matched; days, where most lines of the log are harmless and match nothing. */
  readonly busy: number
  readonly firstHitAt: Instant
  readonly lastHitAt: Instant
  /** Lines of the program that were looked at since, when the first and the last of them were written, and some of them. */
  readonly lines: number
  readonly firstMissAt: Instant
  readonly lastMissAt: Instant
  readonly missed: readonly string[]
}

/** What is usual is known after so many busy hours (or days), and it is no chance that so many lines do not match. */
const BUSY_MIN = 10
const LINES_MIN = 20
/** Silence is strange when it lasts so many times the usual gap, and a day at least. */
const GAPS_MAX = 10
const SILENCE_MS_MIN = DAY_MS
/** A blind spot that nobody has mended for so long is what is usual now. */
const FORGET_MS = 30 * DAY_MS

/** So many lines are looked at in a minute, or where old lines are read as fast as can be, in a part of what was read. */
const LOOK_LINES = 50
const LOOK_PART = 1 / 4
const LOOK_BYTES_MIN = 2 * 1024
const LOOK_BYTES_MAX = 8 * 1024 * 1024
const LINE_BYTES = 4096
/** Lines that wait to be looked at; then they are, whether anybody asks or not. */
const PENDING_MAX = 400
/** How many are kept to be shown, and how many of them are shown. */
const MISSED_MAX = 8
const SHOWN_MAX = 3

/** What patterns that belong to no set are called together. */
const NO_SET = 'patterns without a set'

export interface BlindSpotsOptions {
  readonly log: string
  readonly feeds: readonly Feed[]
  readonly zone?: string | undefined
  readonly saved?: readonly Usual[] | undefined
  readonly timeLimit: TimeLimit
}

/**
 * Learns of one log how often each pattern set matches a line, and notices where one matches none any more though lines of
 * its program still come, as after an upgrade that put them in other words. Lines are only copied while blocks are read,
 * and few of them; they are looked at when somebody asks.
 */
export class BlindSpots {
  readonly #log: string
  readonly #zone: string | undefined
  readonly #timeLimit: TimeLimit
  readonly #sets: ReadonlyMap<string, Watched>
  readonly #pending: Pending[] = []
  #blocks = 0
  #linesLeft = LOOK_LINES
  #oldBytes = 0
  #nextOldBytes = LOOK_BYTES_MIN
  #lookedAt: Instant | undefined

  constructor({ log, feeds, zone, saved = [], timeLimit }: BlindSpotsOptions) {
    this.#log = log
    this.#zone = zone
    this.#timeLimit = timeLimit
    const all = Map.groupBy(
      feeds.flatMap(({ patterns }) => patterns),
      ({ set }) => set?.name ?? NO_SET,
    )
    this.#sets = new Map(
      [...all].map(([name, patterns]) => [name, new Watched(patterns, saved.find(({ set }) => set === name) ?? unknown(name))]),
    )
  }

  /** A block was read, and these are its hits. `arrivedAt` as in `LogReader.read`. */
  see(block: Block, hits: readonly HitFact[], arrivedAt: Instant | undefined): void {
    this.#blocks++
    let name: string | undefined
    let watched: Watched | undefined
    for (const hit of hits) {
      if (!watched || hit.set !== name) {
        name = hit.set
        watched = this.#sets.get(name ?? NO_SET)
      }
      watched?.hit(hit.at, this.#blocks, hit.position)
    }
    // Packets that match nothing are no words that we could have misunderstood.
    if (block.packets) return
    if (block.catchingUp || arrivedAt === undefined) {
      this.#oldBytes += block.bytes.length
      if (this.#oldBytes >= this.#nextOldBytes) {
        this.#linesLeft = LOOK_LINES
        this.#nextOldBytes = this.#oldBytes + Math.min(Math.max(this.#oldBytes * LOOK_PART, LOOK_BYTES_MIN), LOOK_BYTES_MAX)
      }
    } else if (Math.abs(arrivedAt - (this.#lookedAt ?? 0)) >= MINUTE_MS) {
      this.#lookedAt = arrivedAt
      this.#linesLeft = LOOK_LINES
    }
    if (this.#linesLeft > 0) this.#copyLines(block, arrivedAt)
  }

  get found(): readonly BlindSpot[] {
    this.#look()
    return [...this.#sets.values()].flatMap((watched) => {
      if (!watched.isBlind) return []
      const { set, lastHitAt, lines } = watched.usual
      const nearest = () => watched.nearest(this.#timeLimit)
      return [{ log: this.#log, set, lastHitAt, usualGapMs: watched.usualGapMs, lines, nearest }]
    })
  }

  get usual(): readonly Usual[] {
    this.#look()
    return [...this.#sets.values()].flatMap(({ usual }) => (usual.busy > 0 ? [usual] : []))
  }

  /** Lines from all over the block. */
  #copyLines({ bytes, offset, catchingUp, writtenBy, timeOf }: Block, arrivedAt: Instant | undefined): void {
    const most = this.#linesLeft
    let next = 0
    for (let i = 0; i < most && next < bytes.length; i++) {
      const start = lineAfter(bytes, Math.max(next, Math.floor((bytes.length * i) / most)))
      const end = bytes.indexOf(LINE_FEED, start)
      if (end < 0) break
      next = end + 1
      if (end - start > LINE_BYTES) continue
      const line = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
      const at = catchingUp || arrivedAt === undefined ? timeOf?.(start) : arrivedAt
      const place = { block: this.#blocks, position: offset + start }
      this.#pending.push({ line: line.endsWith('\r') ? line.slice(0, -1) : line, ...place, at, writtenBy })
      this.#linesLeft--
    }
    if (this.#pending.length >= PENDING_MAX) this.#look()
  }

  #look(): void {
    const lines = this.#pending.splice(0)
    if (lines.length === 0) return
    for (const watched of this.#sets.values()) {
      if (!watched.isUsual) continue
      const isDone = forEachWithin(this.#timeLimit, lines, (line) => watched.look(line, this.#zone))
      if (!isDone) watched.giveUp()
    }
  }
}

/** A line that waits to be looked at, one character a byte. */
interface Pending {
  readonly line: string
  /** The number of the block that it stood in, and where it began. */
  readonly block: number
  readonly position: number
  /** Undefined where the line itself must say when it was written, and by when that was. */
  readonly at: Instant | undefined
  readonly writtenBy: Instant
}

class Watched {
  #usual: Usual
  readonly #patterns: readonly Pattern[]
  readonly #textOf: ReturnType<typeof programText>
  readonly #busyMs: number
  /** Hits before that are of the same busy hour (or day). */
  #busyUntil: Instant = 0
  #lastHitAt: Instant = 0
  /** Where the last hit was. */
  #block = -1
  #position = -1
  #isGivenUp = false

  constructor(patterns: readonly Pattern[], usual: Usual) {
    this.#patterns = patterns
    const { set } = patterns[0]!
    this.#textOf = programText(set)
    // Of a program that shares its log with others nearly every line is known; who has a log of its own writes every request.
    this.#busyMs = set?.prefix ? HOUR_MS : DAY_MS
    this.#usual = usual
  }

  get usual(): Usual {
    return { ...this.#usual, lastHitAt: Math.max(this.#usual.lastHitAt, this.#lastHitAt) }
  }

  /** Whether enough is known to be astonished. */
  get isUsual(): boolean {
    return this.#usual.busy >= BUSY_MIN && !this.#isGivenUp
  }

  get usualGapMs(): number {
    const { busy, firstHitAt, lastHitAt } = this.#usual
    return Math.max(this.#busyMs, (lastHitAt - firstHitAt) / Math.max(1, busy - 1))
  }

  get isBlind(): boolean {
    return this.isUsual && this.#usual.lines >= LINES_MIN && this.#silenceMs > this.#silenceMsMax
  }

  hit(at: Instant, block: number, position: number): void {
    this.#block = block
    this.#position = position
    this.#lastHitAt = at
    // Most hits of a busy log: nothing new is learnt from them.
    if (at < this.#busyUntil && this.#usual.lines === 0) return
    const { set, busy, firstHitAt, lastHitAt } = this.#usual
    const isNew = busy === 0 || Math.floor(at / this.#busyMs) > Math.floor(lastHitAt / this.#busyMs)
    const began = busy === 0 ? at : firstHitAt
    this.#usual = { ...unknown(set), busy: busy + Number(isNew), firstHitAt: began, lastHitAt: Math.max(at, lastHitAt) }
    this.#busyUntil = (Math.floor(this.#usual.lastHitAt / this.#busyMs) + 1) * this.#busyMs
  }

  look({ line, block, position, at, writtenBy }: Pending, zone: string | undefined): void {
    if (block < this.#block || (block === this.#block && position <= this.#position)) return
    const text = this.#textOf(line)
    if (text === undefined) return
    const written = { by: writtenBy, zone }
    const lastMissAt = at ?? parseTimestamp(line, written) ?? parseTimestamp(text, written)
    if (lastMissAt === undefined || lastMissAt < this.usual.lastHitAt) return
    const { lines, firstMissAt, missed } = this.#usual
    const shown = Buffer.from(line, 'latin1').toString('utf8')
    this.#usual = {
      ...this.#usual,
      lines: lines + 1,
      firstMissAt: lines === 0 ? lastMissAt : firstMissAt,
      lastMissAt,
      missed: [...missed, shown].slice(-MISSED_MAX),
    }
    if (this.#silenceMs > this.#silenceMsMax + FORGET_MS) this.#usual = unknown(this.#usual.set)
  }

  /** The set's prefix took too long on some line. */
  giveUp(): void {
    this.#isGivenUp = true
  }

  nearest(limit: TimeLimit): readonly MissedLine[] {
    const { missed } = this.#usual
    const nearest = new Map<string, NearMiss>()
    forEachWithin(limit, this.#patterns, (pattern) => {
      const misses = new NearMisses(pattern)
      for (const line of missed) {
        const near = misses.of(line)
        if (near && near.share > (nearest.get(line)?.share ?? 0)) nearest.set(line, near)
      }
    })
    // Of lines that part from a pattern at the same place, one is enough.
    const different = new Map<string, MissedLine>()
    for (const line of missed) {
      const near = nearest.get(line)
      different.set(near ? `${near.pattern.name} ${near.share}` : line, { line, near })
    }
    return [...different.values()].sort((a, b) => (b.near?.share ?? 0) - (a.near?.share ?? 0)).slice(0, SHOWN_MAX)
  }

  /** Counted by lines that came, so that nothing is strange about the time in which the program, or we, did not run. */
  get #silenceMs(): number {
    return this.#usual.lastMissAt - this.#usual.firstMissAt
  }

  get #silenceMsMax(): number {
    return Math.max(SILENCE_MS_MIN, GAPS_MAX * this.usualGapMs)
  }
}

/** False where one of them takes too long, several times: the machine may just have been busy. Those after it are left out. */
function forEachWithin<T>(limit: TimeLimit, items: readonly T[], look: (item: T) => void): boolean {
  let done = 0
  let tries = 0
  const run = () => {
    for (; done < items.length; done++, tries = 0) look(items[done]!)
  }
  while (!limit(run)) if (++tries === TRIES_MAX) return false
  return true
}

const TRIES_MAX = 3

function unknown(set: string): Usual {
  return { set, busy: 0, firstHitAt: 0, lastHitAt: 0, lines: 0, firstMissAt: 0, lastMissAt: 0, missed: [] }
}

const LINE_FEED = 10

/** Where the first line begins that begins there or later. */
function lineAfter(bytes: Uint8Array, from: number): number {
  return from === 0 || bytes[from - 1] === LINE_FEED ? from : bytes.indexOf(LINE_FEED, from) + 1 || bytes.length
}
