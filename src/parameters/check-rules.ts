import { nearest } from '../base/nearest.ts'
import { durationFault, showValue } from '../base/value.ts'
import { Generic, type OptionFault } from '../rules/generic.ts'
import type { Findings, Path } from './fault.ts'

const ruleNamePattern = /^[A-Za-z_][\w-]{0,63}$/

/** The rules by name; those with faults too, so that a log that feeds one is not blamed as well. */
export function checkRules(raw: unknown, tables: ReadonlyMap<string, unknown>, findings: Findings): ReadonlyMap<string, Generic> {
  const rules = new Map<string, Generic>()
  if (raw === undefined) {
    findings.fault(['rules'], 'is missing', "write rules: { hackers: new Hackers({ table: 'bad_ip' }) }")
    return rules
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    findings.fault(['rules'], `${showValue(raw)} is not an object`, "write { hackers: new Hackers({ table: 'bad_ip' }) }")
    return rules
  }
  for (const [name, rule] of Object.entries(raw)) {
    const path = ['rules', name]
    if (!ruleNamePattern.test(name)) {
      findings.fault(path, 'is no name of a rule', 'write a letter or _, then letters, digits, _ and -, at most 64 in all')
    }
    rules.set(name, rule)
    if (isRule(rule)) checkRule(rule, path, tables, findings)
    else if (typeof rule === 'function')
      findings.fault(path, `is the class ${rule.name}, not a rule made from it`, `write new ${rule.name}({ ... })`)
    else
      findings.fault(
        path,
        `${showValue(rule)} is not a rule`,
        'write new Hackers({ ... }), or a class of yours that extends Generic',
      )
  }
  return rules
}

/** A rule may come from another copy of this package, so `instanceof` alone would refuse good ones. */
export function isRule(value: unknown): value is Generic {
  if (value instanceof Generic) return true
  return typeof value === 'object' && value !== null && 'onHit' in value && typeof value.onHit === 'function' && 'window' in value
}

function checkRule(rule: Generic, path: Path, tables: ReadonlyMap<string, unknown>, findings: Findings): void {
  const options = optionFaults(rule)
  for (const { option, message, hint } of options) findings.fault([...path, ...optionPath(option)], message, hint)
  if (typeof rule.onHit !== 'function') findings.fault([...path, 'onHit'], 'is not a method', 'every rule has onHit(kept, hit)')
  if (!options.some(({ option }) => option === 'window')) findings.value([...path, 'window'], durationFault(rule.window))
  if (!Array.isArray(rule.tables ?? []))
    findings.fault([...path, 'tables'], `${showValue(rule.tables)} is not a list`, "write ['bad_ip']")
  else {
    for (const table of rule.tables ?? []) {
      if (typeof table !== 'string' || tables.has(table)) continue
      const near = nearest(table, tables.keys())
      findings.fault(
        path,
        `bans into the table ${showValue(table)}, which tables does not declare`,
        near
          ? `did you mean "${near}"?`
          : `write tables: { ${/^[A-Za-z_]\w*$/.test(table) ? table : showValue(table)}: nftables() }`,
      )
    }
  }
}

function optionFaults(rule: Generic): readonly OptionFault[] {
  try {
    return rule.check?.() ?? []
  } catch (error) {
    return [
      {
        option: '',
        message: `its own check threw ${error instanceof Error ? `${error.name}: ${error.message}` : showValue(error)}`,
      },
    ]
  }
}

/** `ban[1]` as the keys that lead there. */
function optionPath(option: string): Path {
  return [...option.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, key]) => (index === undefined ? key! : Number(index)))
}
