import { treeOf } from '../regex-tree.ts'
import { type Alphabet, alphabetOf } from './alphabet.ts'
import { InexpressibleError } from './inexpressible.ts'
import { type Program, programOf } from './program.ts'
import {
  EDGE_FIRST_MOVE,
  EDGE_FIRST_SLOT,
  EDGE_MOVES,
  EDGE_NEXT,
  HERE,
  MATCH,
  NO_MATCH,
  NOWHERE,
  START,
  Tables,
  UNKNOWN,
} from './tables.ts'
import { BYTE, EDGE, type Ways, WORD_BYTE, waysOf } from './ways.ts'

/** A regex that runs in time linear in the line, whatever the line, and finds what V8's RegExp finds. */
export interface Automaton {
  readonly kind: 'automaton'
  /** The numbers of the named groups. */
  readonly groups: ReadonlyMap<string, number>
  /** Those that are kept: what lines have reached so far. */
  readonly states: number
  /** What all calls of `match` took: a lookup a byte, the moves of registers, and what was looked at to make states. */
  readonly steps: number
  /** Makes all states that lines can reach and gives their number; undefined if they are more than are kept. */
  explore(): number | undefined
  /**
   * The leftmost match in the line `bytes[start, end)`: where the match (0) and group n begin and end, at 2n and 2n + 1,
   * counted as in `bytes`; -1 for a group that is undefined. Undefined if there is no match. The next call writes over what
   * it gives.
   */
  match(bytes: Uint8Array, start: number, end: number): Int32Array | undefined
  /** What it runs on, for those who run it themselves. */
  readonly tables: Tables
}

/** A regex that no automaton can run. */
export interface Inexpressible {
  readonly kind: 'inexpressible'
  readonly reason: string
}

/** The states that are kept; a full table takes some 300 KB. */
const STATES_MAX = 2_000

/**
 * Makes the automaton of a regex over bytes (one character a byte, as in latin1) without flags or with `i`. States are
 * made when a line reaches them.
 */
export function compileAutomaton(
  regex: RegExp,
  { statesMax = STATES_MAX }: { readonly statesMax?: number } = {},
): Automaton | Inexpressible {
  try {
    return new LazyAutomaton(regex, statesMax)
  } catch (error) {
    if (error instanceof InexpressibleError) return { kind: 'inexpressible', reason: error.message }
    throw error
  }
}

class LazyAutomaton implements Automaton {
  readonly kind = 'automaton'
  readonly groups: ReadonlyMap<string, number>
  readonly tables: Tables
  readonly #slots: Int32Array
  #registers = new Int32Array(16)
  #steps = 0

  constructor({ source, flags }: RegExp, statesMax: number) {
    if (flags !== '' && flags !== 'i') throw new InexpressibleError(`it has the flags "${flags}"`)
    const program = programOf(treeOf(source), flags === 'i')
    const alphabet = alphabetOf(program)
    const ways = waysOf(program)
    const start = program[canBeginLater(program, alphabet, ways) ? 'search' : 'start']
    this.groups = program.groupNames
    this.tables = new Tables(start, program, alphabet, ways, statesMax)
    this.#slots = new Int32Array(this.tables.slotCount)
  }

  get states(): number {
    return this.tables.states
  }

  get steps(): number {
    return this.#steps + this.tables.effort
  }

  explore(): number | undefined {
    return this.tables.explore() ? this.states : undefined
  }

  match(bytes: Uint8Array, start: number, end: number): Int32Array | undefined {
    const { tables } = this
    const { columnOf, endOfLine } = tables
    let row = tables.start
    let cell: number = UNKNOWN
    let at = start
    for (; row > NO_MATCH; at++) {
      const { cells } = tables
      // V8 makes this loop fast because nothing is called in it.
      for (; at < end; at++) {
        cell = cells[(row + columnOf[bytes[at]!]!) >>> 2]!
        if (cell <= UNKNOWN) break
        row = cell
      }
      const column = at < end ? columnOf[bytes[at]!]! : endOfLine
      if (at === end) cell = cells[(row + column) >>> 2]!
      if (cell === UNKNOWN) cell = tables.step(row, column)
      row = cell < UNKNOWN ? this.#takeEdge(~cell, start, at) : cell
    }
    this.#steps += at - start
    return row === MATCH ? this.#slotsOf(~cell) : undefined
  }

  /** Moves registers; gives the row that follows. */
  #takeEdge(edge: number, start: number, at: number): number {
    const { edges, registers } = this.tables
    if (registers > this.#registers.length) {
      const larger = new Int32Array(2 * registers)
      larger.set(this.#registers)
      this.#registers = larger
    }
    const own = this.#registers
    own[HERE] = at
    own[NOWHERE] = -1
    own[START] = start
    const next = edges[edge + EDGE_NEXT]!
    if (next <= NO_MATCH) return next
    const moves = edges[edge + EDGE_MOVES]!
    for (let i = 0, move = edge + EDGE_FIRST_MOVE; i < moves; i++, move += 2) own[edges[move]!] = own[edges[move + 1]!]!
    this.#steps += moves
    return next
  }

  #slotsOf(edge: number): Int32Array {
    const slots = this.#slots
    const { edges } = this.tables
    for (let slot = 0; slot < slots.length; slot++) slots[slot] = this.#registers[edges[edge + EDGE_FIRST_SLOT + slot]!]!
    return slots
  }
}

/** Whether a match may begin behind a byte, that is, whether it need not be searched for. */
function canBeginLater({ start }: Program, { neighbourOf }: Alphabet, ways: Ways): boolean {
  return [EDGE, ...new Set(neighbourOf)].some((after) =>
    [BYTE, WORD_BYTE].some((before) => ways(start, before, after).length > 0),
  )
}
