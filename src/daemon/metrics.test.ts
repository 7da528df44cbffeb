import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wellReport } from './control.testing.ts'
import { metricsOf } from './metrics.ts'

const lines = (text: string) => text.trimEnd().split('\n')
const sampleOf = (text: string, sample: string) =>
  lines(text)
    .find((line) => line.startsWith(`${sample} `))
    ?.slice(sample.length + 1)

test('each family is told once, with what it is, and each sample is a number', () => {
  const families = new Map<string, string[]>()
  for (const line of lines(metricsOf(wellReport))) {
    const help = /^# HELP (log2table_[a-z_]+) \S.*\.$/.exec(line)
    const type = /^# TYPE (log2table_[a-z_]+) (counter|gauge)$/.exec(line)
    const sample = /^(log2table_[a-z_]+)(\{(?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)+\})? \d+(\.\d+)?(e\+\d+)?$/.exec(line)
    const name = (help ?? type ?? sample)?.[1]
    assert.ok(name, line)
    families.set(name, [...(families.get(name) ?? []), help ? 'help' : type ? type[2]! : 'sample'])
  }
  assert.ok(families.size > 20)
  for (const [name, parts] of families) {
    assert.deepEqual(parts.slice(0, 2), ['help', name.endsWith('_total') ? 'counter' : 'gauge'], name)
    assert.ok(parts.length > 2 && parts.slice(2).every((part) => part === 'sample'), name)
  }
})

test('what is wrong can be seen from the figures', () => {
  const table = { ...wellReport.tables[0]!, enforced: 1, state: 'behind' as const, byOthers: 2 }
  const log = { ...wellReport.logs[0]!, lagMs: null, behindBytes: 4_096 }
  const text = metricsOf({ ...wellReport, tables: [table], logs: [log] })
  assert.equal(sampleOf(text, 'log2table_table_entries_desired{table="bad_ip",kind="nftables"}'), '3')
  assert.equal(sampleOf(text, 'log2table_table_entries_enforced{table="bad_ip",kind="nftables"}'), '1')
  assert.equal(sampleOf(text, 'log2table_table_entries_by_others{table="bad_ip",kind="nftables"}'), '2')
  assert.equal(sampleOf(text, 'log2table_table_enforcing{table="bad_ip",kind="nftables"}'), '0')
  assert.equal(sampleOf(text, 'log2table_troubles'), '1')
  assert.equal(sampleOf(text, 'log2table_log_unread_bytes{log="/var/log/auth.log"}'), '4096')
  assert.doesNotMatch(text, /log_lag_seconds/, 'nobody knows it')
})

test('what each pattern costs is told in lines and seconds', () => {
  const text = metricsOf({ ...wellReport, costs: [{ pattern: 'mine/slow', lines: 42, ms: 1_500 }] })
  assert.equal(sampleOf(text, 'log2table_pattern_lines_total{pattern="mine/slow"}'), '42')
  assert.equal(sampleOf(text, 'log2table_pattern_seconds_total{pattern="mine/slow"}'), '1.5')
})

test('the name of a log cannot end its label', () => {
  const log = { ...wellReport.logs[0]!, log: '/var/log/"} 1\nevil{x="\\' }
  const text = metricsOf({ ...wellReport, logs: [log] })
  assert.equal(sampleOf(text, 'log2table_log_reading{log="/var/log/\\"} 1\\nevil{x=\\"\\\\"}'), '1')
  assert.doesNotMatch(text, /^evil/m)
})
