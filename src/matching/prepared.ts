import { compilePattern } from './compile.ts'
import { type Literal, literalsOf, type Share } from './literals.ts'
import type { Pattern } from './pattern.ts'
import { prepared } from './prepared-regexes.ts'

/** What must be known of a regex before the first line can be read. */
export interface Prepared {
  /** The named groups in their order, each with its number. */
  readonly groups: Readonly<Record<string, number>>
  /** See `literalsOf`; null where there are none, and for prefixes, of which none are asked. */
  readonly literals: readonly Literal[] | null
}

/** The named groups of a regex, each with its number. Those that we ship need not be parsed for it. */
export function groupsOf(regex: RegExp): ReadonlyMap<string, number> {
  const known = prepared.get(String(regex))
  return known ? new Map(Object.entries(known.groups)) : compilePattern({ regex }).groups
}

/** The literals of a pattern as it runs on bytes. `share` is asked only where it is not one that we ship. */
export function literalsOfPattern(pattern: Pattern, share: Share): readonly Literal[] | undefined {
  const known = prepared.get(String(pattern.regex))
  return known ? (known.literals ?? undefined) : literalsOf(compilePattern(pattern).regex, share)
}
