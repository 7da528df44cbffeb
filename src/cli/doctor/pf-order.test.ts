/**
 * No pf was run for these: outputs are as pfctl(8) and pf.conf(5) of OpenBSD and FreeBSD show them, and the program's own format
 * strings where the manuals show none.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import type { CommandResult } from '../../firewall/firewall.ts'
import { pfOrder } from './pf-order.ts'

const table = { name: 'bad_ip', kind: 'pf', options: {} }
const inAnchor = { ...table, options: { anchor: 'bans/log2table' } }
const fixture = (name: string) =>
  readFileSync(resolve(import.meta.dirname, '../../../test/fixtures/pfctl', `${name}.txt`), 'utf8')
const OURS = 'block drop in quick from <bad_ip> to any\n'

/** What is remarked where these commands print this; pf.conf holds the rules that are loaded. */
function remarks(rules: string, changes: Readonly<Record<string, Partial<CommandResult>>> = {}, of: typeof table = table) {
  const answers: Record<string, Partial<CommandResult>> = {
    'pfctl -s rules': { stdout: rules },
    'pfctl -n -v -f /etc/pf.conf': { stdout: `table <bad_ip> persist\n${rules}` },
    'pfctl -s Interfaces -v': { stdout: 'all\nem0\nlo0 (skip)\n' },
    'pfctl -s nat': { status: 1, stderr: 'pfctl: unknown option\n' },
    ...changes,
  }
  const results = pfOrder.questions(of).map(({ argv }) => {
    const answer = answers[argv.join(' ')]
    assert.ok(answer, argv.join(' '))
    return { status: 0, stdout: '', stderr: '', ...answer }
  })
  return pfOrder.remarks(of, results).map(({ state, says }) => `${state}: ${says}`)
}

test('the rules of the manuals are in order', () => {
  assert.deepEqual(remarks(fixture('openbsd-rules')), [])
})

test('a "block log all" before ours changes nothing where ours is quick: the last one that matches decides', () => {
  assert.deepEqual(remarks(`block drop log all\n${OURS}pass out all flags S/SA\n`), [])
  assert.deepEqual(remarks(`block return log all\npass in on egress proto tcp from any to any port = 22 flags S/SA\n${OURS}`), [])
})

test('a "block log quick" before ours takes its packets: they are logged and count again', () => {
  assert.deepEqual(remarks(`block drop log quick all\n${OURS}`), [
    'warning: the rule "block drop log quick all" stands before the one that blocks <bad_ip>: what it blocks is logged, also of who is banned already, and counts again',
  ])
  assert.deepEqual(remarks(`block drop quick all\n${OURS}`), [])
})

test('a "block log all" behind ours decides where ours is not quick', () => {
  assert.deepEqual(remarks('block drop in from <bad_ip:3> to any\nblock drop in log all\n'), [
    'warning: the rule "block drop in log all" decides instead of the one that blocks <bad_ip>, which is not quick: what it blocks is logged, also of who is banned already, and counts again',
  ])
  assert.deepEqual(remarks(`${OURS}block drop in log all\n`), [])
  // FreeBSD's fixture has it before.
  assert.deepEqual(remarks(fixture('freebsd-rules')), [])
})

test('a rule that passes with quick before ours is wrong, one for loopback, for others or on the way out is not', () => {
  const said = (rule: string) =>
    `wrong: the rule "${rule}" stands before the one that blocks <bad_ip> and passes, also who is banned`
  for (const rule of [
    'pass quick all flags S/SA',
    'pass in quick on em0 inet proto tcp from any to any port = 22 flags S/SA',
    'pass in log quick inet all flags S/SA',
  ]) {
    assert.deepEqual(remarks(`${rule}\n${OURS}`), [said(rule)])
    assert.deepEqual(remarks(`${OURS}${rule}\n`), [], 'behind ours')
    assert.deepEqual(remarks(`${rule.replace(' quick', '')}\n${OURS}`), [], 'not quick')
  }
  for (const rule of [
    'pass quick on lo0 all flags S/SA',
    'pass in quick from <friends> to any flags S/SA',
    'pass in quick inet from 192.0.2.0/24 to any flags S/SA',
    'pass out quick all flags S/SA',
    'match in all scrub (no-df)',
  ])
    assert.deepEqual(remarks(`${rule}\n${OURS}`), [])
  assert.match(remarks(`pass quick inet6 proto ipv6-icmp all\n${OURS}`).join(), /^warning: /)
})

test('with an anchor, what stands before its call counts, and what stands before ours in it', () => {
  const anchored = (main: string, rules: string) =>
    remarks(main, { 'pfctl -a bans/log2table -s rules': { stdout: rules } }, inAnchor).map((text) => text.slice(0, 35))
  const call = 'anchor "bans/*" all\n'
  assert.deepEqual(anchored(`${call}pass quick all\n`, OURS), [])
  assert.deepEqual(anchored(`pass quick all\n${call}`, OURS), ['wrong: the rule "pass quick all" st'])
  assert.deepEqual(anchored(call, `pass in quick all\n${OURS}`), ['wrong: the rule "pass in quick all"'])
})

test('a pf.conf that does not load, or has lost our rule, is told', () => {
  const broken = {
    'pfctl -n -v -f /etc/pf.conf': {
      status: 1,
      stderr: '/etc/pf.conf:12: syntax error\npfctl: Syntax error in config file: pf rules not loaded\n',
    },
  }
  assert.deepEqual(remarks(OURS, broken), ['wrong: /etc/pf.conf does not load: /etc/pf.conf:12: syntax error'])
  const without = { 'pfctl -n -v -f /etc/pf.conf': { stdout: 'pass all flags S/SA\n' } }
  assert.deepEqual(remarks(OURS, without), ['warning: no rule of /etc/pf.conf blocks <bad_ip>'])
})

test('an interface that is skipped, and a translation that passes, go past all rules', () => {
  assert.deepEqual(
    remarks(OURS, {
      'pfctl -s Interfaces -v': { stdout: 'all\nem0 (skip)\n\tCleared:     Sat Nov 21 10:00:00 2026\nlo0 (skip)\n' },
    }),
    ['wrong: pf looks at no packet of the interface em0'],
  )
  const rdr = 'rdr pass on em0 inet proto tcp from any to any port = http -> 10.0.0.2'
  assert.deepEqual(
    remarks(OURS, { 'pfctl -s nat': { stdout: `nat on em0 inet from 10.0.0.0/24 to any -> (em0) round-robin\n${rdr}\n` } }),
    [`wrong: the rule "${rdr}" passes without asking the rules that block, also who is banned`],
  )
})
