import type { Json } from '../base/units.ts'

/**
 * What one suspicious line looks like, and what it costs.
 *
 * `regex` finds the address in its named group `ip` (only a strict IPv4 or IPv6 address counts, never a host name); a
 * pattern of a set whose prefix names a `session` may do without one: the address is then that of an earlier line of the
 * same session. Other named groups become `hit.parameters`, and so does every key of the pattern that is not one of ours.
 *
 * Lines are matched as bytes: one byte is one character, `.` is any byte but the line feed, `\s` is ASCII white space.
 * Anchor the regex: `^` is the start of the line, or of what follows the set's prefix.
 */
export interface Pattern {
  readonly regex: RegExp
  /** Shown in decisions, `why` and `status`; by default made from the set and the pattern's place in it. */
  readonly name?: string
  /**
   * Points of one match, by default 10. Negative for a good login: it takes away points of the same account (group `user`).
   * 0 says that the line is known to be harmless; it wins over every other pattern. Otherwise, when several patterns of a
   * rule match one line, the greatest weight counts, and only that.
   */
  readonly weight?: number
  /** Counts once in a session, together with the other patterns of the set that say so (the dearest of them counts). */
  readonly once?: 'session'
  /** Name of a group: a value seen before from this address within the window weighs a tenth. */
  readonly distinct?: string
  /** The line can be caused with a forged source address: leads to the first, shortest ban at most. */
  readonly spoofable?: boolean
  /** The line says that a login was accepted in this session, or that the session ended. */
  readonly session?: 'opened' | 'closed'
  /**
   * What a refused packet must be, where the log is one of packets (`pflog:`, `nflog:`); the regex is then for the same
   * packets as text. Its address is that of the sender; the groups are `port`, the destination's, and `target`, the
   * destination and the port.
   */
  readonly packet?: PacketCondition
  /**
   * Why no peer can write a line that gives another address, where `check` has found one and is wrong: which characters the
   * program escapes or refuses, for example. The pattern is taken then.
   */
  readonly unforgeable?: string
  readonly samples?: Samples
  /** The set that the pattern belongs to, written by `patternSet`. */
  readonly set?: PatternSetInfo
  readonly [parameter: string]: unknown
}

/**
 * A packet that asks for something: `syn` opens a TCP connection and has no other flag (but those of ECN), `udp` is any
 * datagram, `echo` is a ping. Answers, and what honest peers still send when we have forgotten their connection, are none.
 */
export interface PacketCondition {
  readonly kind: 'syn' | 'udp' | 'echo'
  /** Of the destination; any where it is left out. */
  readonly ports?: readonly number[]
}

/** Real lines that prove a pattern. `log2table test` runs them all. */
export interface Samples {
  /** Whole lines, each with the address it must give (canonical text). */
  readonly match?: readonly (readonly [line: string, address: string])[]
  /** Near misses: whole lines that this pattern must not match. */
  readonly miss?: readonly string[]
  /** Lines an attacker could write to frame somebody else, each with the true source, or null where nothing may match. */
  readonly forged?: readonly (readonly [line: string, address: string | null])[]
}

/** What the patterns of one set share. */
export interface PatternSetInfo {
  readonly name: string
  /**
   * What every line of the program begins with. Its named group `session` (the process id) ties lines together; a group
   * `times` says how often the message was repeated (and a `]` at the end of the line closes the repeated text).
   */
  readonly prefix?: RegExp
  /**
   * The set is for lines that are JSON objects (behind the prefix, where there is one), and its regexes match a text made
   * of them in this form: `{ts} {request.remote_ip} {status} "{request.uri}"`, where `{a.b}` stands for the value of the key
   * b in the object under a, `{a|b}` for the first of both that is there, and `{a?}` for one that may be missing (`-`).
   * Values are escaped, so that none can pass for another: see `jsonText`. Begin with the date, if lines have one.
   */
  readonly json?: string
}

/** A set is the list of its patterns, so that `[...sshd, { regex: ... }]` is how a user adds to one. */
export type PatternSet = readonly Pattern[]

/** The patterns that feed one rule from one log. */
export interface Feed {
  readonly rule: string
  readonly patterns: readonly Pattern[]
}

/** Keys of a pattern that mean something to us; all others are its parameters. */
export const patternKeys = [
  'regex',
  'name',
  'weight',
  'once',
  'distinct',
  'spoofable',
  'session',
  'packet',
  'unforgeable',
  'samples',
  'set',
] as const

export const WEIGHT_DEFAULT = 10

/** Makes a set: every pattern gets a name (`sshd/failed-password`) and learns what it shares with the others. */
export function patternSet(info: PatternSetInfo, patterns: readonly Pattern[]): PatternSet {
  return patterns.map((pattern, index) => ({ ...pattern, name: `${info.name}/${pattern.name ?? index + 1}`, set: info }))
}

/** What a pattern is called where it is shown. */
export function nameOf({ name, regex }: Pattern): string {
  return name ?? String(regex)
}

/** A pattern's own parameters, as a rule sees them in `hit.parameters` under the groups of the regex. */
export function parametersOf(pattern: Pattern): Readonly<Record<string, Json>> {
  const known: ReadonlySet<string> = new Set(patternKeys)
  return Object.fromEntries(Object.entries(pattern).filter(([key]) => !known.has(key))) as Record<string, Json>
}
