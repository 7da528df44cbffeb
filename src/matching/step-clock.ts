import type { Listener } from './wasm/candidates-memory.ts'

/** Milliseconds since any moment. */
export type Clock = () => number

/** Nothing is measured. */
export const noClock: Clock = () => 0

/** One large block of so many is timed. */
const TIMED_OF = 16
/** Smaller ones are timed all: they are those of a quiet log, and few. */
const LARGE_BYTES = 4_096

/**
 * What a step of an automaton takes. One run takes less than to read a clock does, so looks at whole blocks are timed, and only
 * some of these; what a pattern took is reckoned from the steps of its runs, which are all counted.
 */
export class StepClock {
  readonly #clock: Clock
  #blocks = 0
  #ms = 0
  #steps = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  isToTime(blockBytes: number): boolean {
    if (this.#clock === noClock) return false
    return blockBytes < LARGE_BYTES || this.#blocks++ % TIMED_OF === 0
  }

  /** Times a look, without what the listener does. `stepsTaken` gives the steps of all runs so far, modulo 2^32. */
  time(listener: Listener, stepsTaken: () => number, look: (listener: Listener) => void): void {
    const now = this.#clock
    let othersMs = 0
    const byOthers = <T>(answer: () => T): T => {
      const from = now()
      const given = answer()
      othersMs += now() - from
      return given
    }
    const before = stepsTaken()
    const from = now()
    look({ found: () => byOthers(() => listener.found()), ask: (seen) => byOthers(() => listener.ask(seen)) })
    this.#ms += now() - from - othersMs
    this.#steps += (stepsTaken() - before) >>> 0
  }

  /** Milliseconds that so many steps took, as far as is known. */
  msOf(steps: number): number {
    return this.#steps === 0 ? 0 : (steps * this.#ms) / this.#steps
  }
}
