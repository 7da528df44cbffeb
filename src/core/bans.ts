import { type Address, formatNetwork, maskAddress, type Network, overlaps, sourceNetwork } from '../base/address.ts'
import { FOR_LIFE, type Until } from '../base/units.ts'
import type { Entry, SavedBan, TableChange } from './model.ts'
import { neighbourhoodOf } from './prefixes.ts'

/** The rule of a ban that was ordered on the command line. */
export const BY_HAND = 'by hand'

/** Who is banned by what and where: of these there is one live ban at most. */
export function banKey({ rule, table, network }: Pick<SavedBan, 'rule' | 'table' | 'network'>): string {
  return `${rule} ${table} ${formatNetwork(network)}`
}

interface TableOfBans {
  /** The live bans of each address and network, by its text. */
  readonly entries: Map<string, SavedBan[]>
  readonly networks: NetworkSet
}

/**
 * All live bans, and from them what each table must hold: in with the first ban of an address, out with the last. A table
 * holds no address twice: what lies in a banned network is not in it, and comes back when the network goes.
 */
export class Bans {
  readonly #tables = new Map<string, TableOfBans>()
  /** How many live bans a rule has on a source, so that hits while banned are seen at once. */
  readonly #byRule = new Map<string, { readonly sources: Map<Address, number>; readonly networks: NetworkSet }>()
  /** Live bans that count for the network around them, by rule, table and neighbourhood. */
  readonly #neighbours = new Map<string, Set<SavedBan>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Adds a ban, in the place of the same rule's ban of the same address in the same table; says how the table changes. */
  add(ban: SavedBan): { readonly replaced: SavedBan | undefined; readonly changes: readonly TableChange[] } {
    const { table, network } = ban
    const of = this.#tableOf(table)
    const text = formatNetwork(network)
    const bans = of.entries.get(text) ?? []
    const untilBefore = endOf(bans)
    const replaced = bans.find((other) => other.rule === ban.rule)
    if (replaced) {
      bans.splice(bans.indexOf(replaced), 1)
      this.#count(replaced, -1)
    }
    this.#count(ban, 1)
    bans.push(ban)
    of.entries.set(text, bans)
    const isNew = untilBefore === undefined
    if (endOf(bans) === untilBefore || of.networks.isCovered(network)) {
      if (isNew) of.networks.add(network)
      return { replaced, changes: [] }
    }
    const changes: TableChange[] = [{ table, kind: 'add', ...entryOf(bans) }]
    if (isNew && isWide(network)) {
      // What is in it was in the table itself until now.
      for (const entry of within(of, network)) changes.push({ table, kind: 'delete', network: entry.network, until: entry.until })
      of.networks.add(network)
    }
    return { replaced, changes }
  }

  remove(ban: SavedBan): readonly TableChange[] {
    const { table, network } = ban
    const text = formatNetwork(network)
    const of = this.#tables.get(table)
    const bans = of?.entries.get(text)
    const at = bans?.findIndex((other) => other.id === ban.id) ?? -1
    if (!of || !bans || at < 0) return []
    const untilBefore = endOf(bans)!
    bans.splice(at, 1)
    this.#count(ban, -1)
    const until = endOf(bans)
    if (until !== undefined) {
      return until === untilBefore || of.networks.isCovered(network) ? [] : [{ table, kind: 'add', ...entryOf(bans) }]
    }
    of.entries.delete(text)
    of.networks.delete(network)
    if (of.networks.isCovered(network)) return []
    const freed = isWide(network) ? within(of, network) : []
    return [
      ...freed.map((entry): TableChange => ({ table, kind: 'add', ...entry })),
      { table, kind: 'delete', network, until: ban.until },
    ]
  }

