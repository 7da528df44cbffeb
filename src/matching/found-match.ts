import type { Address } from '../base/address.ts'
import type { Candidate } from './candidate.ts'
import { keptOf, textIn } from './engine.ts'
import type { Pattern } from './pattern.ts'
import type { FoundGroups } from './regexp-engine.ts'
import type { Match } from './scanner.ts'

/** Where in memory: a line, and the part of it that a pattern is for. */
export interface Place {
  readonly start: number
  readonly end: number
  readonly restStart: number
  readonly restEnd: number
}

/** A match that JavaScript has found. Its texts are made when someone asks for them, which must be before the next block comes. */
export class FoundMatch implements Match {
  readonly feed: number
  readonly pattern: Pattern
  readonly start: number
  readonly end: number
  readonly address: Address | undefined
  readonly #candidate: Candidate
  /** Where the block begins in memory, and the rest of the line where its prefix ends. */
  readonly #from: number
  readonly #restStart: number
  readonly #restEnd: number
  readonly #kept: FoundGroups | undefined
  readonly #headKept: FoundGroups | undefined

  constructor(candidate: Candidate, { start, end, restStart, restEnd }: Place, from: number, address: Address | undefined) {
    this.feed = candidate.feed
    this.pattern = candidate.pattern
    this.start = start - from
    this.end = end - from
    this.address = address
    this.#candidate = candidate
    this.#from = from
    this.#restStart = restStart
    this.#restEnd = restEnd
    this.#kept = keptOf(candidate.engine)
    this.#headKept = candidate.head?.kept
  }

  get session(): string | undefined {
    const { sessionGroup, head } = this.#candidate
    const own = sessionGroup === undefined ? undefined : this.#text(sessionGroup)
    return own ?? head?.sessionIn(this.start + this.#from, this.end + this.#from, this.#headKept)
  }

  get times(): number {
    return Number(this.#candidate.head?.timesIn(this.start + this.#from, this.end + this.#from, this.#headKept) ?? 1)
  }

  get groups(): Readonly<Record<string, string>> {
    const texts: Record<string, string> = {}
    for (const [name, group] of this.#candidate.groups) {
      const text = this.#text(group)
      if (text !== undefined) texts[name] = text
    }
    return texts
  }

  #text(group: number): string | undefined {
    return textIn(this.#candidate.engine, this.#restStart, this.#restEnd, this.#kept, group)
  }
}
