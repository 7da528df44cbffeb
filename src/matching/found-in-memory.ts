import type { Address } from '../base/address.ts'
import type { Candidate } from './candidate.ts'
import type { Pattern } from './pattern.ts'
import type { Match } from './scanner.ts'
import { addressAt, lineEnd, lineStart, textAt } from './wasm/finds-memory.ts'
import type { Machine } from './wasm/machine.ts'

/**
 * A match that WebAssembly has found, read where it lies: most of what it holds is asked for once, or not at all. It is derived from
 * no class: V8 is slower to make one that is, by a twentieth of all the time that auth.log takes.
 */
export class FoundInMemory implements Match {
  readonly #machine: Machine
  readonly #at: number
  readonly #from: number
  readonly #candidate: Candidate

  /** `at` is where it lies, in words; `from` where the block begins. */
  constructor(machine: Machine, at: number, from: number, candidate: Candidate) {
    this.#machine = machine
    this.#at = at
    this.#from = from
    this.#candidate = candidate
  }

  get start(): number {
    return lineStart(this.#machine, this.#at) - this.#from
  }

  get end(): number {
    return lineEnd(this.#machine, this.#at) - this.#from
  }

  get address(): Address | undefined {
    return addressAt(this.#machine, this.#at)
  }

  get feed(): number {
    return this.#candidate.feed
  }

  get pattern(): Pattern {
    return this.#candidate.pattern
  }

  get session(): string | undefined {
    const { session, headSession } = this.#candidate.wanted
    return this.#textOf(session) ?? this.#textOf(headSession)
  }

  get times(): number {
    return Number(this.#textOf(this.#candidate.wanted.times) || 1)
  }

  get groups(): Readonly<Record<string, string>> {
    const texts: Record<string, string> = {}
    let number = 0
    for (const name of this.#candidate.groups.keys()) {
      const text = this.#textOf(number++)
      if (text !== undefined) texts[name] = text
    }
    return texts
  }

  #textOf(number: number | undefined): string | undefined {
    return number === undefined ? undefined : textAt(this.#machine, this.#at, number)
  }
}
