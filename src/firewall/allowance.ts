import { type Instant, SECOND_MS } from '../base/units.ts'

export interface Pace {
  readonly perSecond: number
  /** So many may come together, after a silence that was long enough. */
  readonly atOnce: number
}

/** How much somebody may ask for: what is too much now is made up for by waiting. */
export class Allowance {
  readonly #pace: Pace
  /** Below nothing while it has to be made up for. */
  #left: number
  #at: Instant = Number.NEGATIVE_INFINITY

  constructor(pace: Pace) {
    this.#pace = pace
    this.#left = pace.atOnce
  }

  /** Takes so many, whatever is left. Gives how long (ms) it must be waited until that is made up for. */
  take(count: number, now: Instant): number {
    const { perSecond, atOnce } = this.#pace
    const since = Math.max(0, now - this.#at)
    this.#left = Math.min(atOnce, this.#left + (perSecond * since) / SECOND_MS) - count
    this.#at = now
    return this.#left >= 0 ? 0 : Math.ceil((-this.#left / perSecond) * SECOND_MS)
  }
}
