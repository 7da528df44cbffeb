import type { Address } from '../base/address.ts'
import { addressIn } from './address-in.ts'
import type { Automaton } from './automaton/automaton.ts'
import type { LineEngine } from './engine.ts'
import { AutomatonMemory } from './wasm/automaton-memory.ts'
import type { Machine } from './wasm/machine.ts'

/** Runs an automaton on a line in memory, and knows the slots of the last match. */
interface Runner {
  run(start: number, end: number): boolean
  /** Whether it is this line that it ran on last. */
  ranOn(start: number, end: number): boolean
  slot(number: number): number
}

/** An automaton, at work where the lines lie: in WebAssembly, where there is some. */
export class AutomatonEngine implements LineEngine {
  readonly kind = 'automaton'
  /** Where WebAssembly finds it. */
  readonly inMemory: AutomatonMemory | undefined
  readonly #runner: Runner
  readonly #machine: Machine

  constructor(automaton: Automaton, machine: Machine) {
    this.inMemory = machine.automata && new AutomatonMemory(automaton, machine, machine.automata)
    this.#runner = this.inMemory ?? new Script(automaton, machine)
    this.#machine = machine
  }

  run(start: number, end: number): boolean {
    return this.#runner.run(start, end)
  }

  matchEnd(): number {
    return this.#runner.slot(1)
  }

  address(group: number): Address | undefined {
    const start = this.#runner.slot(2 * group)
    return start < 0 ? undefined : addressIn(this.#machine.bytes, start, this.#runner.slot(2 * group + 1))
  }

  /** A group's text in a line that matches, and lies in memory still; the line is run again if others came between. */
  textIn(start: number, end: number, group: number): string | undefined {
    if (!this.#runner.ranOn(start, end)) this.run(start, end)
    const from = this.#runner.slot(2 * group)
    if (from < 0) return undefined
    return this.#machine.bytes.toString('utf8', from, this.#runner.slot(2 * group + 1))
  }
}

class Script implements Runner {
  readonly #automaton: Automaton
  readonly #machine: Machine
  #start = -1
  #end = -1
  #slots: Int32Array | undefined

  constructor(automaton: Automaton, machine: Machine) {
    this.#automaton = automaton
    this.#machine = machine
  }

  run(start: number, end: number): boolean {
    this.#start = start
    this.#end = end
    this.#slots = this.#automaton.match(this.#machine.bytes, start, end)
    return this.#slots !== undefined
  }

  ranOn(start: number, end: number): boolean {
    return start === this.#start && end === this.#end
  }

  slot(number: number): number {
    return this.#slots![number]!
  }
}
