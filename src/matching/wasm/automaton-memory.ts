import type { Automaton } from '../automaton/automaton.ts'
import { NO_MATCH, NOWHERE } from '../automaton/tables.ts'
import { Leaps } from './leaps.ts'
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
/** Two words. */
const RUNS = 36
const COLUMNS = 44

/**
 * The tables of an automaton as they lie in a machine's memory, where WebAssembly runs on them:
 *
 *     cells, edges, registers    where they lie
 *     start, end of line, leap   a row and two columns
 *     slots                      where, for the slots of the last match, the numbers of their registers lie
 *     from, to                   the line of the last run
 *     runs, failed               how often it ran, and how often a leap did not hold, since JavaScript looked
 *     columns                    16 bits for each byte
 *
 * They are a copy of what the automaton has, and brought up to date whenever it has made a new cell; nobody else may run
 * the automaton. In the column for leaps stands where one lies, see leaps.ts.
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
  readonly #leaps: Leaps

  constructor(automaton: Automaton, machine: Machine, code: AutomataCode) {
    const { tables } = automaton
    this.#automaton = automaton
    this.#machine = machine
    this.#code = code
    this.at = machine.allocate(COLUMNS + tables.columnOf.byteLength)
    machine.words[(this.at + START) >>> 2] = tables.start
    machine.words[(this.at + END_OF_LINE) >>> 2] = tables.endOfLine
    machine.words[(this.at + LEAP) >>> 2] = tables.leap
    machine.words.fill(0, (this.at + RUNS) >>> 2, (this.at + COLUMNS) >>> 2)
    machine.bytes.set(new Uint8Array(tables.columnOf.buffer), this.at + COLUMNS)
    this.#update(0)
    this.#leaps = new Leaps(automaton, machine, (offset) => this.#update(offset))
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

  /** Learns leaps from a line that matches. Gives whether it is to be shown the next one too. */
  learn(start: number, end: number): boolean {
    const counts = (this.at + RUNS) >>> 2
    const [runs, failed] = this.#machine.words.subarray(counts, counts + 2)
    if (this.#leaps.learn(start, end, { runs: runs!, failed: failed! })) this.#machine.words.fill(0, counts, counts + 2)
    return this.#leaps.isLearning
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
