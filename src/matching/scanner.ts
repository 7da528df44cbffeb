import type { Address } from '../base/address.ts'
import type { LoggedPacket } from '../capture/logged-packet.ts'
import type { Pattern } from './pattern.ts'

/**
 * A line of a block that matched a pattern of one rule. The bytes of the line are `block.subarray(start, end)`. Its texts may
 * be made when they are asked for: it is valid until the next block is scanned.
 */
export interface Match {
  /** Index into the `feeds` that the scanner was made from. */
  readonly feed: number
  readonly pattern: Pattern
  /** Where the line begins and ends in the block, in bytes; its line feed (and a carriage return) not included. */
  readonly start: number
  readonly end: number
  /** Undefined where the pattern has no group `ip`: the session's is meant. */
  readonly address: Address | undefined
  /** Process id, or what the set's prefix calls `session`. */
  readonly session: string | undefined
  /** How often the line says that it was repeated; 1 otherwise. */
  readonly times: number
  /** Named groups of the regex but for `ip`, as text (UTF-8, what is no UTF-8 replaced). */
  readonly groups: Readonly<Record<string, string>>
  /** What the patterns saw where it is not the line itself (see PatternSetInfo.json); the line's date is in it. */
  readonly text?: string
  /** When the line says that it was written, where somebody has looked already; null where it says nothing. */
  readonly at?: number | null
}

/** What a scanner counts; `status` and `replay` show it. */
export interface ScanCounts {
  lines: number
  /** Lines over `LINE_BYTES_MAX`: skipped whole, never cut and matched. */
  overlong: number
  /** Matches whose `ip` was no strict address. */
  withoutAddress: number
}

/** Finds which lines match, for each feed the one pattern that counts. */
export interface Scanner {
  readonly counts: ScanCounts
  /** Patterns that took too long on some line, and are not looked for until they are released. */
  readonly quarantined: readonly Quarantined[]
  /** What each pattern has cost so far, of those that were tried on some line. */
  readonly costs: readonly PatternCost[]
  release(pattern: Pattern): void
  /**
   * A block is whole lines, each ended by a line feed. What is found comes in the order of lines, then of
   * feeds. `packets` are what the lines stand for, one for each, where the log is one of packets.
   */
  scan(block: Uint8Array, findings: Findings, packets?: readonly LoggedPacket[]): void
}

export interface Quarantined {
  readonly pattern: Pattern
  readonly reason: string
}

export interface PatternCost {
  readonly pattern: Pattern
  /** On how many lines it was tried: those that hold one of its literals. */
  readonly lines: number
  /** Milliseconds that it took on them; where it is an automaton, reckoned from its steps (see step-clock.ts). */
  readonly ms: number
}

/** Where a scanner brings what it finds. */
export interface Findings {
  match(match: Match): void
  /** "last message repeated 3 times": what the line before said happened so many times more. */
  repeated(start: number, end: number, times: number): void
}
