import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatNetwork, parseNetwork } from '../base/address.ts'
import { HOUR_MS } from '../base/units.ts'
import { commands } from './commands.ts'

const NOW = Date.UTC(2026, 0, 1)
const options = { add: 'cloud-add', delete: 'cloud-delete', list: 'cloud-list', flush: 'cloud-flush' }
const table = { name: 'bad_ip', kind: 'commands', options }
const network = (address: string) => parseNetwork(address)!

test('a change is the command of that name, with the addresses', () => {
  const entries = ['192.0.2.1', '2001:db8:0:1::/64'].map((address) => ({ network: network(address), until: NOW + HOUR_MS }))
  assert.deepEqual(commands.add(table, entries, NOW), [
    { command: 'cloud-add', table: 'bad_ip', addresses: ['192.0.2.1', '2001:db8:0:1::/64'] },
  ])
  assert.deepEqual(commands.delete(table, [network('192.0.2.1')]), [
    { command: 'cloud-delete', table: 'bad_ip', addresses: ['192.0.2.1'] },
  ])
  assert.deepEqual([...commands.renew!(table, entries, NOW), ...commands.add(table, [], NOW), ...commands.delete(table, [])], [])
  assert.deepEqual(commands.tearDown(table), [{ command: 'cloud-flush', table: 'bad_ip' }])
})

test('without list and flush nothing is listed or flushed', () => {
  const bare = { ...table, options: { add: 'a', delete: 'd' } }
  assert.deepEqual([commands.list!(bare), commands.tearDown(bare)], [undefined, []])
  assert.deepEqual(commands.list!(table), [{ command: 'cloud-list', table: 'bad_ip', timeoutMs: 120_000 }])
})

test('a listing is an address a line, whatever stands behind it', () => {
  const output = '# 2 entries\n192.0.2.1\tsince yesterday\n\n198.51.100.0/24\n'
  assert.deepEqual(
    commands.present(table, [output], NOW).map((one) => formatNetwork(one.network)),
    ['192.0.2.1', '198.51.100.0/24'],
  )
  assert.throws(() => commands.present(table, ['{"addresses":[]}\n'], NOW), /cloud-list: .* is no address/)
})

test('names that are missing and options that are not known are faults', () => {
  assert.deepEqual(commands.faults(table), [])
  assert.deepEqual(commands.faults({ ...table, options: { add: ['/bin/sh'], list: 5, remove: 'x' } }), [
    'commands: add must be the name of a command of commands.json',
    'commands: delete must be the name of a command of commands.json',
    'commands: list must be the name of a command of commands.json',
    'commands: there is no option "remove"; there are add, delete, list, flush',
  ])
  assert.deepEqual(commands.names!(table), { commands: Object.values(options) })
})
