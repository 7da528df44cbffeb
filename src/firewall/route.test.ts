/** Outputs and messages are those of iproute2 6.1; the contract of dialects runs it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatNetwork, parseNetwork } from '../base/address.ts'
import { FOR_LIFE, HOUR_MS } from '../base/units.ts'
import type { Command, CommandResult } from './firewall.ts'
import { numberOf, route } from './route.ts'

const NOW = Date.UTC(2026, 0, 1)
const table = { name: 'bad_ip', kind: 'route', options: {} }
const network = (address: string) => parseNetwork(address)!
const entry = (address: string, until = NOW + HOUR_MS) => ({ network: network(address), until })
const said = (part: Partial<CommandResult>): CommandResult => ({ status: 0, stdout: '', stderr: '', ...part })
const words = (commands: readonly Command[]) =>
  commands.map(({ argv, stdin }) =>
    stdin === undefined ? argv.join(' ') : `${argv.join(' ')} <<< ${stdin.replaceAll('\n', ',')}`,
  )

test('a set-up makes the routing table of IPv4 and adds a rule for each family; one that is there is enough', () => {
  const commands = route.setUp(table)
  assert.deepEqual(words(commands), [
    'ip -batch - <<< route replace blackhole 127.0.0.1 table 1559980159 proto 76,route del blackhole 127.0.0.1 table 1559980159 proto 76,',
    'ip -4 rule add pref 76 lookup 1559980159',
    'ip -6 rule add pref 76 lookup 1559980159',
  ])
  assert.deepEqual(commands[1]!.alreadyDone, ['File exists'])
})

test('each table has a routing table of its own, far from the numbers that people use', () => {
  const numbers = Array.from({ length: 2_000 }, (_, i) => numberOf({ ...table, name: `t${i}` }))
  assert.equal(new Set(numbers).size, 2_000)
  assert.ok(numbers.every((number) => Number(number) >= 2 ** 30 && Number(number) < 2 ** 31))
})

test('changes are one batch for all; nothing is nothing', () => {
  assert.deepEqual(words(route.add(table, [entry('192.0.2.1'), entry('2001:db8:0:1::/64', FOR_LIFE)], NOW)), [
    'ip -batch - <<< route replace blackhole 192.0.2.1 table 1559980159 proto 76,route replace blackhole 2001:db8:0:1::/64 table 1559980159 proto 76,',
  ])
  assert.deepEqual(words(route.delete(table, [network('198.51.100.0/24')])), [
    'ip -batch - <<< route replace blackhole 198.51.100.0/24 table 1559980159 proto 76,route del blackhole 198.51.100.0/24 table 1559980159 proto 76,',
  ])
  assert.deepEqual([...route.add(table, [], NOW), ...route.delete(table, [])], [])
})

test('a probe changes what must be there into itself', () => {
  assert.deepEqual(words([route.probe!(table, [network('192.0.2.1')])]), [
    'ip -batch - <<< route change blackhole 192.0.2.1 table 1559980159 proto 76,',
  ])
})

test('a rule that is gone is missing, whatever other rules stand beside it', () => {
  const rule = '76:\tfrom all lookup 1559980159 \n'
  const missing = (ipv4: string, ipv6: string) => route.missing(table, [said({ stdout: ipv4 }), said({ stdout: ipv6 })])
  assert.equal(missing(`76:\tfrom all lookup 1518350209\n${rule}`, rule), undefined)
  assert.equal(missing(rule, ''), 'rule "76: from all lookup 1559980159" of ip -6')
  assert.equal(missing('76:\tfrom 10.0.0.0/8 lookup 1559980159\n', rule), 'rule "76: from all lookup 1559980159" of ip -4')
})

test('a listing is read; one that is something else is not taken for an empty table', () => {
  const outputs = [
    'blackhole 192.0.2.1 proto 76 \nblackhole 198.51.100.0/24 proto 76 \n',
    'blackhole 2001:db8:0:1::/64 dev lo proto 76 metric 1024 pref medium\nblackhole 2001:db8:8:9::7 dev lo metric 1024 pref medium\n',
  ]
  assert.deepEqual(
    route.present(table, outputs, NOW).map((one) => [formatNetwork(one.network), one.until]),
    ['192.0.2.1', '198.51.100.0/24', '2001:db8:0:1::/64', '2001:db8:8:9::7'].map((address) => [address, FOR_LIFE]),
  )
  assert.throws(() => route.present(table, ['default via 192.0.2.254 dev eth0\n'], NOW), /is no route of ours/)
})

test('a failure is explained, with what to do', () => {
  const explained = (stderr: string) => route.explain(table, said({ status: 2, stderr }))
  assert.match(explained('RTNETLINK answers: Operation not permitted\nCommand failed -:1\n')!.sentence, /CAP_NET_ADMIN/)
  assert.equal(explained('RTNETLINK answers: Cannot allocate memory\nCommand failed -:7\n')?.kind, 'full')
  assert.equal(explained('RTNETLINK answers: Address family not supported by protocol\n')?.kind, 'unusable')
  assert.match(route.explain(table, said({ status: null, trouble: 'no such program' }))!.sentence, /iproute2/)
  assert.equal(explained('RTNETLINK answers: No such process\n'), undefined)
})

test('options that are not known are faults', () => {
  assert.deepEqual(route.faults({ ...table, options: { cut: false } }), [])
  assert.deepEqual(route.faults({ ...table, options: { fib: 1, cut: 'no' } }), [
    'route: there is no option "fib"; the only one is cut',
    'route: cut must be true or false',
  ])
})
