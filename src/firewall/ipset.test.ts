import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatNetwork, parseNetwork } from '../base/address.ts'
import { DAY_MS, FOR_LIFE, HOUR_MS, isoTime, SECOND_MS } from '../base/units.ts'
import type { CommandResult } from './firewall.ts'
import { ipset } from './ipset.ts'

const NOW = Date.UTC(2026, 0, 1)
const table = { name: 'bad_ip', kind: 'ipset', options: {} }
const network = (address: string) => parseNetwork(address)!
const entry = (address: string, until: number) => ({ network: network(address), until })
const said = (part: Partial<CommandResult>): CommandResult => ({ status: 1, stdout: '', stderr: '', ...part })

test('a set-up makes the sets, replaces our chain in one transaction, and calls it unless it is called', () => {
  const [sets, ...rules] = ipset.setUp(table)
  assert.deepEqual(sets, {
    argv: ['ipset', '-exist', 'restore'],
    stdin: `create log2table_bad_ip_v4 hash:ip family inet maxelem 1048576 timeout 0
del log2table_bad_ip_v4 127.0.0.1
create log2table_bad_ip_v6 hash:ip family inet6 maxelem 1048576 netmask 64 timeout 0
del log2table_bad_ip_v6 fe80::1
create log2table_bad_ip_n4 hash:net family inet maxelem 65536 timeout 0
del log2table_bad_ip_n4 127.0.0.1
create log2table_bad_ip_n6 hash:net family inet6 maxelem 65536 timeout 0
del log2table_bad_ip_n6 fe80::1
`,
  })
  assert.deepEqual(
    rules.map(({ argv, unless, stdin }) => [argv.join(' '), unless?.join(' ') ?? stdin]),
    ['iptables', 'ip6tables'].flatMap((iptables) => {
      const family = iptables === 'iptables' ? 4 : 6
      return [
        [
          `${iptables}-restore -w 5 --noflush`,
          `*raw
:LOG2TABLE_bad_ip - [0:0]
-A LOG2TABLE_bad_ip -m set --match-set log2table_bad_ip_v${family} src -j DROP
-A LOG2TABLE_bad_ip -m set --match-set log2table_bad_ip_n${family} src -j DROP
COMMIT
`,
        ],
        [
          `${iptables} -w 5 -t raw -I PREROUTING 1 -j LOG2TABLE_bad_ip`,
          `${iptables} -w 5 -t raw -C PREROUTING -j LOG2TABLE_bad_ip`,
        ],
      ]
    }),
  )
})

describe('changes', () => {
  test('an add is a line for each entry, with the time that is left, from a second to 24.8 days; 0 is for life', () => {
    const entries = [
      entry('192.0.2.1', NOW + HOUR_MS),
      entry('2001:db8:0:1::/64', NOW + 1_500),
      entry('192.0.2.2', FOR_LIFE),
      entry('198.51.100.0/24', NOW + 100 * DAY_MS),
      entry('2001:db8::7', NOW - 1),
    ]
    assert.deepEqual(ipset.add(table, entries, NOW), [
      {
        argv: ['ipset', '-exist', 'restore'],
        stdin: `add log2table_bad_ip_v4 192.0.2.1 timeout 3600
add log2table_bad_ip_v6 2001:db8:0:1:: timeout 2
add log2table_bad_ip_v4 192.0.2.2 timeout 0
add log2table_bad_ip_n4 198.51.100.0/24 timeout 2147483
add log2table_bad_ip_n6 2001:db8::7 timeout 1
`,
      },
    ])
  })

  test('a delete and a probe are a line for each network; a probe must be quiet', () => {
    const networks = [network('2001:db8:0:1::/64'), network('203.0.113.0/24')]
    assert.deepEqual(ipset.delete(table, networks), [
      {
        argv: ['ipset', '-exist', 'restore'],
        stdin: 'del log2table_bad_ip_v6 2001:db8:0:1::\ndel log2table_bad_ip_n4 203.0.113.0/24\n',
      },
    ])
    assert.deepEqual(ipset.probe!(table, networks), {
      argv: ['ipset', '-quiet', 'restore'],
      stdin: 'test log2table_bad_ip_v6 2001:db8:0:1::\ntest log2table_bad_ip_n4 203.0.113.0/24\n',
    })
  })

  test('nothing is nothing', () => {
    assert.deepEqual([...ipset.add(table, [], NOW), ...ipset.delete(table, [])], [])
  })
})

