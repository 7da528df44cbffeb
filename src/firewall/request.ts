import { formatNetwork, isSource, type Network, parseNetwork } from '../base/address.ts'
import { DURATION_MS_MAX } from '../base/duration.ts'
import { FOR_LIFE, type Instant, type Until } from '../base/units.ts'
import type { Entry, ProtectedNetwork } from '../core/model.ts'
import type { Table } from './firewall.ts'
import { KEPT_ENTRIES_MAX, KEPT_NOTE_LENGTH_MAX, type KeptEntry } from './kept-file.ts'

/**
 * What the engine may say to the keeper, as plain data (a pipe can carry it). `declare` comes once and first; what was in
 * force before, and what was taken back, is told by `add` and `delete`; `begin` ends that and starts the enforcing.
 */
export type Request =
  | { readonly kind: 'declare'; readonly tables: readonly Table[] }
  | { readonly kind: 'add'; readonly table: string; readonly entries: readonly EntryText[]; readonly byHand?: boolean }
  | { readonly kind: 'delete'; readonly table: string; readonly addresses: readonly string[] }
  /** All that must not be banned, but for who is logged in. */
  | { readonly kind: 'protect'; readonly networks: readonly { readonly address: string; readonly because: string }[] }
  /** Sources that have come to be logged in since the last one, and those that are no more. */
  | { readonly kind: 'loggedIn'; readonly came: readonly string[]; readonly left: readonly string[] }
  | { readonly kind: 'begin' }
  | { readonly kind: 'list'; readonly table: string }
  /** Who is in a table for life, for its kept file. */
  | { readonly kind: 'keep'; readonly table: string; readonly entries: readonly KeptEntry[] }

/** An entry in words: canonical text, and its end in milliseconds since the epoch, null for life. */
export interface EntryText {
  readonly address: string
  readonly until: number | null
}

export function entryText({ network, until }: Entry): EntryText {
  return { address: formatNetwork(network), until: until === FOR_LIFE ? null : until }
}

/** Something that the engine never says: it is broken, or not ours any more. */
export class RequestError extends Error {}

/** The widest networks that may be banned without a person having asked for it. */
const AUTOMATIC_BITS_MIN = { ipv4: 24, ipv6: 48 } as const
/** Most entries, addresses or networks of one request. */
const REQUEST_ENTRIES_MAX = 100_000
const TABLES_MAX = 64
const TEXT_LENGTH_MAX = 1_000

/** A request as the keeper works with it. */
export type CheckedRequest =
  | { readonly kind: 'declare'; readonly tables: readonly Table[] }
  | { readonly kind: 'add'; readonly table: string; readonly entries: readonly KeyedEntry[] }
  | { readonly kind: 'delete'; readonly table: string; readonly networks: readonly KeyedNetwork[] }
  | { readonly kind: 'protect'; readonly networks: readonly ProtectedNetwork[] }
  | { readonly kind: 'loggedIn'; readonly came: readonly KeyedNetwork[]; readonly left: readonly KeyedNetwork[] }
  | { readonly kind: 'begin' }
  | { readonly kind: 'list'; readonly table: string }
  | { readonly kind: 'keep'; readonly table: string; readonly entries: readonly KeptEntry[] }

export interface KeyedNetwork {
  /** The canonical text. */
  readonly key: string
  readonly network: Network
}

export interface KeyedEntry extends KeyedNetwork {
  readonly until: Until
}

