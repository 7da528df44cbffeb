/** No ipfw was run for these: commands, outputs and messages are those of ipfw(8) of FreeBSD and of the program's source. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatNetwork, parseNetwork } from '../base/address.ts'
import { FOR_LIFE, HOUR_MS } from '../base/units.ts'
import type { Command, CommandResult, Table } from './firewall.ts'
import { ipfw } from './ipfw.ts'

const NOW = Date.UTC(2026, 0, 1)
const table: Table = { name: 'bad_ip', kind: 'ipfw', options: {} }
const withRule = { ...table, options: { rule: 50 } }
const network = (address: string) => parseNetwork(address)!
const entry = (address: string, until = NOW + HOUR_MS) => ({ network: network(address), until })
const said = (part: Partial<CommandResult>): CommandResult => ({ status: 0, stdout: '', stderr: '', ...part })
const words = (commands: readonly Command[]) =>
  commands.map(({ argv, stdin }) =>
    stdin === undefined ? argv.join(' ') : `${argv.join(' ')} <<< ${stdin.replaceAll('\n', ';')}`,
  )

test('a set-up makes the table, and the rule where it shall and its number is free; tearing down empties the table', () => {
  assert.deepEqual(words(ipfw.setUp(table)), ['ipfw -q table bad_ip create type addr missing'])
  const [, rule] = ipfw.setUp(withRule)
  assert.deepEqual(words([rule!]), ['ipfw -q /dev/stdin <<< add 50 deny ip from table(bad_ip) to any in;'])
  assert.deepEqual(rule!.unless, ['ipfw', 'list', '50'])
  assert.deepEqual(words(ipfw.tearDown(withRule)), ['ipfw -q table bad_ip flush'])
})

test('changes and probes are one script each, quiet so that what is done already is no error', () => {
  const entries = [entry('192.0.2.1'), entry('198.51.100.0/24', FOR_LIFE), entry('2001:db8:0:1::/64')]
  assert.deepEqual(words(ipfw.add(table, entries, NOW)), [
    'ipfw -q /dev/stdin <<< table bad_ip add 192.0.2.1;table bad_ip add 198.51.100.0/24;table bad_ip add 2001:db8:0:1::/64;',
  ])
  assert.deepEqual(words(ipfw.delete(table, [network('2001:db8:0:1::/64')])), [
    'ipfw -q /dev/stdin <<< table bad_ip delete 2001:db8:0:1::/64;',
  ])
  assert.deepEqual(words([ipfw.probe!(table, [network('192.0.2.1'), network('2001:db8:0:1::/64')])]), [
    'ipfw -q /dev/stdin <<< table bad_ip lookup 192.0.2.1;table bad_ip lookup 2001:db8:0:1::;',
  ])
  assert.deepEqual([...ipfw.add(table, [], NOW), ...ipfw.delete(table, [])], [])
})

test('a listing is read: keys with their values', () => {
  assert.deepEqual(words(ipfw.list!(table)!), ['ipfw table bad_ip list'])
  const output = '192.0.2.1/32 0\n198.51.100.0/24 17\n2001:db8:0:1::/64 0\n'
  assert.deepEqual(
    ipfw.present(table, [output], NOW).map((one) => [formatNetwork(one.network), one.until]),
    ['192.0.2.1', '198.51.100.0/24', '2001:db8:0:1::/64'].map((address) => [address, FOR_LIFE]),
  )
  assert.deepEqual(ipfw.present(table, [''], NOW), [])
  assert.throws(() => ipfw.present(table, ['192.0.2.1/32 0\n198.51.1'], NOW), /whole table bad_ip/)
  assert.throws(() => ipfw.present(table, ['em0 0\n'], NOW), /is no address/)
})

describe('what is there', () => {
  const INFO = `--- table(bad_ip), set(0) ---
 kindex: 0, type: addr
 references: 1, valtype: legacy
 algorithm: addr:radix
 items: 3, size: 504
`
  const RULES = `00050 deny ip from table(bad_ip) to any in
00100 allow ip from any to any via lo0
65535 deny ip from any to any
`
  const answers = ({ info = INFO, rules = RULES, enabled = '1\n' }) => [info, rules, enabled].map((stdout) => said({ stdout }))
  const missing = (changed = {}, of: Table = table) => ipfw.missing(of, answers(changed))
  const unmet = (changed = {}, of: Table = table) => ipfw.unmet!(of, answers(changed))

  test('it is asked without a listing', () => {
    assert.deepEqual(words(ipfw.check(table)), ['ipfw table all info', 'ipfw list', 'sysctl -n net.inet.ip.fw.enable'])
  })

  test('all is well with table and rule, whoever made the rule', () => {
    for (const each of [table, withRule]) assert.deepEqual([missing({}, each), unmet({}, each)], [undefined, undefined])
    for (const rule of [
      '00050 deny log logamount 100 ip from table(bad_ip) to any in',
      '00050 unreach port tcp from table(bad_ip) to me dst-port 22',
      '00050 set 3 reset tcp from table(bad_ip) to any in recv em0',
      '00050 deny ip4 from table(bad_ip) to any',
    ])
      assert.equal(unmet({ rules: `${rule}\n` }), undefined, rule)
  })

  test('a table or a rule of ours that is gone is missing', () => {
    assert.equal(missing({ info: INFO.replaceAll('bad_ip', 'bad_ip2') }), 'table bad_ip of ipfw')
    assert.equal(missing({ info: '' }), 'table bad_ip of ipfw')
    assert.equal(missing({ rules: '65535 deny ip from any to any\n' }), undefined)
    assert.equal(missing({ rules: '65535 deny ip from any to any\n' }, withRule), 'rule 50 of ipfw')
  })

  test('without a rule that blocks, it says which one to add', () => {
    for (const rules of [
      '65535 deny ip from any to any\n',
      '00050 deny ip from table(bad_ip2) to any in\n',
      '00050 deny ip from any to table(bad_ip)\n',
      '00050 allow ip from table(bad_ip) to any in\n',
      '00050 deny ip from table(bad_ip) to any out\n',
      '00050 count ip from table(bad_ip) to any\n',
    ])
      assert.equal(
        unmet({ rules }),
        `no rule of ipfw blocks table(bad_ip); add "ipfw add 50 deny ip from 'table(bad_ip)' to any in", and to your firewall script, or give the option rule`,
        rules,
      )
  })

  test('a number that has a rule of others is the user to change', () => {
    assert.equal(
      unmet({ rules: '00050 allow ip from any to any via lo0\n' }, withRule),
      'rule 50 of ipfw does not block table(bad_ip); give the option rule a number that is free',
    )
  })

  test('an ipfw that is disabled is the user to enable', () => {
    assert.equal(unmet({ enabled: '0\n' }), 'ipfw is disabled; enable it with ipfw enable firewall, and at boot')
  })
})

test('a failure is explained, with what to do', () => {
  const explained = (stderr: string) => ipfw.explain(table, said({ status: 71, stderr }))
  assert.match(ipfw.explain(table, said({ status: null, trouble: 'no such program' }))!.sentence, /use another dialect/)
  assert.match(explained('ipfw: getsockopt(IP_FW_XGET): Protocol not available\n')!.sentence, /kldload ipfw/)
  assert.match(explained('ipfw: setsockopt(IP_FW_TABLE_XCREATE): Operation not permitted\n')!.sentence, /run as root/)
  assert.match(explained('Line 1: Adding record failed: table is locked\n')!.sentence, /ipfw table bad_ip unlock$/)
  assert.deepEqual(explained('Line 3: Adding record failed: limit hit\n'), {
    kind: 'full',
    sentence: 'table bad_ip of ipfw is full; raise its limit with ipfw table bad_ip modify limit',
  })
  assert.equal(explained('Line 3: Adding record failed: Cannot allocate memory\n')?.kind, 'full')
  assert.equal(explained('ipfw: The existing table is not compatible with one you are creating.\n')?.kind, 'unusable')
  // Not for a person to act upon: the check sees that it is gone, and it is made again.
  assert.equal(explained('Line 1: Deleting record failed: table not found\n'), undefined)
})

test('names and options that ipfw would not take are faults', () => {
  const faults = (name: string, options = {}) => ipfw.faults({ name, kind: 'ipfw', options })
  assert.deepEqual(faults('a'.repeat(63), { rule: 1 }), [])
  assert.deepEqual(faults('a'.repeat(64)), [`ipfw: the name "${'a'.repeat(64)}" is longer than 63 characters`])
  assert.deepEqual(faults('all'), ['ipfw: a table cannot be called "all", which stands for all tables'])
  for (const rule of [0, 65_535, 1.5, '50'])
    assert.deepEqual(faults('x', { rule }), ['ipfw: rule must be a whole number from 1 to 65534'])
  assert.deepEqual(faults('x', { limit: 1 }), ['ipfw: there is no option "limit"; the only one is rule'])
})