  /** The live bans of one address or network, in all tables, by time. */
  of(network: Network): readonly SavedBan[] {
    const text = formatNetwork(network)
    return [...this.#tables.values()].flatMap(({ entries }) => entries.get(text) ?? []).sort(byTime)
  }

  /** The live bans that cover a network or lie in it, in all tables, by time. */
  overlapping(network: Network): readonly SavedBan[] {
    return this.all().filter((ban) => overlaps(ban.network, network))
  }

  /** The live bans of networks around a source, in all tables, by time. */
  around(source: Address): readonly SavedBan[] {
    const network = sourceNetwork(source)
    return [...this.#tables.values()]
      .flatMap(({ entries, networks }) => networks.around(network).flatMap((wide) => entries.get(formatNetwork(wide)) ?? []))
      .sort(byTime)
  }

  /** All live bans, by time. */
  all(): readonly SavedBan[] {
    return [...this.#tables.values()].flatMap(({ entries }) => [...entries.values()].flat()).sort(byTime)
  }

  /** A source itself, or a network around it. */
  isBannedBy(rule: string, source: Address): boolean {
    const of = this.#byRule.get(rule)
    return of !== undefined && (of.sources.has(source) || of.networks.isCovered(sourceNetwork(source)))
  }

  /** The same by any rule, or by hand. */
  isBanned(source: Address): boolean {
    for (const rule of this.#byRule.keys()) if (this.isBannedBy(rule, source)) return true
    return false
  }

  /** Whether a ban for life is among them. */
  isForLife(source: Address): boolean {
    return [...this.of(sourceNetwork(source)), ...this.around(source)].some(({ until }) => until === FOR_LIFE)
  }

  /** Sources near this one whose bans count for the network around them, and that are in the table themselves. */
  neighbours(rule: string, table: string, source: Address): readonly Address[] {
    const { networks } = this.#tableOf(table)
    const near = this.#neighbours.get(neighboursKey({ rule, table, network: sourceNetwork(source) })) ?? []
    return [...near].filter(({ network }) => !networks.isCovered(network)).map(({ network }) => network.address)
  }

  /** What a table must hold, by the canonical text of its entries. */
  wanted(table: string): ReadonlyMap<string, Entry> {
    const wanted = new Map<string, Entry>()
    const of = this.#tables.get(table)
    for (const [text, bans] of of?.entries ?? []) if (!of!.networks.isCovered(bans[0]!.network)) wanted.set(text, entryOf(bans))
    return wanted
  }

  #tableOf(table: string): TableOfBans {
    let of = this.#tables.get(table)
    if (!of) {
      of = { entries: new Map(), networks: new NetworkSet() }
      this.#tables.set(table, of)
    }
    return of
  }

  #count(ban: SavedBan, change: 1 | -1): void {
    this.#size += change
    this.#countForNetwork(ban, change)
    let of = this.#byRule.get(ban.rule)
    if (!of) {
      of = { sources: new Map(), networks: new NetworkSet() }
      this.#byRule.set(ban.rule, of)
    }
    if (isWide(ban.network)) {
      if (change > 0) of.networks.add(ban.network)
      else of.networks.delete(ban.network)
      return
    }
    const { address } = ban.network
    const count = (of.sources.get(address) ?? 0) + change
    if (count > 0) of.sources.set(address, count)
    else of.sources.delete(address)
  }

  #countForNetwork(ban: SavedBan, change: 1 | -1): void {
    if (!ban.countsForNetwork) return
    const key = neighboursKey(ban)
    const near = this.#neighbours.get(key) ?? new Set()
    if (change > 0) this.#neighbours.set(key, near.add(ban))
    else if (near.delete(ban) && near.size === 0) this.#neighbours.delete(key)
  }
}

/** Networks wider than a source, each as often as it was added, and whether one of them lies around another network. */
class NetworkSet {
  /** By their length and family, because those are few. */
  readonly #byBits = new Map<string, { readonly bits: number; readonly counts: Map<Address, number> }>()

  add(network: Network): void {
    if (!isWide(network)) return
    const key = keyOf(network)
    const of = this.#byBits.get(key) ?? { bits: network.bits, counts: new Map() }
    this.#byBits.set(key, of)
    of.counts.set(network.address, (of.counts.get(network.address) ?? 0) + 1)
  }

  delete(network: Network): void {
    const key = keyOf(network)
    const counts = this.#byBits.get(key)?.counts
    const count = counts?.get(network.address)
    if (!counts || count === undefined) return
    if (count > 1) counts.set(network.address, count - 1)
    else counts.delete(network.address)
    if (counts.size === 0) this.#byBits.delete(key)
  }

  /** Whether a network that is wider than this one lies around it. */
  isCovered(network: Network): boolean {
    return this.#byBits.size > 0 && this.around(network).length > 0
  }

  /** Those that are wider than this one and lie around it. */
  around({ address, bits }: Network): readonly Network[] {
    const found: Network[] = []
    for (const of of this.#byBits.values()) {
      if (of.bits >= bits) continue
      const masked = maskAddress(address, of.bits)
      if (of.counts.has(masked)) found.push({ address: masked, bits: of.bits })
    }
    return found
  }
}

function keyOf({ address, bits }: Network): string {
  return `${typeof address} ${bits}`
}

function isWide({ address, bits }: Network): boolean {
  return bits < sourceNetwork(address).bits
}

/** The entries in a network that are in the table but for it. */
function within({ entries, networks }: TableOfBans, network: Network): readonly Entry[] {
  return [...entries.values()]
    .filter(([ban]) => ban!.network.bits > network.bits && overlaps(network, ban!.network))
    .filter(([ban]) => networks.around(ban!.network).every((wide) => wide.bits <= network.bits))
    .map(entryOf)
}

function neighboursKey({ rule, table, network }: Pick<SavedBan, 'rule' | 'table' | 'network'>): string {
  return `${rule} ${table} ${formatNetwork(neighbourhoodOf(network.address))}`
}

/** The order must be the same after a restart, whatever came first into which table. */
function byTime(a: SavedBan, b: SavedBan): number {
  return a.at - b.at || (a.id < b.id ? -1 : 1)
}

/** What a table holds for the live bans of one address; there is at least one. */
function entryOf(bans: readonly SavedBan[]): Entry {
  return { network: bans[0]!.network, until: endOf(bans)!, byHand: bans.some(({ rule }) => rule === BY_HAND) }
}

function endOf(bans: readonly SavedBan[]): Until | undefined {
  let end: Until | undefined
  for (const { until } of bans) if (end === undefined || until > end) end = until
  return end
}
