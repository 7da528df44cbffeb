import { type Address, formatNetwork, type Network, overlaps } from '../base/address.ts'
import type { Until } from '../base/units.ts'
import type { Entry, SavedBan, TableChange } from './model.ts'

/** The rule of a ban that was ordered on the command line. */
export const BY_HAND = 'by hand'

/** All live bans, and from them what each table must hold: in with the first ban of an address, out with the last. */
export class Bans {
  readonly #tables = new Map<string, Map<string, SavedBan[]>>()
  /** How many live bans a rule has on a source, so that hits while banned are seen at once. */
  readonly #byRule = new Map<string, Map<Address, number>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Adds a ban, in the place of the same rule's ban of the same address in the same table; says how the table changes. */
  add(ban: SavedBan): { readonly replaced: SavedBan | undefined; readonly change: TableChange | undefined } {
    const { table, network } = ban
    let entries = this.#tables.get(table)
    if (!entries) {
      entries = new Map()
      this.#tables.set(table, entries)
    }
    const text = formatNetwork(network)
    const bans = entries.get(text) ?? []
    const untilBefore = endOf(bans)
    const replaced = bans.find((other) => other.rule === ban.rule)
    if (replaced) bans.splice(bans.indexOf(replaced), 1)
    else this.#count(ban, 1)
    bans.push(ban)
    entries.set(text, bans)
    const until = endOf(bans)
    return { replaced, change: until === untilBefore ? undefined : { table, kind: 'add', ...entryOf(bans) } }
  }

  remove(ban: SavedBan): TableChange | undefined {
    const { table, network } = ban
    const text = formatNetwork(network)
    const entries = this.#tables.get(table)
    const bans = entries?.get(text)
    const at = bans?.findIndex((other) => other.id === ban.id) ?? -1
    if (!entries || !bans || at < 0) return undefined
    const untilBefore = endOf(bans)!
    bans.splice(at, 1)
    this.#count(ban, -1)
    const until = endOf(bans)
    if (until === undefined) {
      entries.delete(text)
      return { table, kind: 'delete', network, until: ban.until }
    }
    return until === untilBefore ? undefined : { table, kind: 'add', ...entryOf(bans) }
  }

  /** The live bans of one address or network, in all tables, by time. */
  of(network: Network): readonly SavedBan[] {
    const text = formatNetwork(network)
    return [...this.#tables.values()].flatMap((entries) => entries.get(text) ?? []).sort(byTime)
  }

  /** The live bans that cover a network or lie in it, in all tables, by time. */
  overlapping(network: Network): readonly SavedBan[] {
    return this.all().filter((ban) => overlaps(ban.network, network))
  }

  /** All live bans, by time. */
  all(): readonly SavedBan[] {
    return [...this.#tables.values()].flatMap((entries) => [...entries.values()].flat()).sort(byTime)
  }

  isBannedBy(rule: string, source: Address): boolean {
    return this.#byRule.get(rule)?.has(source) ?? false
  }

  /** What a table must hold, by the canonical text of its entries. */
  wanted(table: string): ReadonlyMap<string, Entry> {
    const wanted = new Map<string, Entry>()
    for (const [text, bans] of this.#tables.get(table) ?? []) wanted.set(text, entryOf(bans))
    return wanted
  }

  #count(ban: SavedBan, change: 1 | -1): void {
    this.#size += change
    let sources = this.#byRule.get(ban.rule)
    if (!sources) {
      sources = new Map()
      this.#byRule.set(ban.rule, sources)
    }
    const count = (sources.get(ban.network.address) ?? 0) + change
    if (count > 0) sources.set(ban.network.address, count)
    else sources.delete(ban.network.address)
  }
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
