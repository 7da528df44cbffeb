import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS, SECOND_MS } from '../base/units.ts'
import { instantOfWall } from './local-time.ts'

/** What a date is to be understood by, where it does not say all. */
export interface Written {
  /** The line was there by then: a date without a year is the latest that is not after it (by more than a day). */
  readonly by: Instant
  /** An IANA name or `+02:00`, for dates without a zone; this machine's zone where undefined. */
  readonly zone?: string | undefined
}

/**
 * When a line says that it was written; undefined where it says nothing that we know. The date is looked for only where
 * programs write it, so that no text of a stranger can pass for one:
 *
 *     Nov 21 10:00:00 host ...                     syslog (RFC 3164), also with a fraction, or a year after the day
 *     2026-11-21T10:00:00.123+01:00 ...            ISO 8601; a space for the T, a comma, +0100, Z, a slash for - (nginx) will do
 *     <38>1 2026-11-21T10:00:00Z host ...          syslog (RFC 5424), and any of the above after <PRI>
 *     Sat Nov 21 10:00:00 2026 ...                 asctime, date(1), and `journalctl -o short-full`
 *     21-Nov-2026 10:00:00.123 ...                 BIND; with spaces for the dashes, Redis, which writes `4711:M ` before it
 *     t=2026-11-21T10:00:00.123Z ...               Grafana, also behind its context; ts= and time=, also quoted, of other programs
 *     1795255200.123 ...                           seconds since 1970 (Squid)
 *     @400000006b...                               TAI64N
 *     [Sat Nov 21 10:00:00.123456 2026] ...        any of the above in brackets at the start (Apache, Unbound, PHP)
 *     192.0.2.1 - - [21/Nov/2026:10:00:00 +0000] " access logs: the bracket before the first quotation mark, else the first one
 */
export function parseTimestamp(line: string, written: Written): Instant | undefined {
  let start = 0
  if (line.charCodeAt(0) === LESS) start = afterPriority(line)
  else if (line.charCodeAt(0) === BRACKET) start = 1
  const first = line.charCodeAt(start)
  let at: Instant | undefined
  if (isDigit(first)) at = parseNumeric(line, start, written)
  else if (first === AT) at = parseTai(line, start + 1)
  else if (isUpper(first)) at = parseNamed(line, start, written)
  else if (first === LOWER_L || first === LOWER_T) at = parseLogfmt(line, start, written)
  return at ?? parseAccess(line, written)
}

const SPACE = 32
const PLUS = 43
const COMMA = 44
const DASH = 45
const DOT = 46
const SLASH = 47
const COLON = 58
const LESS = 60
const AT = 64
const UPPER_T = 84
const UPPER_Z = 90
const BRACKET = 91
const CLOSING_BRACKET = 93
const LOWER_L = 108
const LOWER_T = 116

/** How far into a line a bracket is looked for, where none stands right before a quotation mark. */
const ACCESS_DATE_WITHIN = 200
/** `21/Nov/2026:10:00:00 +0000` */
const ACCESS_DATE_LENGTH = 26
/** TAI64 begins 2^62 seconds before 1970, and TAI was 10 seconds ahead of UTC then; later leap seconds are not written. */
const TAI_HIGH = 0x40000000
const TAI_AHEAD_SECONDS = 10
/** A leap day is 8 years from the next at most (1896 to 1904, 2096 to 2104). */
const LEAP_DAY_WITHIN_YEARS = 8

/** Behind `<38>`, and `1 ` of RFC 5424. */
function afterPriority(line: string): number {
  const end = line.indexOf('>')
  if (end < 0 || end > 4) return 0
  return line.charCodeAt(end + 1) === 49 && line.charCodeAt(end + 2) === SPACE ? end + 3 : end + 1
}

// Dates that begin with a digit

function parseNumeric(line: string, start: number, written: Written): Instant | undefined {
  const separator = line.charCodeAt(start + 4)
  if (separator === DASH || separator === SLASH) return parseIso(line, start, separator, written)
  const next = line.charCodeAt(start + 2)
  if (next === DASH || next === SPACE) return parseDayFirst(line, start, written)
  return parseEpoch(line, start) ?? parseDayFirst(line, afterRole(line, start), written)
}

