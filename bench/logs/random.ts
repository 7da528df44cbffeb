/**
 * Random numbers from a seed: the same seed gives the same log, on every machine and version of Node. Only integer
 * operations, since the last bits of `Math.pow` and `Math.log` are not the same everywhere. The generator is sfc32.
 */
export class Random {
  #a = 0
  #b: number
  #c: number
  #count = 1

  constructor(seed: number) {
    this.#b = seed | 0
    this.#c = Math.floor(seed / 2 ** 32) | 0
    for (let i = 0; i < 12; i++) this.word()
  }

  /** 32 bits. */
  word(): number {
    const sum = (this.#a + this.#b + this.#count) | 0
    this.#count = (this.#count + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor((this.word() / 2 ** 32) * end)
  }

  /** A whole number from `first` to `last`, both included. */
  between(first: number, last: number): number {
    return first + this.below(last - first + 1)
  }

  /** True in so many cases of a hundred. */
  percent(cases: number): boolean {
    return this.word() < (cases / 100) * 2 ** 32
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!
  }

  /**
   * A rank from 0 to below `2 ** octaves`, each about as often as 1 / (rank + 1): few come often and very many come
   * seldom, as sources on the internet do (Zipf's law, in steps of octaves).
   */
  rank(octaves: number): number {
    const octave = this.below(octaves + 1)
    return octave === 0 ? 0 : 2 ** (octave - 1) + this.below(2 ** (octave - 1))
  }
}
