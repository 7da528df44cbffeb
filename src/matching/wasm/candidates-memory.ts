import type { AutomatonMemory } from './automaton-memory.ts'
import { FindsMemory, findBytes } from './finds-memory.ts'
import type { AutomataCode, Machine } from './machine.ts'

/** What `look` gives; see assembly/look.ts. */
const LESSON = 1
const STUCK = 2
const ASK = 3
const FULL = 4

const CANDIDATE_WORDS = 8
const FEED = 2
const LESSON_IN = 4
/** It is looked whether leaps still hold after so many matches. */
const LESSON_EVERY = 1024
const HEAD_WORDS = 7
/** Of a candidate: on how many lines its automaton ran, and the steps that it took on them. */
const COST_DOUBLES = 2
/** Of a head. */
const LINE = 2

/** Where a candidate stands that is asked about: its line. */
export interface Seen {
  readonly number: number
  readonly start: number
  readonly end: number
}

/** Who answers while lines are looked at. */
export interface Listener {
  /** There are new finds, see `finds`. */
  found(): void
  /** A candidate has no automaton in memory: does it match? */
  ask(seen: Seen): boolean
}

/** A regex in memory, and the groups of it whose texts are wanted. */
interface Part {
  readonly automaton: AutomatonMemory
  readonly groups: readonly number[]
}

/** What a candidate is, once its engines are known. */
export interface Parts {
  readonly pattern: Part & { readonly addressGroup: number | undefined }
  readonly head: (Part & { readonly timesGroup: number | undefined }) | undefined
}

/**
 * The candidates of a scanner as they lie in a machine's memory, where WebAssembly looks at lines with them, all in words of 32 bits
 * but the costs. Groups stand there as their first slots; 0 is none.
 *
 *     candidates    by number: automaton (0: ask), head (0: none), feed, address, with which match from now JavaScript is to learn from
 *                   it, bytes of a find, where the list of the wanted texts begins and ends
 *     costs         by number, 8 bytes each: on how many lines its automaton ran, and the steps that it took on them
 *     heads         automaton, times, what it found in the line it last ran on (the line, the rest, where that ends), and where
 *                   the list of its wanted texts begins and ends
 */
export class CandidatesMemory implements Seen {
  readonly finds: FindsMemory
  readonly #machine: Machine
  readonly #code: AutomataCode
  readonly #at: number
  readonly #costsAt: number
  readonly #seenAt: number
  readonly #automata = new Map<number, AutomatonMemory>()
  readonly #heads = new Map<AutomatonMemory, number>()
  #withoutAddress = 0

  /** All are to be asked about at first; `feeds` are theirs, by number. */
  constructor(machine: Machine, code: AutomataCode, feeds: readonly number[]) {
    this.#machine = machine
    this.#code = code
    this.finds = new FindsMemory(machine, code)
    this.#at = machine.allocate(4 * CANDIDATE_WORDS * feeds.length)
    const costsBytes = 8 * COST_DOUBLES * feeds.length
    this.#costsAt = machine.allocate(costsBytes)
    machine.bytes.fill(0, this.#costsAt, this.#costsAt + costsBytes)
    this.#seenAt = code.seenAt() >>> 2
    for (const [number, feed] of feeds.entries()) machine.words.set([0, 0, feed], this.#wordsOf(number))
  }

  /** From now on this candidate need not be asked about. */
  put(number: number, { pattern, head }: Parts): void {
    const { automaton, groups, addressGroup } = pattern
    this.#automata.set(automaton.at, automaton)
    const headAt = head ? this.#headAt(head) : 0
    const bytes = findBytes(groups.length + (head?.groups.length ?? 0))
    const texts = this.#listOf(groups)
    const words = this.#wordsOf(number)
    const feed = this.#machine.words[words + FEED]!
    this.#machine.words.set([automaton.at, headAt, feed, slotOf(addressGroup), 1, bytes, ...texts], words)
  }

  /** Another block is there: what heads found is no more. */
  leave(): void {
    this.finds.clear()
    for (const at of this.#heads.values()) this.#machine.words[(at >>> 2) + LINE] = 0
  }

  /** Looks at the lines of records. */
  look(words: number, from: number, end: number, listener: Listener): void {
    const code = this.#code
    code.beginLook(this.#at, this.#costsAt, words, from, end)
    let answer = 0
    for (;;) {
      switch (code.look(answer)) {
        case LESSON:
          this.#learn()
          break
        case STUCK:
          answer = this.#automata.get(code.stuckAutomaton())!.helpOn()
          break
        case ASK:
          listener.found()
          answer = Number(listener.ask(this))
          break
        case FULL:
          listener.found()
          this.finds.provide()
          break
        default:
          listener.found()
          return
      }
    }
  }

  /** Matches whose address was none, since this was last asked. */
  withoutAddress(): number {
    const before = this.#withoutAddress
    this.#withoutAddress = this.#code.countedWithoutAddress()
    return (this.#withoutAddress - before) >>> 0
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

  #learn(): void {
    const candidate = this.#wordsOf(this.number)
    const [automaton, head] = this.#machine.words.subarray(candidate, candidate + 2)
    const [restStart, restEnd] = this.#machine.words.subarray(this.#seenAt + 3, this.#seenAt + 5)
    let isLearning = this.#automata.get(automaton!)!.learn(restStart!, restEnd!)
    if (head !== 0) {
      isLearning = this.#automata.get(this.#machine.words[head! >>> 2]!)!.learn(this.start, this.end) || isLearning
    }
    this.#machine.words[candidate + LESSON_IN] = isLearning ? 1 : LESSON_EVERY
  }

  /** Where a candidate lies, in words. */
  #wordsOf(number: number): number {
    return (this.#at >>> 2) + CANDIDATE_WORDS * number
  }

  #headAt({ automaton, groups, timesGroup }: NonNullable<Parts['head']>): number {
    let at = this.#heads.get(automaton)
    if (at === undefined) {
      const texts = this.#listOf(groups)
      at = this.#machine.allocate(4 * HEAD_WORDS)
      this.#automata.set(automaton.at, automaton)
      this.#heads.set(automaton, at)
      this.#machine.words.set([automaton.at, slotOf(timesGroup), 0, 0, 0, ...texts], at >>> 2)
    }
    return at
  }

  /** Where a list of groups begins and ends. */
  #listOf(groups: readonly number[]): readonly [from: number, end: number] {
    const from = this.#machine.allocate(4 * groups.length)
    this.#machine.words.set(groups.map(slotOf), from >>> 2)
    return [from, from + 4 * groups.length]
  }
}

/** Where a group begins; 0 where there is none, as that is where the match itself does. */
function slotOf(group = 0): number {
  return 2 * group
}
