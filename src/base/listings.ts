import { DAY_MS, type Instant, type Until } from './units.ts'

/** One table on one day, counted in days since 1970 (UTC). */
export interface Listing {
  readonly day: number
  readonly table: string
}

/** The day of an instant, in UTC, as the count of days since 1970. */
export function dayOf(at: Instant): number {
  return Math.floor(at / DAY_MS)
}

/**
 * How often an address was listed from one instant to another: a listing is one table on one day, however long it was in
 * it that day. Our own tables are known from our bans, those of other machines from their snapshots.
 */
export function countListings(
  bans: readonly { readonly at: Instant; readonly until: Until; readonly table: string }[],
  snapshots: readonly Listing[],
  since: Instant,
  at: Instant,
): number {
  const [first, last] = [dayOf(since), dayOf(at)]
  const seen = new Set<string>()
  for (const { table, day } of snapshots) if (day >= first && day <= last) seen.add(`${day} ${table}`)
  for (const ban of bans) {
    // It was out of the table in the very moment of its end.
    const to = Math.min(last, dayOf(Math.max(ban.at, ban.until - 1)))
    for (let day = Math.max(first, dayOf(ban.at)); day <= to; day++) seen.add(`${day} ${ban.table}`)
  }
  return seen.size
}
