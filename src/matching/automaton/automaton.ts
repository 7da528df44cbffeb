import { RegExpParser } from '@eslint-community/regexpp'
import { type Alphabet, alphabetOf } from './alphabet.ts'
import { Backward } from './backward.ts'
import { DEAD, Forward, MATCHED } from './forward.ts'
import { InexpressibleError } from './inexpressible.ts'
import { type Program, programOf } from './program.ts'
import { UNKNOWN } from './states.ts'
import { FIRST_SITE, MARKED, UNSURE, Walk } from './walk.ts'
import { BYTE, EDGE, type Ways, WORD_BYTE, waysOf } from './ways.ts'

/** A regex that runs in time linear in the line, whatever the line, and finds what V8's RegExp finds. */
export interface Automaton {
  readonly kind: 'automaton'
  /** The numbers of the named groups. */
  readonly groups: ReadonlyMap<string, number>
  /** Those that are kept, of both directions: what lines have reached so far. */
  readonly states: number
  /** What all runs took: table lookups, about three a byte at most, and what was looked at to make states. */
  readonly steps: number
  /** Makes all states that lines can reach and gives their number; undefined if they are more than are kept. */
  explore(): number | undefined
  /** Where the leftmost match in the line `bytes[start, end)` ends; -1 if there is none. */
  find(bytes: Uint8Array, start: number, end: number): number
  /**
   * The match that `find` found to end at `matchEnd`: where the match (0) and group n begin and end, at 2n and 2n + 1,
   * counted as in `bytes`; -1 for a group that is undefined. The next call writes over what it gives.
   */
  spans(bytes: Uint8Array, start: number, end: number, matchEnd: number): Int32Array
  /** Both at once; undefined if there is no match. */
  match(bytes: Uint8Array, start: number, end: number): Int32Array | undefined
}

/** A regex that no automaton can run. */
export interface Inexpressible {
  readonly kind: 'inexpressible'
  readonly reason: string
}

