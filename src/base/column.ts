/** So many rows are added at once. */
const PIECE_BITS = 12
const PIECE_ROWS = 1 << PIECE_BITS

type Piece = Float64Array | Int32Array | Uint32Array | Uint16Array

/**
 * Numbers by row, 0 where none was set. It grows by pieces, so that nothing is copied: of arrays that are made twice as long again
 * and again, the allocator keeps the shorter ones, which together are as long as the last.
 */
export class Column {
  readonly #make: (rows: number) => Piece
  readonly #pieces: Piece[] = []

  constructor(make: (rows: number) => Piece) {
    this.#make = make
  }

  /** Of a row that was set. */
  get(row: number): number {
    return this.#pieces[row >>> PIECE_BITS]![row & (PIECE_ROWS - 1)]!
  }

  /** Of any row that was set, or the next one. */
  set(row: number, value: number): void {
    const piece = row >>> PIECE_BITS
    if (piece === this.#pieces.length) this.#pieces.push(this.#make(PIECE_ROWS))
    this.#pieces[piece]![row & (PIECE_ROWS - 1)] = value
  }
}

export const float64Column = (): Column => new Column((rows) => new Float64Array(rows))
export const int32Column = (): Column => new Column((rows) => new Int32Array(rows))
export const uint32Column = (): Column => new Column((rows) => new Uint32Array(rows))
export const uint16Column = (): Column => new Column((rows) => new Uint16Array(rows))
