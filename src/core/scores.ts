import type { Address } from '../base/address.ts'
import { SourceNumbers } from '../base/source-numbers.ts'
import type { Instant } from '../base/units.ts'

/** Points that one hit gave. */
export interface GivenPoints {
  readonly at: Instant
  readonly points: number
  /** A forged packet can have caused them. */
  readonly spoofable: boolean
  readonly account: string | undefined
  /** What `distinct` looked at. */
  readonly distinct: string | undefined
  /** The pattern of the line; unknown of points that were restored. */
  readonly pattern?: string
}

/** A source with live points. */
export interface Scored {
  readonly source: Address
  readonly score: number
  /** The part of the score that no forged packet can have caused. */
  readonly certain: number
  /** The pattern that gave the last of them, where it is known. */
  readonly pattern: string | undefined
  /** When they were given. */
  readonly lastAt: Instant
}

export interface ScoresOptions {
  /** A point given at t counts at u while u - t < windowMs. */
  readonly windowMs: number
  /** How many sources are kept; at the limit the lowest of a sample makes room. */
  readonly sourcesMax: number
  /** Told of each source that had to make room. */
  readonly onEvict?: (source: Address) => void
}

const NONE = -1
/** How many sources are compared when one has to make room; the more, the surer the lowest of all is found. */
const EVICTION_SAMPLE = 64
/** How many patterns are told apart: one more than their numbers can say. */
const PATTERNS_MAX = 0xffff
/** How many sources each new point looks at for points that have run out. */
const SWEEP_STEP = 2

/**
 * The live points of every source under one rule: the exact sum of what was given within the window.
 *
 * All in typed arrays, about 60 bytes for a source with one hit, because most of a million sources never come to anything:
 * a source has a number, and under it stand its sums and a list of points, oldest first.
 */
export class Scores {
  readonly #windowMs: number
  readonly #sourcesMax: number
  readonly #onEvict: (source: Address) => void

  readonly #sources = new SourceNumbers()

  // Of a source, by its number:
  #sum = new Int32Array(16)
  #spoofableSum = new Int32Array(16)
  #first = new Int32Array(16).fill(NONE) // where the number is free: NONE
  #last = new Int32Array(16)
  #pattern = new Uint16Array(16) // of the last point: its number, 0 where it is not known

  // Of a point:
  #at = new Float64Array(16)
  #points = new Int32Array(16) // negative for spoofable ones
  #account = new Uint32Array(16)
  #value = new Uint32Array(16)
  #next = new Int32Array(16)
  #pointsUsed = 0
  #freePoint = NONE // a list through #next

  /** Names by number, and back. */
  readonly #patterns: (string | undefined)[] = [undefined]
  readonly #patternNumbers = new Map<string | undefined, number>([[undefined, 0]])

  #sweepAt = 0
  evictions = 0

  constructor({ windowMs, sourcesMax, onEvict = () => {} }: ScoresOptions) {
    this.#windowMs = windowMs
    this.#sourcesMax = sourcesMax
    this.#onEvict = onEvict
  }

  /** Sources that have points, those that have run out but were not met yet included. */
  get size(): number {
    return this.#sources.size
  }

  /** What it takes, in bytes. */
  get bytes(): number {
    return this.#sources.bytes + this.#sum.length * 18 + this.#at.length * 24
  }

