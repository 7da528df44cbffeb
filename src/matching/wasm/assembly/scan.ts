/**
 * Finds the lines of a block that hold a literal, and the patterns that the literal speaks for. What it works with was
 * put into memory by `literal-tables.ts`, which says how it lies there.
 *
 * Sixteen positions are looked at at once: a position is a hit where its byte and the two before it may be the window of a
 * literal, as far as tables of nibbles can tell (the algorithm is known as Teddy). Each set of tables knows eight groups of
 * windows. At a hit the three bytes lead, by their hash, to the literals that have this very window, and these are compared.
 */

const LINE_FEED: u8 = 10
const CARRIAGE_RETURN: u8 = 13
/** A literal in memory: see literal-tables.ts. */
const NEXT: usize = 0
const LENGTH: usize = 4
const WINDOW_END: usize = 8
const BYTES: usize = 12

let nibbles: usize = 0
let sets: usize = 0
const SET_BYTES: usize = 64
let chains: usize = 0
let hashShift: u32 = 0
let shorts: usize = 0
/** By byte: whether literals without a window may end with it. */
let shortEnds: usize = 0
/** Patterns that are candidates on every line; how many words of 32 patterns there are, in bytes. */
let always: usize = 0
let wordsBytes: usize = 0
let isAlways: bool = false
let records: usize = 0
let recordsEnd: usize = 0
let lineBytesMax: usize = 0

/** Where the scan stands. */
let position: usize = 0
let blockStart: usize = 0
let blockEnd: usize = 0
let record: usize = 0
/** The line that was found to be a candidate last, if it was not written down yet; its candidates are collected at `current`. */
let isCandidate: bool = false
let lineStart: usize = 0
let lineEnd: usize = 0
let current: usize = 0

let lines: u32 = 0
let overlong: u32 = 0
/** Somewhere there are many bytes without a line feed. */
let hasLongRun: bool = false
/** A run of bytes is looked at with all sets before its hits are; as its line feeds are counted in bytes, it can't be longer. */
const RUN_BYTES_MAX: usize = 255 * 16
let runBytes: usize = 0
/** A bit for each position of a run that is a hit. */
const hits: usize = memory.data(528, 16)
/** Hits of a run that lead to literals, each 8 bytes: where it is, and the chain. Four are written at once, however many there are. */
const leads: usize = memory.data(8 * (255 * 16 + 4), 16)
const LEAD_BYTES: usize = 8

export function configure(
  tables: usize,
  setCount: usize,
  words: usize,
  shift: u32,
  shortsAt: usize,
  recordsAt: usize,
  recordsTo: usize,
  lineMax: usize,
): void {
  nibbles = tables
  sets = setCount
  wordsBytes = words << 2
  always = tables + setCount * SET_BYTES
  current = always + wordsBytes
  shortEnds = current + wordsBytes
  chains = shortEnds + 256
  hashShift = shift
  shorts = shortsAt
  records = recordsAt
  recordsEnd = recordsTo
  lineBytesMax = lineMax
  // A run can have as many lines as bytes.
  const capacity = (recordsTo - recordsAt) / (wordsBytes + 8)
  runBytes = min(RUN_BYTES_MAX, max(16, (capacity >> 1) & ~15))
  isAlways = false
  for (let i: usize = 0; i < wordsBytes; i += 4) if (load<u32>(always + i)) isAlways = true
}

export function countedLines(): u32 {
  return lines
}

export function countedOverlong(): u32 {
  return overlong
}

/** Begins with the block that lies from `from` to `to`; its last byte is a line feed. Sixteen bytes before it can be read. */
export function begin(from: usize, to: usize): void {
  position = from
  blockStart = from
  blockEnd = to
  lines = 0
  overlong = 0
  hasLongRun = lineBytesMax < 2 * runBytes
  isCandidate = false
}

export function isDone(): bool {
  return position >= blockEnd && !isCandidate
}

/** Scans on until the block ends or there is no room for the records of another run. Gives where the records end. */
export function scan(): usize {
  record = records
  const room = recordsEnd - (runBytes + 1) * (wordsBytes + 8)
  while (position < blockEnd && record <= room) {
    const end = min(position + runBytes, blockEnd)
    const count = sets === 1 ? scanFirst(position, end, false) : scanFirst(position, end, true)
    lines += count
    if (!count) hasLongRun = true
    for (let set: usize = 3; set < sets; set += 2) scanTwo(position, end, nibbles + set * SET_BYTES)
    settle(position, end)
    position = end
  }
  if (position >= blockEnd) {
    endCandidate()
    if (hasLongRun) countOverlong()
  }
  return record
}

