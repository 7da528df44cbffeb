/** No BSD was run: words, outputs and messages are those of its manuals and sources. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatNetwork, parseNetwork } from '../base/address.ts'
import { HOUR_MS } from '../base/units.ts'
import { bsdRoute } from './bsd-route.ts'
import type { Command, CommandResult } from './firewall.ts'

const NOW = Date.UTC(2026, 0, 1)
const table = { name: 'bad_ip', kind: 'bsdRoute', options: {} }
const network = (address: string) => parseNetwork(address)!
const entry = (address: string, until = NOW + HOUR_MS) => ({ network: network(address), until })
const said = (part: Partial<CommandResult>): CommandResult => ({ status: 0, stdout: '', stderr: '', ...part })
const words = (commands: readonly Command[]) =>
  commands.map(({ argv, stdin }) =>
    stdin === undefined ? argv.join(' ') : `${argv.join(' ')} <<< ${stdin.replaceAll('\n', ',')}`,
  )

test('a command for each, in which the length stands apart; there before or gone before is all right', () => {
  const commands = bsdRoute.add(
    table,
    [entry('192.0.2.1'), entry('198.51.100.0/24'), entry('2001:db8:0:1::/64'), entry('2001:db8::7')],
    NOW,
  )
  assert.deepEqual(words(commands), [
    'route -n add -inet -host 192.0.2.1 127.0.0.1 -blackhole',
    'route -n add -inet -net 198.51.100.0 -prefixlen 24 127.0.0.1 -blackhole',
    'route -n add -inet6 -net 2001:db8:0:1:: -prefixlen 64 ::1 -blackhole',
    'route -n add -inet6 -host 2001:db8::7 ::1 -blackhole',
  ])
  // `add host 192.0.2.1: gateway 127.0.0.1: File exists` (OpenBSD), `... fib 0: route already in table` (FreeBSD)
  assert.deepEqual(commands[0]!.alreadyDone, ['File exists', 'already in table'])
  const deletes = bsdRoute.delete(table, [network('192.0.2.1'), network('2001:db8:0:1::/64')])
  assert.deepEqual(words(deletes), [
    'route -n delete -inet -host 192.0.2.1',
    'route -n delete -inet6 -net 2001:db8:0:1:: -prefixlen 64',
  ])
  assert.deepEqual(deletes[0]!.alreadyDone, ['not in table'])
  assert.deepEqual([...bsdRoute.setUp(table), ...bsdRoute.check(table), ...bsdRoute.tearDown(table)], [])
  assert.equal(bsdRoute.missing(table, []), undefined)
})

test('netstat is read, of OpenBSD and of FreeBSD; other routes are left out', () => {
  assert.deepEqual(words(bsdRoute.list!(table)!), ['netstat -rn -f inet', 'netstat -rn -f inet6'])
  const openbsd = `Routing tables

Internet:
Destination        Gateway            Flags   Refs      Use   Mtu  Prio Iface
default            203.0.113.1        UGS        5       87     -     8 em0
224/4              127.0.0.1          URS        0        0 32768     8 lo0
127.0.0.1          127.0.0.1          UHhl       1        2 32768     1 lo0
192.0.2.1          127.0.0.1          UGHSB      0        0 32768     8 lo0
198.51.100/24      127.0.0.1          UGSB       0        0 32768     8 lo0
10/8               127.0.0.1          UGSB       0        0 32768     8 lo0
203.0.113.255      203.0.113.7        UHb        0        1     -     1 em0
`
  const freebsd = `Routing tables

Internet6:
Destination                       Gateway                       Flags         Netif Expire
::/96                             link#2                        URS             lo0
2001:db8:0:1::/64                 ::1                           UGSB            lo0
2001:db8::7                       ::1                           UGHSB           lo0
`
  const found = bsdRoute.present(table, [openbsd, freebsd], NOW).map((one) => formatNetwork(one.network))
  assert.deepEqual(found, ['192.0.2.1', '198.51.100.0/24', '10.0.0.0/8', '2001:db8:0:1::/64', '2001:db8::7'])
})

test('a failure is explained, with what to do', () => {
  assert.match(
    bsdRoute.explain(table, said({ status: 77, stderr: 'route: must be root to alter routing table\n' }))!.sentence,
    /root/,
  )
  const full = said({ status: 1, stdout: 'add host 192.0.2.1: gateway 127.0.0.1: routing table overflow\n' })
  assert.equal(bsdRoute.explain(table, full)?.kind, 'full')
})

test('there are no options', () => {
  assert.deepEqual(bsdRoute.faults(table), [])
  assert.deepEqual(bsdRoute.faults({ ...table, options: { fib: 1 } }), ['bsdRoute: there is no option "fib"; it takes none'])
})
