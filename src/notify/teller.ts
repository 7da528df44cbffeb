import type { Log } from '../base/log.ts'
import { DAY_MS, type Instant, MINUTE_MS, SECOND_MS } from '../base/units.ts'
import type { BanDecision, Decision } from '../core/model.ts'
import type { Timers } from '../firewall/table-keeper.ts'
import type { Channel } from './channel.ts'
import { digestMessage, type Message, urgentMessage } from './message.ts'
import { Outbox } from './outbox.ts'

export interface TellerOptions {
  /** Whose news these are. */
  readonly host: string
  readonly log: Log
  readonly timers: Timers
  now(): Instant
}

/** What is wrong for less than this is not told: a start, a reload, a table that was busy. */
export const SETTLE_MS = MINUTE_MS
/** What belongs together comes together. */
export const COLLECT_MS = 10 * SECOND_MS
/** Between two messages that cannot wait. */
export const URGENT_EVERY_MS = 10 * MINUTE_MS
/** The same trouble is told again after this, not before. */
const AGAIN_MS = DAY_MS
const LATEST_BANS_MAX = 50
const NEWS_MAX = 200

interface Trouble {
  readonly text: string
  readonly since: Instant
  lastAt: Instant
  toldAt: Instant | undefined
  isOver: boolean
}

/**
 * Tells people what matters: at once what needs a person, all else in a digest. It holds no more than a message's worth,
 * whatever happens.
 */
export class Teller {
  readonly #options: TellerOptions
  #outboxes: readonly Outbox[] = []
  #digestMs = DAY_MS
  readonly #troubles = new Map<string, Trouble>()
  #since: Instant
  #bans = new Map<string, number>()
  #latestBans: BanDecision[] = []
  #news: { at: Instant; text: string }[] = []
  #urgent: { at: Instant; text: string }[] = []
  #lastUrgentAt = Number.NEGATIVE_INFINITY
  #cancelUrgent: (() => void) | undefined
  #cancelDigest: (() => void) | undefined

  constructor(options: TellerOptions) {
    this.#options = options
    this.#since = options.now()
  }

  /** Whom to tell from now on, and how often there is a digest. What waits for a channel that stays goes on waiting. */
  use(channels: readonly Channel[], digestMs: number): void {
    const before = new Map(this.#outboxes.map((outbox) => [outbox.channel.name, outbox]))
    this.#outboxes = channels.map((channel) => {
      const outbox = before.get(channel.name) ?? new Outbox({ ...this.#options, channel })
      before.delete(channel.name)
      outbox.channel = channel
      return outbox
    })
    for (const outbox of before.values()) void outbox.stop()
    this.#digestMs = digestMs
    this.#cancelDigest?.()
    this.#scheduleDigest()
  }

  /** Whether there is anybody to tell. */
  get isHeard(): boolean {
    return this.#outboxes.length > 0
  }

  /** Messages that wait for a server, of all channels. */
  get waiting(): number {
    return this.#outboxes.reduce((sum, { waiting }) => sum + waiting, 0)
  }

  /** A decision was taken. */
  decided(decision: Decision): void {
    if (!this.isHeard) return
    if (decision.kind === 'notify') {
      const { address, rule, reason, at } = decision
      this.#tellNow(at, `${address === undefined ? '' : `${address}: `}${rule}: ${reason}`)
    }
    if (decision.kind !== 'ban') return
    const name = `${decision.rule}, ${decision.table}`
    this.#bans.set(name, (this.#bans.get(name) ?? 0) + 1)
    this.#latestBans.push(decision)
    if (this.#latestBans.length > LATEST_BANS_MAX) this.#latestBans.shift()
  }

  /** All that is wrong at this moment, as sentences; to be told every few seconds. */
  look(texts: readonly string[]): void {
    if (!this.isHeard) return
    const at = this.#options.now()
    for (const text of texts) {
      const trouble = this.#troubles.get(keyOf(text))
      if (trouble) Object.assign(trouble, { lastAt: at, isOver: false })
      else this.#troubles.set(keyOf(text), { text, since: at, lastAt: at, toldAt: undefined, isOver: false })
    }
    for (const [key, trouble] of this.#troubles) {
      const { text, since, lastAt, toldAt, isOver } = trouble
      const mayBeTold = toldAt === undefined || at - toldAt >= AGAIN_MS
      if (lastAt === at && mayBeTold && at - since >= SETTLE_MS) {
        trouble.toldAt = at
        this.#tellNow(at, text)
      } else if (at - lastAt >= SETTLE_MS) {
        if (mayBeTold) this.#troubles.delete(key)
        if (toldAt !== undefined && !isOver) this.#note(at, `over: ${text}`)
        trouble.isOver = true
      }
    }
  }

  /** Sends what somebody else made. */
  tell(message: Message): void {
    for (const outbox of this.#outboxes) outbox.put(message)
  }

  /** The digest is sent now, if it has anything to tell. */
  digest(): void {
    this.#cancelDigest?.()
    this.#scheduleDigest()
    const until = this.#options.now()
    if (this.#bans.size > 0 || this.#news.length > 0) {
      const { host } = this.#options
      const [since, bans, latestBans, news] = [this.#since, this.#bans, this.#latestBans, this.#news]
      this.tell(digestMessage({ host, since, until, bans, latestBans, news }))
    }
    this.#since = until
    this.#bans = new Map()
    this.#latestBans = []
    this.#news = []
  }

  async stop(): Promise<void> {
    this.#cancelDigest?.()
    this.#cancelUrgent?.()
    await Promise.all(this.#outboxes.map((outbox) => outbox.stop()))
  }

  #scheduleDigest(): void {
    this.#cancelDigest = this.isHeard ? this.#options.timers.after(this.#digestMs, () => this.digest()) : undefined
  }

  #note(at: Instant, text: string): void {
    if (this.#news.length < NEWS_MAX) this.#news.push({ at, text })
  }

  #tellNow(at: Instant, text: string): void {
    this.#note(at, text)
    if (this.#urgent.length < NEWS_MAX) this.#urgent.push({ at, text })
    const { timers, now, host } = this.#options
    const waitMs = Math.max(COLLECT_MS, this.#lastUrgentAt + URGENT_EVERY_MS - now())
    this.#cancelUrgent ??= timers.after(waitMs, () => {
      this.#cancelUrgent = undefined
      this.#lastUrgentAt = now()
      this.tell(urgentMessage(host, this.#urgent))
      this.#urgent = []
    })
  }
}

/** The same trouble, whatever its figures. */
const keyOf = (text: string) => text.replaceAll(/\d+/g, '0')
