import { isoTime, type Json } from '../base/units.ts'
import type { Decision } from './model.ts'

/** A decision as others read it, in JSON: the keys that it has, in this order, then those of its kind. Times are ISO 8601 in UTC. */
export interface DecisionRecord {
  readonly at: string
  readonly kind: Decision['kind']
  readonly address?: string
  readonly table?: string
  /** Null: for life. Bans have it, and nothing else. */
  readonly until?: string | null
  readonly rule: string
  readonly score?: number
  readonly reason?: string
  readonly command?: string
  readonly parameters?: Readonly<Record<string, Json>>
}

export function decisionRecord(decision: Decision): DecisionRecord {
  const { kind, rule, address } = decision
  const at = isoTime(decision.at)
  switch (kind) {
    case 'ban':
      return {
        at,
        kind,
        address: decision.address,
        table: decision.table,
        until: isoTime(decision.until),
        rule,
        score: decision.score,
        reason: decision.reason,
      }
    case 'unban':
      return { at, kind, address: decision.address, table: decision.table, rule, reason: decision.reason }
    case 'refused':
      return { at, kind, address: decision.address, table: decision.table, rule, score: decision.score, reason: decision.reason }
    case 'notify':
      return { at, kind, ...(address !== undefined && { address }), rule, reason: decision.reason }
    case 'run':
      return { at, kind, address: decision.address, rule, command: decision.command, parameters: decision.parameters }
  }
}
