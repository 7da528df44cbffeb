import type { Instant } from '../base/units.ts'
import { parseTimestamp, type Written } from './timestamp.ts'

/** `Nov 21 10:00:00 `, the blank behind it included: nothing after that can change what it says. */
const SYSLOG_BYTES = 16
const SPACE = 32
const COLON = 58

/**
 * Says when lines of one block were written, as `parseTimestamp` does. Lines that stand together are often of the same second, and
 * syslog's date (RFC 3164) stands first: where it is the one that was read before, the line is not made a string.
 */
export class LineDates {
  readonly #text: Buffer
  readonly #written: Written
  /** Where the syslog date stands that was read last, and what it says. */
  #known = -1
  #knownAt: Instant | undefined

  /** The bytes must stay what they are. */
  constructor(text: Buffer, written: Written) {
    this.#text = text
    this.#written = written
  }

  /** When the line was written that stands there, or what was made of it; undefined where that does not say. */
  of(start: number, end: number, made?: string): Instant | undefined {
    if (made !== undefined) return parseTimestamp(made, this.#written)
    if (this.#isSyslogDate(start, end)) {
      if (this.#isKnown(start)) return this.#knownAt
      const at = parseTimestamp(this.#text.toString('latin1', start, start + SYSLOG_BYTES), this.#written)
      if (at !== undefined) {
        this.#known = start
        this.#knownAt = at
        return at
      }
    }
    return parseTimestamp(this.#text.toString('latin1', start, end), this.#written)
  }

  /** Whether a date of this form and no other can stand there. */
  #isSyslogDate(start: number, end: number): boolean {
    const text = this.#text
    return (
      end - start >= SYSLOG_BYTES &&
      text[start + 3] === SPACE &&
      text[start + 6] === SPACE &&
      text[start + 9] === COLON &&
      text[start + 12] === COLON &&
      text[start + 15] === SPACE
    )
  }

  /** Compared from behind, as seconds differ first. */
  #isKnown(start: number): boolean {
    if (this.#known < 0) return false
    const text = this.#text
    let i = SYSLOG_BYTES - 2
    while (i >= 0 && text[start + i] === text[this.#known + i]) i--
    return i < 0
  }
}
