import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wellReport } from './control.testing.ts'
import { troublesOf } from './troubles.ts'

const [log] = wellReport.logs
const [table] = wellReport.tables
const [rule] = wellReport.rules

test('where all is well there is no trouble', () => assert.deepEqual(troublesOf(wellReport), []))

test('entries on their way, a log that has ended and a lag that will pass are no trouble', () => {
  const report = {
    ...wellReport,
    tables: [{ ...table!, desired: 4, queued: 1 }],
    logs: [
      { ...log!, state: 'ended' as const },
      { ...log!, behindBytes: 1_000_000, lagMs: 60_000 },
    ],
  }
  assert.deepEqual(troublesOf(report), [])
})

test('each thing that is not well has a sentence, what leaves the machine open first', () => {
  const report = {
    ...wellReport,
    troubles: ['the resolvers could not be read'],
    bounds: [{ name: 'addresses with points', limit: 100, used: 81 }],
    logs: [
      { ...log!, state: 'waiting' as const, reason: 'permission denied' },
      { ...log!, log: '/var/log/\x07', lagMs: 90_000 },
    ],
    rules: [{ ...rule!, state: 'frozen' as const, reason: null }],
    patterns: [{ pattern: 'mine/slow', state: 'quarantined' as const, reason: 'ran out of time on 63 bytes of a line' }],
    store: { ...wellReport.store, state: 'failing' as const, reason: 'disk full', pending: 9 },
    tables: [{ ...table!, state: 'behind' as const, enforced: 2, reason: 'nft: \x1b[2J' }],
  }
  assert.deepEqual(troublesOf(report), [
    'table bad_ip (nftables) is behind: 2 of 3 entries are in force: nft: \\x1b[2J',
    'the store /var/lib/log2table/log2table.db is failing: 9 changes wait: disk full',
    'rule hackers is frozen',
    'pattern mine/slow is quarantined: it ran out of time on 63 bytes of a line; "log2table release mine/slow" tries it again',
    'log /var/log/auth.log is not read: permission denied',
    'log /var/log/\\x07 is 1m30s behind',
    'addresses with points: 81 of at most 100 are used',
    'the resolvers could not be read',
  ])
})
