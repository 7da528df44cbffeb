import { nearest } from '../base/nearest.ts'
import { showValue } from '../base/value.ts'
import type { Feed, Pattern } from '../matching/pattern.ts'
import type { Generic } from '../rules/generic.ts'
import { logKeyFault, logSchemes } from '../sources/index.ts'
import { checkWeight } from './check-lint.ts'
import { checkOverlap } from './check-overlap.ts'
import { checkPattern } from './check-pattern.ts'
import type { Commands } from './commands-json.ts'
import type { Findings, Path } from './fault.ts'
import type { LogEntry } from './parameters.ts'
import { withDefaults } from './with-defaults.ts'

/**
 * The logs with their feeds; every pattern with its name and weight. `commands` are those that `command:NAME` may mean,
 * undefined where that is not known.
 */
export function checkLogs(
  raw: unknown,
  rules: ReadonlyMap<string, Generic>,
  commands: Commands | undefined,
  findings: Findings,
): readonly LogEntry[] {
  const example = "write logs: { '/var/log/authlog': { hackers: sshd } }"
  if (raw === undefined) {
    findings.fault(['logs'], 'is missing', example)
    return []
  }
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    findings.fault(['logs'], `${showValue(raw)} is not an object`, example)
    return []
  }
  const entries = Object.entries(raw)
  if (entries.length === 0) findings.fault(['logs'], 'is empty: there is nothing to follow', example)
  checkOverlap(Object.keys(raw), findings)
  return entries.map(([key, feeds]) => {
    checkKey(key, commands, findings)
    return { key, feeds: checkFeeds(feeds, key, rules, findings) }
  })
}

function checkKey(key: string, commands: Commands | undefined, findings: Findings): void {
  const path = ['logs', key]
  const [, scheme, rest = ''] = /^([a-z][a-z0-9-]*):(.*)$/is.exec(key) ?? []
  if (scheme !== undefined) {
    if (!logSchemes.has(scheme)) {
      const near = nearest(scheme, logSchemes.keys())
      const hint = near ? `did you mean "${near}:"?` : `write an absolute path, or ${[...logSchemes.values()].join(', ')}`
      findings.fault(path, `there is no log "${key}"`, hint)
      return
    }
    const hint = logKeyFault(key)
    if (hint !== undefined) findings.fault(path, 'is not understood', hint)
    else if (scheme === 'command' && commands && !commands.has(rest)) {
      const near = nearest(rest, commands.keys())
      const known = [...commands.keys()].join(', ') || 'none'
      findings.fault(
        path,
        `there is no command "${rest}"`,
        near ? `did you mean "${near}"?` : `write it in commands.json, which has ${known}`,
      )
    }
  } else if (!key.startsWith('/')) {
    findings.fault(
      path,
      'is not an absolute path',
      key.includes('/') ? 'write it from its first slash on' : `write '/var/log/${key}'`,
    )
  } else if (key.endsWith('/')) findings.fault(path, 'is a folder', `write '${key}*.log'`)
  else if (key.includes('**')) findings.fault(path, '"**" is not understood', 'name each folder; "*" stands for one')
}

function checkFeeds(raw: unknown, key: string, rules: ReadonlyMap<string, Generic>, findings: Findings): readonly Feed[] {
  const path = ['logs', key]
  const rule = rules.keys().next().value ?? 'hackers'
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    findings.fault(
      path,
      `${showValue(raw)} does not say which rule the patterns feed`,
      `write { ${rule}: ${Array.isArray(raw) ? '[ ... ]' : 'sshd'} }`,
    )
    return []
  }
  const entries = Object.entries(raw)
  if (entries.length === 0) findings.fault(path, 'feeds no rule', `write { ${rule}: sshd }`)
  return entries.map(([rule, patterns]) => {
    const feedPath = [...path, rule]
    if (!rules.has(rule)) {
      const near = nearest(rule, rules.keys())
      findings.fault(
        feedPath,
        `there is no rule "${rule}"`,
        near ? `did you mean "${near}"?` : `write it in rules, which has ${[...rules.keys()].join(', ') || 'none'}`,
      )
    }
    return { rule, patterns: checkPatterns(patterns, key, rules.get(rule), feedPath, findings) }
  })
}

function checkPatterns(raw: unknown, key: string, rule: Generic | undefined, path: Path, findings: Findings): readonly Pattern[] {
  if (!Array.isArray(raw)) {
    const hint =
      raw instanceof RegExp ? `write [{ regex: ${raw} }]` : 'write a set such as sshd, or [{ regex: /^(?<ip>\\S+) .../ }]'
    findings.fault(path, `${showValue(raw)} is not a list of patterns`, hint)
    return []
  }
  if (raw.length === 0) findings.warning(path, 'has no patterns')
  return raw.flatMap((pattern, index) => {
    const at = [...path, index]
    const before = findings.faults.length
    if (!checkPattern(pattern, at, findings)) return []
    if (findings.faults.length === before) checkWeight(pattern, rule, at, findings)
    return [withDefaults(pattern, key, index)]
  })
}
