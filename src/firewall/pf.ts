import { formatAddress, formatNetwork, type Network, parseNetwork } from '../base/address.ts'
import { FOR_LIFE } from '../base/units.ts'
import type { Entry } from '../core/model.ts'
import type { Command, CommandResult, Dialect, Explanation, Table } from './firewall.ts'

/**
 * pf of OpenBSD and FreeBSD. A table NAME is pf's table <NAME>, in the main ruleset or in an anchor. What blocks is a rule
 * in the user's own pf.conf: we make and fill the table, and look whether the rule is there.
 *
 * pf ends no entry by itself, so its ends are kept by us alone.
 */
export const pf: Dialect<Command> = {
  kind: 'pf',
  // FreeBSD takes 65,535 at once.
  batchMax: 10_000,
  faults,
  sharedName: (table) => (anchorOf(table) === undefined ? table.name : `${anchorOf(table)}:${table.name}`),
  // To add nothing makes a table that is not there, one that persists without a rule.
  setUp: (table) => [tableCommand(table, 'add', [])],
  check: (table) => [
    { argv: ['pfctl', ...anchored(table), '-s', 'Tables'] },
    { argv: ['pfctl', '-s', 'info'] },
    { argv: ['pfctl', ...anchored(table), '-s', 'rules'] },
    { argv: ['pfctl', '-s', 'memory'] },
    ...(anchorOf(table) === undefined ? [] : [{ argv: ['pfctl', '-s', 'rules'] }]),
  ],
  missing: (table, [tables]) => (linesOf(tables!.stdout).includes(table.name) ? undefined : `table <${table.name}>`),
  unmet,
  add: (table, entries) =>
    entries.length === 0
      ? []
      : [
          tableCommand(
            table,
            'add',
            entries.map(({ network }) => formatNetwork(network)),
          ),
        ],
  // It has no end that could be changed.
  renew: () => [],
  delete: (table, networks) => (networks.length === 0 ? [] : [tableCommand(table, 'delete', networks.map(formatNetwork))]),
  cut,
  // Only addresses can be tested, and they match any network around them. It ends with status 2 where one does not match.
  probe: (table, networks) =>
    tableCommand(
      table,
      'test',
      networks.map(({ address }) => formatAddress(address)),
    ),
  list: (table) => [{ argv: ['pfctl', ...anchored(table), '-t', table.name, '-T', 'show'], timeoutMs: 120_000 }],
  present: (table, [output = '']) => entriesOf(table, output),
  limits,
  // The table itself is the user's as much as ours.
  tearDown: (table) => [tableCommand(table, 'replace', [])],
  explain,
}

const NAME_LENGTH_MAX = 31
const ANCHOR_LENGTH_MAX = 500

function anchorOf({ options }: Table): string | undefined {
  return typeof options.anchor === 'string' ? options.anchor : undefined
}

function anchored(table: Table): readonly string[] {
  const anchor = anchorOf(table)
  return anchor === undefined ? [] : ['-a', anchor]
}

function faults({ name, options }: Table): readonly string[] {
  const found: string[] = []
  if (name.length > NAME_LENGTH_MAX) found.push(`pf: the name "${name}" is longer than ${NAME_LENGTH_MAX} characters`)
  for (const [key, value] of Object.entries(options)) {
    if (key === 'anchor') {
      const isAnchor = typeof value === 'string' && value.length <= ANCHOR_LENGTH_MAX && /^\w[\w.-]*(\/\w[\w.-]*)*$/.test(value)
      if (!isAnchor) found.push('pf: anchor must be the name of an anchor, such as "log2table" or "bans/log2table"')
    } else if (key === 'killStates') {
      if (typeof value !== 'boolean') found.push('pf: killStates must be true or false')
    } else found.push(`pf: there is no option "${key}"; there are anchor and killStates`)
  }
  return found
}

/** A command for the addresses of the table, one a line on standard input. */
function tableCommand(table: Table, verb: 'add' | 'delete' | 'replace' | 'test', texts: readonly string[]): Command {
  return {
    argv: ['pfctl', '-q', ...anchored(table), '-t', table.name, '-T', verb, '-f', '-'],
    stdin: texts.map((text) => `${text}\n`).join(''),
  }
}

/** States outlive the rules that would block their packets. They are killed from an address and to it. */
function cut({ options }: Table, networks: readonly Network[]): readonly Command[] {
  if (options.killStates === false) return []
  return networks.flatMap((network) => {
    const text = formatNetwork(network)
    const any = typeof network.address === 'number' ? '0.0.0.0/0' : '::/0'
    return [{ argv: ['pfctl', '-q', '-k', text] }, { argv: ['pfctl', '-q', '-k', any, '-k', text] }]
  })
}

