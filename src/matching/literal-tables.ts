import type { Corpus } from './corpus.ts'
import { EITHER_CASE, type Literal } from './literals.ts'

/** What is to be looked for: a literal, and the numbers of the patterns that it speaks for. */
export interface Sought {
  readonly literal: Literal
  readonly patterns: readonly number[]
}

/** The tables of one scan as they lie in memory, and what must be known of them to begin it. */
export interface LiteralTables {
  /** Where they must lie. */
  readonly at: number
  readonly bytes: Uint8Array
  /** How far the hash of a window is shifted, so that the number of a chain is left. */
  readonly hashShift: number
  /** Where the chain of those literals begins that are too short to have a window; 0 where there are none. */
  readonly shorts: number
  /** How many sets of tables there are, of 8 groups of windows each. */
  readonly sets: number
}

/** A window is this many bytes of a literal, the least common ones. */
const WINDOW_BYTES = 3
export const HASH_FACTOR = 0x9e3779b1
/** Or-ed to a window before it is hashed, so that both cases of a letter are one. */
export const HASH_FOLD = 0x202020

/**
 * Tables of sixteen bytes which say in which of 8 groups a window may be: by the low half of each of its bytes, and by two
 * bits of the high halves of the last two.
 */
export const SET_BYTES = (WINDOW_BYTES + 1) * 16
const GROUPS = 8
/** With more windows in one group, too much would look like one of them. A set more costs as much as a hit in 50 bytes. */
const GROUP_WINDOWS = 6
const SETS_MAX = 9
/** Of a literal in memory: the next of its chain, its length, where in it the last byte of its window stands. */
const LITERAL_HEAD_BYTES = 12
/** After that its bytes, so many at a time: what is or-ed to the bytes of a line, then what must come of it. */
const PIECE_BYTES = 16

/**
 * Lays out what the scan works with, to lie where `allocate` says; `words` is how many words of 32 patterns there are:
 *
 *     nibbles     64 bytes for each set
 *     always      words of 32 bits: the patterns that are candidates on every line
 *     current     as many words, for the scan's own use
 *     ends        a byte for each byte: whether a literal that is too short to have a window may end with it
 *     chains      by the hash of a window, where its first literal lies
 *     literals    next, length, end of the window; pieces; words of 32 bits: the patterns that it speaks for
 */
export function literalTables(
  { sought, always, words }: { sought: readonly Sought[]; always: readonly number[]; words: number },
  corpus: Corpus,
  allocate: (byteLength: number) => number,
): LiteralTables {
  const windows = windowsOf(
    sought.map(({ literal }) => literal),
    corpus,
  )
  // Sixteen times as many chains as literals: a window that is none of theirs should lead nowhere.
  const chainBits = Math.max(8, 36 - Math.clz32(sought.length))
  const texts = new Set(sought.map(({ literal }, index) => windowOf(literal, windows[index]!)))
  // One, and then always two.
  const sets = Math.min(SETS_MAX, 1 + 2 * Math.ceil(Math.max(0, texts.size / (GROUPS * GROUP_WINDOWS) - 1) / 2))
  const alwaysAt = sets * SET_BYTES
  const endsAt = alwaysAt + 2 * 4 * words
  const chainsAt = endsAt + 256
  let end = chainsAt + 4 * 2 ** chainBits
  const placed = sought.map((one, index) => {
    const from = end
    end += LITERAL_HEAD_BYTES + 2 * paddedLength(one.literal) + 4 * words
    return { ...one, from, window: windows[index]! }
  })
  const at = allocate(end)
  const bytes = new Uint8Array(end)
  const view = new DataView(bytes.buffer)
  const hashShift = 32 - chainBits
  let shorts = 0
  for (const [group, shape] of groupsOf(texts, sets * GROUPS, corpus).entries()) setNibbles(bytes, group, shape)
  setBits(view, alwaysAt, always)
  for (const { literal, patterns, from, window } of placed) {
    let next: number
    if (literal.length < WINDOW_BYTES) {
      next = shorts
      shorts = at + from
      for (const end of endsOf(literal)) bytes[endsAt + end] = 1
    } else {
      const chain = chainsAt + 4 * (Math.imul(keyOf(literal, window), HASH_FACTOR) >>> hashShift)
      next = view.getUint32(chain, true)
      view.setUint32(chain, at + from, true)
    }
    view.setUint32(from, next, true)
    view.setUint32(from + 4, literal.length, true)
    view.setUint32(from + 8, Math.min(window + WINDOW_BYTES, literal.length) - 1, true)
    for (let i = 0; i < literal.length; i++) {
      const to = from + LITERAL_HEAD_BYTES + 2 * (i - (i % PIECE_BYTES)) + (i % PIECE_BYTES)
      bytes[to] = literal.charCodeAt(i) < EITHER_CASE ? 0 : 0x20
      bytes[to + PIECE_BYTES] = literal.charCodeAt(i) & 0xff
    }
    setBits(view, from + LITERAL_HEAD_BYTES + 2 * paddedLength(literal), patterns)
  }
  return { at, bytes, hashShift, shorts, sets }
}

