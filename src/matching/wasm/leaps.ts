import type { Automaton } from '../automaton/automaton.ts'
import { EDGE_NEXT, NO_MATCH, UNKNOWN } from '../automaton/tables.ts'
import type { Machine } from './machine.ts'

/**
 * Leaps are learned from so many lines. The first says where they may be, the others where they are too long: what stood in
 * all of them will stand in the next.
 */
export const LESSONS = 16
/** Fewer bytes are as fast one by one. */
const WIDTH_MIN = 4
const RUN_MIN = 6

/** How a leap lies in memory, in bytes; its width comes behind its row. A skip is as long. */
const WIDTH_MAX = 16
const SECOND = 16
const ROW = 32
const LEAP_BYTES = 40
/** In place of its width. */
const SKIP = 0

/** What is known of a row: where its leap lies, and how wide it is; undefined where none holds. */
type Known = { readonly at: number; readonly width: number } | undefined

/**
 * Where an automaton need not be run byte by byte. Many bytes lead only from one state to the next: those of a date, or of "Failed
 * password for". A *leap* takes up to 16 of them at once; it has for each the least byte, how far above it others may be, and
 * the row where all of them lead together. Others stay in their state until another comes: those of an address, or of `[^"]*`. A
 * *skip* takes these 16 at a time; it has for each low half of a byte a bit for each high half with which it stays (ASCII only),
 * and these bits.
 */
export class Leaps {
  readonly #automaton: Automaton
  readonly #machine: Machine
  /** Told of each cell that is written. */
  readonly #changed: (offset: number) => void
  readonly #known = new Map<number, Known>()
  #generation = 0
  #lessons = LESSONS

  constructor(automaton: Automaton, machine: Machine, changed: (offset: number) => void) {
    this.#automaton = automaton
    this.#machine = machine
    this.#changed = changed
  }

  /** Learns from a line that matches: where a run begins, where edges lead, and behind another leap. */
  learn(start: number, end: number): void {
    if (this.#lessons === 0) return
    this.#lessons--
    const { tables } = this.#automaton
    if (tables.generation !== this.#generation) this.#known.clear()
    this.#generation = tables.generation
    let row = tables.start
    let due = start
    for (let at = start; at < end; at++) {
      if (at === due) due = at + this.#teach(row, at, end)
      const cell = this.#cellAt(row, at)
      if (cell === UNKNOWN) return
      row = cell > 0 ? cell : tables.edges[~cell + EDGE_NEXT]!
      if (row <= NO_MATCH) return
      if (cell < 0) due = at + 1
    }
  }

  /** Gives the width of the leap that there is from a row. */
  #teach(row: number, start: number, end: number): number {
    const known = this.#known.has(row)
      ? this.#shortened(row, start, end)
      : (this.#newSkip(row, start, end) ?? this.#newLeap(row, start, end))
    if (known) this.#known.set(row, known)
    return known?.width ?? 0
  }

  #newSkip(row: number, start: number, end: number): Known {
    let run = 0
    while (start + run < end && this.#cellAt(row, start + run) === row) run++
    if (run < RUN_MIN) return undefined
    const skip = new Uint8Array(LEAP_BYTES)
    for (let byte = 0; byte < 128; byte++) if (this.#cellOf(row, byte) === row) skip[byte & 15]! |= 1 << (byte >> 4)
    for (let high = 0; high < 8; high++) skip[SECOND + high] = 1 << high
    const at = this.#machine.allocate(LEAP_BYTES)
    this.#machine.bytes.set(skip, at)
    this.#lead(row, at)
    return { at, width: SKIP }
  }

  #newLeap(row: number, start: number, end: number): Known {
    const leap = new Uint8Array(LEAP_BYTES)
    let to = row
    let width = 0
    for (; start + width < end && width < WIDTH_MAX; width++) {
      const next = this.#cellAt(to, start + width)
      if (next <= 0) break
      let least = this.#machine.bytes[start + width]!
      let most = least
      while (least > 0 && this.#cellOf(to, least - 1) === next) least--
      while (most < 255 && this.#cellOf(to, most + 1) === next) most++
      leap[width] = least
      leap[SECOND + width] = most - least
      to = next
    }
    if (width < WIDTH_MIN) return undefined
    leap.fill(255, SECOND + width, SECOND + WIDTH_MAX)
    const at = this.#machine.allocate(LEAP_BYTES)
    this.#machine.bytes.set(leap, at)
    this.#machine.words.set([to, width], (at + ROW) >>> 2)
    this.#lead(row, at)
    return { at, width }
  }

  /** The leap that is known, no longer than it holds in this line too. */
  #shortened(row: number, start: number, end: number): Known {
    const known = this.#known.get(row)
    if (!known || known.width === SKIP) return known
    const { bytes, words } = this.#machine
    const { at } = known
    let to = row
    let width = 0
    while (width < known.width && start + width < end) {
      const above = bytes[start + width]! - bytes[at + width]!
      if (above < 0 || above > bytes[at + SECOND + width]!) break
      to = this.#cellAt(to, start + width)
      width++
    }
    if (width === known.width) return known
    if (width < WIDTH_MIN) {
      this.#known.set(row, undefined)
      this.#lead(row, 0)
      return undefined
    }
    bytes.fill(0, at + width, at + WIDTH_MAX)
    bytes.fill(255, at + SECOND + width, at + SECOND + WIDTH_MAX)
    words.set([to, width], (at + ROW) >>> 2)
    return { at, width }
  }

  #lead(row: number, leapAt: number): void {
    const { tables } = this.#automaton
    tables.cells[(row + tables.leap) >>> 2] = leapAt
    this.#changed(row + tables.leap)
  }

  #cellAt(row: number, at: number): number {
    return this.#cellOf(row, this.#machine.bytes[at]!)
  }

  /** Made where it is not known, unless that would make the automaton forget. */
  #cellOf(row: number, byte: number): number {
    const { tables } = this.#automaton
    const column = tables.columnOf[byte]!
    const cell = tables.cells[(row + column) >>> 2]!
    if (cell !== UNKNOWN || tables.isFull) return cell
    const made = tables.step(row, column)
    this.#changed(row + column)
    return made
  }
}
