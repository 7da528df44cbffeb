import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { formatNetwork } from '../base/address.ts'
import { parseCounters } from './pf-counters.ts'

test('what pfctl prints of a table with counters is read; entries without counters are left out', () => {
  const text = readFileSync(new URL('../../test/fixtures/pfctl/show-counters.txt', import.meta.url), 'utf8')
  const local = (...parts: [number, number, number, number, number, number]) => new Date(...parts).getTime()
  assert.deepEqual(
    parseCounters(text).map(({ network, ...rest }) => ({ address: formatNetwork(network), ...rest })),
    [
      { address: '192.0.2.7', packets: 12, clearedAt: local(2026, 0, 25, 9, 30, 0) },
      { address: '203.0.113.9', packets: 0, clearedAt: local(2026, 0, 4, 1, 2, 3) },
      { address: '2001:db8:1:2::/64', packets: 0, clearedAt: local(2026, 10, 20, 9, 30, 0) },
    ],
  )
  assert.deepEqual(parseCounters('   192.0.2.1\n   192.0.2.2\n'), [])
  assert.deepEqual(parseCounters('\tCleared:     Sun Jan 25 09:30:00 2026\n\tIn/Block:    [ Packets: 1   Bytes: 2 ]\n'), [])
})
