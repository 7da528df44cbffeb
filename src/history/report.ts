import { formatNetwork, type Network } from '../base/address.ts'
import { dayOf, type Listing } from '../base/listings.ts'
import { DAY_MS, type Instant } from '../base/units.ts'
import type { SavedProposal, SavedRefusal } from '../core/model.ts'
import type { EndedBan, HistoryReader, PatternTrace, TableSize, Trace } from '../store/store.ts'
import { type Offence, rankOffenders } from './offenders.ts'
import { historyOfTables, type TableHistory } from './table-sizes.ts'

/** What happened within some time: who, what, from where, and how it stands at its end. */
export interface Report {
  readonly since: Instant
  readonly until: Instant
  readonly bans: number
  /** Addresses and networks that were banned. */
  readonly banned: number
  /** Bans in the same length of time before. */
  readonly bansBefore: number
  /** Live bans at the end, and those of them that are for life. */
  readonly live: number
  readonly lifers: number
  /** Bans in pieces of that length, the last one ending at the end. */
  readonly pieceMs: number
  readonly bansByPiece: readonly number[]
  /** Most bans first. */
  readonly rules: readonly RuleBans[]
  /** Most points first. */
  readonly patterns: readonly PatternTrace[]
  /** Most bans first. */
  readonly offenders: readonly Offence[]
  /** Networks with several that were banned, most of them first: see `rankOffenders`. */
  readonly networks: readonly Offence[]
  /** Over the longer time that they were asked of. */
  readonly tables: readonly TableHistory[]
  readonly proposed: number
  /** The first of them. */
  readonly proposals: readonly SavedProposal[]
  readonly refused: number
  /** Most refusals first. */
  readonly refusals: readonly RefusalReason[]
}

interface RuleBans {
  readonly rule: string
  readonly table: string
  readonly bans: number
  readonly banned: number
}

/** What was refused for the same reason. */
export interface RefusalReason {
  readonly reason: string
  readonly times: number
  readonly lastAt: Instant
  /** The last that was refused. */
  readonly network: Network
}

/** What the history says of the time, and of as long before. */
export interface ReportedPast {
  readonly bans: readonly EndedBan[]
  readonly listings: readonly (Listing & { readonly network: Network })[]
  readonly traces: readonly Trace[]
  readonly patterns: readonly PatternTrace[]
  readonly proposals: readonly SavedProposal[]
  readonly refusals: readonly SavedRefusal[]
  readonly tableSizes: readonly TableSize[]
}

/** Tables are shown for at least so long, as one week tells nothing of where they go. */
const TREND_MS_MIN = 28 * DAY_MS
/** More than these are no graph any more. */
const PIECES_MAX = 31
const LISTED_MAX = 10

/** Reads what a report is made of. */
export function pastOf(history: HistoryReader, since: Instant, until: Instant): ReportedPast {
  const [before, trendSince] = [since - (until - since), Math.min(since, until - TREND_MS_MIN)]
  return {
    bans: history.bans(before),
    listings: history.listings(dayOf(since)),
    traces: history.traces(since),
    patterns: history.patterns(since),
    proposals: history.proposals(),
    refusals: history.refusals(since),
    tableSizes: history.tableSizes(dayOf(trendSince)),
  }
}

export function reportOf(past: ReportedPast, since: Instant, until: Instant): Report {
  const { bans: all, patterns, proposals, refusals } = past
  const before = since - (until - since)
  const bans = all.filter(({ at }) => at >= since && at < until)
  const live = all.filter(({ ended }) => ended === undefined)
  const days = Math.ceil((until - since) / DAY_MS)
  const pieceMs = DAY_MS * Math.max(1, Math.ceil(days / PIECES_MAX))
  const bansByPiece = new Array<number>(Math.max(1, Math.ceil((until - since) / pieceMs))).fill(0)
  for (const { at } of bans) bansByPiece[Math.max(0, bansByPiece.length - 1 - Math.floor((until - 1 - at) / pieceMs))]!++
  const ranked = (networks: boolean) =>
    rankOffenders({ ...past, bans: all }, { since, now: until, by: 'points', listingsMin: 0, networks })
  return {
    since,
    until,
    bans: bans.length,
    banned: countBanned(bans),
    bansBefore: all.filter(({ at }) => at >= before && at < since).length,
    live: live.length,
    lifers: live.filter((ban) => ban.until === Number.POSITIVE_INFINITY).length,
    pieceMs,
    bansByPiece,
    rules: [...Map.groupBy(bans, ({ rule, table }) => `${rule}\n${table}`).values()]
      .map((of) => ({ rule: of[0]!.rule, table: of[0]!.table, bans: of.length, banned: countBanned(of) }))
      .sort((a, b) => b.bans - a.bans),
    patterns: patterns.slice(0, LISTED_MAX),
    offenders: ranked(false)
      .filter((one) => one.bans > 0)
      .toSorted((a, b) => b.bans - a.bans)
      .slice(0, LISTED_MAX),
    networks: ranked(true)
      .filter(({ addresses }) => addresses > 1)
      .toSorted((a, b) => b.addresses - a.addresses || b.bans - a.bans)
      .slice(0, LISTED_MAX),
    tables: historyOfTables(past.tableSizes),
    proposed: proposals.length,
    proposals: proposals.slice(0, LISTED_MAX),
    refused: refusals.length,
    refusals: [...Map.groupBy(refusals, ({ reason }) => reason)]
      .map(([reason, of]) => ({ reason, times: of.length, lastAt: of.at(-1)!.at, network: of.at(-1)!.network }))
      .sort((a, b) => b.times - a.times || b.lastAt - a.lastAt)
      .slice(0, LISTED_MAX),
  }
}

function countBanned(bans: readonly EndedBan[]): number {
  return new Set(bans.map(({ network }) => formatNetwork(network))).size
}
