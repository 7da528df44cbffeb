import type { Automaton } from '../automaton/automaton.ts'
import { EDGE_FIRST_MOVE, EDGE_MOVES, EDGE_NEXT, HERE, NO_MATCH, UNKNOWN } from '../automaton/tables.ts'
import type { Machine } from './machine.ts'

/**
 * Leaps are learned from so many lines. The first says where they may be, the others where they are too long: what stood in
 * all of them will stand in the next.
 */
export const LESSONS = 16
/** After so many runs it is looked whether leaps hold; where one of so many runs met a leap that did not, there are as many lessons again. */
const RUNS_MIN = 1024
const RUNS_OF_FAILED = 8
/** Each time it is looked after twice as many runs as the time before, up to this. */
const RUNS_MAX = 65_536
/** A leap that holds in every other line only is given up. */
const MISSES_MAX = LESSONS / 2
/** Fewer bytes are as fast one by one, where no register is set among them. */
const WIDTH_MIN = 4
const MARK_WORTH = 2
const RUN_MIN = 4

/** How a leap lies in memory, in bytes: behind its width what is tried behind it, its row, and the bytes that its marks take. */
const WIDTH_MAX = 16
const SECOND = 16
const WIDTH = 32
const THEN = 36
const MARKS = 48
const MARKS_MAX = 4
const LEAP_BYTES = MARKS + 4 * MARKS_MAX

/** How often an automaton ran, and how often a leap of it did not hold. */
interface Experience {
  readonly runs: number
  readonly failed: number
}

/** The leap of a row, or behind the skip of one. */
interface Leap {
  /** Where it lies. */
  readonly at: number
  width: number
  /** The row where it leads. */
  to: number
  marks: readonly Mark[]
  /** How many more lessons it did not hold at all in than it did. */
  misses: number
}

/** A register that is set to the place of a byte. */
interface Mark {
  readonly offset: number
  readonly register: number
}

/** What is known of a row: its skip, or else its leap, or the one behind its skip; null where that was given up. */
interface Known {
  skipAt: number | undefined
  leap: Leap | null | undefined
}

/**
 * Where an automaton need not be run byte by byte. Many bytes lead only from one state to the next: those of a date, or of "Failed
 * password for". A *leap* takes up to 16 of them at once; it has for each the least byte, how far above it others may be, the
 * row where all of them lead together, and the registers that are set on the way: " from " and the digit behind it end one group
 * and begin another. Other bytes stay in their state until another comes: those of an address, or of `[^"]*`. A *skip* takes these 16
 * at a time; it has for each low half of a byte a bit for each high half with which it stays (ASCII only), and these bits.
 * Behind a skip comes a leap of its own.
 */
export class Leaps {
  readonly #automaton: Automaton
  readonly #machine: Machine
  /** Told of each cell that is written. */
  readonly #changed: (offset: number) => void
  /** By row. */
  readonly #known = new Map<number, Known>()
  #generation = 0
  #lessons = LESSONS
  #runsMin = RUNS_MIN

  constructor(automaton: Automaton, machine: Machine, changed: (offset: number) => void) {
    this.#automaton = automaton
    this.#machine = machine
    this.#changed = changed
  }

  /** Whether it is to be shown every line that matches. */
  get isLearning(): boolean {
    return this.#lessons > 0
  }

  /** Learns from a line that matches, or looks whether it still knows what it should. Gives whether experience is to be counted anew. */
  learn(start: number, end: number, { runs, failed }: Experience): boolean {
    if (this.isLearning) {
      this.#lessons--
      this.#learn(start, end)
      return !this.isLearning
    }
    if (runs < this.#runsMin) return false
    this.#runsMin = Math.min(2 * this.#runsMin, RUNS_MAX)
    if (failed * RUNS_OF_FAILED > runs) this.#lessons = LESSONS
    return true
  }

  /** Where a run begins, where edges lead, and behind leaps. */
  #learn(start: number, end: number): void {
    const { tables } = this.#automaton
    if (tables.generation !== this.#generation) this.#known.clear()
    this.#generation = tables.generation
    let row = tables.start
    let isDue = true
    for (let at = start; at < end; ) {
      if (isDue) {
        const known = this.#knownOf(row, at, end)
        if (known.skipAt !== undefined) while (at < end && this.#cellAt(row, at) === row) at++
        if (at === end) return
        const width = this.#teach(known, row, at, end)
        for (const to = at + width; at < to; at++) row = this.#nextRow(this.#cellAt(row, at))
        if (width > 0) continue
      }
      const cell = this.#cellAt(row, at)
      row = this.#nextRow(cell)
      if (cell === UNKNOWN || row <= NO_MATCH) return
      isDue = cell < 0
      at++
    }
  }

  #knownOf(row: number, start: number, end: number): Known {
    const known = this.#known.get(row) ?? { skipAt: undefined, leap: undefined }
    // Where there was nothing to skip there may be in another line.
    if (known.skipAt === undefined) this.#teachSkip(known, row, start, end)
    return known
  }

  /** Gives the width of the leap that there is from a row, and holds in this line. */
  #teach(known: Known, row: number, start: number, end: number): number {
    if (known.leap === null) return 0
    if (known.leap) return this.#shorten(known.leap, known, row, start, end)
    const leap = this.#newLeap(row, start, end)
    if (!leap) return 0
    known.leap = leap
    this.#known.set(row, known)
    this.#lead(known, row, leap.at)
    return leap.width
  }

