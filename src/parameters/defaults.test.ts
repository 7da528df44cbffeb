import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as shipped from '../patterns/index.ts'
import { defaultsFor, defaultsWith } from './defaults.ts'

test('each log feeds one rule with the patterns that it came with, and nothing is banned but on paper', () => {
  const { tables, rules, logs } = defaultsWith([{ key: '/var/log/authlog', patterns: shipped.sshd }])
  assert.deepEqual([...tables.values()], [{ name: 'bad_ip', kind: 'dryRun', options: {} }])
  assert.deepEqual(rules.get('hackers')?.tables, ['bad_ip'])
  assert.deepEqual(logs, [{ key: '/var/log/authlog', feeds: [{ rule: 'hackers', patterns: [...shipped.sshd] }] }])
})

test('logs that are named get every shipped pattern, each with its name and weight', () => {
  const { logs } = defaultsFor(['/tmp/old.log', 'stdin:'])
  assert.deepEqual(
    logs.map(({ key }) => key),
    ['/tmp/old.log', 'stdin:'],
  )
  for (const { feeds } of logs) {
    assert.deepEqual(feeds[0]!.patterns, Object.values(shipped).flat())
    assert.ok(feeds[0]!.patterns.every(({ name, weight }) => name !== undefined && weight !== undefined))
  }
})
