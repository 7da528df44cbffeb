/**
 * No pf was run for these: commands, outputs and messages are as the manuals pfctl(8) and pf.conf(5) of OpenBSD and FreeBSD
 * show them, and the program's own format strings where the manuals show none.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, test } from 'node:test'
import { formatNetwork, parseNetwork } from '../base/address.ts'
import { FOR_LIFE, HOUR_MS } from '../base/units.ts'
import type { Command, CommandResult } from './firewall.ts'
import { pf } from './pf.ts'

const NOW = Date.UTC(2026, 0, 1)
const table = { name: 'bad_ip', kind: 'pf', options: {} }
const inAnchor = { ...table, options: { anchor: 'bans/log2table' } }
const network = (address: string) => parseNetwork(address)!
const entry = (address: string, until = NOW + HOUR_MS) => ({ network: network(address), until })
const said = (part: Partial<CommandResult>): CommandResult => ({ status: 0, stdout: '', stderr: '', ...part })
const printed = (name: string) =>
  readFileSync(path.resolve(import.meta.dirname, '../../test/fixtures/pfctl', `${name}.txt`), 'utf8')
const words = (commands: readonly Command[]) =>
  commands.map(({ argv, stdin }) =>
    stdin === undefined ? argv.join(' ') : `${argv.join(' ')} <<< ${stdin.replaceAll('\n', ',')}`,
  )

test('a set-up adds nothing, which makes the table; tearing down empties it and leaves it there', () => {
  assert.deepEqual(words(pf.setUp(table)), ['pfctl -q -t bad_ip -T add -f - <<< '])
  assert.deepEqual(words(pf.tearDown(table)), ['pfctl -q -t bad_ip -T replace -f - <<< '])
  assert.deepEqual(words(pf.setUp(inAnchor)), ['pfctl -q -a bans/log2table -t bad_ip -T add -f - <<< '])
})

describe('changes', () => {
  test('an add is one command for all', () => {
    assert.deepEqual(words(pf.add(table, [entry('192.0.2.1'), entry('2001:db8:0:1::/64', FOR_LIFE)], NOW)), [
      'pfctl -q -t bad_ip -T add -f - <<< 192.0.2.1,2001:db8:0:1::/64,',
    ])
  })

  test('states are killed both ways, by two commands for each, where it shall be so', () => {
    const networks = [network('192.0.2.1'), network('2001:db8:0:1::/64')]
    assert.deepEqual(words(pf.cut!(table, networks)), [
      'pfctl -q -k 192.0.2.1',
      'pfctl -q -k 0.0.0.0/0 -k 192.0.2.1',
      'pfctl -q -k 2001:db8:0:1::/64',
      'pfctl -q -k ::/0 -k 2001:db8:0:1::/64',
    ])
    assert.deepEqual(pf.cut!({ ...table, options: { killStates: false } }, networks), [])
  })

  test('a delete is one command for all; an end that changes is none; nothing is nothing', () => {
    const networks = [network('192.0.2.1'), network('2001:db8:0:1::/64')]
    assert.deepEqual(words(pf.delete(inAnchor, networks)), [
      'pfctl -q -a bans/log2table -t bad_ip -T delete -f - <<< 192.0.2.1,2001:db8:0:1::/64,',
    ])
    assert.deepEqual([...pf.renew!(table, [entry('192.0.2.1')], NOW), ...pf.add(table, [], NOW), ...pf.delete(table, [])], [])
  })

  test('a probe tests the first address of each, since networks cannot be tested', () => {
    assert.deepEqual(
      words([pf.probe!(table, [network('192.0.2.1'), network('198.51.100.0/24'), network('2001:db8:0:1::/64')])]),
      ['pfctl -q -t bad_ip -T test -f - <<< 192.0.2.1,198.51.100.0,2001:db8:0:1::,'],
    )
  })
})

test('a listing is read: addresses, networks, and exceptions left out', () => {
  assert.deepEqual(words(pf.list!(inAnchor)!), ['pfctl -a bans/log2table -t bad_ip -T show'])
  assert.deepEqual(
    pf.present(table, [printed('show')], NOW).map((one) => [formatNetwork(one.network), one.until]),
    ['192.0.2.1', '198.51.100.0/24', '2001:db8:0:1::/64', '2001:db8:8:9::7'].map((address) => [address, FOR_LIFE]),
  )
  assert.deepEqual(pf.present(table, [''], NOW), [])
  assert.throws(() => pf.present(table, ['   192.0.2.1\n   198.51.10'], NOW), /whole table <bad_ip>/)
  assert.throws(() => pf.present(table, ['   mail.example.org\n'], NOW), /is no address/)
})

const MEMORY = `states        hard limit   100000
src-nodes     hard limit    10000
frags         hard limit      536
tables        hard limit     1000
table-entries hard limit   200000
`

describe('what is there', () => {
  const asked = (of: typeof table, changed: Readonly<Record<string, string>> = {}) =>
    pf.check(of).map(({ argv }) => {
      const question = argv.join(' ')
      const answers: Record<string, string> = {
        'pfctl -s info': printed('info'),
        'pfctl -s Tables': printed('tables'),
        'pfctl -s rules': printed('openbsd-rules'),
        'pfctl -s memory': MEMORY,
        'pfctl -a bans/log2table -s Tables': 'bad_ip\n',
        'pfctl -a bans/log2table -s rules': 'block drop in quick from <bad_ip> to any\n',
        ...changed,
      }
      assert.notEqual(answers[question], undefined, question)
      return said({ stdout: answers[question]! })
    })
  const missing = (changed = {}, of: typeof table = table) => pf.missing(of, asked(of, changed))
  const unmet = (changed = {}, of: typeof table = table) => pf.unmet!(of, asked(of, changed))

  test('all is well with table and rule, in the main ruleset and in an anchor that it calls', () => {
    assert.equal(missing(), undefined)
    assert.equal(unmet(), undefined)
    assert.equal(missing({}, inAnchor), undefined)
    assert.equal(unmet({ 'pfctl -s rules': printed('freebsd-rules') }, inAnchor), undefined)
  })

  test('how many entries there is room for is known', () => {
    assert.deepEqual(pf.limits!(table, asked(table)), new Map([['', 200_000]]))
    assert.deepEqual(pf.limits!(inAnchor, asked(inAnchor, { 'pfctl -s memory': '' })), new Map())
  })

  test('a table that is gone is missing', () => {
    assert.equal(missing({ 'pfctl -s Tables': 'bad_ip2\nblockips\n' }), 'table <bad_ip>')
    assert.equal(missing({ 'pfctl -a bans/log2table -s Tables': '' }, inAnchor), 'table <bad_ip>')
  })

  test('pf that is disabled is the user to enable', () => {
    const info = 'Status: Disabled for 0 days 00:00:07            Debug: Urgent\n'
    assert.equal(unmet({ 'pfctl -s info': info }), 'pf is disabled; enable it with pfctl -e, and at boot')
  })

  test('without a rule that blocks, it says which line to add and where', () => {
    const sentence =
      'no rule of pf blocks <bad_ip>; add "block in quick from <bad_ip> to any" to /etc/pf.conf before other rules, and load it'
    for (const rules of [
      '',
      'block drop in quick from <bad_ip2> to any\n',
      'pass in quick from <bad_ip> to any flags S/SA\n',
      'block drop in quick from ! <bad_ip> to any\n',
      'block drop out quick from <bad_ip> to any\n',
      'block drop in quick from any to <bad_ip>\n',
    ])
      assert.equal(unmet({ 'pfctl -s rules': rules }), sentence, rules)
    assert.equal(unmet({ 'pfctl -s rules': 'block return in log quick on em0 proto tcp from <bad_ip:*> to any\n' }), undefined)
  })

  test('a rule without quick is only right where no later one passes', () => {
    assert.match(
      unmet({ 'pfctl -s rules': printed('freebsd-rules') })!,
      /^a later rule passes what is blocked from <bad_ip>; make it/,
    )
    assert.equal(unmet({ 'pfctl -s rules': 'pass in all\nblock drop in from <bad_ip> to any\npass out all\n' }), undefined)
  })

  test('an anchor must be called, and hold the rule', () => {
    assert.equal(
      unmet({}, inAnchor),
      `no rule of pf calls the anchor bans/log2table; add 'anchor "bans/log2table"' to /etc/pf.conf before other rules, and load it`,
    )
    const changed = { 'pfctl -s rules': printed('freebsd-rules'), 'pfctl -a bans/log2table -s rules': '' }
    assert.match(unmet(changed, inAnchor)!, /to the rules of the anchor bans\/log2table before other rules/)
  })
})

test('a failure is explained, with what to do', () => {
  const sentenceOf = (stderr: string) => pf.explain(table, said({ status: 1, stderr }))?.sentence
  assert.match(pf.explain(table, said({ status: null, trouble: 'no such program' }))!.sentence, /use another dialect/)
  assert.equal(sentenceOf('pfctl: /dev/pf: Permission denied\n'), 'pfctl may not open /dev/pf; run as root')
  assert.match(sentenceOf('pfctl: /dev/pf: No such file or directory\n')!, /kldload pf/)
  assert.match(sentenceOf('pfctl: /dev/pf: Device not configured\n')!, /kldload pf/)
  assert.match(sentenceOf('pfctl: Operation not permitted.\n')!, /must not be const/)
  assert.deepEqual(pf.explain(table, said({ status: 1, stderr: 'pfctl: Cannot allocate memory.\n' })), {
    kind: 'full',
    sentence:
      'pf has no room for more entries in table <bad_ip>; raise "set limit table-entries" in /etc/pf.conf (pfctl -s memory shows it; it is for all tables together)',
  })
  // Not for a person to act upon: the check sees that it is gone, and it is made again.
  assert.equal(sentenceOf('pfctl: Table does not exist.\n'), undefined)
})

test('names and options that pf would not take are faults', () => {
  const faults = (name: string, options = {}) => pf.faults({ name, kind: 'pf', options })
  assert.deepEqual(faults('a'.repeat(31), { anchor: 'bans/log2table', killStates: false }), [])
  assert.deepEqual(faults('a'.repeat(32)), [`pf: the name "${'a'.repeat(32)}" is longer than 31 characters`])
  const anchor = 'pf: anchor must be the name of an anchor, such as "log2table" or "bans/log2table"'
  for (const bad of ['', '*', 'bans/*', '/x', 'x/', '-x', 'a b', 5]) assert.deepEqual(faults('x', { anchor: bad }), [anchor])
  assert.deepEqual(faults('x', { killStates: 'no', anker: 1 }), [
    'pf: killStates must be true or false',
    'pf: there is no option "anker"; there are anchor and killStates',
  ])
})
