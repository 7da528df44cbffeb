import type { Address } from '../base/address.ts'
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

/** Stands in the upper half of the key of an IPv4 source; no unicast IPv6 source begins with ffff:ffff. */
const IPV4_MARK = 0xffffffff
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
 * an open-addressing index leads to a slot, a slot holds the sums and a list of points, oldest first.
 */
export class Scores {
  readonly #windowMs: number
  readonly #sourcesMax: number
  readonly #onEvict: (source: Address) => void

  /** Slot + 1 by hash of the key, 0 where empty; at most half full. */
  #index = new Int32Array(64)
  #sources = 0

  // Of a slot:
  #keyHigh = new Uint32Array(16)
  #keyLow = new Uint32Array(16)
  #sum = new Int32Array(16)
  #spoofableSum = new Int32Array(16)
  #first = new Int32Array(16).fill(NONE)
  #last = new Int32Array(16)
  #pattern = new Uint16Array(16) // of the last point: its number, 0 where it is not known
  #slotsUsed = 0
  #freeSlot = NONE // a list through #last

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

  #sweepSlot = 0
  evictions = 0

  constructor({ windowMs, sourcesMax, onEvict = () => {} }: ScoresOptions) {
    this.#windowMs = windowMs
    this.#sourcesMax = sourcesMax
    this.#onEvict = onEvict
  }

  /** Sources that have points, those that have run out but were not met yet included. */
  get size(): number {
    return this.#sources
  }

  /** Bytes that the arrays take. */
  get bytes(): number {
    return this.#index.byteLength + this.#sum.length * 26 + this.#at.length * 24
  }