/** The states that are kept of each direction, below 2^15; a full table takes about 200 KB. */
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
  readonly #program: Program
  readonly #classOf: Uint8Array
  readonly #forward: Forward
  readonly #backward: Backward
  readonly #walk: Walk
  readonly #slots: Int32Array
  /** By position, the state of Backward. */
  #alive = new Uint16Array(256)
  /** Where the walk stands. */
  #site = FIRST_SITE
  #lookups = 0

  constructor({ source, flags }: RegExp, statesMax: number) {
    if (flags !== '' && flags !== 'i') throw new InexpressibleError(`it has the flags "${flags}"`)
    this.#program = programOf(new RegExpParser({ ecmaVersion: 2024 }).parsePattern(source), flags === 'i')
    const alphabet = alphabetOf(this.#program)
    const ways = waysOf(this.#program)
    const start = this.#program[canBeginLater(this.#program, alphabet, ways) ? 'search' : 'start']
    this.#classOf = alphabet.classOf
    this.#forward = new Forward(start, alphabet, ways, statesMax)
    this.#backward = new Backward(this.#program, alphabet, ways, statesMax)
    this.#walk = new Walk(start, alphabet, this.#backward, ways)
    this.#slots = new Int32Array(2 * (this.#program.groupCount + 1))
  }

  get groups(): ReadonlyMap<string, number> {
    return this.#program.groupNames
  }

  get states(): number {
    return this.#forward.states.count + this.#backward.states.count
  }

  get steps(): number {
    return this.#lookups + this.#forward.effort + this.#backward.effort + this.#walk.effort
  }

  explore(): number | undefined {
    return this.#forward.explore() && this.#backward.explore() ? this.states : undefined
  }

  find(bytes: Uint8Array, start: number, end: number): number {
    const classOf = this.#classOf
    const forward = this.#forward
    const { shift } = forward.states
    let state = forward.start
    let found = -1
    let at = start
    for (; at < end; at++) {
      const { cells } = forward.states
      let cell = 0
      // V8 makes this loop fast because nothing is called in it.
      for (; at < end; at++) {
        cell = cells[(state << shift) | classOf[bytes[at]!]!]!
        if (cell <= DEAD || cell >= MATCHED) break
        state = cell
      }
      if (at === end) break
      if (cell === UNKNOWN) cell = forward.step(state, classOf[bytes[at]!]!)
      if (cell >= MATCHED) {
        found = at
        cell -= MATCHED
      }
      if (cell === DEAD) break
      state = cell
    }
    this.#lookups += at - start + 1
    if (at < end) return found
    const cell = forward.states.cells[(state << shift) | forward.endOfLine] || forward.step(state, forward.endOfLine)
    return cell >= MATCHED ? end : found
  }

  spans(bytes: Uint8Array, start: number, end: number, matchEnd: number): Int32Array {
    if (this.#alive.length <= matchEnd - start) this.#alive = new Uint16Array(2 * (matchEnd - start))
    this.#slots.fill(-1)
    this.#site = FIRST_SITE
    for (let from = this.#walkSurely(bytes, start, matchEnd); from <= matchEnd; ) {
      // Where the states were too many to be kept, only those of the left part are; the rest is passed again.
      const to = this.#passBack(bytes, from, matchEnd, end)
      this.#walkOn(from, to)
      from = to + 1
      if (from <= matchEnd) this.#backward.forget()
    }
    return this.#slots
  }

  match(bytes: Uint8Array, start: number, end: number): Int32Array | undefined {
    const matchEnd = this.find(bytes, start, end)
    return matchEnd < 0 ? undefined : this.spans(bytes, start, end, matchEnd)
  }

  /** Finds what is alive from the match's end down to `from`; gives the last position that is still known of then. */
  #passBack(bytes: Uint8Array, from: number, matchEnd: number, end: number): number {
    const classOf = this.#classOf
    const alive = this.#alive
    const backward = this.#backward
    const { shift } = backward.states
    let state = backward.startBefore(matchEnd < end ? classOf[bytes[matchEnd]!] : undefined)
    let { generation } = backward.states
    let known = matchEnd
    alive[matchEnd - from] = state
    for (let at = matchEnd - 1; at >= from; at--) {
      const { cells } = backward.states
      for (; at >= from; at--) {
        const cell = cells[(state << shift) | classOf[bytes[at]!]!]!
        if (cell === UNKNOWN) break
        state = cell
        alive[at - from] = state
      }
      if (at < from) break
      state = backward.step(state, classOf[bytes[at]!]!)
      alive[at - from] = state
      if (backward.states.generation !== generation) {
        generation = backward.states.generation
        known = at
      }
    }
    this.#lookups += matchEnd - from + 1
    return known
  }

  /** Walks as far as the bytes alone tell the way; gives the position where they don't, at the latest the match's end. */
  #walkSurely(bytes: Uint8Array, start: number, matchEnd: number): number {
    const walk = this.#walk
    const classOf = this.#classOf
    const { sureShift } = walk
    let site = this.#site
    let at = start
    for (; at < matchEnd; at++) {
      const { sureCells } = walk
      let cell = 0
      for (; at < matchEnd; at++) {
        cell = sureCells[(site << sureShift) | classOf[bytes[at]!]!]!
        if (cell === UNKNOWN || cell >= UNSURE) break
        site = cell
      }
      if (at === matchEnd) break
      if (cell === UNKNOWN) cell = walk.sureStep(site, classOf[bytes[at]!]!)
      if (cell === UNSURE) break
      site = cell >= MARKED ? this.#mark(cell, at) : cell
    }
    this.#site = site
    this.#lookups += at - start + 1
    return at
  }

  /** Walks from `from` to behind `to`, where it is known what is alive. */
  #walkOn(from: number, to: number): void {
    const walk = this.#walk
    const alive = this.#alive
    walk.follow()
    let site = this.#site
    for (let at = from; at <= to; at++) {
      const { cells, shift } = walk
      let cell = 0
      for (; at <= to; at++) {
        cell = cells[(site << shift) | alive[at - from]!]!
        if (cell === UNKNOWN || cell >= MARKED) break
        site = cell
      }
      if (at > to) break
      if (cell === UNKNOWN) cell = walk.step(site, alive[at - from]!)
      site = cell >= MARKED ? this.#mark(cell, at) : cell
    }
    this.#site = site
    this.#lookups += to - from + 1
  }

  /** Marks what a marked edge says; gives the site that follows. */
  #mark(cell: number, at: number): number {
    const { site, marks } = this.#walk.marked[cell - MARKED]!
    const slots = this.#slots
    for (const mark of marks) {
      if (mark >= 0) slots[mark] = at
      else slots[~mark] = -1
    }
    return site
  }
}

/** Whether a match may begin behind a byte, that is, whether it need not be searched for. */
function canBeginLater({ start }: Program, { neighbourOf }: Alphabet, ways: Ways): boolean {
  return [EDGE, ...new Set(neighbourOf)].some((after) =>
    [BYTE, WORD_BYTE].some((before) => ways(start, before, after).length > 0),
  )
}
