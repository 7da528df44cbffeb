import type { Alphabet } from './alphabet.ts'
import type { Program } from './program.ts'
import { States } from './states.ts'
import { EDGE, type Neighbour, type Ways } from './ways.ts'

interface State {
  /** The nodes that are alive, in the order of their numbers; at the match's end, the match alone. */
  readonly nodes: readonly number[]
  /** What the byte at this position is to its left neighbour. */
  readonly after: Neighbour
}

/**
 * Tells, in one pass from the match's end to the left, which nodes are alive at each position: those that can take the
 * byte there and still come to that end.
 */
export class Backward {
  readonly states: States<State>
  /** How many nodes were looked at to make states. */
  effort = 0
  readonly #program: Program
  readonly #alphabet: Alphabet
  readonly #ways: Ways
  /** By what stands behind the match's end. */
  readonly #starts: number[] = []
  /** By the byte that is taken and what stands behind it (`3 * byte + after`), then by node: those that lead to it. */
  readonly #sources: (readonly (readonly number[])[] | undefined)[] = []

  constructor(program: Program, alphabet: Alphabet, ways: Ways, statesMax: number) {
    this.#program = program
    this.#alphabet = alphabet
    this.#ways = ways
    this.states = new States(alphabet.classCount, statesMax)
  }

  /** The state at a match's end before a byte of this class; undefined for the end of the line. */
  startBefore(byteClass: number | undefined): number {
    const after = byteClass === undefined ? EDGE : this.#alphabet.neighbourOf[byteClass]!
    const known = this.#starts[after]
    if (known !== undefined) return known
    if (this.states.isFull) this.forget()
    const start = this.#numberOf([this.#program.match], after)
    this.#starts[after] = start
    return start
  }

  /** Makes all states that lines can reach; false if they are too many. */
  explore(): boolean {
    const { classCount } = this.#alphabet
    this.startBefore(undefined)
    for (let byteClass = 0; byteClass < classCount; byteClass++) this.startBefore(byteClass)
    return this.states.explore(classCount, (state, byteClass) => this.step(state, byteClass))
  }

  forget(): void {
    this.states.forget()
    this.#starts.length = 0
  }

  /** Fills the cell that says what is alive one byte to the left, if that byte is of this class. */
  step(state: number, byteClass: number): number {
    const { nodes, after } = this.states.of(state)
    const byte = this.#alphabet.neighbourOf[byteClass]!
    const sources = this.#sourcesOf(byte, after)
    const alive = new Set<number>()
    for (const node of nodes) {
      for (const source of sources[node]!) {
        this.effort++
        const taker = this.#program.nodes[source]!
        if (taker.kind === 'byte' && this.#alphabet.isIn(byteClass, taker.set)) alive.add(source)
      }
    }
    const generation = this.states.generation
    if (this.states.isFull) this.forget()
    const cell = this.#numberOf(alive.size > 1 ? [...alive].sort((a, b) => a - b) : [...alive], byte)
    if (this.states.generation === generation) this.states.cells[(state << this.states.shift) | byteClass] = cell
    return cell
  }

  #numberOf(nodes: readonly number[], after: Neighbour): number {
    return this.states.numberOf(after, nodes, () => ({ nodes, after }))
  }

  #sourcesOf(byte: Neighbour, after: Neighbour): readonly (readonly number[])[] {
    const key = 3 * byte + after
    const known = this.#sources[key]
    if (known) return known
    const sources: number[][] = this.#program.nodes.map(() => [])
    for (const [source, from] of this.#program.nodes.entries()) {
      if (from.kind !== 'byte') continue
      for (const { node } of this.#ways(from.next, byte, after)) sources[node]!.push(source)
    }
    this.#sources[key] = sources
    return sources
  }
}
