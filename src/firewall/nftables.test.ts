import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatNetwork, parseNetwork } from '../base/address.ts'
import { DAY_MS, FOR_LIFE, HOUR_MS, isoTime, SECOND_MS } from '../base/units.ts'
import type { CommandResult } from './firewall.ts'
import { nftables } from './nftables.ts'

const NOW = Date.UTC(2026, 0, 1)
const table = { name: 'bad_ip', kind: 'nftables', options: {} }
const network = (address: string) => parseNetwork(address)!
const entry = (address: string, until: number) => ({ network: network(address), until })
const said = (part: Partial<CommandResult>): CommandResult => ({ status: 1, stdout: '', stderr: '', ...part })

test('a set-up wakes the table, makes the sets and makes the chain anew in one transaction', () => {
  assert.deepEqual(
    nftables.setUp(table).map(({ argv, stdin }) => [argv.join(' '), stdin]),
    [
      ['nft -f -', 'add table inet log2table { }\n'],
      [
        'nft -f -',
        `add set inet log2table bad_ip_v4 { type ipv4_addr; size 1048576; flags timeout; }
add set inet log2table bad_ip_v6 { type ipv6_addr; size 1048576; flags timeout; }
add set inet log2table bad_ip_v4net { type ipv4_addr; size 65536; flags interval,timeout; }
add set inet log2table bad_ip_v6net { type ipv6_addr; size 65536; flags interval,timeout; }
add chain inet log2table bad_ip_in
flush chain inet log2table bad_ip_in
delete chain inet log2table bad_ip_in
add chain inet log2table bad_ip_in { type filter hook prerouting priority -300; policy accept; }
add rule inet log2table bad_ip_in ip saddr @bad_ip_v4 counter drop
add rule inet log2table bad_ip_in ip6 saddr & ffff:ffff:ffff:ffff:: == @bad_ip_v6 counter drop
add rule inet log2table bad_ip_in ip saddr @bad_ip_v4net counter drop
add rule inet log2table bad_ip_in ip6 saddr @bad_ip_v6net counter drop
`,
      ],
    ],
  )
})

describe('changes', () => {
  const entries = [
    entry('192.0.2.1', NOW + HOUR_MS),
    entry('2001:db8:0:1::/64', NOW + 1_500),
    entry('192.0.2.2', FOR_LIFE),
    entry('198.51.100.0/24', NOW + 3_650 * DAY_MS),
    entry('2001:db8::7', NOW - 1),
  ]

  test('an add is one statement for each set, with the time that is left, never less than a second', () => {
    assert.equal(
      nftables.add(table, entries, NOW)[0]!.stdin,
      `add element inet log2table bad_ip_v4 {
192.0.2.1 timeout 1h,
192.0.2.2
}
add element inet log2table bad_ip_v6 {
2001:db8:0:1:: timeout 2s
}
add element inet log2table bad_ip_v4net {
198.51.100.0/24 timeout 3650d
}
add element inet log2table bad_ip_v6net {
2001:db8::7 timeout 1s
}
`,
    )
  })

  test('a renewal deletes and adds in one transaction, whether it is in or not', () => {
    assert.deepEqual(
      nftables.renew!(table, [entry('192.0.2.1', NOW + HOUR_MS)], NOW).map(({ stdin }) => stdin),
      [
        `add element inet log2table bad_ip_v4 {
192.0.2.1
}
delete element inet log2table bad_ip_v4 {
192.0.2.1
}
add element inet log2table bad_ip_v4 {
192.0.2.1 timeout 1h
}
`,
      ],
    )
  })

  test('a delete first adds, so that what is not in is no error; a probe deletes and commits nothing', () => {
    assert.equal(
      nftables.delete(table, [network('2001:db8:0:1::/64')])[0]!.stdin,
      `add element inet log2table bad_ip_v6 {
2001:db8:0:1::
}
delete element inet log2table bad_ip_v6 {
2001:db8:0:1::
}
`,
    )
    assert.deepEqual(nftables.probe!(table, [network('192.0.2.1')]), {
      argv: ['nft', '-c', '-f', '-'],
      stdin: 'delete element inet log2table bad_ip_v4 {\n192.0.2.1\n}\n',
    })
  })

  test('nothing is nothing', () => {
    assert.deepEqual([...nftables.add(table, [], NOW), ...nftables.renew!(table, [], NOW), ...nftables.delete(table, [])], [])
  })
})

