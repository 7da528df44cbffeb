import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseNetwork } from '../base/address.ts'
import { cutConnections } from './connections.ts'

const table = { name: 'bad_ip', kind: 'nftables', options: {} }
const networks = (...addresses: string[]) => addresses.map((address) => parseNetwork(address)!)

test('sockets of all are cut by one command, and what is tracked of each from it and to it', () => {
  const steps = cutConnections(table, networks('192.0.2.1', '2001:db8:0:1::/64'))
  assert.deepEqual(
    steps.map(({ argv }) => argv.join(' ')),
    [
      'ss -K -H -n -t dst 192.0.2.1 or dst 2001:db8:0:1::/64',
      'conntrack -D -s 192.0.2.1',
      'conntrack -D -d 192.0.2.1',
      'conntrack -D -s 2001:db8:0:1::/64',
      'conntrack -D -d 2001:db8:0:1::/64',
    ],
  )
})

test('for many it is the sockets only', () => {
  const many = networks(...Array.from({ length: 100 }, (_, i) => `192.0.2.${i}`))
  const steps = cutConnections(table, many)
  assert.deepEqual([steps.length, steps[0]!.argv.length], [1, 5 + 299])
})

test('nothing is cut where it shall not be, and of nobody nothing', () => {
  assert.deepEqual(cutConnections({ ...table, options: { cut: false } }, networks('192.0.2.1')), [])
  assert.deepEqual(cutConnections(table, []), [])
})
