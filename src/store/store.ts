import type { Address, Network } from '../base/address.ts'
import type { Instant, Json } from '../base/units.ts'
import type { Change, Offender, SavedBan, SavedHit, SavedPosition, SavedSession } from '../core/model.ts'

/** Where everything that must survive is kept. `sqlite` for the daemon, `memory` for replay; one contract test for both. */
export interface Store {
  /**
   * All changes in one transaction, in their order: all of them are kept, or none and it throws a `StoreError`. A call
   * that threw may be made again with the same changes.
   */
  commit(changes: readonly Change[]): void
  /** What the core and the sources need to go on. Points spent, and those given before `since`, are left out. */
  load(since: (rule: string) => Instant): Saved
  /** What is known of a source; undefined where nothing is. Sees committed changes only. */
  offender(source: Address): Offender | undefined
  /** Removes evidence, logins and ended bans older than `before`, at most `rowsMax` rows; true where there may be more. */
  purge(before: Instant, rowsMax: number): boolean
  close(): void
}

/** All that was committed and still matters. */
export interface Saved {
  /** Live points, by time. There may be millions, so they are read as they are gone through: once, before the next commit. */
  readonly hits: Iterable<SavedPoints>
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
  /** Bans that were taken back early, not long ago: the firewall may not have heard of it. */
  readonly lifted: readonly { readonly table: string; readonly network: Network }[]
  /** The last instant that the core was told. */
  readonly clockAt: Instant | undefined
}

/** What the core needs of a hit to count its points. */
export type SavedPoints = Pick<SavedHit, 'at' | 'rule' | 'source' | 'points' | 'spoofable' | 'account' | 'distinct'>

/** The store could not do it; the message says where, what and what to do. */
export class StoreError extends Error {
  /** `full` and `busy` pass by themselves; `corrupt` does not; `unusable` needs a person. */
  readonly fault: 'full' | 'busy' | 'corrupt' | 'unusable'
  constructor(fault: StoreError['fault'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.fault = fault
  }
}
