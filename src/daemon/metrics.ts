import type { StatusReport } from './control-protocol.ts'
import { troublesOf } from './troubles.ts'

/** One family of samples of the text format of Prometheus. */
interface Metric {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly samples: readonly (readonly [labels: Readonly<Record<string, string>>, value: number])[]
}

/**
 * The state of the daemon in the text format of Prometheus (version 0.0.4): for node_exporter's textfile collector, or any
 * program that reads it. Counters begin with the daemon.
 */
export function metricsOf(report: StatusReport): string {
  return metrics(report)
    .filter(({ samples }) => samples.length > 0)
    .map(({ name, type, help, samples }) => {
      const lines = samples.map(([labels, value]) => `log2table_${name}${labelsText(labels)} ${value}`)
      return `# HELP log2table_${name} ${help}\n# TYPE log2table_${name} ${type}\n${lines.join('\n')}\n`
    })
    .join('')
}

function metrics(report: StatusReport): readonly Metric[] {
  const { logs, tables, rules, patterns, costs, store, bounds } = report
  const ofLogs = familiesOf(logs, ({ log }) => ({ log }))
  const ofTables = familiesOf(tables, ({ table, kind }) => ({ table, kind }))
  const ofRules = familiesOf(rules, ({ rule }) => ({ rule }))
  const ofPatterns = familiesOf(costs, ({ pattern }) => ({ pattern }))
  const ofBounds = familiesOf(bounds, ({ name }) => ({ bound: name }))
  const gauge = (name: string, help: string, value: number, labels = {}): Metric => ({
    ...{ name, type: 'gauge', help },
    samples: [[labels, value]],
  })
  return [
    gauge('info', 'Always 1.', 1, { version: report.version, mode: report.mode }),
    gauge('start_time_seconds', 'When the daemon was started, in seconds since 1970.', Date.parse(report.startedAt) / 1_000),
    gauge('troubles', 'How many things are not well.', troublesOf(report).length),
    gauge('protected_networks', 'Addresses and networks that are never banned.', report.protected),
    ofLogs('log_reading', 'gauge', '1 while the log is read.', ({ state }) => Number(state === 'reading')),
    ofLogs('log_lines_total', 'counter', 'Lines that were read.', ({ lines }) => lines),
    ofLogs('log_hits_total', 'counter', 'Lines that matched.', ({ hits }) => hits),
    ofLogs('log_unread_bytes', 'gauge', 'What there is to read still.', ({ behindBytes }) => behindBytes),
    ofLogs('log_lag_seconds', 'gauge', 'Age of the oldest unread line, where it is known.', ({ lagMs }) =>
      lagMs === null ? null : lagMs / 1_000,
    ),
    ofLogs('log_overlong_lines_total', 'counter', 'Lines that were too long and left out.', ({ overlongLines }) => overlongLines),
    ofLogs('log_lost_bytes_total', 'counter', 'Bytes that were lost.', ({ lostBytes }) => lostBytes),
    ofLogs('log_lost_lines_total', 'counter', 'Lines that were lost.', ({ lostLines }) => lostLines),
    ofTables('table_entries_desired', 'gauge', 'Entries that the table must hold.', ({ desired }) => desired),
    ofTables('table_entries_enforced', 'gauge', 'Entries that the firewall was heard to hold.', ({ enforced }) => enforced),
    ofTables('table_enforcing', 'gauge', '1 where the table is as it must be.', ({ state }) => Number(state === 'enforcing')),
    ofTables('table_entries_by_others', 'gauge', 'Entries that somebody else put in; they are kept.', ({ byOthers }) => byOthers),
    ofTables('table_queued', 'gauge', 'Changes that wait to be made.', ({ queued }) => queued),
    ofRules('rule_running', 'gauge', '1 while the rule is asked.', ({ state }) => Number(state === 'running')),
    ofRules('rule_hits_total', 'counter', 'Lines that counted for the rule.', ({ hits }) => hits),
    ofRules('rule_bans_total', 'counter', 'Bans of the rule.', ({ bans }) => bans),
    ofRules('rule_sources', 'gauge', 'Addresses with points.', ({ scored }) => scored),
    ofPatterns('pattern_lines_total', 'counter', 'Lines that the pattern was tried on.', ({ lines }) => lines),
    ofPatterns('pattern_seconds_total', 'counter', 'Time that the pattern took on them.', ({ ms }) => ms / 1_000),
    gauge('patterns_quarantined', 'Patterns that are not looked for any more.', patterns.length),
    gauge('store_keeping', '1 while the database can be written.', Number(store.state === 'keeping')),
    gauge('store_pending', 'Changes that wait for the database.', store.pending),
    ofBounds('bound_limit', 'gauge', 'The greatest that is allowed.', ({ limit }) => limit),
    ofBounds('bound_used', 'gauge', 'What is used of it.', ({ used }) => used),
    ofBounds('bound_let_go_total', 'counter', 'What had to make room.', ({ letGo }) => letGo ?? 0),
  ]
}

/** Makes metrics with a sample for each item, but for those of which the figure is not known. */
function familiesOf<T>(items: readonly T[], labelsOf: (item: T) => Readonly<Record<string, string>>) {
  return (name: string, type: Metric['type'], help: string, valueOfItem: (item: T) => number | null): Metric => ({
    ...{ name, type, help },
    samples: items.flatMap((item) => {
      const value = valueOfItem(item)
      return value === null ? [] : [[labelsOf(item), value] as const]
    }),
  })
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const texts = Object.entries(labels).map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, escapeOf)}"`)
  return texts.length === 0 ? '' : `{${texts.join(',')}}`
}

const escapeOf = (character: string) => (character === '\n' ? '\\n' : `\\${character}`)