function windowOf(literal: Literal, from: number): string {
  return literal.slice(from, from + WINDOW_BYTES)
}

/** The bytes that a literal may end with: one, or a letter in either case. */
function endsOf(literal: Literal): readonly number[] {
  const end = literal.charCodeAt(literal.length - 1)
  return end < EITHER_CASE ? [end] : [end & 0xff, end & 0xff & ~0x20]
}

function paddedLength({ length }: Literal): number {
  return Math.ceil(length / PIECE_BYTES) * PIECE_BYTES
}

function setBits(view: DataView, at: number, numbers: readonly number[]): void {
  for (const number of numbers) {
    const word = at + 4 * (number >>> 5)
    view.setUint32(word, view.getUint32(word, true) | (1 << (number & 31)), true)
  }
}

/** A window as the scan reads it, little end first, cases folded. */
function keyOf(literal: Literal, window: number): number {
  let key = HASH_FOLD
  for (let i = 0; i < WINDOW_BYTES; i++) key |= (literal.charCodeAt(window + i) & 0xff) << (8 * i)
  return key
}

/** Where the window of each literal begins: at its rarest bytes, and in as few different windows as can be. */
function windowsOf(literals: readonly Literal[], corpus: Corpus): readonly number[] {
  const holdersOf = new Map<string, number[]>()
  const textsBy = literals.map((literal) => new Set(textsOf(literal)))
  for (const [index, texts] of textsBy.entries()) {
    for (const text of texts) {
      const holders = holdersOf.get(text)
      if (holders) holders.push(index)
      else holdersOf.set(text, [index])
    }
  }
  const choices = [...holdersOf].map(([text, holders]) => new Choice(text, holders, 1 / (corpus.share(text) + WINDOW_COST)))
  choices.sort((a, b) => b.gainMax - a.gainMax)
  const choiceOf = new Map(choices.map((choice) => [choice.text, choice]))
  const windows = literals.map(() => -1)
  const best = new Best(choices)
  for (;;) {
    const chosen = best.take()
    if (!chosen) return windows
    for (const index of chosen.holders) {
      if (windows[index]! >= 0) continue
      windows[index] = literals[index]!.indexOf(chosen.text)
      for (const text of textsBy[index]!) choiceOf.get(text)!.open--
    }
  }
}

/** A window that some literals can have. What is gained by it only becomes less, as others are chosen. */
class Choice {
  readonly text: string
  readonly holders: readonly number[]
  readonly gainMax: number
  /** How many of these have no window yet. */
  open: number
  readonly #worth: number

  constructor(text: string, holders: readonly number[], worth: number) {
    this.text = text
    this.holders = holders
    this.gainMax = worth * holders.length
    this.open = holders.length
    this.#worth = worth
  }

  get gain(): number {
    return this.#worth * this.open
  }
}

/**
 * Gives of many choices always the one that gains most now, of equal ones the first; undefined where nothing is to be gained any more. As
 * gains only become less, it is enough to look anew at the one that gained most when it was looked at last: a heap of their numbers.
 */
class Best {
  readonly #choices: readonly Choice[]
  /** What was gained by each when it was looked at last. */
  readonly #gains: Float64Array
  readonly #heap: Uint32Array
  #size: number

  /** From the greatest gain to the least, which makes them a heap as they are. */
  constructor(choices: readonly Choice[]) {
    this.#choices = choices
    this.#gains = Float64Array.from(choices, ({ gain }) => gain)
    this.#heap = Uint32Array.from(choices.keys())
    this.#size = choices.length
  }

  take(): Choice | undefined {
    while (this.#size > 0) {
      const first = this.#heap[0]!
      const choice = this.#choices[first]!
      const { gain } = choice
      if (gain > 0 && gain === this.#gains[first]) return choice
      this.#gains[first] = gain
      if (gain === 0) this.#heap[0] = this.#heap[--this.#size]!
      this.#sink()
    }
    return undefined
  }

  #sink(): void {
    const heap = this.#heap
    const one = heap[0]!
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= this.#size) break
      if (child + 1 < this.#size && this.#isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!this.#isBefore(heap[child]!, one)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = one
  }

  #isBefore(a: number, b: number): boolean {
    const more = this.#gains[a]! - this.#gains[b]!
    return more > 0 || (more === 0 && a < b)
  }
}

/** To have one window more costs as much as one that so many lines hold. */
const WINDOW_COST = 0.03

/** All that can be a literal's window: the whole of it where it is short. */
function textsOf(literal: Literal): readonly string[] {
  const count = Math.max(1, literal.length - WINDOW_BYTES + 1)
  return Array.from({ length: count }, (_, from) => literal.slice(from, from + WINDOW_BYTES))
}

/** The windows that a group takes, as bits: by the low half of each byte, and by the high halves of the last two. */
interface Shape {
  readonly lows: readonly [number, number, number]
  readonly highs: number
}

const NOTHING: Shape = { lows: [0, 0, 0], highs: 0 }

