/**
 * Looks at the lines that the scan has found, each with the patterns that are its candidates: first for the prefix of their
 * set, once a line, then for the patterns by their rank, until one of each feed matches. `candidates-memory.ts` says how
 * it is told of them, `finds-memory.ts` how it writes down what it finds. JavaScript is called where room for finds or a lesson
 * is due, for cells that automata do not know yet, and for all that is no automaton.
 */
import { NO_ADDRESS, readAddress } from './address'
import { resume, run, slot, stepsTaken } from './automaton'

/** What `look` gives. */
const DONE: i32 = 0
const LESSON: i32 = 1
const STUCK: i32 = 2
const ASK: i32 = 3
const FULL: i32 = 4

/** A candidate in memory, see candidates-memory.ts. */
const CANDIDATE_BYTES: usize = 32
const AUTOMATON: usize = 0
const HEAD: usize = 4
const FEED: usize = 8
const ADDRESS: usize = 12
const LESSON_IN: usize = 16
const FIND_BYTES: usize = 20
const TEXTS: usize = 24
const TEXTS_END: usize = 28
/** What a candidate's automaton cost, each 8 bytes: on how many lines it ran, and the steps that it took on them. */
const COST_BYTES: usize = 16
const RUNS: usize = 0
const STEPS: usize = 8
/** A head in memory: its automaton, its slot where `times` begins (0: none), and what was found in the line it last ran on. */
const TIMES: usize = 4
const LINE: usize = 8
const REST: usize = 12
const REST_END: usize = 16
const HEAD_TEXTS: usize = 20
const HEAD_TEXTS_END: usize = 24
/** A find in memory, see finds-memory.ts. */
const BYTES: usize = 4
const FIND_LINE: usize = 8
const KIND: usize = 16
const FIND_ADDRESS: usize = 20
const FIND_TEXTS: usize = 36

const CLOSING_BRACKET: u8 = 93
/** Where a group begins and ends that took no part. */
const NOWHERE: u32 = 0xffffffff
/** What a run gives, see automaton.ts. */
const RUN_STUCK: i32 = 1
const NO_MATCH: i32 = 0

/** Where it stands: before the next candidate, at it, running its head, behind it, running its pattern, waiting for an answer. */
const NEXT: i32 = 0
const BEGIN: i32 = 1
const IN_HEAD: i32 = 2
const BEHIND_HEAD: i32 = 3
const IN_PATTERN: i32 = 4
const WAITING: i32 = 5
let phase: i32 = NEXT

let candidates: usize = 0
let costs: usize = 0
let wordsBytes: usize = 0
let record: usize = 0
let recordsEnd: usize = 0
let word: usize = 0
let bits: u32 = 0
/** The one that is looked at, or was last. */
let candidate: usize = 0
/** The feed of which a pattern has matched this line. */
let feed: i32 = 0
/** All steps that were taken before the pattern that runs. */
let stepsBefore: u32 = 0
/** Where the next find goes, and where there is no more room. */
let finds: usize = 0
let findsEnd: usize = 0
let withoutAddress: u32 = 0

/** What JavaScript reads: the number of the candidate; where its line and the part that it is for begin and end. */
const seen: usize = memory.data(20, 4)

export function seenAt(): usize {
  return seen
}

/** Sets where finds go. */
export function setFinds(from: usize, end: usize): void {
  finds = from
  findsEnd = end
}

/** Where the next one will go. */
export function findsAt(): usize {
  return finds
}

/** Matches whose address is none, of all looks so far. */
export function countedWithoutAddress(): u32 {
  return withoutAddress
}

/** Begins with records; those of a candidate's patterns take so many words. */
export function beginLook(candidatesAt: usize, costsAt: usize, words: usize, from: usize, end: usize): void {
  candidates = candidatesAt
  costs = costsAt
  wordsBytes = words << 2
  record = from - 8 - wordsBytes
  recordsEnd = end
  word = from
  bits = 0
  phase = NEXT
}

