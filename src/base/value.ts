import { parseDuration } from './duration.ts'
import { nearest } from './nearest.ts'

/** What is wrong with a value that a user wrote, and what to write instead. */
export interface ValueFault {
  readonly message: string
  readonly hint?: string
}

/** Whether the value is an object with keys: no list, not null. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A value as it stands in a message: short, on one line, text in quotes. */
export function showValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(shorten(value))
  if (typeof value === 'function') return value.name ? `the function or class ${value.name}` : 'a function'
  if (typeof value === 'bigint') return `${value}n`
  if (Array.isArray(value)) return 'a list'
  if (value instanceof RegExp) return shorten(String(value))
  if (typeof value === 'object' && value !== null) return 'an object'
  return String(value)
}

const shorten = (text: string) => (text.length > 60 ? `${text.slice(0, 57)}...` : text)

/** Undefined where the value is a whole number between the two, both included. */
export function wholeNumberFault(value: unknown, { min, max }: { min: number; max: number }): ValueFault | undefined {
  if (typeof value === 'string' && /^-?\d{1,9}$/.test(value)) {
    return { message: `${showValue(value)} is not a whole number`, hint: `write ${Number(value)}` }
  }
  if (!Number.isInteger(value))
    return { message: `${showValue(value)} is not a whole number`, hint: `write one from ${min} to ${max}` }
  if ((value as number) >= min && (value as number) <= max) return undefined
  return { message: `${value} is out of range`, hint: `write a whole number from ${min} to ${max}` }
}

const durationHint = 'write for example "90s", "10m", "1h" or "7d"'

/** Undefined where the value is a `Duration`. */
export function durationFault(value: unknown): ValueFault | undefined {
  if (typeof value === 'string' && parseDuration(value) !== undefined) return undefined
  const meant = durationMeant(value)
  return {
    message: `${showValue(value)} is not a length of time`,
    hint: meant !== undefined && parseDuration(meant) !== undefined ? `write "${meant}"` : durationHint,
  }
}

/** `3600` and `"1 hour"` leave no doubt. */
function durationMeant(value: unknown): string | undefined {
  if (typeof value === 'number') return `${value}s`
  if (typeof value !== 'string') return undefined
  const [, count, unit] = /^\s*(\d+)\s*([smhdw]|(?:sec|second|min|minute|hour|day|week)s?)?\s*$/i.exec(value) ?? []
  return count === undefined ? undefined : `${count}${(unit ?? 's')[0]!.toLowerCase()}`
}

/** An unknown key is refused with the nearest known one, or with all of them where none is near. */
export function unknownKeyFault(key: string, known: readonly string[]): ValueFault {
  const near = nearest(key, known)
  return { message: 'unknown key', hint: near ? `did you mean "${near}"?` : `known keys are ${known.join(', ')}` }
}
