import { type Duration, parseDuration } from '../base/duration.ts'
import { Generic, type OptionFault, type Outcome, type Points, type ScoredHit } from './generic.ts'
import { checkOptions, duration, tableName } from './options.ts'

export interface WifiTempOptions {
  /** Name of the table that takes the addresses whose time is over. */
  readonly table: string
  /** How long an address is free, from when it is first seen. Default 1h. */
  readonly free?: Duration
  /** How long it is in the table then. Default 1h. */
  readonly blocked?: Duration
}

/**
 * Time by turns: an address is free for an hour from when it is first seen, then it is in the table for an hour; after
 * that it is as if it had never been seen. What its lines weigh does not matter. Wrong options are told by `check`.
 */
export class WifiTemp extends Generic<'free'> {
  override readonly tables: readonly string[]
  readonly #freeMs: number
  readonly #blocked: Duration
  readonly #options: WifiTempOptions

  constructor(options: WifiTempOptions) {
    super()
    const { table, free = '1h', blocked = '1h' } = options ?? {}
    this.#options = options
    this.tables = [table]
    this.#freeMs = parseDuration(free)!
    this.#blocked = blocked
  }

  override check(): readonly OptionFault[] {
    return checkOptions(this.#options, { table: tableName, free: duration, blocked: duration }, ['table'])
  }

  override points(): Points {
    return 0
  }

  override onHit(kept: 'free' | undefined, hit: ScoredHit): Outcome<'free'> {
    return kept === undefined ? { kept: 'free', wakeAt: hit.at + this.#freeMs } : {}
  }

  override onWake(): Outcome<'free'> {
    const ban = { kind: 'ban', table: this.tables[0]!, for: this.#blocked, reason: 'its free time is over' } as const
    return { kept: undefined, decisions: [ban] }
  }
}