/** What is looked at of high halves: this tells signs, digits and the two rows of letters apart, in either case. */
function highOf(second: number, third: number): number {
  return (((second >> 4) & 5) << 1) | ((third >> 4) & 5)
}

/** Puts windows into groups, so that as little else as possible looks like one of a group. */
function groupsOf(windows: ReadonlySet<string>, count: number, corpus: Corpus): readonly Shape[] {
  const shareOf = shareOfShapes(corpus)
  const members: string[][] = Array.from({ length: count }, () => [])
  const shapes = members.map(() => NOTHING)
  const shares = members.map(() => 0)
  // The first groups are for the short ones, one for each length, so that the scan can tell them.
  const shortGroups = [...windows].some(isShort) ? WINDOW_BYTES - 1 : 0
  const put = (window: string) => {
    let best: { group: number; shape: Shape; share: number; cost: number } | undefined
    const [from, to] = isShort(window) ? [window.length - 1, window.length] : [shortGroups, count]
    for (let group = from; group < to; group++) {
      const shape = widened(shapes[group]!, window)
      const share = shareOf(shape, best && best.cost + shares[group]!)
      const cost = share - shares[group]!
      if (!best || cost < best.cost) best = { group, shape, share, cost }
      if (cost === 0 || members[group]!.length === 0) break // another empty one is the same
    }
    members[best!.group]!.push(window)
    shapes[best!.group] = best!.shape
    shares[best!.group] = best!.share
  }
  for (const window of windows) put(window)
  // Where there is little choice, it is worth to choose once more, now that all are there.
  for (const window of count > GROUPS ? [] : windows) {
    const group = members.findIndex((all) => all.includes(window))
    members[group] = members[group]!.filter((other) => other !== window)
    shapes[group] = members[group]!.reduce(widened, NOTHING)
    shares[group] = shareOf(shapes[group]!)
    put(window)
  }
  return shapes
}

function isShort(window: string): boolean {
  return window.length < WINDOW_BYTES
}

function widened({ lows: [first, second, third], highs }: Shape, window: string): Shape {
  const end = window.length
  // Before a short literal any byte may stand.
  const lowAt = (index: number) => (index < 0 ? 0xffff : 1 << (window.charCodeAt(index) & 15))
  const last = window.charCodeAt(end - 1)
  let more = 0
  if (end > 1) more = 1 << highOf(window.charCodeAt(end - 2), last)
  else for (const high of [0x00, 0x10, 0x40, 0x50]) more |= 1 << highOf(high, last)
  return { lows: [first | lowAt(end - 3), second | lowAt(end - 2), third | lowAt(end - 1)], highs: highs | more }
}

/** How much of what logs usually hold looks like a window of a shape, or that it is `most` at least. */
type ShareOf = (shape: Shape, most?: number) => number

function shareOfShapes({ triples, tripleShares, byteShares }: Corpus): ShareOf {
  // The most common first, so that it is soon known where there is too much.
  const order = [...triples.keys()].sort((a, b) => tripleShares[b]! - tripleShares[a]!)
  const shares = Float64Array.from(order, (index) => tripleShares[index]!)
  const bitsOf = (lower: (triple: number) => number, upper: (triple: number) => number) => {
    return Int32Array.from(order, (index) => (1 << lower(triples[index]!)) | (1 << (16 + upper(triples[index]!))))
  }
  const starts = bitsOf(
    (triple) => triple & 15,
    (triple) => (triple >> 8) & 15,
  )
  const ends = bitsOf(
    (triple) => (triple >> 16) & 15,
    (triple) => highOf(triple >> 8, triple >> 16),
  )
  const lowShares = new Float64Array(16)
  for (const [byte, share] of byteShares.entries()) lowShares[byte & 15]! += share
  const known = new Map<number, number>()
  const shareOfLow = (low: number) => {
    let share = known.get(low)
    if (share === undefined) {
      share = 0
      for (let nibble = 0; nibble < 16; nibble++) if ((low >> nibble) & 1) share += lowShares[nibble]!
      known.set(low, share)
    }
    return share
  }
  return ({ lows: [first, second, third], highs }, most = Number.POSITIVE_INFINITY) => {
    if (first === 0) return 0
    // Of two that look like nothing usual, the narrower.
    let share = 0.05 * shareOfLow(first) * shareOfLow(second) * shareOfLow(third)
    const start = first | (second << 16)
    const end = third | (highs << 16)
    for (let i = 0; i < shares.length && share < most; i++) {
      if ((starts[i]! & start) === starts[i] && (ends[i]! & end) === ends[i]) share += shares[i]!
    }
    return share
  }
}

function setNibbles(bytes: Uint8Array, group: number, { lows, highs }: Shape): void {
  const tables = Math.floor(group / GROUPS) * SET_BYTES
  const bit = 1 << (group % GROUPS)
  for (const [i, row] of [...lows, highs].entries()) {
    for (let index = 0; index < 16; index++) if ((row >> index) & 1) bytes[tables + 16 * i + index]! |= bit
  }
}