/** Finds the hits of the first set, or of the first three, and gives the number of line feeds. */
function scanFirst(from: usize, end: usize, hasThree: bool): u32 {
  const lowFirst = v128.load(nibbles)
  const lowSecond = v128.load(nibbles, 16)
  const lowThird = v128.load(nibbles, 32)
  const high = v128.load(nibbles, 48)
  const others = nibbles + SET_BYTES
  const lineFeeds = i8x16.splat(10)
  const takesAll = isAlways
  const before = v128.load(from - 16)
  let lowsBefore = lowsOf(before)
  let highsBefore = highsOf(before)
  let counts = i8x16.splat(0)
  let bits = hits
  for (let at = from; at < end; at += 16, bits += 2) {
    const bytes = v128.load(at)
    const lows = lowsOf(bytes)
    const highs = highsOf(bytes)
    const first = twoBack(lowsBefore, lows)
    const second = oneBack(lowsBefore, lows)
    const all = both(oneBack(highsBefore, highs), highs)
    lowsBefore = lows
    highsBefore = highs
    let hit = hitsOf(
      i8x16.relaxed_swizzle(lowFirst, first),
      i8x16.relaxed_swizzle(lowSecond, second),
      i8x16.relaxed_swizzle(lowThird, lows),
      i8x16.relaxed_swizzle(high, all),
    )
    if (hasThree) hit = v128.or(hit, hitsOfTwo(others, first, second, lows, all))
    // Each is -1.
    const lineFeed = i8x16.eq(bytes, lineFeeds)
    counts = i8x16.sub(counts, lineFeed)
    store<u16>(bits, placesOf(takesAll ? v128.or(hit, lineFeed) : hit))
  }
  // The last sixteen bytes may have been more than there are.
  const over = (end - from) & 15
  const beyond: u32 = over ? i8x16.bitmask(i8x16.eq(v128.load(end - over), lineFeeds)) >> (over as u32) : 0
  return sum(counts) - popcnt(beyond)
}

/** Adds the hits of two more sets. */
function scanTwo(from: usize, end: usize, tables: usize): void {
  const before = v128.load(from - 16)
  let lowsBefore = lowsOf(before)
  let highsBefore = highsOf(before)
  let bits = hits
  for (let at = from; at < end; at += 16, bits += 2) {
    const bytes = v128.load(at)
    const lows = lowsOf(bytes)
    const highs = highsOf(bytes)
    const first = twoBack(lowsBefore, lows)
    const second = oneBack(lowsBefore, lows)
    const all = both(oneBack(highsBefore, highs), highs)
    lowsBefore = lows
    highsBefore = highs
    store<u16>(bits, load<u16>(bits) | placesOf(hitsOfTwo(tables, first, second, lows, all)))
  }
}

function hitsOfTwo(tables: usize, first: v128, second: v128, third: v128, high: v128): v128 {
  return v128.or(
    hitsOf(
      i8x16.relaxed_swizzle(v128.load(tables), first),
      i8x16.relaxed_swizzle(v128.load(tables, 16), second),
      i8x16.relaxed_swizzle(v128.load(tables, 32), third),
      i8x16.relaxed_swizzle(v128.load(tables, 48), high),
    ),
    hitsOf(
      i8x16.relaxed_swizzle(v128.load(tables, 64), first),
      i8x16.relaxed_swizzle(v128.load(tables, 80), second),
      i8x16.relaxed_swizzle(v128.load(tables, 96), third),
      i8x16.relaxed_swizzle(v128.load(tables, 112), high),
    ),
  )
}

/** A bit for each position that is a hit of any group. */
function placesOf(hit: v128): u16 {
  return ~i8x16.bitmask(i8x16.eq(hit, i8x16.splat(0))) as u16
}

/** The low halves of bytes. All indexes are below 16, as the fast swizzle asks. */
function lowsOf(bytes: v128): v128 {
  return v128.and(bytes, i8x16.splat(15))
}

/** Of the high halves the two bits that tell signs, digits and the two rows of letters apart, in either case. */
function highsOf(bytes: v128): v128 {
  return v128.and(i16x8.shr_u(bytes, 4), i8x16.splat(5))
}

/** The bits of two bytes as one index. */
function both(first: v128, second: v128): v128 {
  return v128.or(i8x16.add(first, first), second)
}

/** The groups, a bit each, that all four say may stand at a position. */
function hitsOf(first: v128, second: v128, third: v128, high: v128): v128 {
  return v128.and(v128.and(first, second), v128.and(third, high))
}

/** What was at the position before the last, at each of sixteen. */
function twoBack(last: v128, now: v128): v128 {
  return i8x16.shuffle(last, now, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29)
}

function oneBack(last: v128, now: v128): v128 {
  return i8x16.shuffle(last, now, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30)
}

function sum(counts: v128): u32 {
  const sums = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(counts))
  return i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3)
}

/**
 * Looks at the hits of a run, in their order. As nobody can foretell where hits are, or which of them lead to a literal, both are found
 * out without a branch for each.
 */
function settle(from: usize, end: usize): void {
  // Of the last sixteen positions those that are none, and the rest of the last 64.
  const count = end - from
  const last = hits + ((count >> 4) << 1)
  if (count & 15) store<u16>(last, load<u16>(last) & ((1 << ((count & 15) as u16)) - 1))
  const full = (count + 15) & ~15
  store<u64>(hits + (full >> 3), 0)
  const leadsEnd = findLeads(findHits(from, count))
  for (let lead = leads; lead < leadsEnd; lead += LEAD_BYTES) {
    const found = load<u32>(lead) as usize
    const chain = load<u32>(lead, 4)
    if (chain) compareAll(chain, found)
    const byte = load<u8>(found)
    if (load<u8>(shortEnds + byte)) compareAll(shorts, found)
    if (isAlways && byte === LINE_FEED) beCandidate(found)
  }
}

