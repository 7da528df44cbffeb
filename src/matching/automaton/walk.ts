import type { Alphabet } from './alphabet.ts'
import type { Backward } from './backward.ts'
import { UNKNOWN } from './states.ts'
import { EDGE, type Neighbour, type Way, type Ways } from './ways.ts'

/** Where the walk begins. */
export const FIRST_SITE = 1
/** Added to a cell that is not a site, but the number of a marked edge. */
export const MARKED = 0x8000

/** The cell where only what is alive can tell how to go on. */
export const UNSURE = 0x7fff

/** Where the walk stands: at a node, behind such a byte. */
interface Site {
  readonly node: number
  readonly before: Neighbour
}

/** A step on which groups begin, end or are forgotten. */
interface MarkedEdge {
  /** The site that follows. */
  readonly site: number
  /** As in Way. */
  readonly marks: readonly number[]
}

/**
 * Goes once more from left to right, on the one path that JavaScript takes: from each site by the first way to a node that
 * is alive. What groups there are is marked on the way. As long as only one way takes the next byte, nobody need know what
 * is alive. Cells are filled when they are asked for: with the site that follows, or MARKED and the number of an edge.
 */
export class Walk {
  /** By site and state of Backward, `(site << shift) | state`; another array when it has grown. */
  cells = new Uint16Array(1 << 9)
  shift = 5
  /** By site and class, `(site << sureShift) | class`: the same, or UNSURE. */
  sureCells: Uint16Array
  readonly sureShift: number
  readonly marked: MarkedEdge[] = []
  /** How many ways were looked at to fill cells. */
  effort = 0
  readonly #alphabet: Alphabet
  readonly #backward: Backward
  readonly #ways: Ways
  readonly #sites: (Site | undefined)[] = [undefined]
  readonly #siteNumbers = new Map<number, number>()
  readonly #markedNumbers = new Map<string, number>()
  #generation = 0

  constructor(startNode: number, alphabet: Alphabet, backward: Backward, ways: Ways) {
    this.#alphabet = alphabet
    this.sureShift = 32 - Math.clz32(alphabet.classCount - 1)
    this.sureCells = new Uint16Array(16 << this.sureShift)
    this.#backward = backward
    this.#ways = ways
    this.#siteNumber(startNode, EDGE)
  }

  /** Fills the cell that says how to go on from a site where a state of Backward says what is alive. */
  step(site: number, state: number): number {
    const { node, before } = this.#sites[site]!
    const alive = this.#backward.states.of(state)
    const way = this.#ways(node, before, alive.after).find(({ node }) => {
      this.effort++
      return alive.nodes.includes(node)
    })!
    const cell = this.#cellOf(way, alive.after)
    this.cells[(site << this.shift) | state] = cell
    return cell
  }

  /** Fills the cell that says how to go on from a site, before the match's end, by the next byte alone. */
  sureStep(site: number, byteClass: number): number {
    const { node, before } = this.#sites[site]!
    const after = this.#alphabet.neighbourOf[byteClass]!
    const [way, ...others] = this.#ways(node, before, after).filter(({ to }) => {
      this.effort++
      return to.kind === 'byte' && this.#alphabet.isIn(byteClass, to.set)
    })
    const cell = way && others.length === 0 ? this.#cellOf(way, after) : UNSURE
    this.sureCells[(site << this.sureShift) | byteClass] = cell
    return cell
  }

  /** Takes note of the states that Backward has made, or has forgotten, since. */
  follow(): void {
    const { generation, count } = this.#backward.states
    if (generation !== this.#generation) this.cells.fill(UNKNOWN)
    this.#generation = generation
    this.#makeRoom(count + 1)
  }

  #cellOf({ to, marks }: Way, byte: Neighbour): number {
    const site = to.kind === 'match' ? UNKNOWN : this.#siteNumber(to.next, byte)
    return marks.length > 0 ? MARKED + this.#markedNumber({ site, marks }) : site
  }

  #siteNumber(node: number, before: Neighbour): number {
    const key = 3 * node + before
    let site = this.#siteNumbers.get(key)
    if (site === undefined) {
      site = this.#sites.push({ node, before }) - 1
      this.#siteNumbers.set(key, site)
      this.#makeRoom(1 << this.shift)
    }
    return site
  }

  #markedNumber(edge: MarkedEdge): number {
    const key = `${edge.site} ${edge.marks}`
    let number = this.#markedNumbers.get(key)
    if (number === undefined) {
      number = this.marked.push(edge) - 1
      this.#markedNumbers.set(key, number)
    }
    return number
  }

  /** A table that is too small is made anew, and filled again. */
  #makeRoom(states: number): void {
    const sites = this.#sites.length
    let { shift } = this
    while (1 << shift < states) shift++
    if (shift > this.shift || sites << shift > this.cells.length) {
      this.shift = shift
      this.cells = new Uint16Array((2 * sites) << shift)
    }
    if (sites << this.sureShift > this.sureCells.length) this.sureCells = new Uint16Array((2 * sites) << this.sureShift)
  }
}
