import { contains, formatNetwork, type Network, networkOf, sourceNetwork } from '../base/address.ts'
import { countListings, type Listing } from '../base/listings.ts'
import type { Instant, Until } from '../base/units.ts'
import type { EndedBan, Trace } from '../store/store.ts'

/** What offenders can be ranked by. */
export const rankings = ['listings', 'bans', 'points', 'logs', 'first', 'last'] as const
export type Ranking = (typeof rankings)[number]

/** How often, how much, where and when an address or network offended, within some time. */
export interface Offence {
  readonly network: Network
  /** Tables times days: see base/listings.ts. Of a network, those of its addresses together. */
  readonly listings: number
  readonly bans: number
  readonly points: number
  readonly logs: readonly string[]
  readonly firstAt: Instant
  readonly lastAt: Instant
  /** Addresses that offended: 1, but for a network. */
  readonly addresses: number
  readonly isForLife: boolean
}

export interface RankOptions {
  readonly since: Instant
  readonly now: Instant
  readonly by: Ranking
  /** Only those with at least so many listings. */
  readonly listingsMin: number
  /** Ranks whole networks: /24 of IPv4, /48 of IPv6. */
  readonly networks: boolean
}

export interface RankedPast {
  readonly bans: readonly EndedBan[]
  readonly listings: readonly (Listing & { readonly network: Network })[]
  readonly traces: readonly Trace[]
}

const NETWORK_BITS = { ipv4: 24, ipv6: 48 } as const

/** The offenders of a time, worst first; of equals the lesser address. */
export function rankOffenders(past: RankedPast, options: RankOptions): readonly Offence[] {
  const { since, by, listingsMin, networks } = options
  const pasts = new Map<string, Past>()
  const pastOf = (network: Network) => {
    const key = formatNetwork(network)
    let one = pasts.get(key)
    if (!one) {
      one = { network, bans: [], listings: [], traces: [] }
      pasts.set(key, one)
    }
    return one
  }
  for (const ban of past.bans) if (endOf(ban) > since) pastOf(ban.network).bans.push(ban)
  for (const listing of past.listings) pastOf(listing.network).listings.push(listing)
  for (const trace of past.traces) pastOf(sourceNetwork(trace.source)).traces.push(trace)
  const offences = [...pasts.values()]
    .filter(({ bans, listings }) => bans.length + listings.length > 0)
    .map((one) => offenceOf(one, options))
  return (networks ? byNetwork(offences) : offences)
    .filter(({ listings }) => listings >= listingsMin)
    .sort((a, b) => rank(b, by) - rank(a, by) || compareNetworks(a.network, b.network))
}

interface Past {
  readonly network: Network
  readonly bans: EndedBan[]
  readonly listings: Listing[]
  readonly traces: Trace[]
}

function offenceOf({ network, bans, listings, traces }: Past, { since, now }: RankOptions): Offence {
  const lives = bans.map((ban) => ({ at: ban.at, table: ban.table, until: endOf(ban) }))
  const [trace] = traces
  const first = Math.min(trace?.firstAt ?? now, ...bans.map(({ at }) => at))
  return {
    network,
    listings: countListings(lives, listings, since, now),
    bans: bans.filter(({ at }) => at >= since).length,
    points: trace?.points ?? 0,
    logs: trace?.logs ?? [],
    firstAt: first,
    lastAt: Math.max(trace?.lastAt ?? 0, ...bans.map(({ at }) => at)),
    addresses: 1,
    isForLife: bans.some(({ until, ended }) => ended === undefined && until === Number.POSITIVE_INFINITY),
  }
}

function byNetwork(offences: readonly Offence[]): readonly Offence[] {
  const groups = new Map<string, Offence>()
  for (const offence of offences) {
    const network = widened(offence.network)
    const key = formatNetwork(network)
    const group = groups.get(key)
    groups.set(key, group ? joined(group, offence) : { ...offence, network })
  }
  return [...groups.values()]
}

function widened({ address, bits }: Network): Network {
  return networkOf(address, Math.min(bits, typeof address === 'number' ? NETWORK_BITS.ipv4 : NETWORK_BITS.ipv6))
}

function joined(a: Offence, b: Offence): Offence {
  return {
    network: a.network,
    listings: a.listings + b.listings,
    bans: a.bans + b.bans,
    points: a.points + b.points,
    logs: [...new Set([...a.logs, ...b.logs])].sort(),
    firstAt: Math.min(a.firstAt, b.firstAt),
    lastAt: Math.max(a.lastAt, b.lastAt),
    addresses: a.addresses + b.addresses,
    isForLife: a.isForLife && b.isForLife,
  }
}

function rank(offence: Offence, by: Ranking): number {
  if (by === 'logs') return offence.logs.length
  if (by === 'first') return -offence.firstAt
  if (by === 'last') return offence.lastAt
  return offence[by]
}

function compareNetworks({ address: a }: Network, { address: b }: Network): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function endOf({ until, ended }: EndedBan): Until {
  return Math.min(until, ended?.at ?? until)
}

/** A lifer: an address that is banned for life, and when it was last heard of. */
export interface Lifer {
  readonly ban: EndedBan
  /** Its latest line, while it was banned too; its ban, where there is none. */
  readonly lastAt: Instant
}

/** Who is banned for life, silent for longest first. Lines of addresses within a banned network count for it. */
export function lifersOf(bans: readonly EndedBan[], traces: readonly Trace[]): readonly Lifer[] {
  return bans
    .filter(({ until, ended }) => ended === undefined && until === Number.POSITIVE_INFINITY)
    .map((ban) => {
      const heard = traces.filter(({ source }) => contains(ban.network, source)).map(({ lastAt }) => lastAt)
      return { ban, lastAt: Math.max(ban.at, ...heard) }
    })
    .sort((a, b) => a.lastAt - b.lastAt || compareNetworks(a.ban.network, b.ban.network))
}
