import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatNetwork, parseNetwork } from '../base/address.ts'
import type { ProtectedNetwork } from '../core/model.ts'
import { guard } from './guard.ts'
import {
  alwaysProtected,
  gatewaysOfIPv6Route,
  gatewaysOfNetstat,
  gatewaysOfRoute,
  ownAddresses,
  resolversOf,
  sshPeersOf,
} from './protected.ts'
import { type Machine, readProtected, thisMachine } from './read-protected.ts'
import { createRunner } from './runner.ts'

const texts = (networks: readonly ProtectedNetwork[]) =>
  networks.map(({ network, because }) => `${formatNetwork(network)} ${because}`)

const ROUTE = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010200C0	0003	0	0	0	00000000	0	0	0
eth0	000200C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
`
const IPV6_ROUTE = `20010db8000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 20010db8000000000000000000000001 00000400 00000001 00000000 00000003     eth0
`
// The columns of netstat(1) of OpenBSD and FreeBSD.
const NETSTAT = `Routing tables

Internet:
Destination        Gateway            Flags   Refs      Use   Mtu  Prio Iface
default            192.0.2.1          UGS        8    12345     -     8 vio0
127.0.0.1          127.0.0.1          UHhl       1      210 32768     1 lo0
192.0.2/24         192.0.2.7          UCn        3        0     -     4 vio0
192.0.2.1          fe:e1:ba:d0:00:01  UHLch      1     1048     -     3 vio0

Internet6:
Destination                        Gateway                        Flags     Netif Expire
default                            fe80::1%vio0                   UGS        vio0
2001:db8:1::/48                    2001:db8::1                    UGS        vio0
::1                                link#2                         UHS         lo0
`

test('gateways of Linux, in the byte order of the machine', () => {
  assert.deepEqual(texts(gatewaysOfRoute(ROUTE, 'LE')), ['192.0.2.1 gateway of eth0'])
  assert.deepEqual(texts(gatewaysOfRoute(ROUTE.replace('010200C0', 'C0000201'), 'BE')), ['192.0.2.1 gateway of eth0'])
  assert.deepEqual(texts(gatewaysOfIPv6Route(IPV6_ROUTE)), ['2001:db8::1 gateway of eth0'])
})

test('gateways of the BSDs, not what merely has an address in its second column', () => {
  assert.deepEqual(texts(gatewaysOfNetstat(NETSTAT)), [
    '192.0.2.1 gateway of default',
    'fe80::1 gateway of default',
    '2001:db8::1 gateway of 2001:db8:1::/48',
  ])
})

test('resolvers, own addresses and ssh peers; zones say where, not who', () => {
  const resolv =
    '# nameserver 192.0.2.99\nsearch example.org\nnameserver 192.0.2.53\nnameserver\t2001:db8::53\nnameserver fe80::1%eth0\nnameserver nonsense\n'
  assert.deepEqual(texts(resolversOf(resolv)), ['192.0.2.53 resolver', '2001:db8::53 resolver', 'fe80::1 resolver'])
  const interfaces = {
    lo: [{ address: '127.0.0.1' }],
    eth0: [{ address: '192.0.2.7' }, { address: 'fe80::5%eth0' }],
    down: undefined,
  }
  assert.deepEqual(texts(ownAddresses(interfaces)), [
    '127.0.0.1 own address of lo',
    '192.0.2.7 own address of eth0',
    'fe80::5 own address of eth0',
  ])
  assert.deepEqual(texts(sshPeersOf({ SSH_CONNECTION: '198.51.100.1 5000 192.0.2.7 22' })), [
    '198.51.100.1 your own ssh connection',
  ])
  assert.deepEqual(texts(sshPeersOf({ SSH_CLIENT: '2001:db8::9 5000 22' })), ['2001:db8::9 your own ssh connection'])
  assert.deepEqual(sshPeersOf({}), [])
})

const machine = (part: Partial<Machine> = {}): Machine => ({
  platform: 'linux',
  byteOrder: 'LE',
  interfaces: () => ({ eth0: [{ address: '192.0.2.7' }] }),
  readText: (path) =>
    ({
      '/proc/net/route': ROUTE,
      '/proc/net/ipv6_route': IPV6_ROUTE,
      '/etc/resolv.conf': 'nameserver 127.0.0.53\n',
      '/run/systemd/resolve/resolv.conf': 'nameserver 192.0.2.53\n',
    })[path],
  environments: () => [{}, { SSH_CONNECTION: '198.51.100.1 5000 192.0.2.7 22' }],
  run: async () => ({ status: 0, stdout: NETSTAT, stderr: '' }),
  ...part,
})

describe('the protected set of a machine', () => {
  test('is all of this together, on Linux', async () => {
    const { networks, troubles } = await readProtected(machine())
    assert.deepEqual(texts(networks.slice(alwaysProtected.length)), [
      '192.0.2.7 own address of eth0',
      '192.0.2.1 gateway of eth0',
      '2001:db8::1 gateway of eth0',
      '127.0.0.53 resolver',
      '192.0.2.53 resolver',
      '198.51.100.1 your own ssh connection',
    ])
    assert.deepEqual(troubles, [])
  })

  test('and on a BSD, where netstat tells the gateways', async () => {
    const { networks } = await readProtected(machine({ platform: 'openbsd' }))
    assert.ok(texts(networks).includes('2001:db8::1 gateway of 2001:db8:1::/48'))
  })

  test('says what it could not read, and has the rest', async () => {
    const { networks, troubles } = await readProtected(
      machine({
        platform: 'freebsd',
        interfaces: () => ({}),
        readText() {
          throw new Error('EACCES')
        },
        run: async () => ({ status: null, stdout: '', stderr: '', trouble: 'no such program' }),
      }),
    )
    assert.deepEqual(troubles, [
      'this machine shows no address of its own',
      'gateways are not known: netstat -rn: no such program',
      '/etc/resolv.conf cannot be read: EACCES',
      '/run/systemd/resolve/resolv.conf cannot be read: EACCES',
    ])
    assert.equal(networks.length, alwaysProtected.length + 1)
  })

  test('can be read here', async () => {
    const { networks, troubles } = await readProtected(thisMachine(createRunner()))
    assert.ok(texts(networks).includes('127.0.0.1 own address of lo') || process.platform !== 'linux')
    assert.deepEqual(troubles, [])
  })
})

describe('the guard', () => {
  const refusal = guard([...alwaysProtected, { network: parseNetwork('192.0.2.7')!, because: 'own address of eth0' }])

  test('refuses what is protected, what lies in it and what covers it, and says why', () => {
    for (const address of [
      '192.0.2.7',
      '192.0.2.0/24',
      '0.0.0.0/0',
      '127.5.0.1',
      '::1',
      '::/0',
      'fe80::/64',
      '::/64',
      '224.0.0.251',
      '0.0.0.0',
    ]) {
      assert.notEqual(refusal(parseNetwork(address)!), undefined, address)
    }
    assert.equal(refusal(parseNetwork('192.0.2.0/24')!), '192.0.2.7 is protected: own address of eth0')
  })

  test('lets everything else pass', () => {
    for (const address of ['192.0.2.8', '198.51.100.0/24', '2001:db8::/64', '192.0.2.128/25'])
      assert.equal(refusal(parseNetwork(address)!), undefined, address)
  })
})
