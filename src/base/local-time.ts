import type { Instant } from './units.ts'

/** ISO 8601 in the machine's time zone, with its offset, to the second: `2026-11-21T10:00:00+01:00`. */
export function localTime(at: Instant): string {
  const date = new Date(at)
  const offset = -date.getTimezoneOffset()
  const sign = offset < 0 ? '-' : '+'
  const hours = Math.floor(Math.abs(offset) / 60)
  return `${localDay(date)}T${localClock(date)}${sign}${two(hours)}:${two(Math.abs(offset) % 60)}`
}

/** The clock alone, `11:00:00`, where `at` is on the same local day as `near`; else the day too, `2026-11-22T11:00:00`. */
export function localTimeNear(at: Instant, near: Instant): string {
  const date = new Date(at)
  const day = localDay(date)
  return day === localDay(new Date(near)) ? localClock(date) : `${day}T${localClock(date)}`
}

const localDay = (date: Date) =>
  `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
const localClock = (date: Date) => `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
const two = (count: number) => String(count).padStart(2, '0')
