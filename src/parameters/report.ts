import { escapeText } from '../base/escape.ts'
import type { PatternReport } from '../matching/pattern-report.ts'
import type { Fault } from './fault.ts'
import type { Configuration } from './parameters.ts'

/**
 * One line that can be shown anywhere. Backslashes stay single, since regexes are shown as they are to be written:
 * `/etc/log2table/parameters.ts: logs["/var/log/authlog"].hackers[2].weight: "20" is not a whole number; write 20`
 */
export function formatFault({ severity, file, line, column, path, message, hint }: Fault): string {
  const place = [file, line, line === undefined ? undefined : column].filter((part) => part !== undefined).join(':')
  const said = hint === undefined ? message : `${message}; ${hint}`
  const whole = [place, severity === 'warning' ? 'warning' : '', path, said].filter((part) => part !== '').join(': ')
  return shown(whole)
}

/** Escaped, but for backslashes. */
function shown(text: string): string {
  return text.split('\\').map(escapeText).join('\\')
}

/** A fault as `check --json` prints it; every key is always there. */
export function faultRecord({ severity, file, line, column, path, message, hint }: Fault): Readonly<Record<string, unknown>> {
  return { kind: severity, file: file ?? null, line: line ?? null, column: column ?? null, path, message, hint: hint ?? null }
}

/** What a configuration holds, for a person: one line each for its tables, rules, logs and ignore list. */
export function summaryLines({ ignore, tables, rules, logs }: Configuration): readonly string[] {
  return [
    ...[...tables.values()].map(({ name, kind }) => `table   ${name} (${kind})`),
    ...[...rules].map(([name, rule]) => `rule    ${name}${rule.tables.length > 0 ? ` bans into ${rule.tables.join(', ')}` : ''}`),
    ...logs.map(({ key, feeds }) => {
      return `log     ${key}: ${feeds.map(({ rule, patterns }) => `${count(patterns.length, 'pattern')} for ${rule}`).join(', ')}`
    }),
    `ignore  ${[count(ignore.networks.length, 'network'), ...ignore.files].join(', ')}`,
  ]
}

/** The same as `check --json` prints it. */
export function summaryRecord({
  folder,
  ignore,
  tables,
  rules,
  logs,
  stateFolder,
  control,
}: Configuration): Readonly<Record<string, unknown>> {
  return {
    kind: 'configuration',
    folder: folder ?? null,
    tables: Object.fromEntries([...tables.values()].map(({ name, kind }) => [name, kind])),
    rules: Object.fromEntries([...rules].map(([name, rule]) => [name, rule.tables])),
    logs: Object.fromEntries(
      logs.map(({ key, feeds }) => [key, Object.fromEntries(feeds.map(({ rule, patterns }) => [rule, patterns.length]))]),
    ),
    ignore: { networks: ignore.networks.length, files: ignore.files },
    stateFolder,
    control,
  }
}

/** What is said of a pattern even where nobody asked: on some line it takes long, or every line is tried. */
export function isNotable({ literals, notLinear }: PatternReport): boolean {
  return notLinear !== undefined || literals === undefined
}

/** How all patterns are run, for a person, and what is notable of some. */
export function patternLines(reports: readonly PatternReport[]): readonly string[] {
  const regexps = reports.filter(({ engine }) => engine === 'RegExp').length
  const automata = reports.length - regexps
  const onEveryLine = reports.filter(({ literals }) => literals === undefined).length
  const counts = [
    `${automata} of ${count(reports.length, 'pattern')} ${automata === 1 ? 'runs as an automaton' : 'run as automata'}`,
    ...(regexps > 0 ? [`${regexps} as RegExp within a limit of time`] : []),
    ...(onEveryLine > 0 ? [`${onEveryLine} on every line`] : []),
  ]
  return [
    `engine  ${counts.join(', ')}`,
    ...reports.filter(isNotable).map((report) => {
      return `engine  ${shown(report.pattern)}: ${notesOf(report)}`
    }),
  ]
}

/** What is notable of a pattern, in words; empty where nothing is. */
export function notesOf({ engine, literals, notLinear }: PatternReport): string {
  const notes = [
    ...(notLinear === undefined ? [] : [engine === 'RegExp' ? `runs as RegExp, as ${notLinear}` : notLinear]),
    ...(literals === undefined ? ['runs on every line, as there is no text that all its matches hold'] : []),
  ]
  return shown(notes.join('; '))
}

/** How one pattern is run, as `check --json` prints it. */
export function patternRecord(report: PatternReport): Readonly<Record<string, unknown>> {
  const { pattern, engine, reads, literals, states, notLinear } = report
  return {
    kind: 'pattern',
    pattern,
    engine,
    reads,
    literals: literals ?? null,
    states: states ?? null,
    notLinear: notLinear ?? null,
  }
}

const count = (number: number, one: string) => `${number} ${one}${number === 1 ? '' : 's'}`
