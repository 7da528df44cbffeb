import type { Alphabet } from './alphabet.ts'
import { InexpressibleError } from './inexpressible.ts'
import { inOrder } from './moves.ts'
import type { Program } from './program.ts'
import { EDGE, type Neighbour, type Ways } from './ways.ts'

/** A cell that was never asked for. Above it are the rows of states, below it edges: `~cell` is the place of one. */
export const UNKNOWN = 0

/** Registers: the position that is looked at, no position, where the line begins, one to spare; then those of states. */
export const HERE = 0
export const NOWHERE = 1
export const START = 2
const SPARE = 3
const FIRST_FREE = 4

/** An edge, in words: the row that follows, how many moves it makes, and of each the registers: to, from. */
export const EDGE_NEXT = 0
export const EDGE_MOVES = 1
export const EDGE_FIRST_MOVE = 2
/** Or, where the run ends, one of these, and for a match a register for each slot. */
export const NO_MATCH = 0
export const MATCH = -1
export const EDGE_FIRST_SLOT = 1

/** What all edges may take, in words. */
const EDGE_WORDS_MAX = 1 << 18

/** How many there can be, with each node its own of every slot. */
const REGISTERS_MAX = 60_000

/** One way in which a match may have come so far. */
interface Thread {
  readonly node: number
  /** By slot, the register that holds it. */
  readonly slots: readonly number[]
}

interface State {
  /** By priority; whatever comes behind a match is cut off. */
  readonly threads: readonly Thread[]
  /** The slots of the last match, which counts unless there comes another. */
  readonly found: readonly number[] | undefined
  readonly before: Neighbour
}

/**
 * The tables of an automaton that finds a match and its groups in one pass from left to right. A state is the list, by
 * priority, of the nodes where a match may stand, each with the registers that hold where its groups begin and end. Most
 * bytes lead from state to state and nothing else happens; where a group begins or ends, an edge moves registers (this is
 * known as a tagged automaton, by Ville Laurikari). States that differ only in the registers that they use are one: on
 * the way there the values are moved.
 *
 * States are made as lines reach them. When there are too many, all are forgotten and made anew.
 */
export class Tables {
  /** Row and column are offsets in bytes: `cells[(row + column) >>> 2]`. Another array when it has grown; so are edges. */
  cells: Int32Array
  edges = new Int32Array(64)
  edgesEnd = 0
  /** By byte, the column of its class. */
  readonly columnOf: Uint16Array
  /** The column that stands for the line's end. */
  readonly endOfLine: number
  /** A column that is free for those who run it. */
  readonly leap: number
  readonly rowBytes: number
  /** Two for each group, and for the match. */
  readonly slotCount: number
  /** The row at the beginning of a line: always the same one. */
  readonly start: number
  /** Above all registers that were used so far. */
  registers = FIRST_FREE
  /** How often all was forgotten. */
  generation = 0
  /** How many ways were looked at to make states. */
  effort = 0
  readonly #startNode: number
  readonly #alphabet: Alphabet
  readonly #ways: Ways
  readonly #statesMax: number
  readonly #states: (State | undefined)[] = [undefined]
  readonly #numbers = new Map<string, number>()
  readonly #edgeNumbers = new Map<string, number>()

  constructor(startNode: number, { nodes, groupCount }: Program, alphabet: Alphabet, ways: Ways, statesMax: number) {
    this.#startNode = startNode
    this.slotCount = 2 * (groupCount + 1)
    const threadsMax = 2 + nodes.filter(({ kind }) => kind === 'byte').length
    if (threadsMax * this.slotCount > REGISTERS_MAX) throw new InexpressibleError('it has too many groups for its size')
    this.#alphabet = alphabet
    this.#ways = ways
    this.#statesMax = statesMax
    this.columnOf = Uint16Array.from(alphabet.classOf, (byteClass) => 4 * byteClass)
    this.endOfLine = 4 * alphabet.classCount
    this.leap = this.endOfLine + 4
    this.rowBytes = this.leap + 4
    this.cells = new Int32Array(4 * this.rowBytes)
    this.start = this.rowBytes
    this.#begin()
  }

  /** Those that are kept. */
  get states(): number {
    return this.#states.length - 1
  }

  /** Whether the next step forgets all. */
  get isFull(): boolean {
    return this.states >= this.#statesMax || this.edgesEnd > EDGE_WORDS_MAX
  }

  /** Fills the cell of a row and column, and gives what is in it. */
  step(row: number, column: number): number {
    const state = this.#states[row / this.rowBytes]!
    const after = column === this.endOfLine ? EDGE : this.#alphabet.neighbourOf[column >>> 2]!
    const { threads, found } = this.#reach(state, after, column >>> 2, row === this.start ? START : HERE)
    const { generation } = this
    if (this.isFull) this.#forget()
    const cell = threads.length > 0 ? this.#lead(threads, found, after) : this.#end(found)
    if (this.generation === generation) this.cells[(row + column) >>> 2] = cell
    return cell
  }

