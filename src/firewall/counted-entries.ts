import type { Until } from '../base/units.ts'

/** Ends by canonical text, counted by the set that each is in. */
export class CountedEntries extends Map<string, Until> {
  readonly #setOf: (key: string) => string
  readonly #counts = new Map<string, number>()

  constructor(setOf: (key: string) => string = () => '') {
    super()
    this.#setOf = setOf
  }

  countOf(set: string): number {
    return this.#counts.get(set) ?? 0
  }

  override set(key: string, until: Until): this {
    if (!this.has(key)) this.#count(key, 1)
    return super.set(key, until)
  }

  override delete(key: string): boolean {
    const wasIn = super.delete(key)
    if (wasIn) this.#count(key, -1)
    return wasIn
  }

  override clear(): void {
    super.clear()
    this.#counts.clear()
  }

  /** Of one set those `count` that end soonest, soonest first, as far as they end before a moment. */
  soonest(set: string, count: number, before: Until): readonly string[] {
    let found: [key: string, until: Until][] = []
    let limit = before
    const sortAndCut = () => {
      found.sort(([, a], [, b]) => a - b)
      found = found.slice(0, count)
    }
    for (const [key, until] of this) {
      if (until >= limit || this.#setOf(key) !== set) continue
      found.push([key, until])
      if (found.length < 2 * count) continue
      sortAndCut()
      limit = found.at(-1)![1]
    }
    sortAndCut()
    return found.map(([key]) => key)
  }

  #count(key: string, by: number): void {
    const set = this.#setOf(key)
    this.#counts.set(set, (this.#counts.get(set) ?? 0) + by)
  }
}