const SUFFIXES = ['v4', 'v6', 'n4', 'n6']

/** What ipset 7.17 printed; 6.x leaves out the bucket size. */
const listed = (suffix: string, header: string, members: readonly string[]) => `Name: log2table_bad_ip_${suffix}
Type: ${suffix.startsWith('n') ? 'hash:net' : 'hash:ip'}
Revision: 6
Header: ${header}
Size in memory: 344
References: 1
Number of entries: ${members.length}
${['Members:', ...members].join('\n')}
`

test('a listing is read to the last member: times, for life, and exceptions that somebody made left out', () => {
  const outputs = [
    listed('v4', 'family inet hashsize 1024 maxelem 65536 timeout 0 bucketsize 12 initval 0x1a9b9b4e', [
      '192.0.2.2 timeout 0',
      '192.0.2.1 timeout 3599',
      '192.0.2.3 timeout 77 packets 5 bytes 300 comment "x timeout 5"',
    ]),
    listed('v6', 'family inet6 hashsize 1024 maxelem 65536 netmask 64 timeout 0', ['2001:db8:0:1:: timeout 59']),
    listed('n4', 'family inet hashsize 1024 maxelem 65536 timeout 0', ['198.51.100.0/24', '198.51.100.128/25 timeout 0 nomatch']),
    listed('n6', 'family inet6 hashsize 1024 maxelem 65536 timeout 0', []),
  ]
  assert.deepEqual(
    ipset.present(table, outputs, NOW).map((one) => [formatNetwork(one.network), isoTime(one.until)]),
    [
      ['192.0.2.2', null],
      ['192.0.2.1', isoTime(NOW + 3_599 * SECOND_MS)],
      ['192.0.2.3', isoTime(NOW + 77 * SECOND_MS)],
      ['2001:db8:0:1::/64', isoTime(NOW + 59 * SECOND_MS)],
      ['198.51.100.0/24', null],
    ],
  )
})

test('a listing that is cut or says something else is not taken for an empty set', () => {
  const whole = listed('v4', 'family inet', ['192.0.2.1 timeout 3599'])
  for (const output of ['', whole.slice(0, -3), listed('v6', 'family inet6', []), whole.replace('192.0.2.1', 'localhost')])
    assert.throws(() => ipset.present(table, [output], NOW), /log2table_bad_ip_v4/)
})

