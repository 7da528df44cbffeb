/** The cell of a table that was never asked for. */
export const UNKNOWN = 0

/**
 * The states of an automaton that were reached so far, and where each class of bytes leads from them. Each state has a
 * number above 0 and a row of cells; a cell is filled when it is asked for. When there are too many states, all are
 * forgotten and made anew as they are reached.
 */
export class States<State extends { readonly nodes: readonly number[] }> {
  /** By row and column, `(state << shift) | column`; another array when it has grown. */
  cells: Uint16Array
  readonly shift: number
  /** How often all was forgotten. */
  generation = 0
  readonly #max: number
  readonly #numbers = new Map<string, number>()
  readonly #states: (State | undefined)[] = [undefined]

  constructor(columns: number, max: number) {
    this.shift = 32 - Math.clz32(columns - 1)
    this.#max = max
    this.cells = new Uint16Array(16 << this.shift)
  }

  get count(): number {
    return this.#states.length - 1
  }

  get isFull(): boolean {
    return this.count >= this.#max
  }

  of(number: number): State {
    return this.#states[number]!
  }

  /** The number of the state that has these nodes and this kind, which `make` makes if it is new. */
  numberOf(kind: number, nodes: readonly number[], make: () => State): number {
    const key = keyOf(kind, nodes)
    let number = this.#numbers.get(key)
    if (number === undefined) {
      number = this.#states.push(make()) - 1
      this.#numbers.set(key, number)
      if ((number + 1) << this.shift > this.cells.length) this.#grow()
    }
    return number
  }

  /** Fills all cells there are and will be; stops, and gives false, where there are too many states. */
  explore(columns: number, step: (state: number, column: number) => void): boolean {
    for (let state = 1; state <= this.count; state++) {
      for (let column = 0; column < columns; column++) {
        if (this.isFull) return false
        step(state, column)
      }
    }
    return true
  }

  forget(): void {
    this.generation++
    this.#states.length = 1
    this.#numbers.clear()
    this.cells.fill(UNKNOWN)
  }

  #grow(): void {
    const larger = new Uint16Array(2 * this.cells.length)
    larger.set(this.cells)
    this.cells = larger
  }
}

/** Nodes are below 2^16. */
function keyOf(kind: number, nodes: readonly number[]): string {
  let key = String.fromCharCode(kind)
  for (const node of nodes) key += String.fromCharCode(node)
  return key
}
