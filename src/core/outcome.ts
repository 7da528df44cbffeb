import { parseDuration } from '../base/duration.ts'

/** The latest instant that a JavaScript date can hold. */
const INSTANT_MAX = 8.64e15
/** How much JSON text a rule may keep of one address. */
const KEPT_CHARACTERS_MAX = 4096

/** What is wrong with what a rule returned, or undefined. Rules are the user's code: nothing of theirs is trusted unseen. */
export function outcomeFault(outcome: unknown, tables: ReadonlySet<string>): string | undefined {
  if (typeof outcome !== 'object' || outcome === null) return `it returned ${show(outcome)}; return an object, {} for nothing`
  if ('then' in outcome) return 'it returned a promise; a rule cannot wait for anything'
  const { kept, decisions = [], wakeAt } = outcome as { kept?: unknown; decisions?: unknown; wakeAt?: unknown }
  if (wakeAt !== undefined && !(typeof wakeAt === 'number' && wakeAt >= 0 && wakeAt <= INSTANT_MAX)) {
    return `its wakeAt is ${show(wakeAt)}; return milliseconds since 1970, such as hit.at + 3600000`
  }
  if (kept !== undefined) {
    const text = JSON.stringify(kept)
    if (text === undefined) return `it keeps ${show(kept)}; keep what JSON can hold`
    if (text.length > KEPT_CHARACTERS_MAX)
      return `it keeps ${text.length} characters of one address; ${KEPT_CHARACTERS_MAX} are allowed`
  }
  if (!Array.isArray(decisions)) return `its decisions are ${show(decisions)}; return a list`
  for (const decision of decisions) {
    const fault = decisionFault(decision, tables)
    if (fault !== undefined) return fault
  }
  return undefined
}

function decisionFault(decision: unknown, tables: ReadonlySet<string>): string | undefined {
  if (typeof decision !== 'object' || decision === null) return `a decision is ${show(decision)}; write { kind: 'ban', ... }`
  const { kind, table, for: length, reason, command, networkFrom } = decision as Readonly<Record<string, unknown>>
  if (reason !== undefined && typeof reason !== 'string') return `the reason of a ${show(kind)} is ${show(reason)}; write a text`
  switch (kind) {
    case 'ban':
      if (typeof table !== 'string' || !tables.has(table)) return tableFault(table, tables)
      if (networkFrom !== undefined && !(Number.isSafeInteger(networkFrom) && (networkFrom as number) >= 2))
        return `a ban has networkFrom ${show(networkFrom)}; write a whole number from 2 on`
      if (length === 'life' || (typeof length === 'string' && parseDuration(length) !== undefined)) return undefined
      return `a ban is for ${show(length)}; write a length of time such as '1h', or 'life'`
    case 'propose':
      if (reason === undefined) return 'a propose has no reason'
      return typeof table === 'string' && tables.has(table) ? undefined : tableFault(table, tables)
    case 'unban':
      return typeof table === 'string' && tables.has(table) ? undefined : tableFault(table, tables)
    case 'notify':
      return reason === undefined ? 'a notify has no reason' : undefined
    case 'run':
      return typeof command === 'string' ? undefined : `a run names the command ${show(command)}; write its name`
    default:
      return `a decision is of kind ${show(kind)}; there are ban, unban, propose, notify and run`
  }
}

function tableFault(table: unknown, tables: ReadonlySet<string>): string {
  return `it names the table ${show(table)}; declared are ${[...tables].join(', ')}`
}

function show(value: unknown): string {
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 60 ? `${text.slice(0, 60)}...` : text
}
