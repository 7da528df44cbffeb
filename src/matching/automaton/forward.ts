import type { Alphabet } from './alphabet.ts'
import { States } from './states.ts'
import { EDGE, type Neighbour, type Ways } from './ways.ts'

/** The state that matches no more. */
export const DEAD = 1
/** Added to a state in a cell: a match ended before the byte that leads there. */
export const MATCHED = 0x8000

interface State {
  /** Where a match may stand, by priority. */
  readonly nodes: readonly number[]
  readonly before: Neighbour
}

/**
 * Finds where the match ends, in one pass from left to right. A state is the list, by priority, of the nodes where a match
 * may stand; whatever comes behind a match is cut off, so the last end that is seen is the one that JavaScript finds.
 */
export class Forward {
  readonly states: States<State>
  /** The state at the beginning of a line. */
  readonly start: number
  /** The column that stands for the line's end. */
  readonly endOfLine: number
  /** How many ways were looked at to make states. */
  effort = 0
  readonly #startNode: number
  readonly #alphabet: Alphabet
  readonly #ways: Ways

  constructor(startNode: number, alphabet: Alphabet, ways: Ways, statesMax: number) {
    this.#startNode = startNode
    this.#alphabet = alphabet
    this.#ways = ways
    this.endOfLine = alphabet.classCount
    this.states = new States(alphabet.classCount + 1, statesMax)
    this.start = this.#begin()
  }

  /** Fills the cell that says where a class of bytes, or the line's end, leads from a state. */
  step(state: number, column: number): number {
    const { nodes, before } = this.states.of(state)
    const after = column === this.endOfLine ? EDGE : this.#alphabet.neighbourOf[column]!
    const targets = new Set<number>()
    const hasMatched = this.#findTargets(nodes, before, after, column, targets)
    const generation = this.states.generation
    if (this.states.isFull) {
      this.states.forget()
      this.#begin()
    }
    const cell = this.#numberOf([...targets], after) | (hasMatched ? MATCHED : 0)
    if (this.states.generation === generation) this.states.cells[(state << this.states.shift) | column] = cell
    return cell
  }

  /** Makes all states that lines can reach; false if they are too many. */
  explore(): boolean {
    return this.states.explore(this.endOfLine + 1, (state, column) => this.step(state, column))
  }

  /** Finds where the byte leads, by priority, down to the first match; says whether there was one. */
  #findTargets(nodes: readonly number[], before: Neighbour, after: Neighbour, column: number, targets: Set<number>): boolean {
    for (const from of nodes) {
      for (const { to } of this.#ways(from, before, after)) {
        this.effort++
        if (to.kind === 'match') return true
        if (after !== EDGE && this.#alphabet.isIn(column, to.set)) targets.add(to.next)
      }
    }
    return false
  }

  /** The dead state is the first, the start the second, also when all was forgotten. */
  #begin(): number {
    this.#numberOf([], EDGE)
    return this.#numberOf([this.#startNode], EDGE)
  }

  #numberOf(nodes: readonly number[], neighbour: Neighbour): number {
    const before = nodes.length > 0 ? neighbour : EDGE
    return this.states.numberOf(before, nodes, () => ({ nodes, before }))
  }
}
