import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import * as v from 'valibot'
import type { Log } from '../base/log.ts'
import { DAY_MS, type Instant, MINUTE_MS } from '../base/units.ts'
import type { Feed } from '../matching/pattern.ts'
import { blindSpotText } from './blind-spot-text.ts'
import { type BlindSpot, BlindSpots, type Usual } from './blind-spots.ts'
import { timeLimit } from './time-limit.ts'

const WRITE_EVERY_MS = 10 * MINUTE_MS
/** What is usual of a log that was not read for so long is forgotten. */
const KEEP_MS = 90 * DAY_MS
const MODE = 0o600

const saved = v.array(
  v.object({
    log: v.string(),
    sets: v.array(
      v.object({
        set: v.string(),
        busy: v.number(),
        firstHitAt: v.number(),
        lastHitAt: v.number(),
        lines: v.number(),
        firstMissAt: v.number(),
        lastMissAt: v.number(),
        missed: v.array(v.string()),
      }),
    ),
  }),
)

export interface BlindSpotWatchOptions {
  /** Where is kept what is usual, from start to start. */
  readonly path: string
  readonly log: Log
  readonly now: () => Instant
}

/**
 * Watches for blind spots in all logs, and tells of each once. What it knows is in a file of its own, written now and then:
 * a crash costs some minutes of what it learnt, and a file that cannot be read costs what was usual.
 */
export class BlindSpotWatch {
  readonly #options: BlindSpotWatchOptions
  readonly #watched = new Map<string, BlindSpots>()
  /** Of logs that are not read now. */
  readonly #others: Map<string, readonly Usual[]>
  readonly #told = new Set<string>()
  #written: string | undefined
  #writtenAt: Instant
  #hindrance: string | undefined

  constructor(options: BlindSpotWatchOptions) {
    this.#options = options
    this.#others = this.#read()
    this.#writtenAt = options.now()
  }

  /** For the reader of a log that was opened. */
  of(log: string, feeds: readonly Feed[], zone: string | undefined): BlindSpots {
    this.forget(log)
    const blindSpots = new BlindSpots({ log, feeds, zone, saved: this.#others.get(log), timeLimit })
    this.#watched.set(log, blindSpots)
    return blindSpots
  }

  /** The log is not read any more. */
  forget(log: string): void {
    const watched = this.#watched.get(log)
    if (!watched) return
    this.#others.set(log, watched.usual)
    this.#watched.delete(log)
  }

  get found(): readonly BlindSpot[] {
    return [...this.#watched.values()].flatMap(({ found }) => found)
  }

  /** To be called now and then: tells what is new. */
  look(): void {
    const { log, now } = this.#options
    const found = new Map(this.found.map((spot) => [`${spot.set} ${spot.log}`, spot]))
    for (const [key, spot] of found) {
      if (this.#told.has(key)) continue
      this.#told.add(key)
      log.warning(blindSpotText(spot))
      for (const { line, near } of spot.nearest()) {
        log.warning(`${spot.set} does not know this line`, { line, nearest: near?.pattern.name, wants: near?.wants })
      }
    }
    for (const key of this.#told) {
      if (found.has(key)) continue
      this.#told.delete(key)
      log.info(`lines match again, or are not waited for any more: ${key}`)
    }
    if (now() - this.#writtenAt >= WRITE_EVERY_MS) this.write()
  }

  write(): void {
    const { path, log, now } = this.#options
    this.#writtenAt = now()
    const logs = new Map([...this.#others, ...[...this.#watched].map(([name, { usual }]) => [name, usual] as const)])
    const all = [...logs].flatMap(([name, sets]) => {
      const lastAt = Math.max(...sets.map(({ lastHitAt, lastMissAt }) => Math.max(lastHitAt, lastMissAt)))
      return lastAt > now() - KEEP_MS ? { log: name, sets } : []
    })
    const text = JSON.stringify(all)
    if (text === this.#written) return
    try {
      writeFileSync(`${path}.new`, text, { mode: MODE })
      renameSync(`${path}.new`, path)
      this.#written = text
      this.#hindrance = undefined
    } catch (error) {
      const { message } = error as Error
      if (message !== this.#hindrance) log.warning(`${path}: what is usual of the logs cannot be kept: ${message}`)
      this.#hindrance = message
    }
  }

  #read(): Map<string, readonly Usual[]> {
    const { path, log } = this.#options
    try {
      return new Map(v.parse(saved, JSON.parse(readFileSync(path, 'utf8'))).map(({ log: name, sets }) => [name, sets]))
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT') log.warning(`${path}: what is usual of the logs is learnt anew: ${message}`)
      return new Map()
    }
  }
}
