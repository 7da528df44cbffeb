/** Some bytes of a log: whole lines, or a part of it that is passed over because its line is too long. */
export interface Piece {
  /** Whole lines, each ended by a line feed; or, where `isSkipped`, a part of an overlong line. Valid until `free()`. */
  readonly bytes: Uint8Array
  /** Where the bytes begin in the log. */
  readonly offset: number
  readonly isSkipped: boolean
  /** 1 where an overlong line was met here for the first time, however many pieces it then takes to pass over it. */
  readonly overlongLines: 0 | 1
}

export interface FramerLimits {
  /** How much is read at once. */
  readonly chunkBytes: number
  /** The longest line, in bytes without its line feed. */
  readonly lineBytesMax: number
}

const LF = 10

/**
 * Cuts the bytes of a log into whole lines without copying them: read into `free()`, say how much with `filled()`, then take
 * pieces with `next()` until there is none. Only a line feed ends a line; every other byte is a byte. A line over the cap is
 * passed over whole and never becomes part of lines, wherever the reads happen to cut it. The pieces, one after the other,
 * are the log: their offsets leave no gap.
 */
export class Framer {
  readonly #bytes: Buffer
  readonly #chunkBytes: number
  readonly #lineBytesMax: number
  #start = 0
  #end = 0
  #offset = 0
  #isSkipping = false

  constructor({ chunkBytes, lineBytesMax }: FramerLimits) {
    this.#chunkBytes = chunkBytes
    this.#lineBytesMax = lineBytesMax
    // When nothing more is whole, at most a line is left; after it a chunk has room, or the line feed that the last line lacks.
    this.#bytes = Buffer.allocUnsafeSlow(chunkBytes + lineBytesMax + 1)
  }

  /** Where the next piece begins in the log: what may be committed when the pieces so far have been dealt with. */
  get offset(): number {
    return this.#offset
  }

  /** The next bytes are within an overlong line. */
  get isSkipping(): boolean {
    return this.#isSkipping
  }

  /** Bytes that are no whole line yet (none have been taken by `next()`). */
  get rest(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end)
  }

  /** Forgets what was read and goes on at another place, which is the start of a line or within an overlong one. */
  restart(offset: number, isSkipping: boolean): void {
    this.#start = 0
    this.#end = 0
    this.#offset = offset
    this.#isSkipping = isSkipping
  }

  /** Where the next bytes of the log go. To be asked for when `next()` has nothing more; earlier pieces are void then. */
  free(): Uint8Array {
    if (this.#start > 0) {
      this.#bytes.copyWithin(0, this.#start, this.#end)
      this.#end -= this.#start
      this.#start = 0
    }
    return this.#bytes.subarray(this.#end, this.#end + this.#chunkBytes)
  }

  /** So many bytes were put where `free()` said. */
  filled(count: number): void {
    this.#end += count
  }

  /** Puts as many of these bytes there as have room; what is left of them, if something is. */
  fill(bytes: Buffer): Buffer | undefined {
    const free = this.free()
    const count = Math.min(free.length, bytes.length)
    free.set(bytes.subarray(0, count))
    this.filled(count)
    return count < bytes.length ? bytes.subarray(count) : undefined
  }

  next(): Piece | undefined {
    const start = this.#start
    if (start === this.#end) return undefined
    if (this.#isSkipping) return this.#skip(0)
    const last = this.#bytes.lastIndexOf(LF, this.#end - 1)
    if (last < start) {
      if (this.#end - start <= this.#lineBytesMax) return undefined
      this.#isSkipping = true
      return this.#skip(1)
    }
    // From the start of a line, the last line feed within reach of the cap: all lines up to it are short enough.
    let end = start
    while (end <= last) {
      const lineFeed = this.#bytes.lastIndexOf(LF, Math.min(end + this.#lineBytesMax, last))
      if (lineFeed < end) break
      end = lineFeed + 1
    }
    if (end > start) return this.#take(end, false, 0)
    this.#isSkipping = true
    return this.#skip(1)
  }

  /**
   * The log is at its end: what is left counts as a line, and gets the line feed that the log does not have. To be called
   * when `next()` has nothing more.
   */
  end(): Piece | undefined {
    if (this.#start === this.#end) return undefined
    this.#bytes[this.#end] = LF
    const bytes = this.#bytes.subarray(this.#start, this.#end + 1)
    return { ...this.#take(this.#end, false, 0), bytes }
  }

  #skip(overlongLines: 0 | 1): Piece {
    const lineFeed = this.#bytes.indexOf(LF, this.#start)
    const isOver = lineFeed >= 0 && lineFeed < this.#end
    if (isOver) this.#isSkipping = false
    return this.#take(isOver ? lineFeed + 1 : this.#end, true, overlongLines)
  }

  #take(end: number, isSkipped: boolean, overlongLines: 0 | 1): Piece {
    const piece = { bytes: this.#bytes.subarray(this.#start, end), offset: this.#offset, isSkipped, overlongLines }
    this.#offset += end - this.#start
    this.#start = end
    return piece
  }
}
