import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { exitStatus } from '../../src/base/exit-status.ts'
import { failed, log2table } from './session.ts'

test('all samples of the shipped patterns are right', async () => {
  const { status, stdout, stderr } = await log2table('test')
  assert.match(stdout, /^(?:[A-Za-z]+: \d+ patterns?, \d+ samples, all right\n)+$/)
  assert.deepEqual({ status, stderr }, { status: exitStatus.done, stderr: '' })
})

test('one pattern, or one set, can be tested alone', async () => {
  assert.match((await log2table('test --pattern sshd/failed-password')).stdout, /^sshd: 1 pattern, \d+ samples, all right\n$/)
  assert.match((await log2table('test --pattern httpd')).stdout, /^httpd: \d+ patterns, \d+ samples, all right\n$/)
})

test("a user's own pattern is tested among those it is used with, and each wrong sample is shown", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'log2table-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(
    join(folder, 'parameters.ts'),
    String.raw`import { Hackers, dryRun, parameters } from 'log2table'
import { sshd } from 'log2table/patterns'
const mine = { name: 'mine', regex: /^door: (?<ip>\S+) knocked$/, samples: { match: [['door: 203.0.113.9 \u001b[2J', '203.0.113.9']], miss: [], forged: [] } }
export default parameters({
  tables: { bad_ip: dryRun() },
  rules: { hackers: new Hackers({ table: 'bad_ip' }) },
  logs: { '/var/log/door': { hackers: [...sshd, mine] } },
})
`,
  )
  chmodSync(join(folder, 'parameters.ts'), 0o644)
  const seen = await log2table(['test', '--config', folder, '--pattern', 'mine'])
  assert.deepEqual(seen, {
    status: exitStatus.no,
    stdout: `mine, match:
  door: 203.0.113.9 \\x1b[2J
    expected 203.0.113.9 by mine
    came     no match
/var/log/door for hackers: 1 pattern, 1 sample, 1 wrong
`,
    stderr: '',
  })
  const lines = (await log2table(['test', '--config', folder, '--pattern', 'mine', '--json'])).stdout.trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    [
      {
        kind: 'fault',
        set: '/var/log/door for hackers',
        pattern: 'mine',
        sample: 'match',
        line: 'door: 203.0.113.9 \x1b[2J',
        expected: '203.0.113.9 by mine',
        came: 'no match',
      },
      { kind: 'set', set: '/var/log/door for hackers', patterns: 1, samples: 1, unproved: [], faults: 1 },
    ],
  )
})

test('a configuration with faults tests nothing', async () => {
  const { status, stdout, stderr } = await log2table('test --config /nonexistent')
  assert.deepEqual({ status, stdout }, { status: exitStatus.configuration, stdout: '' })
  assert.match(stderr, /^log2table: \/nonexistent/)
  assert.deepEqual(
    await log2table('test --pattern httpd/nonsense-at-all'),
    failed(exitStatus.usage, 'no pattern is called "httpd/nonsense-at-all"'),
  )
})
