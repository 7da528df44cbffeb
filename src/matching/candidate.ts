import type { Engine } from './engine.ts'
import { engineOf } from './engine-of.ts'
import type { Head } from './head.ts'
import type { Pattern } from './pattern.ts'
import { groupsOf } from './prepared.ts'
import type { Clock } from './step-clock.ts'
import { type WantedTexts, wantedTexts } from './wanted-texts.ts'
import type { Machine } from './wasm/machine.ts'

interface CandidateOptions {
  readonly feed: number
  readonly pattern: Pattern
  readonly head: Head | undefined
  readonly machine: Machine
  readonly clock: Clock
}

/** A pattern of one feed. */
export class Candidate {
  readonly feed: number
  readonly pattern: Pattern
  /** What stands before it, where its set has a prefix. */
  readonly head: Head | undefined
  readonly groups: ReadonlyMap<string, number>
  readonly addressGroup: number | undefined
  readonly sessionGroup: number | undefined
  readonly wanted: WantedTexts
  /** Why it is not looked for any more. */
  quarantinedFor: string | undefined
  /** It is not looked for in lines that end there in memory, or behind it. */
  quarantinedFrom = Number.POSITIVE_INFINITY
  /** On how many lines JavaScript ran its engine. */
  runs = 0
  readonly #machine: Machine
  readonly #clock: Clock
  #engine: Engine | undefined
  #runMs = 0

  constructor({ feed, pattern, head, machine, clock }: CandidateOptions) {
    this.#clock = clock
    this.feed = feed
    this.pattern = pattern
    this.head = head
    const groups = groupsOf(pattern.regex)
    this.groups = new Map([...groups].filter(([name]) => name !== 'ip' && name !== 'session'))
    this.addressGroup = groups.get('ip')
    this.sessionGroup = groups.get('session')
    this.wanted = wantedTexts(this)
    this.#machine = machine
  }

  quarantine(reason: string, from = 0): void {
    this.quarantinedFor = reason
    this.quarantinedFrom = from
  }

  release(): void {
    this.quarantinedFor = undefined
    this.quarantinedFrom = Number.POSITIVE_INFINITY
  }

  /** Made when it is needed for the first time. */
  get engine(): Engine {
    this.#engine ??= engineOf(this.pattern.regex, this.#machine, this.#clock)
    return this.#engine
  }

  run(start: number, end: number): boolean {
    const { engine } = this
    const from = this.#clock()
    const matches = engine.run(start, end)
    this.#runMs += this.#clock() - from
    this.runs++
    return matches
  }

  /** What these runs took. */
  get ms(): number {
    return this.#runMs + (this.#engine?.kind === 'RegExp' ? this.#engine.aheadMs : 0)
  }
}
