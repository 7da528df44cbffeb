import { bitsOf, formatAddress, type Network, parseNetwork } from '../base/address.ts'
import { FOR_LIFE } from '../base/units.ts'
import type { Entry } from '../core/model.ts'
import type { Command, CommandResult, Dialect, Explanation, Table } from './firewall.ts'

/**
 * Blackhole routes of OpenBSD, FreeBSD and NetBSD, for machines without a firewall: what is sent to a banned address is
 * thrown away, so no connection of its comes about, here or behind us. Its packets still arrive.
 *
 * There is one routing table for all, so two tables of this kind would show each other's entries as somebody else's.
 */
export const bsdRoute: Dialect<Command> = {
  kind: 'bsdRoute',
  // Each is a command of its own.
  batchMax: 100,
  faults: ({ options }) => Object.keys(options).map((key) => `bsdRoute: there is no option "${key}"; it takes none`),
  setUp: () => [],
  check: () => [],
  missing: () => undefined,
  add: (_, entries) =>
    entries.map(({ network }) => ({
      argv: [...routeWords('add', network), typeof network.address === 'number' ? '127.0.0.1' : '::1', '-blackhole'],
      alreadyDone: ['File exists', 'already in table'],
    })),
  // It has no end that could be changed.
  renew: () => [],
  delete: (_, networks) => networks.map((network) => ({ argv: routeWords('delete', network), alreadyDone: ['not in table'] })),
  list: () => ['inet', 'inet6'].map((family) => ({ argv: ['netstat', '-rn', '-f', family], timeoutMs: 120_000 })),
  present: (_, outputs) => outputs.flatMap(routesOf),
  // Nobody knows which of them are ours; they are gone with the next start of the machine.
  tearDown: () => [],
  explain,
}

/** The length of a network stands apart: with `/64` OpenBSD would ask a name server. */
function routeWords(verb: 'add' | 'delete', network: Network): readonly string[] {
  const { address, bits } = network
  const isHost = bits === bitsOf(address)
  const family = typeof address === 'number' ? '-inet' : '-inet6'
  const destination = isHost ? ['-host', formatAddress(address)] : ['-net', formatAddress(address), '-prefixlen', String(bits)]
  return ['route', '-n', verb, family, ...destination]
}

/** `192.0.2.1  127.0.0.1  UGHSB ...`; OpenBSD leaves zeros out: `198.51.100/24`. */
function routesOf(output: string): readonly Entry[] {
  return output.split('\n').flatMap((line) => {
    const [destination = '', , flags = ''] = line.trim().split(/\s+/)
    if (!/^[A-Z][A-Za-z\d]*$/.test(flags) || !flags.includes('B')) return []
    const network = parseNetwork(wholeNetwork(destination))
    return network === undefined ? [] : [{ network, until: FOR_LIFE }]
  })
}

function wholeNetwork(text: string): string {
  const [, address = '', length] = /^([\d.]+)(\/\d+)$/.exec(text) ?? []
  if (length === undefined) return text
  const missing = 4 - address.split('.').length
  return `${address}${'.0'.repeat(Math.max(0, missing))}${length}`
}

function explain(_: Table, { stderr, stdout, trouble }: CommandResult): Explanation | undefined {
  if (trouble === 'no such program') {
    return { kind: 'unusable', sentence: 'there is no route or netstat of a BSD; on Linux use route()' }
  }
  // route prints what became of it on its standard output
  const said = `${stderr}${stdout}`
  if (/Operation not permitted|Permission denied|must be root/.test(said)) {
    return { kind: 'unusable', sentence: 'route may not change routes; run as root' }
  }
  if (/No buffer space available|routing table overflow|not enough memory/.test(said)) {
    return { kind: 'full', sentence: 'the kernel has no room for more routes; use another dialect for so many' }
  }
  return undefined
}