/** Checks every part of a request, whoever sent it; throws a `RequestError`. */
export function checkRequest(request: unknown, now: Instant): CheckedRequest {
  const { kind, ...rest } = recordOf(request, 'request')
  switch (kind) {
    case 'declare':
      onlyKeys(rest, ['tables'])
      return { kind, tables: listOf(rest.tables, 'tables', TABLES_MAX).map(tableOf) }
    case 'add': {
      onlyKeys(rest, ['table', 'entries', 'byHand'])
      const byHand = rest.byHand === true
      const entries = listOf(rest.entries, 'entries', REQUEST_ENTRIES_MAX).map((entry) => entryOf(entry, byHand, now))
      return { kind, table: nameOf(rest.table), entries }
    }
    case 'delete':
      onlyKeys(rest, ['table', 'addresses'])
      return {
        kind,
        table: nameOf(rest.table),
        networks: listOf(rest.addresses, 'addresses', REQUEST_ENTRIES_MAX).map(networkOf),
      }
    case 'protect':
      onlyKeys(rest, ['networks'])
      return { kind, networks: listOf(rest.networks, 'networks', REQUEST_ENTRIES_MAX).map(protectedOf) }
    case 'loggedIn':
      onlyKeys(rest, ['came', 'left'])
      return { kind, came: sourcesOf(rest.came, 'came'), left: sourcesOf(rest.left, 'left') }
    case 'begin':
      onlyKeys(rest, [])
      return { kind }
    case 'list':
      onlyKeys(rest, ['table'])
      return { kind, table: nameOf(rest.table) }
    case 'keep':
      onlyKeys(rest, ['table', 'entries'])
      return { kind, table: nameOf(rest.table), entries: listOf(rest.entries, 'entries', KEPT_ENTRIES_MAX).map(keptOf) }
    default:
      throw new RequestError('there is no such request')
  }
}

function tableOf(value: unknown): Table {
  const { name, kind, options, file } = recordOf(value, 'table')
  const kept = file === undefined ? {} : { file: { keptFile: nameOf(recordOf(file, 'file').keptFile) } }
  return { name: nameOf(name), kind: nameOf(kind), options: recordOf(options, 'options'), ...kept }
}

function entryOf(value: unknown, byHand: boolean, now: Instant): KeyedEntry {
  const { address, until, ...rest } = recordOf(value, 'entry')
  onlyKeys(rest, [])
  const { key, network } = networkOf(address)
  const { ipv4, ipv6 } = AUTOMATIC_BITS_MIN
  const bitsMin = typeof network.address === 'number' ? ipv4 : ipv6
  if (!byHand && network.bits < bitsMin)
    throw new RequestError(`${key} is wider than /${bitsMin}, and nobody asked for it by hand`)
  if (until === null) return { key, network, until: FOR_LIFE }
  if (typeof until !== 'number' || !(until >= 0 && until <= now + DURATION_MS_MAX))
    throw new RequestError(`${key} has an impossible end`)
  return { key, network, until }
}

function networkOf(value: unknown): KeyedNetwork {
  const network = typeof value === 'string' && value.length <= 64 ? parseNetwork(value) : undefined
  if (network === undefined || formatNetwork(network) !== value) throw new RequestError('an address is not canonical')
  return { key: value, network }
}

function sourcesOf(value: unknown, what: string): readonly KeyedNetwork[] {
  const sources = listOf(value, what, REQUEST_ENTRIES_MAX).map(networkOf)
  if (!sources.every(({ network }) => isSource(network))) throw new RequestError(`${what} has what is no source`)
  return sources
}

function protectedOf(value: unknown): ProtectedNetwork {
  const { address, because } = recordOf(value, 'protected network')
  if (typeof because !== 'string' || because.length > TEXT_LENGTH_MAX) throw new RequestError('because is no text')
  return { network: networkOf(address).network, because }
}

function keptOf(value: unknown): KeptEntry {
  const { address, note, ...rest } = recordOf(value, 'entry')
  onlyKeys(rest, [])
  if (typeof note !== 'string' || note.length > KEPT_NOTE_LENGTH_MAX || !/^[ -~]*$/.test(note))
    throw new RequestError('a note is no printable text')
  return { address: networkOf(address).key, note }
}

function nameOf(value: unknown): string {
  if (!isName(value)) throw new RequestError('a name is none')
  return value
}

/** True for what a table may be called. */
export function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]{1,255}$/.test(value)
}

function listOf(value: unknown, what: string, lengthMax: number): readonly unknown[] {
  if (!Array.isArray(value)) throw new RequestError(`${what} is no list`)
  if (value.length > lengthMax) throw new RequestError(`${what} has more than ${lengthMax} items`)
  return value
}

function recordOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new RequestError(`${what} is no record`)
  return value as Record<string, unknown>
}

function onlyKeys(record: Readonly<Record<string, unknown>>, known: readonly string[]): void {
  const unknown = Object.keys(record).find((key) => !known.includes(key))
  if (unknown !== undefined) throw new RequestError('a request has a key that it must not have')
}
