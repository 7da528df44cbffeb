import { escapeText } from '../base/escape.ts'
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
  return whole.split('\\').map(escapeText).join('\\')
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

const count = (number: number, one: string) => `${number} ${one}${number === 1 ? '' : 's'}`
