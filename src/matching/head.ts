import { type Engine, keptOf, textIn } from './engine.ts'
import { engineOf } from './engine-of.ts'
import { groupsOf } from './prepared.ts'
import type { FoundGroups } from './regexp-engine.ts'
import type { Machine } from './wasm/machine.ts'

const CLOSING_BRACKET = 93

/** The prefix of a set, looked for once in a line however many patterns stand behind it. */
export class Head {
  /** The rest of the line, which the patterns are for. */
  restStart = 0
  restEnd = 0
  readonly timesGroup: number | undefined
  readonly sessionGroup: number | undefined
  /** What a RegExp found in this line, as it can't well be found again. */
  kept: FoundGroups | undefined
  readonly #prefix: RegExp
  readonly #machine: Machine
  #engine: Engine | undefined
  #lineStart = -1
  #matches = false

  constructor(prefix: RegExp, machine: Machine) {
    const groups = groupsOf(prefix)
    this.#prefix = prefix
    this.#machine = machine
    this.timesGroup = groups.get('times')
    this.sessionGroup = groups.get('session')
  }

  /** Made when it is needed for the first time. */
  get engine(): Engine {
    this.#engine ??= engineOf(this.#prefix, this.#machine)
    return this.#engine
  }

  /** The line that was looked at last is there no more. */
  leave(): void {
    this.#lineStart = -1
  }

  matches(start: number, end: number): boolean {
    if (start !== this.#lineStart) {
      const { engine } = this
      this.#lineStart = start
      this.#matches = engine.run(start, end)
      if (this.#matches) {
        this.kept = keptOf(engine)
        this.restStart = engine.matchEnd()
        const isBracketed = this.#machine.bytes[end - 1] === CLOSING_BRACKET && this.timesIn(start, end, this.kept) !== undefined
        this.restEnd = isBracketed ? Math.max(this.restStart, end - 1) : end
      }
    }
    return this.#matches
  }

  /** What its group `times` holds in a line that it matches. */
  timesIn(start: number, end: number, kept: FoundGroups | undefined): string | undefined {
    return this.timesGroup === undefined ? undefined : textIn(this.engine, start, end, kept, this.timesGroup) || undefined
  }

  sessionIn(start: number, end: number, kept: FoundGroups | undefined): string | undefined {
    return this.sessionGroup === undefined ? undefined : textIn(this.engine, start, end, kept, this.sessionGroup)
  }
}
