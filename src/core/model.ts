import type { Address, Network } from '../base/address.ts'
import type { Listing } from '../base/listings.ts'
import type { Instant, Json, Until } from '../base/units.ts'

/**
 * What enters the core, each with its time. Facts come in the order in which they happened; one that claims to be older
 * than the one before counts as of that one.
 */
export type Fact = HitFact | OrderFact | ProtectFact | SnapshotFact | ClockFact

/** A line matched a pattern of a rule. */
export interface HitFact {
  readonly kind: 'hit'
  readonly at: Instant
  readonly rule: string
  /** The log itself (`/var/log/authlog`), not the key of the parameters file that led to it. */
  readonly log: string
  /** Where the line begins in the log, in bytes. */
  readonly position: number
  /** Name of the pattern, and of its set where it belongs to one. */
  readonly pattern: string
  readonly set: string | undefined
  readonly weight: number
  readonly once: boolean
  /** The value of the group that `distinct` names. */
  readonly distinct: string | undefined
  readonly spoofable: boolean
  /** The line opens or closes an authenticated session. */
  readonly login: 'opened' | 'closed' | undefined
  /** Undefined where the line names none: that of the session is meant. */
  readonly address: Address | undefined
  /** What ties lines of one connection together: the process id, as the log has it. */
  readonly session: string | undefined
  /** Whose password it was (group `user`), where the line says so. */
  readonly account: string | undefined
  /** How often the line says that it was repeated; 1 otherwise. */
  readonly times: number
  readonly parameters: Readonly<Record<string, Json>>
  /** The line itself, for evidence; raw. Empty where no evidence is kept. */
  readonly line: string
}

/** An order from the command line. */
export interface OrderFact {
  readonly kind: 'order'
  readonly at: Instant
  readonly order:
    | { readonly do: 'ban'; readonly network: Network; readonly table: string; readonly until: Until; readonly reason: string }
    /** Ends every ban that covers the network or lies in it, and forgets the points of those addresses. */
    | { readonly do: 'unban'; readonly network: Network; readonly reason: string }
    /** Ends every ban of a rule but those: see `banKey`. */
    | { readonly do: 'withdraw'; readonly except: ReadonlySet<string>; readonly reason: string }
    /** What was proposed for life is not to be. */
    | { readonly do: 'dismiss'; readonly network: Network }
    /** A rule that is not asked any more is asked again; one that is frozen may ban again. */
    | { readonly do: 'release'; readonly rule: string }
}

/** What must not be banned has changed. */
export interface ProtectFact {
  readonly kind: 'protect'
  readonly at: Instant
  /** The user's ignore list: hits of it do not even count. */
  readonly ignored: readonly Network[]
  /** Ours: loopback, own addresses, gateways, resolvers, the invoker's own connection. Never banned. */
  readonly protected: readonly ProtectedNetwork[]
  /**
   * Behind them are others: never banned, and a line of theirs is that of the client whom its group `forwarded` names, or
   * nobody's.
   */
  readonly proxies?: readonly Network[] | undefined
  /** Set where what must not be banned is not known for certain: then nobody is banned, and this says why. */
  readonly suspended?: string | undefined
}

export interface ProtectedNetwork {
  readonly network: Network
  /** As it stands in a message: `own address of eth0`. */
  readonly because: string
}

/** A table was looked at: what it held on that day. */
export interface SnapshotFact {
  readonly kind: 'snapshot'
  readonly at: Instant
  /** One of ours; or another machine's, as `HOST/TABLE`. */
  readonly table: string
  /** How many entries it held. */
  readonly entries: number
  /** Entries that our own bans do not tell of; a long list may come in several facts. */
  readonly networks: readonly Network[]
}

/** Nothing but the time. */
export interface ClockFact {
  readonly kind: 'clock'
  readonly at: Instant
}

/** What leaves the core. `address` is canonical text: a single address, or a network such as the /64 of an IPv6 source. */
export type Decision = BanDecision | UnbanDecision | RefusedDecision | NotifyDecision | RunDecision

export interface BanDecision {
  readonly kind: 'ban'
  readonly at: Instant
  readonly address: string
  readonly table: string
  readonly until: Until
  /** Name of the rule; `by hand` for an order. */
  readonly rule: string
  readonly score: number
  readonly reason: string
}

export interface UnbanDecision {
  readonly kind: 'unban'
  readonly at: Instant
  readonly address: string
  readonly table: string
  readonly rule: string
  /** `ended` where the time was over. */
  readonly reason: string
}

/** A ban that was asked for and must not be. */
export interface RefusedDecision {
  readonly kind: 'refused'
  readonly at: Instant
  readonly address: string
  readonly table: string
  readonly rule: string
  readonly score: number
  readonly reason: string
}

/** A person should know. */
export interface NotifyDecision {
  readonly kind: 'notify'
  readonly at: Instant
  readonly address: string | undefined
  readonly rule: string
  readonly reason: string
}

/** A command of commands.json is to be run, with these parameters. */
export interface RunDecision {
  readonly kind: 'run'
  readonly at: Instant
  readonly address: string
  readonly rule: string
  readonly command: string
  readonly parameters: Readonly<Record<string, Json>>
}

