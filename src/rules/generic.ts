import type { Duration } from '../base/duration.ts'
import type { Instant, Json, Until } from '../base/units.ts'

/** Points; whole numbers. The usual threshold is 100. */
export type Points = number

/** A line that matched one of the rule's patterns, as the rule sees it before its points are added up. */
export interface Hit {
  readonly at: Instant
  /** Canonical text; `2001:db8::/64` for an IPv6 source. */
  readonly address: string
  readonly log: string
  readonly pattern: string
  /** The pattern's weight, times how often the line was repeated, less what `distinct` takes off. */
  readonly weight: Points
  readonly spoofable: boolean
  /** The pattern's own parameters and the named groups of its regex. */
  readonly parameters: Readonly<Record<string, Json>>
  readonly history: History
}

/** A hit whose points have been added up. */
export interface ScoredHit extends Hit {
  /** What this hit was worth. */
  readonly points: Points
  /** All live points of this rule for this address, this hit's included. */
  readonly score: Points
  /** The part of the score that no forged packet can have caused. */
  readonly certainScore: Points
}

/** The time has come that the rule asked to be woken at. */
export interface Wake {
  readonly address: string
  readonly dueAt: Instant
  readonly at: Instant
  readonly history: History
}

/** What the ledger knows of the address; looked up only when asked. */
export interface History {
  /** How many bans of this rule began since then, oldest first. */
  bans(since: Instant): readonly { readonly at: Instant; readonly table: string; readonly until: Until }[]
  /** How often it was listed since then, by whatever rule or machine: a listing is one table on one day (UTC). */
  listings(since: Instant): number
  /** When a login of this address was last accepted; undefined where never. */
  readonly lastLoginAt: Instant | undefined
}

/** What a rule wants done. */
export type RuleDecision =
  | {
      readonly kind: 'ban'
      /** Name of a table of the parameters file. */
      readonly table: string
      /** How long; `life` for ever. */
      readonly for: Duration | 'life'
      readonly reason?: string
      /**
       * Bans the narrowest network around it, too, that holds so many addresses banned like this at the same time: at most a
       * /24, or a /48 of IPv6, and none of whose addresses a login was accepted. Not for what can be forged.
       */
      readonly networkFrom?: number
    }
  /** Withdraws this rule's own ban only. */
  | { readonly kind: 'unban'; readonly table: string; readonly reason?: string }
  /** Proposes the address for life: it is banned when a person says so, with `log2table confirm`. */
  | { readonly kind: 'propose'; readonly table: string; readonly reason: string }
  | { readonly kind: 'notify'; readonly reason: string }
  /** Runs a command of commands.json by its name. */
  | { readonly kind: 'run'; readonly command: string; readonly parameters?: Readonly<Record<string, Json>> }

export interface Outcome<K extends Json = Json> {
  /** What to keep of this address; undefined forgets it. Leave the key out to keep what there is. */
  readonly kept?: K | undefined
  readonly decisions?: readonly RuleDecision[]
  /** Wake the rule for this address then; a new one takes the place of the old. Leave out to keep the old. */
  readonly wakeAt?: Instant | undefined
}

/**
 * What hits lead to. A user's rule is a class that extends this one, in /etc/log2table/rules.ts. Rules are pure: the same
 * arguments give the same outcome; what they must remember of an address they return as `kept`.
 */
export abstract class Generic<K extends Json = Json> {
  /** Points count for this long after they were given. */
  readonly window: Duration = '1h'
  /** Names of the tables that the rule bans into; `check` sees to it that each is declared. */
  readonly tables: readonly string[] = []

  /** What a hit is worth, where the pattern's weight is not enough. Called before the core adds it up. */
  points?(hit: Hit): Points

  /** A hit on one address. `kept` is what the rule returned for it last time. */
  abstract onHit(kept: K | undefined, hit: ScoredHit): Outcome<K>

  /** The time has come that the rule asked for. Late ones come once. */
  onWake?(kept: K | undefined, wake: Wake): Outcome<K>

  /** How many points would be a ban of this address at this time, where that is so simple; `log2table why` tells it. */
  thresholdOf?(history: History, at: Instant): Points

  /** What is wrong with the options that the rule was made with; `log2table check` shows each with its path. */
  check?(): readonly OptionFault[]
}

/** A fault in the options of a rule. */
export interface OptionFault {
  /** Which option, as its path from the rule: `threshold`, `ban[1]`. */
  readonly option: string
  readonly message: string
  /** What to write instead. */
  readonly hint?: string
}
