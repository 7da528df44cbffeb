import { formatNetwork, type Network, parseNetwork } from '../base/address.ts'
import { FOR_LIFE } from '../base/units.ts'
import type { Entry } from '../core/model.ts'
import { cutConnections } from './connections.ts'
import type { Command, CommandResult, Dialect, Explanation, Table } from './firewall.ts'

/**
 * Blackhole routes of Linux, for machines without a firewall: what is sent to a banned address is thrown away, so no
 * connection of its comes about, here or behind us. Its packets still arrive.
 *
 * A table NAME is a routing table of our own, which two rules (one for each family) make the kernel look into before all but
 * its own addresses. Nothing that others route is touched.
 */
export const route: Dialect<Command> = {
  kind: 'route',
  // What `ip -batch` reads it keeps: some 4 KiB a line.
  batchMax: 5_000,
  faults: ({ options }) =>
    Object.entries(options).flatMap(([key, value]) => {
      if (key !== 'cut') return [`route: there is no option "${key}"; the only one is cut`]
      return typeof value === 'boolean' ? [] : ['route: cut must be true or false']
    }),
  setUp: (table) => [
    // Until something was in it, the table of IPv4 is not there and cannot be listed.
    batch([textOf(table, 'replace', HARMLESS), textOf(table, 'del', HARMLESS)]),
    ...FAMILIES.map((family) => ({
      argv: ['ip', family, 'rule', 'add', 'pref', PREFERENCE, 'lookup', numberOf(table)],
      alreadyDone: ['File exists'],
    })),
  ],
  check: () => FAMILIES.map((family) => ({ argv: ['ip', family, 'rule', 'show', 'pref', PREFERENCE] })),
  missing,
  // In our own table, so `replace` replaces nothing of others.
  add: (table, entries) => (entries.length === 0 ? [] : [batch(entries.map(({ network }) => textOf(table, 'replace', network)))]),
  // It has no end that could be changed.
  renew: () => [],
  // To replace makes it be there, so that it can be deleted.
  delete: (table, networks) =>
    networks.length === 0
      ? []
      : [batch(networks.flatMap((network) => [textOf(table, 'replace', network), textOf(table, 'del', network)]))],
  cut: cutConnections,
  // One that is there is changed into itself; one that is not is not made.
  probe: (table, networks) => batch(networks.map((network) => textOf(table, 'change', network))),
  list: (table) =>
    FAMILIES.map((family) => ({ argv: ['ip', family, 'route', 'show', 'table', numberOf(table)], timeoutMs: 120_000 })),
  present: (_, outputs) => outputs.flatMap(routesOf),
  tearDown: (table) => [
    ...FAMILIES.map((family) => ({ argv: ['ip', family, 'rule', 'flush', 'pref', PREFERENCE, 'table', numberOf(table)] })),
    ...FAMILIES.map((family) => ({ argv: ['ip', family, 'route', 'flush', 'table', numberOf(table)], timeoutMs: 120_000 })),
  ],
  explain,
}

/** Before whatever others look up; the rule of own addresses is 0. */
const PREFERENCE = '76'
/** Marks routes as ours for who looks at them; numbers up to 4 are the kernel's, names are in /etc/iproute2/rt_protos. */
const PROTOCOL = '76'
/** No packet is ever routed by it: own addresses are looked up first. */
const HARMLESS: Network = { address: 0x7f000001, bits: 32 }
const FAMILIES = ['-4', '-6'] as const

/**
 * The number of a table's routing table, from its name: in the upper half of the numbers there are, where nobody has his own.
 * Two names of a machine have the same with a chance of one in 2^30.
 */
export function numberOf({ name }: Table): string {
  let hash = 0x811c9dc5
  for (const character of name) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193)
  return String(0x40000000 + ((hash >>> 2) & 0x3fffffff))
}

function textOf(table: Table, verb: 'replace' | 'change' | 'del', network: Network): string {
  return `route ${verb} blackhole ${formatNetwork(network)} table ${numberOf(table)} proto ${PROTOCOL}`
}

function batch(lines: readonly string[]): Command {
  return { argv: ['ip', '-batch', '-'], stdin: lines.map((line) => `${line}\n`).join('') }
}

/** `76:	from all lookup 1559980159`; other tables of ours stand under the same number. */
function missing(table: Table, results: readonly CommandResult[]): string | undefined {
  const rule = `${PREFERENCE}: from all lookup ${numberOf(table)}`
  const without = FAMILIES.find((_, i) => !linesOf(results[i]!.stdout).some((line) => line.replace(/\s+/g, ' ') === rule))
  return without === undefined ? undefined : `rule "${rule}" of ip ${without}`
}

/** `blackhole 198.51.100.0/24 proto 76`, `blackhole 2001:db8::/64 dev lo proto 76 metric 1024 pref medium`. */
function routesOf(output: string): readonly Entry[] {
  return linesOf(output).map((line) => {
    const network = parseNetwork(/^blackhole (\S+)/.exec(line)?.[1] ?? '')
    if (network === undefined) throw new Error(`ip: "${line}" is no route of ours`)
    return { network, until: FOR_LIFE }
  })
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => line.trim() || [])
}

function explain(_: Table, { stderr, trouble }: CommandResult): Explanation | undefined {
  if (trouble === 'no such program') {
    return { kind: 'unusable', sentence: 'ip is not installed; install the package iproute2' }
  }
  if (/Operation not permitted|Permission denied/.test(stderr)) {
    return { kind: 'unusable', sentence: 'ip may not change routes; run as root or with the capability CAP_NET_ADMIN' }
  }
  if (stderr.includes('not supported')) {
    return { kind: 'unusable', sentence: 'the kernel lacks IPv4, IPv6 or rules of routing; use another dialect' }
  }
  if (/Cannot allocate memory|No buffer space available/.test(stderr)) {
    return { kind: 'full', sentence: 'the kernel has no room for more routes; use another dialect for so many' }
  }
  return undefined
}
