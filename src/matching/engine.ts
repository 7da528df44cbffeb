import type { Address } from '../base/address.ts'
import type { AutomatonEngine } from './automaton-engine.ts'
import type { FoundGroups, RegExpEngine } from './regexp-engine.ts'

/** What matches one regex on lines that lie in a machine's memory. */
export type Engine = AutomatonEngine | RegExpEngine

/** What engines have in common. What is asked of one is asked about its last run. */
export interface LineEngine {
  readonly kind: 'automaton' | 'RegExp'
  /** Whether the bytes `[start, end)` match; they are the whole line to `^` and `$`. */
  run(start: number, end: number): boolean
  /** Where the match ended. */
  matchEnd(): number
  /** The address in a group; undefined where the group took no part, or holds no strict address. */
  address(group: number): Address | undefined
}

/** What the last run of a RegExp found. What an automaton found is found again when it is asked for. */
export function keptOf(engine: Engine): FoundGroups | undefined {
  return engine.kind === 'RegExp' ? engine.found() : undefined
}

/** A group's text in a line that the engine matches. */
export function textIn(
  engine: Engine,
  start: number,
  end: number,
  kept: FoundGroups | undefined,
  group: number,
): string | undefined {
  return engine.kind === 'RegExp' ? kept!.text(group) : engine.textIn(start, end, group)
}
