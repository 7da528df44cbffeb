import type { Address, Network } from '../base/address.ts'
import type { Listing } from '../base/listings.ts'
import { DAY_MS, type Instant, type Json } from '../base/units.ts'
import type {
  Change,
  Offender,
  SavedBan,
  SavedHit,
  SavedPosition,
  SavedProposal,
  SavedRefusal,
  SavedSession,
} from '../core/model.ts'

/** Evidence and ended bans are kept this long. */
export const KEEP_MS = 400 * DAY_MS

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
  /** Sources of which a login was accepted after that. */
  loginsSince(since: Instant): readonly Address[]
  /**
   * Removes evidence, logins and ended bans older than `before`, and the oldest evidence where there is too much, at most
   * `rowsMax` rows; true where there may be more.
   */
  purge(before: Instant, rowsMax: number): boolean
  /** How much of its room it uses; undefined where it has no bound. */
  room(): Room | undefined
  close(): void
}

/** At the bound, what is new takes the place of the oldest evidence, and of the oldest ended bans where there is none. */
export interface Room {
  readonly bytes: number
  readonly bytesMax: number
  /** Rows that had to go for it, since it was opened. */
  readonly letGo: number
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

/** What a person asks of a database, beside the daemon that goes on writing it. All of it is committed. */
export interface HistoryReader {
  /** All that is known of a source; of a network wider than a source, bans and refusals only. */
  ledger(network: Network): SavedLedger
  /** Who is to be banned for life, if a person says so; by time. */
  proposals(): readonly SavedProposal[]
  /** Bans that lived at that instant or later, by time. */
  bans(since: Instant): readonly EndedBan[]
  /** What was seen in tables beside our bans, from that day on. */
  listings(sinceDay: number): readonly (Listing & { readonly network: Network })[]
  /** How many entries each table held on each day, from that day on; by day and table. */
  tableSizes(sinceDay: number): readonly TableSize[]
  /** What the evidence since then says of each source that was ever banned. */
  traces(since: Instant): readonly Trace[]
  /** What was refused since then, by time. */
  refusals(since: Instant): readonly SavedRefusal[]
  /** What the evidence since then says of each pattern. */
  patterns(since: Instant): readonly PatternTrace[]
  close(): void
}

export interface TableSize {
  /** Days since 1970, UTC. */
  readonly day: number
  readonly table: string
  readonly entries: number
}

/** The lines of one source, added up. */
export interface Trace {
  readonly source: Address
  readonly points: number
  readonly lines: number
  readonly logs: readonly string[]
  readonly firstAt: Instant
  readonly lastAt: Instant
}

/** The lines that matched one pattern of a rule, added up. */
export interface PatternTrace {
  readonly rule: string
  readonly pattern: string
  readonly points: number
  readonly lines: number
  readonly sources: number
}

/** The past of one source. */
export interface SavedLedger {
  /** In the order in which it was committed; the newest, where there is more than `EVIDENCE_MAX`. */
  readonly evidence: readonly SavedEvidence[]
  readonly hasMoreEvidence: boolean
  /** Bans of it, and of networks around it, by time. */
  readonly bans: readonly EndedBan[]
  readonly refusals: readonly SavedRefusal[]
  /** When a login of each account was last accepted, by time. */
  readonly logins: readonly { readonly at: Instant; readonly account: string | undefined }[]
}

/** A line, or that the points before it are gone: all those of its rule, or those of the account. */
export type SavedEvidence =
  | { readonly kind: 'hit'; readonly hit: Omit<SavedHit, 'source' | 'distinct'> }
  | { readonly kind: 'gone'; readonly at: Instant; readonly rule: string; readonly account: string | undefined }

export interface EndedBan extends SavedBan {
  /** Undefined while it lives. */
  readonly ended: { readonly at: Instant; readonly reason: string } | undefined
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
