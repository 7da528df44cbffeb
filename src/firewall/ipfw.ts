import { formatAddress, formatNetwork, parseNetwork } from '../base/address.ts'
import { FOR_LIFE } from '../base/units.ts'
import type { Entry } from '../core/model.ts'
import type { Command, CommandResult, Dialect, Explanation, Table } from './firewall.ts'

/**
 * ipfw of FreeBSD. A table NAME is ipfw's table NAME, which holds addresses and networks of both families. What blocks is a
 * rule of the user's own, or one that we put at the number that the option `rule` gives.
 *
 * ipfw ends no entry by itself, so its ends are kept by us alone.
 */
export const ipfw: Dialect<Command> = {
  kind: 'ipfw',
  batchMax: 10_000,
  faults,
  sharedName: ({ name }) => name,
  setUp,
  check: () => [
    { argv: ['ipfw', 'table', 'all', 'info'] },
    { argv: ['ipfw', 'list'] },
    { argv: ['sysctl', '-n', 'net.inet.ip.fw.enable'] },
  ],
  missing,
  unmet,
  // Quiet, it adds what is there again and deletes what is not there.
  add: (table, entries) => script(entries.map(({ network }) => `table ${table.name} add ${formatNetwork(network)}`)),
  // It has no end that could be changed.
  renew: () => [],
  delete: (table, networks) => script(networks.map((network) => `table ${table.name} delete ${formatNetwork(network)}`)),
  // It finds the longest network around an address, and ends with status 69 where there is none.
  probe: (table, networks) => scriptOf(networks.map(({ address }) => `table ${table.name} lookup ${formatAddress(address)}`)),
  list: ({ name }) => [{ argv: ['ipfw', 'table', name, 'list'], timeoutMs: 120_000 }],
  present: (table, [output = '']) => entriesOf(table, output),
  // Table and rule are the user's as much as ours.
  tearDown: ({ name }) => [{ argv: ['ipfw', '-q', 'table', name, 'flush'] }],
  explain,
}

const NAME_LENGTH_MAX = 63
const RULE_MAX = 65_534

function ruleOf({ options }: Table): number | undefined {
  return typeof options.rule === 'number' ? options.rule : undefined
}

function faults({ name, options }: Table): readonly string[] {
  const found: string[] = []
  if (name.length > NAME_LENGTH_MAX) found.push(`ipfw: the name "${name}" is longer than ${NAME_LENGTH_MAX} characters`)
  if (name === 'all') found.push('ipfw: a table cannot be called "all", which stands for all tables')
  for (const [key, value] of Object.entries(options)) {
    if (key !== 'rule') found.push(`ipfw: there is no option "${key}"; the only one is rule`)
    else if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > RULE_MAX)
      found.push(`ipfw: rule must be a whole number from 1 to ${RULE_MAX}`)
  }
  return found
}

/** Commands of ipfw, one a line. It stops at the line that fails, and what came before it stays done. */
function scriptOf(lines: readonly string[]): Command {
  return { argv: ['ipfw', '-q', '/dev/stdin'], stdin: lines.map((line) => `${line}\n`).join('') }
}

function script(lines: readonly string[]): readonly Command[] {
  return lines.length === 0 ? [] : [scriptOf(lines)]
}

function setUp(table: Table): readonly Command[] {
  const { name } = table
  const rule = ruleOf(table)
  return [
    // `missing`: one that is there is left as it is.
    { argv: ['ipfw', '-q', 'table', name, 'create', 'type', 'addr', 'missing'] },
    // A number may have several rules, so to add one again would make two of it.
    ...(rule === undefined
      ? []
      : [{ ...scriptOf([`add ${rule} ${wordsOfRule(name)}`]), unless: ['ipfw', 'list', String(rule)] }]),
  ]
}

function wordsOfRule(name: string): string {
  return `deny ip from table(${name}) to any in`
}

function missing(table: Table, [tables, rules]: readonly CommandResult[]): string | undefined {
  const head = `--- table(${table.name}), set(0) ---`
  if (!linesOf(tables!.stdout).includes(head)) return `table ${table.name} of ipfw`
  const rule = ruleOf(table)
  const isThere = rule === undefined || linesOf(rules!.stdout).some((line) => Number(line.split(' ')[0]) === rule)
  return isThere ? undefined : `rule ${rule} of ipfw`
}

function unmet({ name, options }: Table, [, rules, enabled]: readonly CommandResult[]): string | undefined {
  if (enabled!.stdout.trim() === '0') return 'ipfw is disabled; enable it with ipfw enable firewall, and at boot'
  if (linesOf(rules!.stdout).some((line) => isBlocking(line, name))) return undefined
  const wanted = `ipfw add 50 ${wordsOfRule(name).replace(/table\(.*\)/, `'$&'`)}`
  if (options.rule === undefined)
    return `no rule of ipfw blocks table(${name}); add "${wanted}", and to your firewall script, or give the option rule`
  return `rule ${options.rule} of ipfw does not block table(${name}); give the option rule a number that is free`
}

/** `00050 deny ip from table(bad_ip) to any in`; an action may have an argument, and `log` may follow. */
function isBlocking(line: string, name: string): boolean {
  const found = /^\d+ (?:set \d+ )?(?:deny|drop|reject|reset6?|abort6?|unreach6? \S+) .*?\bfrom (\S+) to .*$/.exec(line)
  return found?.[1] === `table(${name})` && !/ out(?: |$)/.test(line)
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').map((line) => line.trim())
}

/** `192.0.2.1/32 0` a line: the second is the entry's value. */
function entriesOf({ name }: Table, output: string): readonly Entry[] {
  if (output !== '' && !output.endsWith('\n')) throw new Error(`ipfw: the answer does not show the whole table ${name}`)
  return linesOf(output).flatMap((line) => {
    if (line === '' || line.startsWith('---')) return []
    const [text = ''] = line.split(' ')
    const network = parseNetwork(text)
    if (network === undefined) throw new Error(`ipfw: "${text}" of the table ${name} is no address`)
    return [{ network, until: FOR_LIFE }]
  })
}

function explain({ name }: Table, { stderr, trouble }: CommandResult): Explanation | undefined {
  if (trouble === 'no such program') {
    return { kind: 'unusable', sentence: 'there is no ipfw; it is a firewall of FreeBSD, so use another dialect' }
  }
  if (/Protocol not available|Protocol not supported/.test(stderr)) {
    return {
      kind: 'unusable',
      sentence: 'the kernel has no ipfw; load it with kldload ipfw, and at boot with firewall_enable="YES"',
    }
  }
  if (/Operation not permitted|Permission denied/.test(stderr)) {
    return { kind: 'unusable', sentence: 'ipfw may not change the firewall; run as root, and with a securelevel below 3' }
  }
  if (stderr.includes('table is locked')) {
    return { kind: 'unusable', sentence: `table ${name} of ipfw is locked; unlock it with ipfw table ${name} unlock` }
  }
  if (stderr.includes('existing table is not compatible')) {
    const sentence = `table ${name} of ipfw is there with other properties; make it with ipfw table ${name} create type addr, or use another name`
    return { kind: 'unusable', sentence }
  }
  if (/limit hit|Cannot allocate memory/.test(stderr)) {
    return { kind: 'full', sentence: `table ${name} of ipfw is full; raise its limit with ipfw table ${name} modify limit` }
  }
  return undefined
}
