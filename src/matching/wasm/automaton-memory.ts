import type { Automaton } from '../automaton/automaton.ts'
import { EDGE_NEXT, NO_MATCH, NOWHERE, UNKNOWN } from '../automaton/tables.ts'
import type { AutomataCode, Machine } from './machine.ts'

/** What a run gives where a cell is not known. */
const STUCK = 1
/** Offsets of what lies in memory, see below. */
const CELLS = 0
const EDGES = 4
const REGISTERS = 8
const START = 12
const END_OF_LINE = 16
const LEAP = 20
const SLOTS = 24
const FROM = 28
const TO = 32
const COLUMNS = 36

/** Of a leap: 16 bytes that are the least, 16 that say how far others may be above them, its row, how many bytes it takes. */
const LEAP_WIDTH = 16
const LEAP_BYTES = 2 * LEAP_WIDTH + 8
/** Fewer bytes are as fast one by one. */
const WIDTH_MIN = 4
/** Leaps are learned from so many lines. */
const LESSONS = 8
/**
 * The tables of an automaton as they lie in a machine's memory, where WebAssembly runs on them:
 *
 *     cells, edges, registers    where they lie
 *     start, end of line, leap   a row and two columns
 *     slots                      where, for the slots of the last match, the numbers of their registers lie
 *     from, to                   the line of the last run
 *     columns                    16 bits for each byte
 *
 * They are a copy of what the automaton has, and brought up to date whenever it has made a new cell; nobody else may run
 * the automaton.
 *
 * Many bytes lead only from one state to the next: those of a date, or of "Failed password for". A leap takes up to 16 of
 * them at once: it says for each the least byte and how far above it others may be, and the row where all of them lead to
 * together. Which leaps are worth it is learned from the first lines that match.
 */
export class AutomatonMemory {
  /** Where it lies. */
  readonly at: number
  readonly #automaton: Automaton
  readonly #machine: Machine
  readonly #code: AutomataCode
  #cells = 0
  #cellsBytes = 0
  #edges = 0
  #edgesBytes = 0
  #edgesEnd = 0
  #registers = 0
  #registersBytes = 0
  #generation = -1
  #lessons = LESSONS

  constructor(automaton: Automaton, machine: Machine, code: AutomataCode) {
    const { tables } = automaton
    this.#automaton = automaton
    this.#machine = machine
    this.#code = code
    this.at = machine.allocate(COLUMNS + tables.columnOf.byteLength)
    machine.words[(this.at + START) >>> 2] = tables.start
    machine.words[(this.at + END_OF_LINE) >>> 2] = tables.endOfLine
    machine.words[(this.at + LEAP) >>> 2] = tables.leap
    machine.bytes.set(new Uint8Array(tables.columnOf.buffer), this.at + COLUMNS)
    this.#update(0)
  }

  /** Whether the line matches; if so, `slot` tells where. */
  run(start: number, end: number): boolean {
    const code = this.#code
    let outcome = code.run(this.at, start, end)
    while (outcome === STUCK) outcome = code.resume(this.helpOn())
    return outcome !== NO_MATCH
  }

  /** Makes the cell that a run is stuck on, and gives what is in it. */
  helpOn(): number {
    const row = this.#code.stuckRow()
    const column = this.#code.stuckColumn()
    const cell = this.#automaton.tables.step(row, column)
    this.#update(row + column)
    return cell
  }

  /** Learns leaps from a line that matches: from where a run begins, and from where edges lead. */
  learn(start: number, end: number): void {
    if (this.#lessons === 0) return
    this.#lessons--
    const { tables } = this.#automaton
    let row = tables.start
    this.#learnLeap(row, start, end)
    for (let at = start; at < end; at++) {
      const cell = this.#cellAt(row, at)
      if (cell === UNKNOWN) return
      row = cell > 0 ? cell : tables.edges[~cell + EDGE_NEXT]!
      if (row <= NO_MATCH) return
      if (cell < 0) this.#learnLeap(row, at + 1, end)
    }
  }

  #cellAt(row: number, at: number): number {
    return this.#cellOf(row, this.#machine.bytes[at]!)
  }