/** `2026-11-21T10:00:00.123+01:00` */
function parseIso(line: string, start: number, separator: number, written: Written): Instant | undefined {
  if (line.charCodeAt(start + 7) !== separator) return undefined
  const between = line.charCodeAt(start + 10)
  if (between !== UPPER_T && between !== SPACE) return undefined
  const day = dayNumber(fourDigits(line, start), twoDigits(line, start + 5), twoDigits(line, start + 8))
  const time = timeOfDay(line, start + 11)
  return day === undefined || time === undefined
    ? undefined
    : inZone(day * DAY_MS + time, line, afterTime(line, start + 11), written)
}

/** `21/Nov/2026:10:00:00 +0000`, `21-Nov-2026 10:00:00.123`, `21 Nov 2026 10:00:00.123` */
function parseDayFirst(line: string, start: number, written: Written): Instant | undefined {
  const separator = line.charCodeAt(start + 2)
  if ((separator !== SLASH && separator !== DASH && separator !== SPACE) || line.charCodeAt(start + 6) !== separator)
    return undefined
  const between = line.charCodeAt(start + 11)
  if (between !== COLON && between !== SPACE) return undefined
  const day = dayNumber(fourDigits(line, start + 7), monthNamed(line, start + 3), twoDigits(line, start))
  const time = timeOfDay(line, start + 12)
  return day === undefined || time === undefined
    ? undefined
    : inZone(day * DAY_MS + time, line, afterTime(line, start + 12), written)
}

/** Behind a process id and what it is to Redis: `4711:M `. */
function afterRole(line: string, start: number): number {
  let at = start
  while (isDigit(line.charCodeAt(at))) at++
  return line.charCodeAt(at) === COLON && isUpper(line.charCodeAt(at + 1)) && line.charCodeAt(at + 2) === SPACE ? at + 3 : start
}

/** `t=2026-11-21T10:00:00Z level=info ...`; the context of Grafana names a user, whose name has no blank there. */
function parseLogfmt(line: string, start: number, written: Written): Instant | undefined {
  logfmt.lastIndex = start
  return logfmt.test(line) ? parseNumeric(line, logfmt.lastIndex, written) : undefined
}