/** Writes down where the hits are. Gives where that ends. */
function findHits(from: usize, count: usize): usize {
  let to = leads
  for (let at: usize = 0; at < count; at += 64) {
    let all = load<u64>(hits + (at >> 3))
    const position = (from + at) as u32
    const next = to + ((popcnt(all) as usize) << 3)
    do {
      store<u32>(to, position + (ctz(all) as u32))
      all &= all - 1
      store<u32>(to, position + (ctz(all) as u32), 8)
      all &= all - 1
      store<u32>(to, position + (ctz(all) as u32), 16)
      all &= all - 1
      store<u32>(to, position + (ctz(all) as u32), 24)
      all &= all - 1
      to += 32
    } while (all)
    to = next
  }
  return to
}

/** Of these hits keeps those that lead to a literal. Gives where they end. */
function findLeads(end: usize): usize {
  let to = leads
  for (let hit = leads; hit < end; hit += LEAD_BYTES) {
    const found = load<u32>(hit) as usize
    const window = load<u32>(found - 2) & 0xffffff
    const chain = load<u32>(chains + ((hashOf(window | 0x202020) >> hashShift) << 2))
    const others: u32 = load<u8>(shortEnds + ((window >> 16) as usize)) | (isAlways ? 1 : 0)
    store<u32>(to, found)
    store<u32>(to, chain, 4)
    to += chain | others ? LEAD_BYTES : 0
  }
  return to
}

function hashOf(window: u32): u32 {
  return window * 0x9e3779b1
}

/** The line in which this position is becomes the candidate, or is it already. */
function beCandidate(at: usize): void {
  if (isCandidate) {
    if (at <= lineEnd) return
    endCandidate()
  }
  isCandidate = true
  lineStart = afterLineFeed(at)
  lineEnd = lineFeedFrom(at)
  for (let i: usize = 0; i < wordsBytes; i += 4) store<u32>(current + i, load<u32>(always + i))
}

/** A record is where the line begins and ends, without its end, and the patterns that are its candidates. */
function endCandidate(): void {
  if (!isCandidate) return
  isCandidate = false
  if (lineEnd - lineStart > lineBytesMax) return
  const hasReturn = lineEnd > lineStart && load<u8>(lineEnd - 1) === CARRIAGE_RETURN
  store<u32>(record, lineStart)
  store<u32>(record, hasReturn ? lineEnd - 1 : lineEnd, 4)
  record += 8
  for (let i: usize = 0; i < wordsBytes; i += 4) store<u32>(record + i, load<u32>(current + i))
  record += wordsBytes
}

/** Where the line begins in which `at` is, or which it ends. */
function afterLineFeed(at: usize): usize {
  let from = at
  while (from > blockStart) {
    const found: u32 = i8x16.bitmask(i8x16.eq(v128.load(from - 16), i8x16.splat(10)))
    if (found) return max(blockStart, from + 16 - (clz(found) as usize))
    from -= 16
  }
  return blockStart
}

/** The first line feed that is not before `at`; the block ends in one. */
function lineFeedFrom(at: usize): usize {
  let from = at
  let found: u32 = 0
  for (; !found; from += 16) found = i8x16.bitmask(i8x16.eq(v128.load(from), i8x16.splat(10)))
  return from - 16 + (ctz(found) as usize)
}

function countOverlong(): void {
  overlong = 0
  for (let start = blockStart; start < blockEnd; ) {
    const end = lineFeedFrom(start)
    if (end - start > lineBytesMax) overlong++
    start = end + 1
  }
}

/** Compares the literals of a chain, whose window ends here. */
function compareAll(first: usize, at: usize): void {
  let literal = first
  while (literal) {
    const start = at - load<u32>(literal, WINDOW_END)
    if (start >= blockStart && isAt(literal, start)) {
      beCandidate(start)
      const patterns = literal + BYTES + ((load<u32>(literal, LENGTH) + 15) & ~15) * 2
      for (let i: usize = 0; i < wordsBytes; i += 4) store<u32>(current + i, load<u32>(current + i) | load<u32>(patterns + i))
    }
    literal = load<u32>(literal, NEXT)
  }
}

/** A literal's bytes lie in pieces of sixteen: what is or-ed to the line's bytes, then what must come of it. */
function isAt(literal: usize, start: usize): bool {
  const length = load<u32>(literal, LENGTH)
  if (start + length > blockEnd) return false
  let piece = literal + BYTES
  let at = start
  let left: i32 = length
  while (left > 0) {
    const equal = i8x16.eq(v128.or(v128.load(at), v128.load(piece)), v128.load(piece, 16))
    let wrong: u32 = ~i8x16.bitmask(equal) & 0xffff
    if (left < 16) wrong &= (1 << (left as u32)) - 1
    if (wrong) return false
    at += 16
    piece += 32
    left -= 16
  }
  return true
}