  #cellOf(row: number, byte: number): number {
    const { tables } = this.#automaton
    const column = tables.columnOf[byte]!
    const cell = tables.cells[(row + column) >>> 2]!
    if (cell !== UNKNOWN || tables.isFull) return cell
    const made = tables.step(row, column)
    this.#update(row + column)
    return made
  }

  #learnLeap(from: number, start: number, end: number): void {
    const { tables } = this.#automaton
    if (tables.cells[(from + tables.leap) >>> 2] !== 0) return
    const leap = new Uint8Array(LEAP_BYTES)
    leap.fill(255, LEAP_WIDTH, 2 * LEAP_WIDTH)
    let row = from
    let width = 0
    for (let at = start; at < end && width < LEAP_WIDTH; at++, width++) {
      const next = this.#cellAt(row, at)
      if (next <= 0) break
      let least = this.#machine.bytes[at]!
      let most = least
      while (least > 0 && this.#cellOf(row, least - 1) === next) least--
      while (most < 255 && this.#cellOf(row, most + 1) === next) most++
      leap[width] = least
      leap[LEAP_WIDTH + width] = most - least
      row = next
    }
    if (width < WIDTH_MIN) return
    const leapAt = this.#machine.allocate(LEAP_BYTES)
    this.#machine.bytes.set(leap, leapAt)
    this.#machine.words.set([row, width], (leapAt + 2 * LEAP_WIDTH) >>> 2)
    tables.cells[(from + tables.leap) >>> 2] = leapAt
    this.#update(from + tables.leap)
  }

  ranOn(start: number, end: number): boolean {
    const { words } = this.#machine
    return words[(this.at + FROM) >>> 2] === start && words[(this.at + TO) >>> 2] === end
  }

  /** A slot of the last match: an address in memory, or -1. */
  slot(number: number): number {
    const { words } = this.#machine
    const slots = words[(this.at + SLOTS) >>> 2]! >>> 2
    return words[(this.#registers >>> 2) + words[slots + number]!]! | 0
  }

  /** Copies what is new: a cell, edges, or all. */
  #update(offset: number): void {
    const { cells, edges, edgesEnd, registers, generation } = this.#automaton.tables
    const isOther = generation !== this.#generation
    if (cells.byteLength > this.#cellsBytes) {
      this.#cellsBytes = cells.byteLength
      this.#cells = this.#place(CELLS, cells.byteLength)
      this.#machine.words.set(cells, this.#cells >>> 2)
    } else if (isOther) this.#machine.words.set(cells, this.#cells >>> 2)
    else this.#machine.words[(this.#cells + offset) >>> 2] = cells[offset >>> 2]!
    if (edges.byteLength > this.#edgesBytes) {
      this.#edgesBytes = edges.byteLength
      this.#edges = this.#place(EDGES, edges.byteLength)
      this.#edgesEnd = 0
    }
    if (isOther) this.#edgesEnd = 0
    this.#machine.words.set(edges.subarray(this.#edgesEnd, edgesEnd), (this.#edges >>> 2) + this.#edgesEnd)
    this.#edgesEnd = edgesEnd
    if (4 * registers > this.#registersBytes) {
      const from = this.#registers
      const byteLength = this.#registersBytes
      this.#registersBytes = 8 * registers
      this.#registers = this.#place(REGISTERS, this.#registersBytes)
      this.#machine.bytes.copyWithin(this.#registers, from, from + byteLength)
      this.#machine.words[(this.#registers >>> 2) + NOWHERE] = -1
    }
    this.#generation = generation
  }

  #place(field: number, byteLength: number): number {
    const at = this.#machine.allocate(byteLength)
    this.#machine.words[(this.at + field) >>> 2] = at
    return at
  }
}