/** Goes on; `answer` is the cell where it was stuck, or whether what it asked about is a match. */
export function look(answer: i32): i32 {
  let outcome: i32 = 0
  let one = candidate
  if (phase === WAITING) {
    if (answer) feed = load<i32>(one, FEED)
    phase = NEXT
  } else if (phase === IN_HEAD || phase === IN_PATTERN) outcome = resume(answer)
  while (true) {
    if (phase === NEXT) {
      if (!goToNext()) return DONE
      one = candidate
      phase = BEGIN
    }
    const head = load<u32>(one, HEAD) as usize
    if (phase === BEGIN) {
      if (!load<u32>(one, AUTOMATON)) {
        phase = WAITING
        return ASK
      }
      if (finds + load<u32>(one, FIND_BYTES) > findsEnd) return FULL
      phase = BEHIND_HEAD
      if (head && load<u32>(head, LINE) !== load<u32>(seen, 4)) {
        outcome = run(load<u32>(head), load<u32>(seen, 4), load<u32>(seen, 8))
        phase = IN_HEAD
      }
    }
    if (phase === IN_HEAD) {
      if (outcome === RUN_STUCK) return STUCK
      endHead(head, outcome !== NO_MATCH)
      phase = BEHIND_HEAD
    }
    if (phase === BEHIND_HEAD) {
      if (!findRest(head)) {
        phase = NEXT
        continue
      }
      stepsBefore = stepsTaken()
      outcome = run(load<u32>(one, AUTOMATON), load<u32>(seen, 12), load<u32>(seen, 16))
      phase = IN_PATTERN
    }
    if (outcome === RUN_STUCK) return STUCK
    countRun()
    phase = NEXT
    if (outcome !== NO_MATCH && find(one)) {
      feed = load<i32>(one, FEED)
      const lessonIn = load<u32>(one, LESSON_IN) - 1
      store<u32>(one, lessonIn, LESSON_IN)
      if (!lessonIn) return LESSON
    }
  }
}

/** Adds the run that has just ended to what its candidate cost. */
function countRun(): void {
  const cost = costs + (load<u32>(seen) as usize) * COST_BYTES
  store<f64>(cost, load<f64>(cost, RUNS) + 1, RUNS)
  store<f64>(cost, load<f64>(cost, STEPS) + (stepsTaken() - stepsBefore), STEPS)
}

/** Goes to the next candidate of a feed that has no match in its line yet; false at the end of the records. */
function goToNext(): bool {
  let left = bits
  while (true) {
    while (!left) {
      word += 4
      if (word >= record + 8 + wordsBytes) {
        record += 8 + wordsBytes
        if (record >= recordsEnd) return false
        store<u64>(seen, load<u64>(record), 4)
        word = record + 8
        feed = -1
      }
      left = load<u32>(word)
    }
    const number = (((word - record - 8) << 3) as u32) + ctz(left)
    left &= left - 1
    const one = candidates + (number as usize) * CANDIDATE_BYTES
    if (load<i32>(one, FEED) === feed) continue
    store<u32>(seen, number)
    bits = left
    candidate = one
    return true
  }
}

/** Writes down what a head found in the line: where the rest begins (0: it does not match) and ends. */
function endHead(head: usize, matches: bool): void {
  const automaton = load<u32>(head) as usize
  const end = load<u32>(seen, 8)
  const rest = matches ? slot(automaton, 1) : 0
  let restEnd = end
  const times = load<u32>(head, TIMES)
  // The bracket closes what is said to be repeated.
  if (
    matches &&
    times &&
    load<u8>((end as usize) - 1) === CLOSING_BRACKET &&
    slot(automaton, times) < slot(automaton, times + 1)
  ) {
    restEnd = max(rest, end - 1)
  }
  store<u32>(head, load<u32>(seen, 4), LINE)
  store<u32>(head, rest, REST)
  store<u32>(head, restEnd, REST_END)
}

/** Finds the part of the line that the candidate's pattern is for; false where there is none. */
function findRest(head: usize): bool {
  const rest = head ? load<u32>(head, REST) : load<u32>(seen, 4)
  store<u32>(seen, rest, 12)
  store<u32>(seen, head ? load<u32>(head, REST_END) : load<u32>(seen, 8), 16)
  return rest !== 0
}

/** Writes down what the candidate's automaton found; false where its address is none. */
function find(one: usize): bool {
  const automaton = load<u32>(one) as usize
  const address = load<u32>(one, ADDRESS) as usize
  let kind = NO_ADDRESS
  if (address) {
    const from = slot(automaton, address)
    if (from !== NOWHERE) kind = readAddress(from, slot(automaton, address + 1), finds + FIND_ADDRESS)
    if (kind === NO_ADDRESS) {
      withoutAddress++
      return false
    }
  }
  store<u32>(finds, load<u32>(seen))
  store<u32>(finds, load<u32>(one, FIND_BYTES), BYTES)
  store<u64>(finds, load<u64>(seen, 4), FIND_LINE)
  store<u32>(finds, kind, KIND)
  let to = finds + FIND_TEXTS
  to = writeTexts(automaton, load<u32>(one, TEXTS), load<u32>(one, TEXTS_END), to)
  const head = load<u32>(one, HEAD) as usize
  if (head) to = writeTexts(load<u32>(head), load<u32>(head, HEAD_TEXTS), load<u32>(head, HEAD_TEXTS_END), to)
  finds = to
  return true
}

/** Writes where texts begin and end; a list says in which slots. Gives where that ends. */
function writeTexts(automaton: usize, from: usize, end: usize, to: usize): usize {
  for (let text = from; text < end; text += 4, to += 8) {
    const first = load<u32>(text) as usize
    store<u32>(to, slot(automaton, first))
    store<u32>(to, slot(automaton, first + 1), 4)
  }
  return to
}
