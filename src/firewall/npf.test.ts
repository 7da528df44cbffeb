/** No npf was run for these: commands, outputs and messages are those of npfctl(8) of NetBSD and of the program's source. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatNetwork, parseNetwork } from '../base/address.ts'
import { FOR_LIFE, HOUR_MS } from '../base/units.ts'
import type { Command, CommandResult } from './firewall.ts'
import { npf } from './npf.ts'

const NOW = Date.UTC(2026, 0, 1)
const table = { name: 'bad_ip', kind: 'npf', options: {} }
const network = (address: string) => parseNetwork(address)!
const entry = (address: string, until = NOW + HOUR_MS) => ({ network: network(address), until })
const said = (part: Partial<CommandResult>): CommandResult => ({ status: 0, stdout: '', stderr: '', ...part })
const words = (commands: readonly Command[]) => commands.map(({ argv }) => argv.join(' '))

test('a change is a command for each entry; there before or gone before is all right', () => {
  const adds = npf.add(table, [entry('192.0.2.1'), entry('2001:db8:0:1::/64', FOR_LIFE)], NOW)
  assert.deepEqual(words(adds), ['npfctl table bad_ip add 192.0.2.1', 'npfctl table bad_ip add 2001:db8:0:1::/64'])
  // `npfctl: entry already exists or is conflicting`
  assert.deepEqual(adds[0]!.alreadyDone, ['entry already exists'])
  const deletes = npf.delete(table, [network('198.51.100.0/24')])
  assert.deepEqual(words(deletes), ['npfctl table bad_ip rem 198.51.100.0/24'])
  assert.deepEqual(deletes[0]!.alreadyDone, ['npfctl: not found'])
  assert.deepEqual(npf.setUp(table), [])
  assert.deepEqual(words(npf.tearDown(table)), ['npfctl table bad_ip flush'])
})

test('a listing is read', () => {
  assert.deepEqual(words(npf.list!(table)!), ['npfctl table bad_ip list'])
  const output = '192.0.2.1/32\n192.0.2.2\n198.51.100.0/24\n2001:db8:0:1::/64\n'
  assert.deepEqual(
    npf.present(table, [output], NOW).map((one) => formatNetwork(one.network)),
    ['192.0.2.1', '192.0.2.2', '198.51.100.0/24', '2001:db8:0:1::/64'],
  )
  assert.deepEqual(npf.present(table, [''], NOW), [])
  assert.throws(() => npf.present(table, ['192.0.2.1\n198.51.1'], NOW), /whole table <bad_ip>/)
  assert.throws(() => npf.present(table, ['success\n'], NOW), /is no address/)
})

test('table, type and rule must be in npf.conf, and npf be started; else it says what to do', () => {
  const SHOWN = `# filtering:	active
# config:	loaded

table <bad_ip> type lpm
table <blockips> type ipset

group "external" on wm0 { # id="1"
	block in final from <bad_ip> # id="2"
	pass stateful out final all # id="3"
group default { # id="4"
	pass final on lo0 all # id="5"
`
  assert.deepEqual(words(npf.check(table)), ['npfctl show'])
  const unmet = (from = '', to = '') => npf.unmet!(table, [said({ stdout: SHOWN.replace(from, to) })])
  assert.equal(npf.missing(table, []), undefined)
  assert.equal(unmet(), undefined)
  assert.match(unmet('\tactive', '\tinactive')!, /^npf is stopped; start it with npfctl start/)
  assert.equal(
    unmet('<bad_ip> type', '<bad_ip2> type'),
    'npf has no table <bad_ip>; add "table <bad_ip> type lpm" to /etc/npf.conf, and load it with npfctl reload',
  )
  assert.match(unmet('type lpm', 'type ipset')!, /^table <bad_ip> of npf is of type ipset, which holds no networks/)
  const sentence =
    'no rule of npf blocks <bad_ip>; add "block in final from <bad_ip>" to the default group of /etc/npf.conf before other rules, and load it'
  for (const rule of [
    'pass in final from <bad_ip>',
    'block out final from <bad_ip>',
    'block in from <bad_ip>',
    'block in final from <bad_ip2>',
    'block in final to <bad_ip>',
    'block in final all',
  ])
    assert.equal(unmet('block in final from <bad_ip>', rule), sentence, rule)
  assert.equal(unmet('block in final', 'block return-rst in final family inet4 proto tcp'), undefined)
})

test('a failure is explained, with what to do', () => {
  const explained = (stderr: string) => npf.explain(table, said({ status: 1, stderr }))
  assert.match(npf.explain(table, said({ status: null, trouble: 'no such program' }))!.sentence, /use another dialect/)
  assert.equal(
    explained("npfctl: cannot open '/dev/npf': Permission denied\n")?.sentence,
    'npfctl may not open /dev/npf; run as root',
  )
  assert.match(explained("npfctl: cannot open '/dev/npf': Device not configured\n")!.sentence, /modload npf/)
  assert.match(explained('npfctl: invalid address, mask or table ID\n')!.sentence, /type lpm/)
  assert.equal(explained('npfctl: ioctl(IOC_NPF_TABLE): Cannot allocate memory\n')?.kind, 'full')
  assert.equal(explained('npfctl: something new\n'), undefined)
})

test('names and options that npf would not take are faults', () => {
  assert.deepEqual(npf.faults(table), [])
  assert.deepEqual(npf.faults({ ...table, name: 'a'.repeat(32), options: { type: 'ipset' } }), [
    `npf: the name "${'a'.repeat(32)}" is longer than 31 characters`,
    'npf: there is no option "type"; it takes none',
  ])
})
