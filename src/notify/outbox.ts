import type { Log } from '../base/log.ts'
import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS, SECOND_MS } from '../base/units.ts'
import type { Timers } from '../firewall/table-keeper.ts'
import type { Channel } from './channel.ts'
import { type Message, withGivenUp } from './message.ts'

interface OutboxOptions {
  readonly log: Log
  readonly timers: Timers
  now(): Instant
}

/** Most messages that wait for a server; the oldest that is not urgent makes room. */
const WAITING_MAX = 20
/** A message that could not be sent for so long is given up. */
const AGE_MS_MAX = 3 * DAY_MS
const PAUSE_MS_MIN = MINUTE_MS
const PAUSE_MS_MAX = HOUR_MS
const SEND_MS_MAX = 30 * SECOND_MS

/** The messages of one channel: sent one after the other, in their order, and again with growing pauses where that fails. */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #waiting: { readonly message: Message; readonly at: Instant }[] = []
  readonly #aborter = new AbortController()
  #sending: Promise<void> | undefined
  #pauseMs = PAUSE_MS_MIN
  #cancelRetry: (() => void) | undefined
  /** Messages that were given up and of which nobody was told yet. */
  #givenUp = 0

  /** May become another one of the same name. */
  channel: Channel

  constructor({ channel, ...options }: OutboxOptions & { readonly channel: Channel }) {
    this.channel = channel
    this.#options = options
  }

  get waiting(): number {
    return this.#waiting.length
  }

  put(message: Message): void {
    this.#waiting.push({ message, at: this.#options.now() })
    if (this.#waiting.length > WAITING_MAX) {
      // Never the one that is being sent.
      const rest = this.#waiting.slice(1)
      const index = rest.findIndex((waiting) => !waiting.message.isUrgent)
      this.#waiting.splice(1 + Math.max(index, 0), 1)
      this.#givenUp++
    }
    if (this.#cancelRetry === undefined) this.#sendNext()
  }

  /** Ends what is being sent; what waits is lost with the process. */
  async stop(): Promise<void> {
    this.#aborter.abort()
    this.#cancelRetry?.()
    if (this.#waiting.length > 0)
      this.#options.log.warning(`${this.channel.name}: ${this.#waiting.length} messages were not sent`)
    await this.#sending
  }

  #sendNext(): void {
    const first = this.#waiting[0]
    if (!first || this.#sending || this.#aborter.signal.aborted) return
    const { channel } = this
    const { log, timers, now } = this.#options
    const givenUp = this.#givenUp
    const signal = AbortSignal.any([this.#aborter.signal, AbortSignal.timeout(SEND_MS_MAX)])
    this.#sending = channel
      .send(withGivenUp(first.message, givenUp), signal)
      .then(
        () => {
          if (this.#pauseMs > PAUSE_MS_MIN) log.info(`${channel.name}: messages can be sent again`)
          this.#pauseMs = PAUSE_MS_MIN
          this.#waiting.shift()
          this.#givenUp -= givenUp
        },
        (error: Error) => {
          if (this.#aborter.signal.aborted) return
          if (this.#pauseMs === PAUSE_MS_MIN) log.warning(`${channel.name}: cannot be sent, and is tried again: ${error.message}`)
          if (now() - first.at > AGE_MS_MAX) {
            this.#waiting.shift()
            this.#givenUp++
            log.warning(`${channel.name}: a message is given up after three days`, { subject: first.message.subject })
          }
          this.#cancelRetry = timers.after(this.#pauseMs, () => {
            this.#cancelRetry = undefined
            this.#sendNext()
          })
          this.#pauseMs = Math.min(this.#pauseMs * 2, PAUSE_MS_MAX)
        },
      )
      .finally(() => {
        this.#sending = undefined
        if (this.#cancelRetry === undefined) this.#sendNext()
      })
  }
}