  add(source: Address, given: GivenPoints): void {
    this.#sweep(given.at)
    const number = this.#numberOf(source, given.at)
    const point = this.#newPoint()
    this.#at[point] = given.at
    this.#points[point] = given.spoofable ? -given.points : given.points
    this.#account[point] = hashText(given.account)
    this.#value[point] = hashText(given.distinct)
    this.#next[point] = NONE
    if (this.#first[number] === NONE) this.#first[number] = point
    else this.#next[this.#last[number]!] = point
    this.#last[number] = point
    this.#sum[number]! += given.points
    if (given.spoofable) this.#spoofableSum[number]! += given.points
    this.#pattern[number] = this.#patternNumber(given.pattern)
  }

  /** The sum of the live points, and the part of it that no forged packet can have caused. */
  score(source: Address, at: Instant): { readonly score: number; readonly certain: number } {
    const number = this.#live(source, at)
    return number === undefined
      ? { score: 0, certain: 0 }
      : { score: this.#sum[number]!, certain: this.#sum[number]! - this.#spoofableSum[number]! }
  }

  /** The sources with the most live points, at most so many, the highest first. Looks at all, and sorts none but those. */
  highest(most: number, at: Instant): readonly Scored[] {
    const top: number[] = []
    const [first, sum] = [this.#first, this.#sum]
    let lowest = 0
    for (let number = 0; number < this.#sources.end; number++) {
      // What has run out is still in the sum, so that no source is passed over that belongs here.
      if (sum[number]! <= lowest || first[number] === NONE) continue
      if (this.#expire(number, at) || sum[number]! <= lowest) continue
      const after = top.findIndex((other) => sum[other]! < sum[number]!)
      top.splice(after < 0 ? top.length : after, 0, number)
      if (top.length > most) top.pop()
      if (top.length === most) lowest = sum[top.at(-1)!]!
    }
    return top.map((number) => ({
      source: this.#sources.sourceOf(number),
      score: this.#sum[number]!,
      certain: this.#sum[number]! - this.#spoofableSum[number]!,
      pattern: this.#patterns[this.#pattern[number]!],
      lastAt: this.#at[this.#last[number]!]!,
    }))
  }

  /** Whether a live point of the source was given for this value of `distinct`. */
  hasSeen(source: Address, at: Instant, distinct: string): boolean {
    const number = this.#live(source, at)
    if (number === undefined) return false
    const wanted = hashText(distinct)
    for (let point = this.#first[number]!; point !== NONE; point = this.#next[point]!) {
      if (this.#value[point] === wanted) return true
    }
    return false
  }

  /** Takes away the points of one account; true where there were any. */
  credit(source: Address, account: string): boolean {
    const number = this.#sources.find(source)
    if (number === undefined) return false
    const wanted = hashText(account)
    let took = false
    let previous = NONE
    for (let point = this.#first[number]!; point !== NONE; ) {
      const next = this.#next[point]!
      if (this.#account[point] === wanted) {
        this.#unlink(number, previous, point)
        took = true
      } else previous = point
      point = next
    }
    if (this.#first[number] === NONE) this.#remove(number)
    return took
  }

  /** Forgets all points of a source; true where there were any. */
  spend(source: Address): boolean {
    const number = this.#sources.find(source)
    if (number === undefined) return false
    this.#remove(number)
    return true
  }

  /** The number of a source that has live points, those that have run out taken away. */
  #live(source: Address, at: Instant): number | undefined {
    const number = this.#sources.find(source)
    return number === undefined || this.#expire(number, at) ? undefined : number
  }

  /** Takes away what has run out; true where nothing is left and the source is gone. */
  #expire(number: number, at: Instant): boolean {
    const before = at - this.#windowMs
    for (let point = this.#first[number]!; point !== NONE && this.#at[point]! <= before; point = this.#first[number]!) {
      this.#unlink(number, NONE, point)
    }
    if (this.#first[number] !== NONE) return false
    this.#remove(number)
    return true
  }

  #unlink(number: number, previous: number, point: number): void {
    const next = this.#next[point]!
    if (previous === NONE) this.#first[number] = next
    else this.#next[previous] = next
    if (next === NONE) this.#last[number] = previous
    const points = this.#points[point]!
    this.#sum[number]! -= Math.abs(points)
    if (points < 0) this.#spoofableSum[number]! += points
    this.#next[point] = this.#freePoint
    this.#freePoint = point
  }

  #patternNumber(pattern: string | undefined): number {
    const known = this.#patternNumbers.get(pattern)
    if (known !== undefined) return known
    if (this.#patterns.length > PATTERNS_MAX) return 0
    this.#patternNumbers.set(pattern, this.#patterns.length)
    return this.#patterns.push(pattern) - 1
  }

  /** Sources that stay away are met by walking over all numbers, a few at every new point. */
  #sweep(at: Instant): void {
    const before = at - this.#windowMs
    for (let step = 0; step < SWEEP_STEP && this.#sources.end > 0; step++) {
      const number = this.#sweepNext()
      if (this.#first[number] !== NONE && this.#at[this.#last[number]!]! <= before) this.#remove(number)
    }
  }

  #sweepNext(): number {
    const number = this.#sweepAt
    this.#sweepAt = (number + 1) % this.#sources.end
    return number
  }

  /** Makes room: of a sample of sources, the one with the least points goes, of equals the one not seen for longest. */
  #evict(): void {
    let lowest = NONE
    for (let seen = 0, step = 0; seen < EVICTION_SAMPLE && step < this.#sources.end; step++) {
      const number = this.#sweepNext()
      if (this.#first[number] === NONE) continue
      seen++
      if (lowest === NONE || this.#isLower(number, lowest)) lowest = number
    }
    const source = this.#sources.sourceOf(lowest)
    this.#remove(lowest)
    this.evictions++
    this.#onEvict(source)
  }

  #isLower(a: number, b: number): boolean {
    const difference = this.#sum[a]! - this.#sum[b]!
    return difference < 0 || (difference === 0 && this.#at[this.#last[a]!]! < this.#at[this.#last[b]!]!)
  }

  /** The number of a source, which has no points yet where it is new. */
  #numberOf(source: Address, at: Instant): number {
    const known = this.#sources.find(source)
    if (known !== undefined) return known
    if (this.#sources.size >= this.#sourcesMax) this.#makeRoom(at)
    const number = this.#sources.add(source)
    if (number === this.#sum.length) this.#grow()
    this.#sum[number] = 0
    this.#spoofableSum[number] = 0
    return number
  }

  #makeRoom(at: Instant): void {
    const before = this.#sources.size
    for (let step = 0; step < EVICTION_SAMPLE && this.#sources.size === before; step++) this.#sweep(at)
    if (this.#sources.size === before) this.#evict()
  }

  #remove(number: number): void {
    for (let point = this.#first[number]!; point !== NONE; ) {
      const next = this.#next[point]!
      this.#next[point] = this.#freePoint
      this.#freePoint = point
      point = next
    }
    this.#first[number] = NONE
    this.#sources.remove(number)
  }

  #grow(): void {
    const length = this.#sum.length * 2
    this.#sum = grown(this.#sum, new Int32Array(length))
    this.#spoofableSum = grown(this.#spoofableSum, new Int32Array(length))
    this.#first = grown(this.#first, new Int32Array(length).fill(NONE))
    this.#last = grown(this.#last, new Int32Array(length))
    this.#pattern = grown(this.#pattern, new Uint16Array(length))
  }

  #newPoint(): number {
    const free = this.#freePoint
    if (free !== NONE) {
      this.#freePoint = this.#next[free]!
      return free
    }
    if (this.#pointsUsed === this.#at.length) {
      const length = this.#at.length * 2
      this.#at = grown(this.#at, new Float64Array(length))
      this.#points = grown(this.#points, new Int32Array(length))
      this.#account = grown(this.#account, new Uint32Array(length))
      this.#value = grown(this.#value, new Uint32Array(length))
      this.#next = grown(this.#next, new Int32Array(length))
    }
    return this.#pointsUsed++
  }
}

function grown<A extends Uint16Array | Uint32Array | Int32Array | Float64Array>(from: A, to: A): A {
  to.set(from)
  return to
}

/** FNV-1a; 0 is kept for "none". Two accounts of one address that fall together cost at most a credit too many. */
function hashText(text: string | undefined): number {
  if (text === undefined) return 0
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return h >>> 0 || 1
}
