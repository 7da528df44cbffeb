import { showValue } from '../base/value.ts'
import type { Pattern } from '../matching/pattern.ts'
import { Generic } from '../rules/generic.ts'
import { checkPattern } from './check-pattern.ts'
import { isRule } from './check-rules.ts'
import { type Fault, Findings, type Path } from './fault.ts'
import { withDefaults } from './with-defaults.ts'

/** What a file of patterns and rules exports, as far as it is such. */
export interface CheckedFile {
  /** By the name that the export has. */
  readonly sets: ReadonlyMap<string, readonly Pattern[]>
  /** Classes of rules, and rules, by their names. */
  readonly rules: readonly string[]
  readonly faults: readonly Fault[]
}

/** Checks and lints all that a file exports: sets of patterns, single ones, classes of rules, and rules made of them. */
export function checkFile(exports: Readonly<Record<string, unknown>>): CheckedFile {
  const findings = new Findings()
  const sets = new Map<string, readonly Pattern[]>()
  const rules: string[] = []
  for (const [name, value] of Object.entries(exports)) {
    if (Array.isArray(value))
      sets.set(
        name,
        checked(value, name, (index) => [name, index]),
      )
    else if (isPattern(value))
      sets.set(
        name,
        checked([value], name, () => [name]),
      )
    else if (isRuleClass(value)) rules.push(name)
    else if (isRule(value)) {
      rules.push(name)
      for (const { option, message, hint } of value.check?.() ?? []) findings.fault([name, option], message, hint)
    } else {
      findings.warning([name], `${showValue(value)} is neither a pattern nor a rule`)
    }
  }
  if (sets.size === 0 && rules.length === 0) {
    findings.fault([], 'exports neither patterns nor rules', 'write "export const door = patternSet({ name }, [ ... ])"')
  }
  return { sets, rules, faults: findings.faults }

  function checked(all: readonly unknown[], name: string, pathOf: (index: number) => Path): readonly Pattern[] {
    return all.flatMap((one, index) => (checkPattern(one, pathOf(index), findings) ? [withDefaults(one, name, index)] : []))
  }
}

function isPattern(value: unknown): boolean {
  return value instanceof RegExp || (typeof value === 'object' && value !== null && 'regex' in value)
}

function isRuleClass(value: unknown): boolean {
  return typeof value === 'function' && (value.prototype instanceof Generic || typeof value.prototype?.onHit === 'function')
}
