import { formatDuration } from '../base/duration.ts'
import type { Log } from '../base/log.ts'
import { type Instant, SECOND_MS } from '../base/units.ts'

/** What a clock that is kept right takes back now and then; nobody need hear of it. */
const UNSAID_MS_MAX = 2 * SECOND_MS

/**
 * The machine's clock, but it never goes back: where that is set back, this goes on at its own pace until the machine's has
 * caught up. So points run out and bans end after as long as they should; nothing happens twice, and nothing stands still. A
 * clock that is put forward, as after the machine slept, is followed at once: what has come due meanwhile is due.
 */
export class SteadyClock {
  readonly #wall: () => Instant
  readonly #elapsedMs: () => number
  readonly #log: Log
  /** What it said last, and how much time had gone by since some moment then. */
  #last: { at: Instant; elapsedMs: number }
  #isAhead = false

  /** It begins at `notBefore`, where the machine's clock is behind what has been stored. */
  constructor({ wall, log, elapsedMs = () => performance.now(), notBefore = 0 }: SteadyClockOptions) {
    this.#wall = wall
    this.#elapsedMs = elapsedMs
    this.#log = log
    this.#last = { at: notBefore, elapsedMs: elapsedMs() }
  }

  now(): Instant {
    const wall = this.#wall()
    const elapsedMs = this.#elapsedMs()
    if (wall >= this.#last.at) {
      if (this.#isAhead && wall >= this.#steady(elapsedMs)) this.#isAhead = false
      if (!this.#isAhead) {
        this.#last = { at: wall, elapsedMs }
        return wall
      }
    }
    const at = this.#steady(elapsedMs)
    if (!this.#isAhead) {
      this.#isAhead = true
      const byMs = at - wall
      if (byMs > UNSAID_MS_MAX)
        this.#log.warning(`the clock of this machine is ${formatDuration(byMs)} behind what it was; time goes on from there`)
    }
    return at
  }

  #steady(elapsedMs: number): Instant {
    return this.#last.at + Math.max(0, Math.floor(elapsedMs - this.#last.elapsedMs))
  }
}

export interface SteadyClockOptions {
  readonly wall: () => Instant
  readonly log: Log
  /** Milliseconds since some moment, by a clock that nobody sets. */
  readonly elapsedMs?: () => number
  readonly notBefore?: Instant
}
