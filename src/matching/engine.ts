import type { Address } from '../base/address.ts'

/** Matches one regex on lines that lie in a machine's memory. What is asked of it is asked about its last run. */
export interface Engine {
  readonly kind: 'automaton' | 'RegExp'
  /** Named groups, each with its number. */
  readonly groups: ReadonlyMap<string, number>
  /** Whether the bytes `[start, end)` match; they are the whole line to `^` and `$`. */
  run(start: number, end: number): boolean
  /** Where the match ended. */
  matchEnd(): number
  /** The address in a group; undefined where the group took no part, or holds no strict address. */
  address(group: number): Address | undefined
  /** What was found, to be asked for its text as long as the block lies in memory. */
  found(): FoundGroups
}

export interface FoundGroups {
  /** What a group holds, as text: UTF-8, what is no UTF-8 replaced. Undefined where it took no part. */
  text(group: number): string | undefined
}
