import type { Address } from '../base/address.ts'
import type { Instant, Json } from '../base/units.ts'
import type { Change, Offender, SavedBan, SavedHit, SavedPosition, SavedSession } from '../core/model.ts'

/** Where everything that must survive is kept. `sqlite` for the daemon, `memory` for replay; one contract test for both. */
export interface Store {
  /**
   * All changes in one transaction, in their order: all of them are kept, or none and it throws a `StoreError`. A call
   * that threw may be made again with the same changes.
   */
  commit(changes: readonly Change[]): void
  /** What the core and the sources need to go on. Hits of bans and of times before `since` are left out. */
  load(since: (rule: string) => Instant): Saved
  /** What is known of a source; undefined where nothing is. Sees committed changes only. */
  offender(source: Address): Offender | undefined
  /** Removes what is older than `before`, at most `rowsMax` rows; true where there is more. */
  purge(before: Instant, rowsMax: number): boolean
  close(): void
}

/** All that was committed and still matters. */
export interface Saved {
  /** Live points, by time. */
  readonly hits: readonly SavedHit[]
  /** Bans that have not ended, by time. */
  readonly bans: readonly SavedBan[]
  readonly kept: readonly {
    readonly rule: string
    readonly source: Address
    readonly kept: Json | undefined
    readonly wakeAt: Instant | undefined
  }[]
  readonly sessions: readonly SavedSession[]
  readonly positions: readonly SavedPosition[]
  /** The last instant that the core was told. */
  readonly clockAt: Instant | undefined
}

/** The store could not do it; the message says where, what and what to do. */
export class StoreError extends Error {
  /** `full` and `busy` pass by themselves; `corrupt` does not; `unusable` needs a person. */
  readonly fault: 'full' | 'busy' | 'corrupt' | 'unusable'
  constructor(fault: StoreError['fault'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.fault = fault
  }
}
