import { type Forgery, findForgery, lintWarnings } from '../matching/lint.ts'
import type { Pattern } from '../matching/pattern.ts'
import { scannerOf } from '../matching/scanner-of.ts'
import * as shippedSets from '../patterns/index.ts'
import type { Generic, History } from '../rules/generic.ts'
import type { Findings, Path } from './fault.ts'

const shippedPatterns: ReadonlySet<unknown> = new Set(Object.values(shippedSets).flat())

/** Whether a pattern is one that we ship, as it is: our tests have found it without fault. */
export function isShipped(raw: unknown): raw is Pattern {
  return shippedPatterns.has(raw)
}

/** Those that our tests have proved, with all others of their sets; a copy with another weight is as good. */
const shipped: ReadonlySet<RegExp> = new Set(Object.values(shippedSets).flatMap((set) => set.map(({ regex }) => regex)))

/** Refuses a pattern with which a stranger could have somebody else banned, and shows how. */
export function checkLint(pattern: Pattern, path: Path, findings: Findings): void {
  if (shipped.has(pattern.regex)) return
  const { forgery, warnings } = lint(pattern)
  if (forgery) {
    findings.fault(
      [...path, 'regex'],
      `is fooled: for ${forgery.address}, a stranger could have ${forgery.forged} banned by writing ${JSON.stringify(forgery.line)}`,
      "bind both ends (^ and $) so that only the true address fits, or say why nobody can write such a line: unforgeable: '...'",
    )
  }
  for (const warning of warnings) findings.warning([...path, 'regex'], warning)
}

interface Lint {
  readonly forgery: Forgery | undefined
  readonly warnings: readonly string[]
}

/** By all of a pattern that matters to it. Looking for forgeries takes milliseconds, and a reload brings the same patterns anew. */
const linted = new Map<string, Lint>()
const LINTED_MAX = 1000

function lint(pattern: Pattern): Lint {
  const { regex, set, weight, samples, unforgeable } = pattern
  const key = JSON.stringify([String(regex), String(set?.prefix), set?.json, weight === 0, samples, unforgeable])
  let known = linted.get(key)
  if (!known) {
    if (linted.size === LINTED_MAX) linted.clear()
    const forgery = findForgery(pattern, scannerOf([{ rule: '', patterns: [pattern] }]))
    known = { forgery, warnings: lintWarnings(pattern) }
    linted.set(key, known)
  }
  return known
}

const unknown: History = { bans: () => [], listings: () => 0, lastLoginAt: undefined }

/** Warns of the user's own patterns that ban whoever is seen once. */
export function checkWeight({ regex, weight = 0 }: Pattern, rule: Generic | undefined, path: Path, findings: Findings): void {
  const threshold = rule?.thresholdOf?.(unknown, 0)
  if (threshold !== undefined && weight >= threshold && !shipped.has(regex)) {
    findings.warning([...path, 'weight'], `one line is a ban: ${weight} points, where ${threshold} are the threshold`)
  }
}
