import { type Duration, parseDuration } from '../base/duration.ts'
import { DAY_MS } from '../base/units.ts'
import { Generic, type OptionFault, type Outcome, type ScoredHit } from './generic.ts'
import { checkOptions, duration, durations, tableName, wholeNumber } from './options.ts'

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

const THRESHOLD_MAX = 1_000_000

/**
 * At 100 points within an hour, an address goes into a table; for longer each time it comes back. Wrong options
 * are told by `check`, not thrown, so that all faults of a parameters file show at once.
 */
export class Hackers extends Generic {
  override readonly window: Duration
  override readonly tables: readonly string[]
  readonly threshold: number
  readonly #ladder: readonly Duration[]
  readonly #memoryMs: number
  readonly #options: HackersOptions

  constructor(options: HackersOptions) {
    super()
    const { table, threshold = 100, window = '1h', ban = '1h', memory = '90d' } = options ?? {}
    this.#options = options
    this.tables = [table]
    this.threshold = threshold
    this.window = window
    this.#ladder = typeof ban === 'string' ? [ban] : ban
    this.#memoryMs = parseDuration(memory)!
  }

  override check(): readonly OptionFault[] {
    return checkOptions(
      this.#options,
      {
        table: tableName,
        threshold: wholeNumber({ min: 1, max: THRESHOLD_MAX }),
        window: duration,
        ban: durations,
        memory: duration,
      },
      ['table'],
    )
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
