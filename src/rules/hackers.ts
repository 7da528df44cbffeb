import { type Duration, formatDuration, parseDuration } from '../base/duration.ts'
import { DAY_MS, type Instant } from '../base/units.ts'
import { Generic, type History, type OptionFault, type Outcome, type Points, type ScoredHit } from './generic.ts'
import { checkOptions, duration, durations, group, tableName, wholeNumber, yesOrNo } from './options.ts'

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
  /** Live points at which an address is banned again that was banned within the memory. Default: the threshold. */
  readonly thresholdAgain?: number
  /**
   * Bans the narrowest network, too, that holds so many addresses which this rule bans at the same time: at most a /24, or a
   * /48 of IPv6, and none of whose addresses a login was accepted in the last week. Default: networks are not banned.
   */
  readonly networks?: { readonly from: number }
  /** Who is to be banned for life. Default: nobody. */
  readonly forLife?: ForLifeOptions
}

/**
 * An address that has the points for a ban, and was listed and banned so often before, is for life. A listing is one table
 * on one day, so that three long bans are no habit: there must have been as many bans, too.
 */
export interface ForLifeOptions {
  /** Name of the table that takes those who are banned for life. */
  readonly table: string
  /** Default: more than 15 within 90d. */
  readonly listings?: { readonly moreThan?: number; readonly within?: Duration }
  /** How many bans of this rule there must have been within the same time. Default 4. */
  readonly minBans?: number
  /** Whether a person must say so first: it is proposed, and `log2table confirm` bans it. Default true. */
  readonly confirm?: boolean
}

/** An address of which a login was accepted this recently needs more to be banned. */
const RECENT_LOGIN_MS = 7 * DAY_MS
const RECENT_LOGIN_FACTOR = 3

const THRESHOLD_MAX = 1_000_000
const LISTINGS_MAX = 100_000
/** As many as a /24 has. */
const NEIGHBOURS_MAX = 256

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
  readonly #thresholdAgain: number
  readonly #forLife: ForLife | undefined
  readonly #options: HackersOptions

  constructor(options: HackersOptions) {
    super()
    const {
      table,
      threshold = 100,
      thresholdAgain = threshold,
      window = '1h',
      ban = '1h',
      memory = '90d',
      forLife,
    } = options ?? {}
    this.#options = options
    this.tables = [table, ...(forLife?.table === undefined ? [] : [forLife.table])]
    this.threshold = threshold
    this.window = window
    this.#ladder = typeof ban === 'string' ? [ban] : ban
    this.#memoryMs = parseDuration(memory)!
    this.#thresholdAgain = thresholdAgain
    this.#forLife = forLife && forLifeOf(forLife)
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
        networks: group({ from: wholeNumber({ min: 2, max: NEIGHBOURS_MAX }) }, ['from']),
        thresholdAgain: wholeNumber({ min: 1, max: THRESHOLD_MAX }),
        forLife: group(
          {
            table: tableName,
            listings: group({ moreThan: wholeNumber({ min: 1, max: LISTINGS_MAX }), within: duration }),
            minBans: wholeNumber({ min: 1, max: LISTINGS_MAX }),
            confirm: yesOrNo,
          },
          ['table'],
        ),
      },
      ['table'],
    )
  }

  override thresholdOf(history: History, at: Instant): Points {
    if (isFriend(history, at)) return this.threshold * RECENT_LOGIN_FACTOR
    const comesAgain = this.#thresholdAgain !== this.threshold && history.bans(at - this.#memoryMs).length > 0
    return comesAgain ? this.#thresholdAgain : this.threshold
  }

  override onHit(_kept: undefined, hit: ScoredHit): Outcome {
    if (hit.score < Math.min(this.threshold, this.#thresholdAgain)) return {}
    const { history, at } = hit
    const threshold = this.thresholdOf(history, at)
    if (hit.score < threshold) return {}
    const table = this.tables[0]!
    // What a forged packet can cause must not cost its victim more than the first, shortest ban.
    if (hit.certainScore < threshold) return { decisions: [{ kind: 'ban', table, for: this.#ladder[0]! }] }
    const earlier = history.bans(at - this.#memoryMs).length
    const length = this.#ladder[Math.min(earlier, this.#ladder.length - 1)]!
    const { networks } = this.#options
    const ban = { kind: 'ban', table, for: length, ...(networks && { networkFrom: networks.from }) } as const
    const because = isFriend(history, at) ? undefined : this.#becauseForLife(history, at)
    if (!this.#forLife || because === undefined) return { decisions: [ban] }
    const { table: tableForLife, confirm } = this.#forLife
    if (confirm) return { decisions: [ban, { kind: 'propose', table: tableForLife, reason: because }] }
    return { decisions: [{ kind: 'ban', table: tableForLife, for: 'life', reason: because }] }
  }

  /** Why an address is one for life, by its past alone; undefined where it is not. */
  #becauseForLife(history: History, at: Instant): string | undefined {
    if (!this.#forLife) return undefined
    const { moreThan, withinMs, minBans } = this.#forLife
    const bans = history.bans(at - withinMs).length
    if (bans < minBans) return undefined
    const listings = history.listings(at - withinMs)
    return listings > moreThan ? `${listings} listings and ${bans} bans within ${formatDuration(withinMs)}` : undefined
  }
}

/** ForLifeOptions with their defaults in place. */
interface ForLife {
  readonly table: string
  readonly moreThan: number
  readonly withinMs: number
  readonly minBans: number
  readonly confirm: boolean
}

function forLifeOf({ table, listings, minBans = 4, confirm = true }: ForLifeOptions): ForLife {
  const { moreThan = 15, within = '90d' } = listings ?? {}
  return { table, moreThan, withinMs: parseDuration(within)!, minBans, confirm }
}

/** People mistype their own passwords, and are never for life. */
function isFriend({ lastLoginAt }: History, at: Instant): boolean {
  return lastLoginAt !== undefined && at - lastLoginAt <= RECENT_LOGIN_MS
}
