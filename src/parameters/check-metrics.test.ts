import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkMetrics } from './check-metrics.ts'
import { Findings } from './fault.ts'

function check(raw: unknown) {
  const findings = new Findings()
  const metrics = checkMetrics(raw, findings)
  return { metrics, faults: findings.faults.map(({ path, message, hint }) => `${path} ${message}${hint ? `; ${hint}` : ''}`) }
}

const file = '/var/lib/log2table-metrics/log2table.prom'

test('no file is written where none is named; one is every 15 seconds by default', () => {
  assert.deepEqual(check(undefined), { metrics: undefined, faults: [] })
  assert.deepEqual(check({ file }), { metrics: { file, everyMs: 15_000 }, faults: [] })
  assert.deepEqual(check({ file, every: '1m' }), { metrics: { file, everyMs: 60_000 }, faults: [] })
})

const example = "write { file: '/var/lib/log2table-metrics/log2table.prom' }"
for (const [raw, fault] of [
  [file, `metrics "${file}" is not an object; ${example}`],
  [{}, `metrics.file undefined is no absolute path that ends in .prom; ${example}`],
  [{ file: 'log2table.prom' }, `metrics.file "log2table.prom" is no absolute path that ends in .prom; ${example}`],
  [{ file: '/tmp/metrics.txt' }, `metrics.file "/tmp/metrics.txt" is no absolute path that ends in .prom; ${example}`],
  [{ file, every: '10ms' }, "metrics.every \"10ms\" is out of range; write from '1s' to '1h'"],
  [{ file, evry: '1m' }, 'metrics.evry unknown key; did you mean "every"?'],
] as const) {
  test(`${JSON.stringify(raw)} is a fault`, () => assert.deepEqual(check(raw).faults, [fault]))
}