test('a listing is read to the last element: times in any unit, comments, counters and ranges', () => {
  const set = (name: string, elements: string) => `table inet log2table {
	set ${name} {
		type ipv4_addr
		size 1048576	# count 4
		flags timeout${elements}
	}
}
`
  const outputs = [
    set(
      'bad_ip_v4',
      `
		elements = { 192.0.2.1 timeout 1h expires 16m39s964ms, 192.0.2.2,
			     192.0.2.3 timeout 500s expires 499s comment "a, } b expires 1s", 192.0.2.4 counter packets 1 bytes 60 timeout 1d2h expires 0s }`,
    ),
    set('bad_ip_v6', '\n\t\telements = { 2001:db8:0:1:: }'),
    set('bad_ip_v4net', '\n\t\telements = { 198.51.100.0/24 timeout 60s expires 59s,\n\t\t\t     203.0.113.1-203.0.113.2 }'),
    set('bad_ip_v6net', ''),
  ]
  const found = nftables.present(table, outputs, NOW).map((one) => [formatNetwork(one.network), isoTime(one.until)])
  assert.deepEqual(found, [
    ['192.0.2.1', isoTime(NOW + 999_964)],
    ['192.0.2.2', null],
    ['192.0.2.3', isoTime(NOW + 499 * SECOND_MS)],
    ['192.0.2.4', isoTime(NOW)],
    ['2001:db8:0:1::/64', null],
    ['198.51.100.0/24', isoTime(NOW + 59 * SECOND_MS)],
    ['203.0.113.1', null],
    ['203.0.113.2', null],
  ])
})

test('a listing that is cut or says something else is not taken for an empty set', () => {
  const cut = 'table inet log2table {\n\tset bad_ip_v4 {\n\t\telements = { 192.0.2.1, 192.0.'
  for (const output of ['', cut, cut.replace('192.0.', 'localhost }\n\t}\n}\n')]) {
    assert.throws(() => nftables.present(table, [output], NOW), /set bad_ip_v4/)
  }
})

test('a failure is explained, with what to do', () => {
  const explained = (part: Partial<CommandResult>) => nftables.explain(table, said(part))
  assert.deepEqual(explained({ status: null, trouble: 'no such program' }), {
    kind: 'unusable',
    sentence: 'nft is not installed; install the package nftables',
  })
  assert.deepEqual(explained({ stderr: 'netlink: Error: cache initialization failed: Operation not permitted\n' }), {
    kind: 'unusable',
    sentence: 'nft may not change the firewall; run as root or with the capability CAP_NET_ADMIN',
  })
  assert.deepEqual(explained({ stderr: '/dev/stdin:1:41-49: Error: Could not process rule: Too many open files in system\n' }), {
    kind: 'full',
    sentence: 'a set of table bad_ip is full; give it a greater size than 1048576',
  })
  assert.equal(explained({ stderr: '/dev/stdin:1:43-54: Error: interval overlaps with an existing one\n' })?.kind, 'entry')
  assert.equal(explained({ stderr: 'Error: something new\n' }), undefined)
})

test('names and options that nft would not take are faults', () => {
  const faults = (name: string, options = {}) => nftables.faults({ name, kind: 'nftables', options })
  assert.deepEqual(faults('bad_ip', { size: 10, cut: false }), [])
  assert.deepEqual(faults('bad_ip', { cut: 'no' }), ['nftables: cut must be true or false'])
  assert.deepEqual(faults('2fast'), ['nftables: the name "2fast" must begin with a letter'])
  assert.deepEqual(faults('x', { size: 0, sise: 5 }), [
    'nftables: size must be a whole number from 1 to 2147483648',
    'nftables: there is no option "sise"; there are size and cut',
  ])
})