/** What a table must hold now: the union of the live bans of each address in it. */
export interface Entry {
  readonly network: Network
  readonly until: Until
  /** A person asked for it: it may be wider than what is ever banned automatically. */
  readonly byHand?: boolean
}

/** One entry that a table gained, kept with another end, or lost. */
export interface TableChange {
  readonly table: string
  readonly kind: 'add' | 'delete'
  readonly network: Network
  /** The new end for `add`; the end that it had for `delete`. */
  readonly until: Until
  readonly byHand?: boolean
}

/**
 * What has changed in what the core must remember. One batch of changes is committed in one transaction, in this order,
 * together with the positions of the logs that led to them.
 */
export type Change =
  | { readonly kind: 'hit'; readonly hit: SavedHit }
  /** The live points of an address under a rule are spent: it was banned, or pardoned. */
  | { readonly kind: 'spend'; readonly rule: string; readonly source: Address }
  /** A good login took away the points of an account. */
  | { readonly kind: 'credit'; readonly rule: string; readonly source: Address; readonly account: string }
  | { readonly kind: 'ban'; readonly ban: SavedBan }
  | { readonly kind: 'unban'; readonly id: string; readonly at: Instant; readonly reason: string }
  /** A rule proposes a network for life; it takes the place of an earlier one for that table. A ban for life ends it. */
  | { readonly kind: 'proposal'; readonly proposal: SavedProposal }
  | { readonly kind: 'dismissed'; readonly network: Network }
  | {
      readonly kind: 'snapshot'
      readonly day: number
      readonly table: string
      readonly entries: number
      readonly networks: readonly Network[]
    }
  /** A ban that a rule asked for and that must not be. */
  | { readonly kind: 'refused'; readonly refusal: SavedRefusal }
  | {
      readonly kind: 'kept'
      readonly rule: string
      readonly source: Address
      readonly kept: Json | undefined
      readonly wakeAt: Instant | undefined
    }
  | { readonly kind: 'session'; readonly session: SavedSession }
  | { readonly kind: 'session-over'; readonly key: string }
  | { readonly kind: 'login'; readonly source: Address; readonly at: Instant; readonly account: string | undefined }
  | { readonly kind: 'position'; readonly position: SavedPosition }
  | { readonly kind: 'clock'; readonly at: Instant }

/** One point-giving line. `points` is what it was worth when it came; 0 for evidence (a hit while banned, a known session). */
export interface SavedHit {
  readonly at: Instant
  readonly rule: string
  readonly source: Address
  /** The very address of the line, which may be one of a /64. */
  readonly address: Address
  readonly points: number
  readonly spoofable: boolean
  readonly account: string | undefined
  /** The value that `distinct` looked at, led by the pattern's name. */
  readonly distinct: string | undefined
  readonly pattern: string
  readonly log: string
  readonly position: number
  readonly line: string
}

export interface SavedBan {
  /** Unique for ever: made of the time, rule, table and network. */
  readonly id: string
  readonly at: Instant
  readonly network: Network
  readonly table: string
  readonly rule: string
  readonly until: Until
  readonly score: number
  readonly reason: string
  /** It counts towards a ban of the network around it; nothing in it can be forged. */
  readonly countsForNetwork?: true
}

/** Who is to be banned for life, if a person says so. */
export interface SavedProposal {
  readonly at: Instant
  readonly network: Network
  readonly table: string
  readonly rule: string
  readonly reason: string
}

/** Why somebody who had the points for it is not banned. */
export interface SavedRefusal {
  readonly at: Instant
  readonly network: Network
  readonly table: string
  readonly rule: string
  readonly score: number
  readonly reason: string
}

/** What is remembered of one connection: see core/sessions.ts. */
export interface SavedSession {
  readonly key: string
  readonly seenAt: Instant
  readonly address: Address | undefined
  /** What the session has cost, by rule. */
  readonly costs: Readonly<Record<string, SessionCost>>
  /** The port that the peer came from, where a line said so when it logged in. */
  readonly port: string | undefined
  readonly isLoggedIn: boolean
}

/** A session costs the sum of its hits, and at least as much as its dearest `once` hit. */
export interface SessionCost {
  readonly atLeast: number
  readonly sum: number
}

export interface SavedPosition {
  readonly log: string
  /** The source's own words; see Block.position. Undefined where the log had not been read before. */
  readonly position: Json | undefined
  /** How many hits after the position have been told already: it was left in the middle of a block. */
  readonly toldHits: number
  /** The latest time of a line of this log that counted; later ones are never before it. */
  readonly lastAt: Instant
  /** The hits of the very last line before the position: a "last message repeated 3 times" that follows means them. */
  readonly lastHits: readonly HitFact[]
}

/** What is known of an address's past; looked up only for those that come near a ban. */
export interface Offender {
  /** Its bans, oldest first, as far back as the memory of any rule reaches. */
  readonly bans: readonly PastBan[]
  /** When it was seen in tables that others keep. */
  readonly listings: readonly Listing[]
  /** Undefined where no login of it was ever accepted. */
  readonly lastLoginAt: Instant | undefined
}

export interface PastBan {
  readonly at: Instant
  readonly rule: string
  readonly table: string
  /** When it ended, where it did; else when it is to end. */
  readonly until: Until
}
