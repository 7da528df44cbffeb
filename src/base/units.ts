/** Milliseconds since the Unix epoch. Only `daemon/` asks a clock for one; everything else is told. */
export type Instant = number

/** The end of a ban: an instant, or `FOR_LIFE`. As JSON and in the database: null for life. */
export type Until = number

/** No end. Chosen so that `Math.max` of several ends needs no special case. */
export const FOR_LIFE: Until = Number.POSITIVE_INFINITY

export const SECOND_MS = 1_000
export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000

/** What JSON can say, and nothing more: kept data, positions and parameters are made of it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** ISO 8601 in UTC, to the millisecond; null for life. */
export function isoTime(at: Instant): string
export function isoTime(at: Until): string | null
export function isoTime(at: number): string | null {
  return at === FOR_LIFE ? null : new Date(at).toISOString()
}
