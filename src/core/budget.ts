import { type Address, formatAddress, parseAddress } from '../base/address.ts'
import { DAY_MS, HOUR_MS, type Instant, type Json, MINUTE_MS } from '../base/units.ts'

/** How long the ban of a healthy client counts. */
const HEALTHY_BANS_MS = HOUR_MS
/** So many healthy clients may always be banned within that time, and a share of those that were seen. */
const USUAL = { bans: 2, share: 0.1 } as const
/** The same for a rule that bans faster than it ever did. */
const FAST = { bans: 1, share: 0.01 } as const
/** However many clients there are. */
const HEALTHY_BANS_MAX = 100
/** A minute is out of a rule's own history with more bans than both: so many, and so many times the busiest minute of the last days. */
const FAST_BANS_MIN = 200
const FAST_TIMES = 20
const HISTORY_DAYS = 7

export interface CountedBan {
  readonly at: Instant
  readonly source: Address
  /** A login of it was accepted not long ago. */
  readonly isHealthy: boolean
  /** How many clients are known to be healthy; asked for only where it matters. */
  healthyClients(): number
}

/**
 * Notices a rule that bans whom it should not: too many of the clients that were seen healthy. How fast it bans does not tell
 * by itself, for a flood of attackers is as fast; but then fewer healthy clients among them are enough.
 */
export class Budget {
  /** Healthy clients that were banned, and when, oldest first. */
  readonly #healthy = new Map<Address, Instant>()
  #minute = 0
  #bansInMinute = 0
  /** The busiest minute of each of the last days, by the day. */
  readonly #busiest = new Map<number, number>()
  #frozen: string | undefined
  #isDirty = false

  /** Why the rule only watches; undefined where it may ban. */
  get frozen(): string | undefined {
    return this.#frozen
  }

  /** Counts a ban that is about to be made. Gives the clients that should not have been banned, where that is too much now. */
  count({ at, source, isHealthy, healthyClients }: CountedBan): readonly Address[] | undefined {
    this.#isDirty = true
    this.#countMinute(at)
    if (isHealthy) {
      this.#healthy.delete(source)
      this.#healthy.set(source, at)
    }
    for (const [one, bannedAt] of this.#healthy) if (bannedAt <= at - HEALTHY_BANS_MS) this.#healthy.delete(one)
    const fastFrom = Math.max(FAST_BANS_MIN, FAST_TIMES * Math.max(0, ...this.#busiest.values()))
    const isFast = this.#bansInMinute > fastFrom
    // Nothing else can be what makes it too many.
    if (!isHealthy && this.#bansInMinute !== fastFrom + 1) return undefined
    const banned = this.#healthy.size
    const { bans, share } = isFast ? FAST : USUAL
    if (banned <= bans) return undefined
    const clients = healthyClients()
    if (banned <= Math.min(share * clients, HEALTHY_BANS_MAX)) return undefined
    const pace = isFast ? `, and in one minute ${this.#bansInMinute} addresses, more than ever` : ''
    this.#frozen = `within an hour it banned ${banned} of ${Math.max(clients, banned)} clients that had logged in lately${pace}`
    return [...this.#healthy.keys()]
  }

  /** It may ban again, and what it did is forgotten. */
  release(): void {
    this.#frozen = undefined
    this.#healthy.clear()
    this.#isDirty = true
  }

  /** What must be saved, where it has changed since this was last asked. */
  take(): Json | undefined {
    if (!this.#isDirty) return undefined
    this.#isDirty = false
    return this.saved()
  }

  saved(): Json {
    return {
      frozen: this.#frozen ?? null,
      minute: this.#minute,
      bans: this.#bansInMinute,
      busiest: [...this.#busiest],
      healthy: [...this.#healthy].map(([source, at]) => [formatAddress(source), at]),
    }
  }

  /** Takes up what `saved` gave. */
  restore(saved: Json | undefined): void {
    const { frozen, minute, bans, busiest, healthy } = saved as unknown as SavedBudget
    this.#frozen = frozen ?? undefined
    this.#minute = minute
    this.#bansInMinute = bans
    for (const [day, most] of busiest) this.#busiest.set(day, most)
    for (const [source, at] of healthy) this.#healthy.set(parseAddress(source)!, at)
  }

  #countMinute(at: Instant): void {
    const minute = Math.floor(at / MINUTE_MS)
    if (minute !== this.#minute) {
      const day = Math.floor((this.#minute * MINUTE_MS) / DAY_MS)
      this.#busiest.set(day, Math.max(this.#bansInMinute, this.#busiest.get(day) ?? 0))
      this.#minute = minute
      this.#bansInMinute = 0
      for (const old of this.#busiest.keys()) if (old < at / DAY_MS - HISTORY_DAYS) this.#busiest.delete(old)
    }
    this.#bansInMinute++
  }
}

interface SavedBudget {
  readonly frozen: string | null
  readonly minute: number
  readonly bans: number
  readonly busiest: readonly (readonly [day: number, bans: number])[]
  readonly healthy: readonly (readonly [address: string, at: Instant])[]
}
