import { type Duration, parseDuration } from '../base/duration.ts'
import { DAY_MS } from '../base/units.ts'
import { Generic, type Outcome, type ScoredHit } from './generic.ts'

export interface HackersOptions {
  /** Name of the table that takes the banned addresses. */
  readonly table: string
  /** Live points at which an address is banned. Default 100. */
  readonly threshold?: number
  /** How long a point counts. Default 1h. */
  readonly window?: Duration
  /** How long a ban lasts: one length, or a ladder for the first, second, ... ban; the last step holds for all later ones. Default 1h. */
  readonly ban?: Duration | readonly Duration[]
  /** How long an earlier ban makes the next one longer. Default 90d. */
  readonly memory?: Duration
}

/** An address of which a login was accepted this recently needs more to be banned: people mistype their own passwords. */
const RECENT_LOGIN_MS = 7 * DAY_MS
const RECENT_LOGIN_FACTOR = 3

/** At 100 points within an hour, an address goes into a table; for longer each time it comes back. */
export class Hackers extends Generic {
  override readonly window: Duration
  override readonly tables: readonly string[]
  readonly threshold: number
  readonly #ladder: readonly Duration[]
  readonly #memoryMs: number

  constructor({ table, threshold = 100, window = '1h', ban = '1h', memory = '90d' }: HackersOptions) {
    super()
    this.tables = [table]
    this.threshold = threshold
    this.window = window
    this.#ladder = typeof ban === 'string' ? [ban] : ban
    this.#memoryMs = parseDuration(memory)!
  }

  override onHit(_kept: undefined, hit: ScoredHit): Outcome {
    if (hit.score < this.threshold) return {}
    const lastLoginAt = hit.history.lastLoginAt
    const isFriend = lastLoginAt !== undefined && hit.at - lastLoginAt <= RECENT_LOGIN_MS
    const threshold = isFriend ? this.threshold * RECENT_LOGIN_FACTOR : this.threshold
    if (hit.score < threshold) return {}
    const earlier = hit.history.bans(hit.at - this.#memoryMs).length
    // What a forged packet can cause must not cost its victim more than the first, shortest ban.
    const step = hit.certainScore < threshold ? 0 : Math.min(earlier, this.#ladder.length - 1)
    return { decisions: [{ kind: 'ban', table: this.tables[0]!, for: this.#ladder[step]! }] }
  }
}