describe('what is missing', () => {
  const headers = (change: (text: string) => string = (text) => text) =>
    SUFFIXES.map((suffix) =>
      listed(
        suffix,
        `family inet${suffix.endsWith('6') ? '6' : ''} hashsize 1024 maxelem ${suffix.startsWith('n') ? 65536 : 1048576}${suffix === 'v6' ? ' netmask 64' : ''} timeout 0 bucketsize 12 initval 0x8acc030f`,
        [],
      ).replace('Members:\n', ''),
    )
      .map(change)
      .join('\n')
  const rules = (family: number, change: (text: string) => string = (text) => text) =>
    change(`-P PREROUTING ACCEPT
-P OUTPUT ACCEPT
-N LOG2TABLE_bad_ip
-A PREROUTING -j LOG2TABLE_bad_ip
-A LOG2TABLE_bad_ip -m set --match-set log2table_bad_ip_v${family} src -j DROP
-A LOG2TABLE_bad_ip -m set --match-set log2table_bad_ip_n${family} src -j DROP
`)
  const missing = (...stdouts: string[]) =>
    ipset.missing(
      table,
      stdouts.map((stdout) => said({ status: 0, stdout })),
    )

  test('nothing, whatever others have beside it', () => {
    const theirs = `${listed('v4', 'family inet', []).replaceAll('bad_ip', 'bad_ip_v4')}\n`
    assert.equal(
      missing(
        theirs + headers(),
        rules(4),
        rules(6, (text) => `-N DOCKER\n-A PREROUTING -i eth0 -j DROP\n${text}`),
      ),
      undefined,
    )
  })

  test('a set, its type, its family, its size', () => {
    assert.equal(missing('', rules(4), rules(6)), 'set log2table_bad_ip_v4')
    const found = (from: string, to: string) =>
      missing(
        headers((text) => text.replace(from, to)),
        rules(4),
        rules(6),
      )
    assert.equal(
      found('hash:net', 'hash:ip'),
      'set log2table_bad_ip_n4 of type hash:net with family inet maxelem 65536 timeout 0',
    )
    assert.equal(
      found('family inet ', 'family inet6 '),
      'set log2table_bad_ip_v4 of type hash:ip with family inet maxelem 1048576 timeout 0',
    )
    assert.match(found('netmask 64', 'netmask 63')!, /^set log2table_bad_ip_v6 of type/)
    assert.match(found('maxelem 65536', 'maxelem 655360')!, /^set log2table_bad_ip_n4 of type/)
  })

  test('a chain, a rule of it, one too many in it, and the call of it', () => {
    const found = (change: (text: string) => string) => missing(headers(), rules(4), rules(6, change))
    assert.equal(
      found(() => '-P PREROUTING ACCEPT\n-P OUTPUT ACCEPT\n'),
      'chain LOG2TABLE_bad_ip of ip6tables',
    )
    assert.equal(
      found((text) => text.replace('_n6 src -j DROP', '_n6 src -j ACCEPT')),
      'rule "-A LOG2TABLE_bad_ip -m set --match-set log2table_bad_ip_n6 src -j DROP" of ip6tables',
    )
    assert.equal(
      found((text) => `${text}-A LOG2TABLE_bad_ip -j ACCEPT\n`),
      'a chain LOG2TABLE_bad_ip of ip6tables with our rules only',
    )
    assert.equal(
      found((text) => text.replace('-A PREROUTING -j', '-A OUTPUT -j')),
      'rule "-A PREROUTING -j LOG2TABLE_bad_ip" of ip6tables',
    )
  })
})

test('a failure is explained, with what to do', () => {
  const kindOf = (stderr: string) => ipset.explain(table, said({ stderr }))?.kind
  assert.deepEqual(ipset.explain(table, said({ status: null, trouble: 'no such program' })), {
    kind: 'unusable',
    sentence: 'ipset or iptables is not installed; install the packages ipset and iptables',
  })
  for (const stderr of [
    'ipset v7.17: Error in line 1: Kernel error received: Operation not permitted\n',
    'iptables v1.8.9 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)\n',
    "iptables-nft-restore v1.8.9 (nf_tables): Can't open socket to ipset.\n",
  ])
    assert.match(ipset.explain(table, said({ stderr }))!.sentence, /CAP_NET_ADMIN and CAP_NET_RAW/)
  assert.deepEqual(
    ipset.explain(table, said({ stderr: 'ipset v7.17: Error in line 4: Hash is full, cannot add more elements\n' })),
    {
      kind: 'full',
      sentence: 'a set of table bad_ip is full; give it a greater size than 1048576',
    },
  )
  assert.equal(kindOf('ipset v7.17: Error in line 1: Set cannot be created: set with the same name already exists\n'), 'clash')
  assert.equal(kindOf('ipset v7.17: Error in line 2: Kernel error received: ipset protocol error\n'), 'clash')
  assert.equal(kindOf('ipset v7.17: Cannot open session to kernel.\n'), 'unusable')
  assert.equal(kindOf('ipset v7.17: Error in line 1: The set with the given name does not exist\n'), undefined)
})

test('names and options that ipset or iptables would not take are faults', () => {
  const faults = (name: string, options = {}) => ipset.faults({ name, kind: 'ipset', options })
  assert.deepEqual(faults('a'.repeat(18), { size: 10 }), [])
  assert.deepEqual(faults('a'.repeat(19)), [`ipset: the name "${'a'.repeat(19)}" is longer than 18 characters`])
  assert.deepEqual(faults('x', { size: 2 ** 32, sise: 5 }), [
    'ipset: size must be a whole number from 1 to 4294967295',
    'ipset: there is no option "sise"; there are size and cut',
  ])
})