const logfmt = /(?:logger=[\w.-]+ (?:userId=\d+ orgId=\d+ uname=[^ "]* )?)?(?:t|ts|time)="?(?=\d)/y

/** `1795255200.123`: ten digits, so from 2001 to 2286. */
function parseEpoch(line: string, start: number): Instant | undefined {
  let seconds = 0
  let end = start
  for (; isDigit(line.charCodeAt(end)); end++) seconds = seconds * 10 + line.charCodeAt(end) - 48
  if (end - start !== 10) return undefined
  const fraction = fractionOf(line, end)
  const next = line.charCodeAt(afterFraction(line, end))
  return next === SPACE || next === CLOSING_BRACKET || next === 9 || Number.isNaN(next)
    ? seconds * SECOND_MS + fraction
    : undefined
}

/** `@` and 24 hexadecimal digits: 16 of seconds, 8 of nanoseconds. */
function parseTai(line: string, start: number): Instant | undefined {
  const label = line.slice(start, start + 24)
  if (!/^[\da-f]{24}$/.test(label)) return undefined
  const high = Number.parseInt(label.slice(0, 8), 16) - TAI_HIGH
  const seconds = high * 2 ** 32 + Number.parseInt(label.slice(8, 16), 16) - TAI_AHEAD_SECONDS
  const at = seconds * SECOND_MS + Math.floor(Number.parseInt(label.slice(16), 16) / 1e6)
  return Math.abs(at) <= 8.64e15 ? at : undefined
}

// Dates that begin with a name

/** `Nov 21 10:00:00`, `Nov 21 2026 10:00:00`, `Sat Nov 21 10:00:00 2026`, `Sat 2026-11-21 10:00:00 UTC` */
function parseNamed(line: string, start: number, written: Written): Instant | undefined {
  let at = start
  const hasWeekday = weekdays.has(line.slice(at, at + 4))
  if (hasWeekday) {
    at += 4
    if (isDigit(line.charCodeAt(at))) return parseNumeric(line, at, written)
  }
  const month = monthNamed(line, at)
  if (month < 1 || line.charCodeAt(at + 3) !== SPACE) return undefined
  // The day has two places, the first of which may be a space or missing.
  at += line.charCodeAt(at + 4) === SPACE ? 5 : 4
  let day = line.charCodeAt(at) - 48
  if (day < 0 || day > 9) return undefined
  if (isDigit(line.charCodeAt(++at))) day = day * 10 + line.charCodeAt(at++) - 48
  if (line.charCodeAt(at++) !== SPACE) return undefined
  let year = -1
  if (line.charCodeAt(at + 4) === SPACE) {
    year = fourDigits(line, at)
    at += 5
  }
  const time = timeOfDay(line, at)
  if (time === undefined) return undefined
  let end = afterTime(line, at)
  if (hasWeekday && year < 0) {
    // The year stands last, date(1)'s zone before it.
    const zoneEnd = afterZoneName(line, end)
    year = line.charCodeAt(zoneEnd) === SPACE ? fourDigits(line, zoneEnd + 1) : -1
    if (year < 0) end = afterTime(line, at)
  }
  if (year < 0) return withoutYear(month, day, time, written)
  const days = dayNumber(year, month, day)
  return days === undefined ? undefined : inZone(days * DAY_MS + time, line, end, written)
}

/** The latest year that makes the date no later than a day after it was there (clocks differ, zones more so). */
function withoutYear(month: number, day: number, time: number, { by, zone }: Written): Instant | undefined {
  const latest = by + DAY_MS
  const lastYear = yearOf(latest + DAY_MS)
  for (let year = lastYear; year >= lastYear - LEAP_DAY_WITHIN_YEARS - 1; year--) {
    const days = dayNumber(year, month, day)
    if (days === undefined) continue
    const at = instantOfWall(days * DAY_MS + time, zone)
    if (at <= latest) return at
  }
  return undefined
}

// Access logs

/**
 * The bracket right before the request's quotation mark is the server's; one before it may belong to a user's name, which
 * is the peer's own. Where there is no date, the first bracket before the quotation mark that holds one.
 */
function parseAccess(line: string, written: Written): Instant | undefined {
  const quote = line.indexOf('"')
  const before = quote - ACCESS_DATE_LENGTH - 3
  if (before >= 0 && line.charCodeAt(before) === BRACKET) {
    const at = parseDayFirst(line, before + 1, written)
    if (at !== undefined) return at
  }
  const within = quote < 0 ? ACCESS_DATE_WITHIN : Math.min(quote, ACCESS_DATE_WITHIN)
  for (let bracket = line.indexOf('['); bracket >= 0 && bracket < within; bracket = line.indexOf('[', bracket + 1)) {
    const at = parseDayFirst(line, bracket + 1, written)
    if (at !== undefined) return at
  }
  return undefined
}

// Pieces

/** Applies the zone that stands at `end`, `Z`, `+01:00`, ` +0100` or ` UTC`, else the one that we were told. */
function inZone(wall: number, line: string, end: number, { zone }: Written): Instant {
  let at = end
  let first = line.charCodeAt(at)
  if (first === UPPER_Z) return wall
  if (first === SPACE) first = line.charCodeAt(++at)
  if (first === PLUS || first === DASH) {
    const hours = twoDigits(line, at + 1)
    const minutes = twoDigits(line, at + (line.charCodeAt(at + 3) === COLON ? 4 : 3))
    if (hours >= 0 && minutes >= 0) {
      const ahead = hours * HOUR_MS + minutes * MINUTE_MS
      return first === DASH ? wall + ahead : wall - ahead
    }
  } else if (isUpper(first)) {
    const name = line.slice(at, at + 4).trimEnd()
    if (name === 'UTC' || name === 'GMT') return wall
  }
  return instantOfWall(wall, zone)
}

/** Behind ` CET`, where such a name stands. */
function afterZoneName(line: string, start: number): number {
  let at = start + 1
  while (isUpper(line.charCodeAt(at))) at++
  return line.charCodeAt(start) === SPACE && at >= start + 4 ? at : start
}

/** Milliseconds since midnight of `10:00:00.123`. A leap second is the first of the next minute. */
function timeOfDay(line: string, start: number): number | undefined {
  const hours = twoDigits(line, start)
  const minutes = twoDigits(line, start + 3)
  const seconds = twoDigits(line, start + 6)
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 60) return undefined
  if (line.charCodeAt(start + 2) !== COLON || line.charCodeAt(start + 5) !== COLON) return undefined
  return hours * HOUR_MS + minutes * MINUTE_MS + seconds * SECOND_MS + fractionOf(line, start + 8)
}

function afterTime(line: string, start: number): number {
  return afterFraction(line, start + 8)
}

/** Milliseconds of `.123456` or `,123`; what is finer is cut off. */
function fractionOf(line: string, start: number): number {
  if (!isFractionMark(line.charCodeAt(start))) return 0
  let ms = 0
  let unit = 100
  for (let at = start + 1; unit >= 1 && isDigit(line.charCodeAt(at)); at++) {
    ms += (line.charCodeAt(at) - 48) * unit
    unit /= 10
  }
  return ms
}

function afterFraction(line: string, start: number): number {
  if (!isFractionMark(line.charCodeAt(start))) return start
  let at = start + 1
  while (isDigit(line.charCodeAt(at))) at++
  return at
}

function isFractionMark(code: number): boolean {
  return code === DOT || code === COMMA
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

function isUpper(code: number): boolean {
  return code >= 65 && code <= 90
}

/** -1 where there are no two digits. */
function twoDigits(line: string, at: number): number {
  const tens = line.charCodeAt(at) - 48
  const ones = line.charCodeAt(at + 1) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1
}

function fourDigits(line: string, at: number): number {
  const high = twoDigits(line, at)
  const low = twoDigits(line, at + 2)
  return high >= 0 && low >= 0 ? high * 100 + low : -1
}

const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const monthByCode = new Map(monthNames.map((name, index) => [threeLetters(name, 0), index + 1]))
const weekdays: ReadonlySet<string> = new Set(['Mon ', 'Tue ', 'Wed ', 'Thu ', 'Fri ', 'Sat ', 'Sun '])

function threeLetters(text: string, at: number): number {
  return (text.charCodeAt(at) << 16) | (text.charCodeAt(at + 1) << 8) | text.charCodeAt(at + 2)
}

/** 1 to 12; -1 where no English month stands. */
function monthNamed(line: string, at: number): number {
  return monthByCode.get(threeLetters(line, at)) ?? -1
}

const daysOfMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** Days since 1970-01-01 in the Gregorian calendar; undefined where there is no such day. */
function dayNumber(year: number, month: number, day: number): number | undefined {
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysOfMonth[month - 1]!) return undefined
  if (day === 29 && month === 2 && !isLeap(year)) return undefined
  // Years are counted from March, so that the leap day is the last one.
  const from = month > 2 ? year : year - 1
  const leapDays = Math.floor(from / 4) - Math.floor(from / 100) + Math.floor(from / 400)
  return from * 365 + leapDays + Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1 - 719_468
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

/** The year in UTC; asked for with nearly the same instant again and again. */
function yearOf(at: Instant): number {
  if (at < yearStart || at >= yearEnd) {
    knownYear = new Date(at).getUTCFullYear()
    yearStart = Date.UTC(knownYear)
    yearEnd = Date.UTC(knownYear + 1)
  }
  return knownYear
}

let knownYear = 1970
let yearStart = 0
let yearEnd = 0