  #teachSkip(known: Known, row: number, start: number, end: number): void {
    let run = 0
    while (start + run < end && this.#cellAt(row, start + run) === row) run++
    if (run < RUN_MIN) return
    const skip = new Uint8Array(LEAP_BYTES)
    for (let byte = 0; byte < 128; byte++) if (this.#cellOf(row, byte) === row) skip[byte & 15]! |= 1 << (byte >> 4)
    for (let high = 0; high < 8; high++) skip[SECOND + high] = 1 << high
    const at = this.#machine.allocate(LEAP_BYTES)
    this.#machine.bytes.set(skip, at)
    known.skipAt = at
    this.#known.set(row, known)
    this.#leadRow(row, at)
    if (known.leap) this.#lead(known, row, known.leap.at)
  }

  #newLeap(row: number, start: number, end: number): Leap | undefined {
    const bytes = new Uint8Array(LEAP_BYTES)
    const marks: Mark[] = []
    let to = row
    let width = 0
    for (; start + width < end && width < WIDTH_MAX; width++) {
      const cell = this.#cellAt(to, start + width)
      const next = this.#nextRow(cell)
      const registers = cell < 0 ? this.#registersSet(cell) : []
      if (next <= NO_MATCH || !registers || marks.length + registers.length > MARKS_MAX) break
      for (const register of registers) marks.push({ offset: width, register })
      let least = this.#machine.bytes[start + width]!
      let most = least
      while (least > 0 && this.#cellOf(to, least - 1) === cell) least--
      while (most < 255 && this.#cellOf(to, most + 1) === cell) most++
      bytes[width] = least
      bytes[SECOND + width] = most - least
      to = next
    }
    if (!isWorth(width, marks)) return undefined
    const at = this.#machine.allocate(LEAP_BYTES)
    this.#machine.bytes.set(bytes, at)
    return this.#write({ at, width, to, marks, misses: 0 })
  }

  /** Makes a leap no longer than it holds in this line too, unless it is one for other lines. Gives its width in this one. */
  #shorten(leap: Leap, known: Known, row: number, start: number, end: number): number {
    let to = row
    let width = 0
    while (width < leap.width && start + width < end && this.#holdsAt(leap, width, start)) {
      to = this.#nextRow(this.#cellAt(to, start + width))
      width++
    }
    const marks = leap.marks.filter(({ offset }) => offset < width)
    if (!isWorth(width, marks)) {
      if (++leap.misses === MISSES_MAX) {
        known.leap = null
        this.#lead(known, row, 0)
      }
      return 0
    }
    leap.misses = Math.max(0, leap.misses - 1)
    if (width < leap.width) {
      leap.width = width
      leap.to = to
      leap.marks = marks
      this.#write(leap)
    }
    return width
  }

  #holdsAt({ at }: Leap, offset: number, start: number): boolean {
    const { bytes } = this.#machine
    const above = bytes[start + offset]! - bytes[at + offset]!
    return above >= 0 && above <= bytes[at + SECOND + offset]!
  }

  /** Writes down how wide a leap is, where it leads, and what it sets. */
  #write(leap: Leap): Leap {
    const { at, width, to, marks } = leap
    const { bytes, words } = this.#machine
    const { tables } = this.#automaton
    // Whatever comes behind it.
    bytes.fill(0, at + width, at + WIDTH_MAX)
    bytes.fill(255, at + SECOND + width, at + SECOND + WIDTH_MAX)
    words.set([width, tables.cells[(to + tables.leap) >>> 2]!, to, 4 * marks.length], (at + WIDTH) >>> 2)
    const texts = marks.map(({ offset, register }) => (offset << 24) | (4 * register))
    words.set(texts, (at + MARKS) >>> 2)
    return leap
  }

  /** Has a leap tried from a row, or behind its skip. */
  #lead({ skipAt }: Known, row: number, leapAt: number): void {
    if (skipAt === undefined) this.#leadRow(row, leapAt)
    else this.#machine.words[(skipAt + THEN) >>> 2] = leapAt
  }

  #leadRow(row: number, leapAt: number): void {
    const { tables } = this.#automaton
    tables.cells[(row + tables.leap) >>> 2] = leapAt
    this.#changed(row + tables.leap)
    for (const { leap } of this.#known.values()) if (leap?.to === row) this.#machine.words[(leap.at + THEN) >>> 2] = leapAt
  }

  /** The registers that an edge sets to the place of its byte; undefined where it does anything else. */
  #registersSet(cell: number): readonly number[] | undefined {
    const { edges } = this.#automaton.tables
    const registers: number[] = []
    const from = ~cell + EDGE_FIRST_MOVE
    for (let move = from; move < from + 2 * edges[~cell + EDGE_MOVES]!; move += 2) {
      if (edges[move + 1] !== HERE) return undefined
      registers.push(edges[move]!)
    }
    return registers
  }

  /** Where a cell leads. */
  #nextRow(cell: number): number {
    return cell >= 0 ? cell : this.#automaton.tables.edges[~cell + EDGE_NEXT]!
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

function isWorth(width: number, marks: readonly Mark[]): boolean {
  return width + MARK_WORTH * marks.length >= WIDTH_MIN
}