  /** Makes all states that lines can reach; false if they are too many. */
  explore(): boolean {
    for (let row = this.start; row <= this.states * this.rowBytes; row += this.rowBytes) {
      for (let column = 0; column <= this.endOfLine; column += 4) {
        if (this.isFull) return false
        this.step(row, column)
      }
    }
    return true
  }

  /** Where a class of bytes leads, by priority, down to the first match. */
  #reach({ threads, found, before }: State, after: Neighbour, byteClass: number, here: number): Omit<State, 'before'> {
    const reached = new Map<number, Thread>()
    for (const { node, slots } of threads) {
      for (const { to, marks } of this.#ways(node, before, after)) {
        this.effort++
        if (to.kind === 'match') return { threads: [...reached.values()], found: marked(slots, marks, here) }
        if (after === EDGE || reached.has(to.next) || !this.#alphabet.isIn(byteClass, to.set)) continue
        reached.set(to.next, { node: to.next, slots: marked(slots, marks, here) })
      }
    }
    return { threads: [...reached.values()], found }
  }

  /** The cell that leads to the state with these threads, in which the values may lie in other registers. */
  #lead(threads: readonly Thread[], found: readonly number[] | undefined, before: Neighbour): number {
    const sources = registersIn(threads, found)
    const key = keyOf(threads, found, before, sources)
    let number = this.#numbers.get(key)
    if (number === undefined) {
      // What is new takes a register that is free; all else stays where it is.
      let free = FIRST_FREE
      while (sources.has(free)) free++
      const placed = (slots: readonly number[]) =>
        slots.includes(HERE) ? slots.map((from) => (from === HERE ? free : from)) : slots
      number = this.#add(key, {
        threads: threads.map(({ node, slots }) => ({ node, slots: placed(slots) })),
        found: found && placed(found),
        before,
      })
      this.registers = Math.max(this.registers, free + 1)
    }
    const row = number * this.rowBytes
    const { threads: own, found: ownFound } = this.#states[number]!
    const targets = [...registersIn(own, ownFound).keys()]
    const moves = inOrder(
      [...sources.keys()].map((from, i) => ({ to: targets[i]!, from })),
      SPARE,
    )
    return moves.length === 0 ? row : ~this.#edgeOf([row, moves.length, ...moves.flatMap(({ to, from }) => [to, from])])
  }

  #end(found: readonly number[] | undefined): number {
    return ~this.#edgeOf(found ? [MATCH, ...found] : [NO_MATCH])
  }

  #add(key: string, state: State): number {
    const number = this.#states.push(state) - 1
    this.#numbers.set(key, number)
    if ((number + 1) * this.rowBytes > this.cells.byteLength) this.cells = grown(this.cells)
    return number
  }

  #edgeOf(words: readonly number[]): number {
    const key = words.join()
    let edge = this.#edgeNumbers.get(key)
    if (edge === undefined) {
      while (this.edgesEnd + words.length > this.edges.length) this.edges = grown(this.edges)
      edge = this.edgesEnd
      this.edges.set(words, edge)
      this.edgesEnd += words.length
      this.#edgeNumbers.set(key, edge)
    }
    return edge
  }

  #begin(): void {
    const slots = new Array<number>(this.slotCount).fill(NOWHERE)
    this.#add('', { threads: [{ node: this.#startNode, slots }], found: undefined, before: EDGE })
  }

  #forget(): void {
    this.generation++
    this.#states.length = 1
    this.#numbers.clear()
    this.#edgeNumbers.clear()
    this.edgesEnd = 0
    this.cells.fill(UNKNOWN)
    this.#begin()
  }
}

function marked(slots: readonly number[], marks: readonly number[], here: number): readonly number[] {
  if (marks.length === 0) return slots
  const own = [...slots]
  for (const mark of marks) {
    if (mark >= 0) own[mark] = here
    else own[~mark] = NOWHERE
  }
  return own
}

function grown(words: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * words.length)
  larger.set(words)
  return larger
}

/** The registers that hold something for a state, each with its number in the order in which they come. */
function registersIn(threads: readonly Thread[], found: readonly number[] | undefined): ReadonlyMap<number, number> {
  const numbers = new Map<number, number>()
  const add = (slots: readonly number[]) => {
    for (const register of slots)
      if (register !== NOWHERE && register !== START && !numbers.has(register)) numbers.set(register, numbers.size + FIRST_FREE)
  }
  for (const { slots } of threads) add(slots)
  if (found) add(found)
  return numbers
}

/** The same for states that differ only in where their values lie. Nodes are below 2^16, and so are registers. */
function keyOf(
  threads: readonly Thread[],
  found: readonly number[] | undefined,
  before: Neighbour,
  numbers: ReadonlyMap<number, number>,
): string {
  const numbered = (slots: readonly number[]) => slots.map((register) => numbers.get(register) ?? register)
  let key = String.fromCharCode(before, found ? 1 : 0, ...numbered(found ?? []))
  for (const { node, slots } of threads) key += String.fromCharCode(node, ...numbered(slots))
  return key
}
