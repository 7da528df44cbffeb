import type { AutomatonMemory } from './automaton-memory.ts'
import { LESSONS } from './leaps.ts'
import type { AutomataCode, Machine } from './machine.ts'

/** What `look` gives; see assembly/look.ts. */
const FOUND = 1
const STUCK = 2
const ASK = 3

const CANDIDATE_WORDS = 3
const HEAD_BYTES = 20
/** Of a candidate: on how many lines its automaton ran, and the steps that it took on them. */
const COST_DOUBLES = 2
/** Of a head, by words. */
const LINE = 2

/** Where a candidate stands that was found, or is asked about: the line, and the part of it that its pattern is for. */
export interface Seen {
  readonly number: number
  readonly start: number
  readonly end: number
  readonly restStart: number
  readonly restEnd: number
}

/** Who answers while lines are looked at: whether it is a match. */
export interface Listener {
  /** The automaton of a candidate matches. */
  found(seen: Seen): boolean
  /** A candidate has no automaton in memory (the rest is not known). */
  ask(seen: Seen): boolean
}

/**
 * The candidates of a scanner as they lie in a machine's memory, where WebAssembly looks at lines with them:
 *
 *     candidates    by number: automaton (0: ask), head (0: none), feed
 *     costs         by number, 8 bytes each: on how many lines its automaton ran, and the steps that it took on them
 *     heads         automaton, slot where `times` begins (0: none), and what it found in the line it last ran on
 */
export class CandidatesMemory implements Seen {
  readonly #machine: Machine
  readonly #code: AutomataCode
  readonly #at: number
  readonly #costsAt: number
  readonly #seenAt: number
  readonly #automata = new Map<number, AutomatonMemory>()
  /** From how many matches of each candidate there is still to learn. */
  readonly #lessons: Uint8Array
  readonly #heads = new Map<AutomatonMemory, number>()

  /** All are to be asked about at first; `feeds` are theirs, by number. */
  constructor(machine: Machine, code: AutomataCode, feeds: readonly number[]) {
    this.#machine = machine
    this.#code = code
    this.#at = machine.allocate(4 * CANDIDATE_WORDS * feeds.length)
    const costsBytes = 8 * COST_DOUBLES * feeds.length
    this.#costsAt = machine.allocate(costsBytes)
    machine.bytes.fill(0, this.#costsAt, this.#costsAt + costsBytes)
    this.#seenAt = code.seenAt() >>> 2
    this.#lessons = new Uint8Array(feeds.length).fill(LESSONS)
    const words = feeds.flatMap((feed) => [0, 0, feed])
    machine.words.set(words, this.#at >>> 2)
  }

  /** From now on this candidate need not be asked about. */
  put(
    number: number,
    automaton: AutomatonMemory,
    head: { automaton: AutomatonMemory; times: number | undefined } | undefined,
  ): void {
    this.#automata.set(automaton.at, automaton)
    const headAt = head ? this.#headAt(head.automaton, head.times) : 0
    this.#machine.words.set([automaton.at, headAt], (this.#at >>> 2) + CANDIDATE_WORDS * number)
  }

  /** Another block is there: what heads found is no more. */
  leave(): void {
    for (const at of this.#heads.values()) this.#machine.words[(at >>> 2) + LINE] = 0
  }

  /** Looks at the lines of records. */
  look(words: number, from: number, end: number, listener: Listener): void {
    const code = this.#code
    code.beginLook(this.#at, this.#costsAt, words, from, end)
    let answer = 0
    for (;;) {
      switch (code.look(answer)) {
        case FOUND:
          this.#learn()
          answer = Number(listener.found(this))
          break
        case STUCK:
          answer = this.#automata.get(code.stuckAutomaton())!.helpOn()
          break
        case ASK:
          answer = Number(listener.ask(this))
          break
        default:
          return
      }
    }
  }

  /** On how many lines the automaton of a candidate ran, and the steps that it took on them. */
  cost(number: number): { readonly runs: number; readonly steps: number } {
    const at = this.#costsAt + 8 * COST_DOUBLES * number
    const { bytes } = this.#machine
    return { runs: bytes.readDoubleLE(at), steps: bytes.readDoubleLE(at + 8) }
  }

  get number(): number {
    return this.#machine.words[this.#seenAt]!
  }

  get start(): number {
    return this.#machine.words[this.#seenAt + 1]!
  }

  get end(): number {
    return this.#machine.words[this.#seenAt + 2]!
  }

  get restStart(): number {
    return this.#machine.words[this.#seenAt + 3]!
  }

  get restEnd(): number {
    return this.#machine.words[this.#seenAt + 4]!
  }

  #learn(): void {
    if (this.#lessons[this.number] === 0) return
    this.#lessons[this.number]!--
    const candidate = (this.#at >>> 2) + CANDIDATE_WORDS * this.number
    const { words } = this.#machine
    const [automaton, head] = [words[candidate]!, words[candidate + 1]!]
    this.#automata.get(automaton)!.learn(this.restStart, this.restEnd)
    if (head !== 0) this.#automata.get(this.#machine.words[head >>> 2]!)!.learn(this.start, this.end)
  }

  #headAt(automaton: AutomatonMemory, times: number | undefined): number {
    let at = this.#heads.get(automaton)
    if (at === undefined) {
      at = this.#machine.allocate(HEAD_BYTES)
      this.#automata.set(automaton.at, automaton)
      this.#heads.set(automaton, at)
      this.#machine.words.set([automaton.at, times === undefined ? 0 : 2 * times], at >>> 2)
      this.#machine.words[(at >>> 2) + LINE] = 0
    }
    return at
  }
}
