import type { Address } from './address.ts'
import { uint32Column } from './column.ts'
import { hashKey, keyHigh, keyLow, sourceOfKey } from './source-key.ts'

/**
 * Numbers for sources, so that what is known of them can stand in typed arrays: 0, 1, 2, ... in the order in which they are met, and
 * first those of sources that were removed, the last of them before the others. 16 bytes a source on the mean.
 */
export class SourceNumbers {
  /** Number + 1 by hash of the key, 0 where empty; at most three quarters full, with linear probing. */
  #index = new Int32Array(64)
  readonly #keyHigh = uint32Column()
  readonly #keyLow = uint32Column() // of a number that is free: the next free one + 1, 0 for none
  #free = 0 // a list through #keyLow
  #size = 0
  #end = 0

  /** How many sources have a number. */
  get size(): number {
    return this.#size
  }

  /** All numbers are below this, those that are free included. */
  get end(): number {
    return this.#end
  }

  /** What it takes, in bytes. */
  get bytes(): number {
    return this.#index.byteLength + 8 * this.#end
  }

  /** The number of a source, one that was free where it has none yet. */
  add(source: Address): number {
    const [high, low] = [keyHigh(source), keyLow(source)]
    const place = this.#placeOf(high, low)
    if (this.#index[place] !== 0) return this.#index[place]! - 1
    let number = this.#free - 1
    if (number >= 0) this.#free = this.#keyLow.get(number)
    else number = this.#end++
    this.#keyHigh.set(number, high)
    this.#keyLow.set(number, low)
    this.#index[place] = number + 1
    this.#size++
    if (this.#size * 4 > this.#index.length * 3) this.#growIndex()
    return number
  }

  /** Undefined where it has none. */
  find(source: Address): number | undefined {
    const found = this.#index[this.#placeOf(keyHigh(source), keyLow(source))]!
    return found === 0 ? undefined : found - 1
  }

  /** The source that has a number. */
  sourceOf(number: number): Address {
    return sourceOfKey(this.#keyHigh.get(number), this.#keyLow.get(number))
  }

  /** Forgets the source that has a number, which is free from now on. */
  remove(number: number): void {
    const index = this.#index
    const mask = index.length - 1
    let hole = this.#placeOf(this.#keyHigh.get(number), this.#keyLow.get(number))
    // What stands behind it and may stand here is moved, so that no graves are left behind.
    for (let place = (hole + 1) & mask; index[place] !== 0; place = (place + 1) & mask) {
      const home = this.#homeOf(index[place]! - 1) & mask
      if (((place - home) & mask) < ((place - hole) & mask)) continue
      index[hole] = index[place]!
      hole = place
    }
    index[hole] = 0
    this.#keyLow.set(number, this.#free)
    this.#free = number + 1
    this.#size--
  }

  /** Where in the index a key stands, or is to be put. */
  #placeOf(high: number, low: number): number {
    const index = this.#index
    const mask = index.length - 1
    for (let place = hashKey(high, low) & mask; ; place = (place + 1) & mask) {
      const number = index[place]! - 1
      if (number < 0 || (this.#keyLow.get(number) === low && this.#keyHigh.get(number) === high)) return place
    }
  }

  #homeOf(number: number): number {
    return hashKey(this.#keyHigh.get(number), this.#keyLow.get(number))
  }

  #growIndex(): void {
    const before = this.#index
    const index = new Int32Array(2 * before.length)
    const mask = index.length - 1
    for (const entry of before) {
      if (entry === 0) continue
      let place = this.#homeOf(entry - 1) & mask
      while (index[place] !== 0) place = (place + 1) & mask
      index[place] = entry
    }
    this.#index = index
  }
}
