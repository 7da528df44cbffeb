import { formatNetwork, type Network, parseNetwork } from '../base/address.ts'
import { FOR_LIFE } from '../base/units.ts'
import type { Entry } from '../core/model.ts'
import type { Command, CommandResult, Dialect, Explanation, Table } from './firewall.ts'

/**
 * npf of NetBSD. A table NAME is npf's table <NAME>, which must be of type lpm, for only those hold networks. Table and rule
 * are the user's own, in npf.conf; npf makes neither while it runs.
 *
 * npf ends no entry by itself, so its ends are kept by us alone.
 */
export const npf: Dialect<Command> = {
  kind: 'npf',
  // Each is a command of its own.
  batchMax: 100,
  faults,
  sharedName: ({ name }) => name,
  setUp: () => [],
  check: () => [{ argv: ['npfctl', 'show'] }],
  missing: () => undefined,
  unmet,
  add: (table, entries) =>
    entries.map(({ network }) => ({ ...tableCommand(table, 'add', network), alreadyDone: ['entry already exists'] })),
  // It has no end that could be changed.
  renew: () => [],
  delete: (table, networks) =>
    networks.map((network) => ({ ...tableCommand(table, 'rem', network), alreadyDone: ['npfctl: not found'] })),
  list: ({ name }) => [{ argv: ['npfctl', 'table', name, 'list'], timeoutMs: 120_000 }],
  present: (table, [output = '']) => entriesOf(table, output),
  // The table itself is the user's.
  tearDown: ({ name }) => [{ argv: ['npfctl', 'table', name, 'flush'] }],
  explain,
}

const NAME_LENGTH_MAX = 31

function faults({ name, options }: Table): readonly string[] {
  return [
    ...(name.length > NAME_LENGTH_MAX ? [`npf: the name "${name}" is longer than ${NAME_LENGTH_MAX} characters`] : []),
    ...Object.keys(options).map((key) => `npf: there is no option "${key}"; it takes none`),
  ]
}

function tableCommand({ name }: Table, verb: 'add' | 'rem', network: Network): Command {
  return { argv: ['npfctl', 'table', name, verb, formatNetwork(network)] }
}

/** `npfctl show` prints the configuration as it is in force, each rule with its identifier behind a `#`. */
function unmet({ name }: Table, [shown]: readonly CommandResult[]): string | undefined {
  const lines = linesOf(shown!.stdout)
  if (lines.some((line) => /^# filtering:\s+inactive/.test(line)))
    return 'npf is stopped; start it with npfctl start, and at boot with npf=YES in rc.conf'
  const type = lines.map((line) => /^table <(\S+)> type (\S+)/.exec(line)).find((found) => found?.[1] === name)?.[2]
  const wantedTable = `"table <${name}> type lpm"`
  if (type === undefined) return `npf has no table <${name}>; add ${wantedTable} to /etc/npf.conf, and load it with npfctl reload`
  if (type !== 'lpm')
    return `table <${name}> of npf is of type ${type}, which holds no networks; make it ${wantedTable} in /etc/npf.conf`
  if (lines.some((line) => isBlocking(line, name))) return undefined
  return `no rule of npf blocks <${name}>; add "block in final from <${name}>" to the default group of /etc/npf.conf before other rules, and load it`
}

/** `block in final from <bad_ip> # id="2"`. Without `final` the last rule that matches decides, which we do not follow. */
function isBlocking(line: string, name: string): boolean {
  const rule = line.replace(/ ?# id=.*$/, '').split(' ')
  const from = rule[rule.indexOf('from') + 1]
  return rule[0] === 'block' && !rule.includes('out') && rule.includes('final') && rule.includes('from') && from === `<${name}>`
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').map((line) => line.trim())
}

/** `198.51.100.0/24` a line. */
function entriesOf({ name }: Table, output: string): readonly Entry[] {
  if (output !== '' && !output.endsWith('\n')) throw new Error(`npfctl: the answer does not show the whole table <${name}>`)
  return linesOf(output).flatMap((text) => {
    if (text === '') return []
    const network = parseNetwork(text)
    if (network === undefined) throw new Error(`npfctl: "${text}" of the table <${name}> is no address`)
    return [{ network, until: FOR_LIFE }]
  })
}

function explain({ name }: Table, { stderr, trouble }: CommandResult): Explanation | undefined {
  if (trouble === 'no such program') {
    return { kind: 'unusable', sentence: 'there is no npfctl; npf is the firewall of NetBSD, so use another dialect' }
  }
  if (/\/dev\/npf'?: (?:Permission denied|Operation not permitted)/.test(stderr)) {
    return { kind: 'unusable', sentence: 'npfctl may not open /dev/npf; run as root' }
  }
  if (/\/dev\/npf'?: (?:No such file or directory|Device not configured)/.test(stderr)) {
    return { kind: 'unusable', sentence: 'the kernel has no npf; load it with modload npf, and at boot with npf=YES in rc.conf' }
  }
  if (stderr.includes('invalid address, mask or table ID')) {
    const sentence = `npf has no table <${name}> of type lpm; add "table <${name}> type lpm" to /etc/npf.conf, and load it with npfctl reload`
    return { kind: 'unusable', sentence }
  }
  if (stderr.includes('Cannot allocate memory'))
    return { kind: 'full', sentence: `npf has no room for more entries in table <${name}>` }
  return undefined
}
