import { type Address, parseAddress } from '../base/address.ts'
import type { LineEngine } from './engine.ts'
import { type Clock, noClock } from './step-clock.ts'
import type { Machine } from './wasm/machine.ts'

/** Groups by their numbers, as text: UTF-8, what is no UTF-8 replaced. Undefined for one that took no part. */
export interface FoundGroups {
  text(group: number): string | undefined
}

/** What RegExp finds in a line. */
type Result = RegExpExecArray | null

/**
 * V8's RegExp, at work on lines made strings. It may take for ever, so it is run ahead of need within a limit of time (see
 * wall.ts), and what came of that is given when it is asked for.
 */
export class RegExpEngine implements LineEngine {
  readonly kind = 'RegExp'
  /** What runs ahead of need took, in milliseconds; not those that were cut off. */
  aheadMs = 0
  readonly #regex: RegExp
  readonly #machine: Machine
  readonly #clock: Clock
  #result: Result = null
  #start = 0
  /** Results that are known already, by where their text begins. */
  readonly #ahead = new Map<number, Result>()

  constructor(regex: RegExp, machine: Machine, clock = noClock) {
    this.#regex = regex
    this.#machine = machine
    this.#clock = clock
  }

  /** Finds out now what `run` will say. */
  runAhead(start: number, end: number): void {
    const from = this.#clock()
    this.#ahead.set(start, this.#exec(start, end))
    this.aheadMs += this.#clock() - from
  }

  /** Forgets what was found out ahead. */
  forget(): void {
    this.#ahead.clear()
  }

  run(start: number, end: number): boolean {
    const known = this.#ahead.get(start)
    this.#result = known === undefined ? this.#exec(start, end) : known
    this.#start = start
    return this.#result !== null
  }

  matchEnd(): number {
    return this.#start + this.#result!.index + this.#result![0].length
  }

  address(group: number): Address | undefined {
    const text = this.#result![group]
    return text === undefined ? undefined : parseAddress(text)
  }

  /** What the last run found, to be kept: to find it again could take long. */
  found(): FoundGroups {
    const result = this.#result!
    return { text: (group) => utf8(result[group]) }
  }

  #exec(start: number, end: number): Result {
    return this.#regex.exec(this.#machine.bytes.toString('latin1', start, end))
  }
}

/** A copy, too: what RegExp gives keeps the whole line alive. */
function utf8(bytes: string | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes, 'latin1').toString('utf8')
}
