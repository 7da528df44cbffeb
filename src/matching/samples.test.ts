import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Pattern, patternSet } from './pattern.ts'
import { regexpScanner } from './regexp-scanner.testing.ts'
import { runSamples } from './samples.ts'

const run = (patterns: readonly Pattern[]) => runSamples(patterns, regexpScanner)

const prefix = /^\S+ sshd\[(?<session>\d+)\]: /

test('samples that are right give no fault, and are counted', () => {
  const set = patternSet({ name: 'sshd', prefix }, [
    {
      name: 'failed',
      regex: /^failed from (?<ip>\S+)$/,
      samples: {
        match: [['www sshd[1]: failed from 203.0.113.9', '203.0.113.9']],
        miss: ['www sshd[1]: failed from example.org', 'www su[1]: failed from 203.0.113.9'],
        forged: [['www sshd[1]: user failed from 192.0.2.1', null]],
      },
    },
  ])
  assert.deepEqual(run(set), { patterns: 1, samples: 4, unproved: [], faults: [] })
})

test('a line without an address is that of its session, in a sample of several lines', () => {
  const set = patternSet({ name: 'sshd', prefix }, [
    { name: 'connected', weight: 0, regex: /^connection from (?<ip>\S+)$/ },
    {
      name: 'gave-up',
      regex: /^too many failures$/,
      samples: {
        match: [
          [
            'www sshd[1]: connection from 203.0.113.9\nwww sshd[2]: connection from 192.0.2.1\nwww sshd[1]: too many failures',
            '203.0.113.9',
          ],
        ],
        forged: [['www sshd[2]: connection from 192.0.2.1\nwww sshd[1]: too many failures', null]],
      },
    },
  ])
  assert.deepEqual(run(set), { patterns: 2, samples: 2, unproved: ['sshd/connected'], faults: [] })
})

test('each sample that is wrong is told with what was expected and what came', () => {
  const broad = {
    name: 'broad',
    weight: 50,
    regex: /(?<ip>\d+\.\d+\.\d+\.\d+)/,
    samples: { miss: ['from 192.0.2.1'], match: [['none', '192.0.2.1']] },
  } as const
  const narrow = {
    name: 'narrow',
    regex: /^from (?<ip>\S+)$/,
    samples: { match: [['from 192.0.2.1', '192.0.2.1']], forged: [['user 192.0.2.1 from 203.0.113.9', '203.0.113.9']] },
  } as const
  assert.deepEqual(run([broad, narrow]).faults, [
    { pattern: 'broad', sample: 'match', line: 'none', expected: '192.0.2.1 by broad', came: 'no match' },
    { pattern: 'broad', sample: 'miss', line: 'from 192.0.2.1', expected: 'no match of broad', came: '192.0.2.1 by broad' },
    { pattern: 'narrow', sample: 'match', line: 'from 192.0.2.1', expected: '192.0.2.1 by narrow', came: '192.0.2.1 by broad' },
    {
      pattern: 'narrow',
      sample: 'forged',
      line: 'user 192.0.2.1 from 203.0.113.9',
      expected: '203.0.113.9',
      came: '192.0.2.1 by broad',
    },
  ])
})

test('a sample of several lines is about its last line only', () => {
  const pattern = {
    name: 'one',
    regex: /^a (?<ip>\S+)$/,
    samples: { miss: ['a 192.0.2.1\nb'], match: [['a 192.0.2.1\nb', '192.0.2.1']] },
  } as const
  assert.deepEqual(
    run([pattern]).faults.map(({ sample, came }) => [sample, came]),
    [['match', 'no match']],
  )
})

test('a pattern is tested among all others, but only those that are wanted are tested', () => {
  const one = { name: 'one', regex: /^a (?<ip>\S+)$/, samples: { match: [['a 192.0.2.1', '192.0.2.1']] } } as const
  const other = { name: 'other', weight: 0, regex: /^a (?<ip>\S+)$/, samples: { match: [['b', '192.0.2.1']] } } as const
  const report = runSamples([one, other], regexpScanner, ({ name }) => name === 'one')
  assert.deepEqual(
    report.faults.map(({ pattern, came }) => [pattern, came]),
    [['one', '192.0.2.1 by other']],
  )
  assert.equal(report.patterns, 1)
})
