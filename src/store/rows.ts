import type { SQLOutputValue } from 'node:sqlite'
import { type Address, formatAddress, parseAddress, parseNetwork } from '../base/address.ts'
import type { Listing } from '../base/listings.ts'
import { FOR_LIFE, type Json, type Until } from '../base/units.ts'
import type { HitFact, PastBan, SavedBan, SavedPosition, SavedProposal, SavedRefusal, SavedSession } from '../core/model.ts'
import type { EndedBan, PatternTrace, Saved, SavedEvidence, SavedPoints, Trace } from './store.ts'

// The rows of the database as the core's own types. Only sqlite.ts writes them, so their shape is known.

type Row = Record<string, SQLOutputValue>

export type PointsRow = readonly [
  at: number,
  rule: number,
  source: string,
  points: number,
  spoofable: number,
  account: string | Uint8Array | null,
  distinct: string | Uint8Array | null,
]

export function pointsOf([at, , source, points, spoofable, account, distinct]: PointsRow, rule: string): SavedPoints {
  return {
    at,
    rule,
    source: parseAddress(source)!,
    points,
    spoofable: spoofable === 1,
    account: textOf(account),
    distinct: textOf(distinct),
  }
}

/** An expression that reads a column of any text. Node 22 stops at a NUL, so text that holds one is read as bytes. */
export function exactText(column: string): string {
  return `iif(instr(${column}, char(0)), CAST(${column} AS BLOB), ${column})`
}

function textOf(value: string | Uint8Array | null): string | undefined {
  return value === null ? undefined : typeof value === 'string' ? value : Buffer.from(value).toString()
}

export function banOf(row: Row): SavedBan {
  return {
    id: row.id as string,
    network: parseNetwork(row.network as string)!,
    score: row.score as number,
    reason: row.reason as string,
    ...(row.counts_for_network === 1 && { countsForNetwork: true }),
    ...pastBanOf(row),
  }
}

export function pastBanOf(row: Row): PastBan {
  const until: Until = row.until === null ? FOR_LIFE : (row.until as number)
  return { at: row.at as number, rule: row.rule as string, table: row.table_name as string, until }
}

export function endedBanOf(row: Row): EndedBan {
  const ended = row.ended_at === null ? undefined : { at: row.ended_at as number, reason: row.end_reason as string }
  return { ...banOf(row), ended }
}

export function proposalOf(row: Row): SavedProposal {
  return {
    at: row.at as number,
    network: parseNetwork(row.network as string)!,
    table: row.table_name as string,
    rule: row.rule as string,
    reason: row.reason as string,
  }
}

export function traceOf(row: Row): Trace {
  return {
    source: parseAddress(row.source as string)!,
    points: row.points as number,
    lines: row.lines as number,
    logs: (JSON.parse(row.logs as string) as string[]).sort(),
    firstAt: row.first_at as number,
    lastAt: row.last_at as number,
  }
}

export function patternTraceOf(row: Row): PatternTrace {
  return {
    rule: row.rule as string,
    pattern: textOf(row.pattern as string | Uint8Array)!,
    points: row.points as number,
    lines: row.lines as number,
    sources: row.sources as number,
  }
}

export function refusalOf(row: Row): SavedRefusal {
  return {
    at: row.at as number,
    network: parseNetwork(row.network as string)!,
    table: row.table_name as string,
    rule: row.rule as string,
    score: row.score as number,
    reason: row.reason as string,
  }
}

export function evidenceOf(row: Row): SavedEvidence {
  const at = row.at as number
  const rule = row.rule as string
  const account = textOf(row.account as string | Uint8Array | null)
  if (row.points === null) return { kind: 'gone', at, rule, account }
  const hit = {
    at,
    rule,
    address: parseAddress(row.address as string)!,
    points: row.points as number,
    spoofable: row.spoofable === 1,
    account,
    pattern: textOf(row.pattern as string | Uint8Array)!,
    log: textOf(row.log as string | Uint8Array)!,
    position: row.position as number,
    line: textOf(row.line as string | Uint8Array | null) ?? '',
  }
  return { kind: 'hit', hit }
}

export function listingOf(row: Row): Listing {
  return { day: row.day as number, table: row.table_name as string }
}

export function liftedOf(row: Row): Saved['lifted'][number] {
  return { table: row.table_name as string, network: parseNetwork(row.network as string)! }
}

export function keptOf(row: Row): Saved['kept'][number] {
  return {
    rule: row.rule as string,
    source: parseAddress(row.source as string)!,
    kept: optionalJson(row.kept),
    wakeAt: row.wake_at === null ? undefined : (row.wake_at as number),
  }
}

export function sessionOf(row: Row): SavedSession {
  return {
    key: row.key as string,
    seenAt: row.seen_at as number,
    address: optionalAddress(row.address as string | null),
    port: (row.port ?? undefined) as string | undefined,
    costs: JSON.parse(row.costs as string) as SavedSession['costs'],
    isLoggedIn: row.logged_in === 1,
  }
}

export function positionOf(row: Row): SavedPosition {
  return {
    log: row.log as string,
    position: optionalJson(row.position),
    toldHits: row.told_hits as number,
    lastAt: row.last_at as number,
    lastHits: factsOf(row.last_hits as string),
  }
}

/** JSON has neither bigint nor undefined: an address is its text, and what is not there is null. */
export function factJson(facts: readonly HitFact[]): string {
  return JSON.stringify(
    facts.map((fact) => ({
      ...fact,
      set: fact.set ?? null,
      distinct: fact.distinct ?? null,
      login: fact.login ?? null,
      address: fact.address === undefined ? null : formatAddress(fact.address),
      session: fact.session ?? null,
      account: fact.account ?? null,
    })),
  )
}

function factsOf(json: string): HitFact[] {
  type Nullable = 'set' | 'distinct' | 'login' | 'address' | 'session' | 'account'
  type SavedFact = Omit<HitFact, Nullable> & { [K in Exclude<Nullable, 'address'>]: HitFact[K] | null } & {
    address: string | null
  }
  return (JSON.parse(json) as SavedFact[]).map((fact) => ({
    ...fact,
    set: fact.set ?? undefined,
    distinct: fact.distinct ?? undefined,
    login: fact.login ?? undefined,
    address: optionalAddress(fact.address),
    session: fact.session ?? undefined,
    account: fact.account ?? undefined,
  }))
}

export function jsonOrNull(value: Json | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value)
}

function optionalJson(text: SQLOutputValue | undefined): Json | undefined {
  return text === null ? undefined : (JSON.parse(text as string) as Json)
}

function optionalAddress(text: string | null): Address | undefined {
  return text === null ? undefined : parseAddress(text)
}
