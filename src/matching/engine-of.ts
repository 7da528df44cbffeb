import { compileAutomaton } from './automaton/automaton.ts'
import { AutomatonEngine } from './automaton-engine.ts'
import { compilePattern } from './compile.ts'
import type { Engine } from './engine.ts'
import { RegExpEngine } from './regexp-engine.ts'
import { noClock } from './step-clock.ts'
import type { Machine } from './wasm/machine.ts'

/** What runs a regex on the lines in a machine's memory: an automaton where it can be one. */
export function engineOf(written: RegExp, machine: Machine, clock = noClock): Engine {
  const { regex } = compilePattern({ regex: written })
  const automaton = compileAutomaton(regex)
  if (automaton.kind === 'automaton') return new AutomatonEngine(automaton, machine)
  return new RegExpEngine(regex, machine, clock)
}
