/**
 * Looks at the lines that the scan has found, each with the patterns that are its candidates: first for the prefix of their
 * set, once a line, then for the patterns by their rank, until one of each feed matches. `candidates-memory.ts` says how
 * it is told of them. JavaScript is called back for every match, for cells that automata do not know yet, and for all that is no automaton.
 */
import { resume, run, slot, stepsTaken } from './automaton'

/** What `look` gives. */
const DONE: i32 = 0
const FOUND: i32 = 1
const STUCK: i32 = 2
const ASK: i32 = 3

/** A candidate in memory: its automaton (0: JavaScript is asked), its head (0: none), its feed. */
const CANDIDATE_BYTES: usize = 12
const AUTOMATON: usize = 0
const HEAD: usize = 4
const FEED: usize = 8
/** What a candidate's automaton cost, each 8 bytes: on how many lines it ran, and the steps that it took on them. */
const COST_BYTES: usize = 16
const RUNS: usize = 0
const STEPS: usize = 8
/** A head in memory: its automaton, its slot where `times` begins (0: none), and what was found in the line it last ran on. */
const TIMES: usize = 4
const LINE: usize = 8
const REST: usize = 12
const REST_END: usize = 16

const CLOSING_BRACKET: u8 = 93
/** What a run gives, see automaton.ts. */
const RUN_STUCK: i32 = 1
const NO_MATCH: i32 = 0

/** Where it stands: at the next candidate, running its head, behind it, running its pattern, waiting for an answer. */
const NEXT: i32 = 0
const IN_HEAD: i32 = 1
const BEHIND_HEAD: i32 = 2
const IN_PATTERN: i32 = 3
const WAITING: i32 = 4
let phase: i32 = NEXT

let candidates: usize = 0
let costs: usize = 0
let wordsBytes: usize = 0
let record: usize = 0
let recordsEnd: usize = 0
let word: usize = 0
let bits: u32 = 0
/** The feed of which a pattern has matched this line. */
let feed: i32 = 0
/** All steps that were taken before the pattern that runs. */
let stepsBefore: u32 = 0

/** What JavaScript reads: the number of the candidate; where its line and the part that it is for begin and end. */
const seen: usize = memory.data(20, 4)

export function seenAt(): usize {
  return seen
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

/** Goes on; `answer` is the cell where it was stuck, or whether what it found, or asked about, is a match. */
export function look(answer: i32): i32 {
  let outcome: i32 = 0
  if (phase === WAITING) {
    if (answer) feed = load<i32>(candidate(), FEED)
    phase = NEXT
  } else if (phase !== NEXT) outcome = resume(answer)
  while (true) {
    if (phase === NEXT) {
      if (!goToNext()) return DONE
      if (!load<u32>(candidate(), AUTOMATON)) {
        phase = WAITING
        return ASK
      }
      phase = BEHIND_HEAD
      const head = load<u32>(candidate(), HEAD) as usize
      if (head && load<u32>(head, LINE) !== load<u32>(seen, 4)) {
        outcome = run(load<u32>(head), load<u32>(seen, 4), load<u32>(seen, 8))
        phase = IN_HEAD
      }
    }
    if (phase === IN_HEAD) {
      if (outcome === RUN_STUCK) return STUCK
      endHead(load<u32>(candidate(), HEAD), outcome !== NO_MATCH)
      phase = BEHIND_HEAD
    }
    if (phase === BEHIND_HEAD) {
      if (!findRest()) {
        phase = NEXT
        continue
      }
      stepsBefore = stepsTaken()
      outcome = run(load<u32>(candidate(), AUTOMATON), load<u32>(seen, 12), load<u32>(seen, 16))
      phase = IN_PATTERN
    }
    if (outcome === RUN_STUCK) return STUCK
    countRun()
    phase = NEXT
    if (outcome !== NO_MATCH) {
      phase = WAITING
      return FOUND
    }
  }
}

function candidate(): usize {
  return candidates + (load<u32>(seen) as usize) * CANDIDATE_BYTES
}

/** Adds the run that has just ended to what its candidate cost. */
function countRun(): void {
  const cost = costs + (load<u32>(seen) as usize) * COST_BYTES
  store<f64>(cost, load<f64>(cost, RUNS) + 1, RUNS)
  store<f64>(cost, load<f64>(cost, STEPS) + (stepsTaken() - stepsBefore), STEPS)
}

/** Goes to the next candidate of a feed that has no match in its line yet; false at the end of the records. */
function goToNext(): bool {
  while (true) {
    while (!bits) {
      word += 4
      if (word >= record + 8 + wordsBytes) {
        record += 8 + wordsBytes
        if (record >= recordsEnd) return false
        store<u32>(seen, load<u32>(record), 4)
        store<u32>(seen, load<u32>(record, 4), 8)
        word = record + 8
        feed = -1
      }
      bits = load<u32>(word)
    }
    store<u32>(seen, (((word - record - 8) << 3) as u32) + ctz(bits))
    bits &= bits - 1
    if (load<i32>(candidate(), FEED) !== feed) return true
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
function findRest(): bool {
  const head = load<u32>(candidate(), HEAD) as usize
  const rest = head ? load<u32>(head, REST) : load<u32>(seen, 4)
  store<u32>(seen, rest, 12)
  store<u32>(seen, head ? load<u32>(head, REST_END) : load<u32>(seen, 8), 16)
  return rest !== 0
}