  add(source: Address, given: GivenPoints): void {
    this.#sweep(given.at)
    let slot = this.#find(source)
    if (slot === NONE) slot = this.#newSlot(source, given.at)
    const point = this.#newPoint()
    this.#at[point] = given.at
    this.#points[point] = given.spoofable ? -given.points : given.points
    this.#account[point] = hashText(given.account)
    this.#value[point] = hashText(given.distinct)
    this.#next[point] = NONE
    if (this.#first[slot] === NONE) this.#first[slot] = point
    else this.#next[this.#last[slot]!] = point
    this.#last[slot] = point
    this.#sum[slot]! += given.points
    if (given.spoofable) this.#spoofableSum[slot]! += given.points
    this.#pattern[slot] = this.#patternNumber(given.pattern)
  }

  /** The sum of the live points, and the part of it that no forged packet can have caused. */
  score(source: Address, at: Instant): { readonly score: number; readonly certain: number } {
    const slot = this.#live(source, at)
    return slot === NONE
      ? { score: 0, certain: 0 }
      : { score: this.#sum[slot]!, certain: this.#sum[slot]! - this.#spoofableSum[slot]! }
  }

  /** The sources with the most live points, at most so many, the highest first. Looks at all, and sorts none but those. */
  highest(most: number, at: Instant): readonly Scored[] {
    const top: number[] = []
    const [first, sum] = [this.#first, this.#sum]
    let lowest = 0
    for (let slot = 0; slot < this.#slotsUsed; slot++) {
      // What has run out is still in the sum, so that no source is passed over that belongs here.
      if (sum[slot]! <= lowest || first[slot] === NONE) continue
      if (this.#expire(slot, at) || sum[slot]! <= lowest) continue
      const after = top.findIndex((other) => sum[other]! < sum[slot]!)
      top.splice(after < 0 ? top.length : after, 0, slot)
      if (top.length > most) top.pop()
      if (top.length === most) lowest = sum[top.at(-1)!]!
    }
    return top.map((slot) => ({
      source: sourceOfKey(this.#keyHigh[slot]!, this.#keyLow[slot]!),
      score: this.#sum[slot]!,
      certain: this.#sum[slot]! - this.#spoofableSum[slot]!,
      pattern: this.#patterns[this.#pattern[slot]!],
      lastAt: this.#at[this.#last[slot]!]!,
    }))
  }

  /** Whether a live point of the source was given for this value of `distinct`. */
  hasSeen(source: Address, at: Instant, distinct: string): boolean {
    const slot = this.#live(source, at)
    if (slot === NONE) return false
    const wanted = hashText(distinct)
    for (let point = this.#first[slot]!; point !== NONE; point = this.#next[point]!) {
      if (this.#value[point] === wanted) return true
    }
    return false
  }

  /** Takes away the points of one account; true where there were any. */
  credit(source: Address, account: string): boolean {
    const slot = this.#find(source)
    if (slot === NONE) return false
    const wanted = hashText(account)
    let took = false
    let previous = NONE
    for (let point = this.#first[slot]!; point !== NONE; ) {
      const next = this.#next[point]!
      if (this.#account[point] === wanted) {
        this.#unlink(slot, previous, point)
        took = true
      } else previous = point
      point = next
    }
    if (this.#first[slot] === NONE) this.#remove(slot)
    return took
  }

  /** Forgets all points of a source; true where there were any. */
  spend(source: Address): boolean {
    const slot = this.#find(source)
    if (slot === NONE) return false
    this.#remove(slot)
    return true
  }

  /** The slot of a source that has live points, those that have run out taken away. */
  #live(source: Address, at: Instant): number {
    const slot = this.#find(source)
    if (slot !== NONE && this.#expire(slot, at)) return NONE
    return slot
  }

  /** Takes away what has run out; true where nothing is left and the slot is gone. */
  #expire(slot: number, at: Instant): boolean {
    const before = at - this.#windowMs
    for (let point = this.#first[slot]!; point !== NONE && this.#at[point]! <= before; point = this.#first[slot]!) {
      this.#unlink(slot, NONE, point)
    }
    if (this.#first[slot] !== NONE) return false
    this.#remove(slot)
    return true
  }

  #unlink(slot: number, previous: number, point: number): void {
    const next = this.#next[point]!
    if (previous === NONE) this.#first[slot] = next
    else this.#next[previous] = next
    if (next === NONE) this.#last[slot] = previous
    const points = this.#points[point]!
    this.#sum[slot]! -= Math.abs(points)
    if (points < 0) this.#spoofableSum[slot]! += points
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

  /** Sources that stay away are met by walking over all slots, a few at every new point. */
  #sweep(at: Instant): void {
    const before = at - this.#windowMs
    for (let step = 0; step < SWEEP_STEP && this.#slotsUsed > 0; step++) {
      const slot = this.#sweepSlot
      this.#sweepSlot = (slot + 1) % this.#slotsUsed
      if (this.#first[slot] !== NONE && this.#at[this.#last[slot]!]! <= before) this.#remove(slot)
    }
  }

  /** Makes room: of a sample of sources, the one with the least points goes, of equals the one not seen for longest. */
  #evict(): void {
    let lowest = NONE
    for (let seen = 0, step = 0; seen < EVICTION_SAMPLE && step < this.#slotsUsed; step++) {
      const slot = this.#sweepSlot
      this.#sweepSlot = (slot + 1) % this.#slotsUsed
      if (this.#first[slot] === NONE) continue
      seen++
      if (lowest === NONE || this.#isLower(slot, lowest)) lowest = slot
    }
    const source = sourceOfKey(this.#keyHigh[lowest]!, this.#keyLow[lowest]!)
    this.#remove(lowest)
    this.evictions++
    this.#onEvict(source)
  }

  #isLower(a: number, b: number): boolean {
    const difference = this.#sum[a]! - this.#sum[b]!
    return difference < 0 || (difference === 0 && this.#at[this.#last[a]!]! < this.#at[this.#last[b]!]!)
  }

  // The index: linear probing, and shifting back on removal, so that no graves are left behind.

  #find(source: Address): number {
    const high = keyHigh(source)
    const low = keyLow(source)
    const mask = this.#index.length - 1
    for (let i = hashKey(high, low) & mask; ; i = (i + 1) & mask) {
      const slot = this.#index[i]! - 1
      if (slot === NONE) return NONE
      if (this.#keyLow[slot] === low && this.#keyHigh[slot] === high) return slot
    }
  }

  #newSlot(source: Address, at: Instant): number {
    if (this.#sources >= this.#sourcesMax) this.#makeRoom(at)
    let slot = this.#freeSlot
    if (slot !== NONE) this.#freeSlot = this.#last[slot]!
    else {
      if (this.#slotsUsed === this.#sum.length) this.#growSlots()
      slot = this.#slotsUsed++
    }
    this.#keyHigh[slot] = keyHigh(source)
    this.#keyLow[slot] = keyLow(source)
    this.#sum[slot] = 0
    this.#spoofableSum[slot] = 0
    this.#first[slot] = NONE
    this.#sources++
    if (this.#sources * 2 > this.#index.length) this.#growIndex()
    this.#insert(slot)
    return slot
  }

  #makeRoom(at: Instant): void {
    const before = this.#sources
    for (let step = 0; step < EVICTION_SAMPLE && this.#sources === before; step++) this.#sweep(at)
    if (this.#sources === before) this.#evict()
  }

  #insert(slot: number): void {
    const mask = this.#index.length - 1
    let i = hashKey(this.#keyHigh[slot]!, this.#keyLow[slot]!) & mask
    while (this.#index[i] !== 0) i = (i + 1) & mask
    this.#index[i] = slot + 1
  }

  #remove(slot: number): void {
    for (let point = this.#first[slot]!; point !== NONE; ) {
      const next = this.#next[point]!
      this.#next[point] = this.#freePoint
      this.#freePoint = point
      point = next
    }
    this.#first[slot] = NONE
    const index = this.#index
    const mask = index.length - 1
    let hole = hashKey(this.#keyHigh[slot]!, this.#keyLow[slot]!) & mask
    while (index[hole] !== slot + 1) hole = (hole + 1) & mask
    for (let i = (hole + 1) & mask; index[i] !== 0; i = (i + 1) & mask) {
      const other = index[i]! - 1
      const home = hashKey(this.#keyHigh[other]!, this.#keyLow[other]!) & mask
      if (((i - home) & mask) >= ((i - hole) & mask)) {
        index[hole] = index[i]!
        hole = i
      }
    }
    index[hole] = 0
    this.#last[slot] = this.#freeSlot
    this.#freeSlot = slot
    this.#sources--
  }

  #growIndex(): void {
    this.#index = new Int32Array(this.#index.length * 2)
    // The slot that is being made has no points yet, and is left out.
    for (let slot = 0; slot < this.#slotsUsed; slot++) if (this.#first[slot] !== NONE) this.#insert(slot)
  }

  #growSlots(): void {
    const length = this.#sum.length * 2
    this.#keyHigh = grown(this.#keyHigh, new Uint32Array(length))
    this.#keyLow = grown(this.#keyLow, new Uint32Array(length))
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

function keyHigh(source: Address): number {
  return typeof source === 'number' ? IPV4_MARK : Number(source >> 96n)
}

function keyLow(source: Address): number {
  return typeof source === 'number' ? source : Number((source >> 64n) & 0xffffffffn)
}

function sourceOfKey(high: number, low: number): Address {
  return high === IPV4_MARK ? low : (BigInt(high) << 96n) | (BigInt(low) << 64n)
}

/** murmur3's finalizer over both halves. */
function hashKey(high: number, low: number): number {
  let h = Math.imul(high, 0x9e3779b1) ^ low
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** FNV-1a; 0 is kept for "none". Two accounts of one address that fall together cost at most a credit too many. */
function hashText(text: string | undefined): number {
  if (text === undefined) return 0
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return h >>> 0 || 1
}