function unmet(table: Table, [, info, rules, , main]: readonly CommandResult[]): string | undefined {
  if (!/^Status: Enabled\b/m.test(info!.stdout)) return 'pf is disabled; enable it with pfctl -e, and at boot'
  const anchor = anchorOf(table)
  const first = anchor?.split('/')[0]
  if (first !== undefined && !linesOf(main!.stdout).some((line) => callsAnchor(line, first)))
    return `no rule of pf calls the anchor ${anchor}; add 'anchor "${anchor}"' to /etc/pf.conf before other rules, and load it`

  const lines = linesOf(rules!.stdout)
  const where = anchor === undefined ? '/etc/pf.conf' : `the rules of the anchor ${anchor}`
  const wanted = `"block in quick from <${table.name}> to any"`
  const blocking = lines.findIndex((line) => isBlocking(line, table.name))
  if (blocking < 0) return `no rule of pf blocks <${table.name}>; add ${wanted} to ${where} before other rules, and load it`
  // Without the word the last rule that matches decides.
  const isLast = / quick\b/.test(lines[blocking]!) || !lines.slice(blocking).some((line) => /^pass(?! out\b)/.test(line))
  return isLast ? undefined : `a later rule passes what is blocked from <${table.name}>; make it ${wanted} in ${where}`
}

/** `table-entries hard limit   200000`: for all tables together. */
function limits(_: Table, results: readonly CommandResult[]): ReadonlyMap<string, number> {
  const limit = /^table-entries\s+hard limit\s+(\d+)/m.exec(results[3]!.stdout)?.[1]
  return new Map(limit === undefined ? [] : [['', Number(limit)]])
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').map((line) => line.trim())
}

/** `block drop in quick proto tcp from <bad_ip> to any`; where counts are shown, `<bad_ip:3>`. */
function isBlocking(line: string, name: string): boolean {
  return /^block\b/.test(line) && new RegExp(` from <${name}(?::[^>]*)?> `).test(line) && !/^block \S+ out\b/.test(line)
}

/** `anchor "log2table" all`, `anchor "bans/*" in quick all`. */
function callsAnchor(line: string, name: string): boolean {
  const called = /^anchor "([^"]*)"/.exec(line)?.[1]?.split('/')[0]
  return called === name || called === '*'
}

/** `   192.0.2.1` or `   198.51.100.0/24` a line; an exception is `  !198.51.100.7`. */
function entriesOf({ name }: Table, output: string): readonly Entry[] {
  if (output !== '' && !output.endsWith('\n')) throw new Error(`pfctl: the answer does not show the whole table <${name}>`)
  const found: Entry[] = []
  for (const text of linesOf(output)) {
    if (text === '' || text.startsWith('!')) continue
    const network = parseNetwork(text)
    if (network === undefined) throw new Error(`pfctl: "${text}" of the table <${name}> is no address`)
    found.push({ network, until: FOR_LIFE })
  }
  return found
}

/** That a table does not exist needs no words here: it is made again. */
function explain(table: Table, { stderr, trouble }: CommandResult): Explanation | undefined {
  if (trouble === 'no such program') {
    return { kind: 'unusable', sentence: 'there is no pfctl; pf is the firewall of OpenBSD and FreeBSD, so use another dialect' }
  }
  if (/\/dev\/pf: (?:Permission denied|Operation not permitted)/.test(stderr)) {
    return { kind: 'unusable', sentence: 'pfctl may not open /dev/pf; run as root' }
  }
  if (/\/dev\/pf: (?:No such file or directory|Device not configured)/.test(stderr)) {
    return { kind: 'unusable', sentence: 'the kernel has no pf; on FreeBSD load it with kldload pf, and at boot' }
  }
  if (stderr.includes('Cannot allocate memory')) {
    const sentence = `pf has no room for more entries in table <${table.name}>; raise "set limit table-entries" in /etc/pf.conf (pfctl -s memory shows it; it is for all tables together)`
    return { kind: 'full', sentence }
  }
  if (stderr.includes('Operation not permitted')) {
    const sentence = `pf may not change table <${table.name}>; it must not be const in /etc/pf.conf, nor the securelevel be 2`
    return { kind: 'unusable', sentence }
  }
  return undefined
}
