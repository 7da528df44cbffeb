import type { Command, CommandResult, Table } from '../../firewall/firewall.ts'

/** How many packets the rules of a table have dropped for single sources: of IPv4, and of IPv6 by /64. */
export interface DropCounter {
  question(table: Table, isIPv6: boolean): Command
  /** Undefined where there is no such rule. */
  read(table: Table, isIPv6: boolean, result: CommandResult): number | undefined
}

/** By the kind of the table; where there is none, nobody counts. */
export const dropCounters: ReadonlyMap<string, DropCounter> = new Map([
  [
    'nftables',
    {
      question: () => ({ argv: ['nft', '-n', '-t', 'list', 'ruleset', 'inet'] }),
      read: ({ name }, isIPv6, { stdout }) =>
        numberIn(stdout, new RegExp(` @${name}_v${isIPv6 ? 6 : 4} counter packets (\\d+) bytes \\d+ drop$`, 'm')),
    },
  ],
  [
    'ipset',
    {
      question: ({ name }, isIPv6) => ({
        argv: [isIPv6 ? 'ip6tables' : 'iptables', '-w', '5', '-t', 'raw', '-v', '-S', `LOG2TABLE_${name}`],
      }),
      read: ({ name }, isIPv6, { stdout }) =>
        numberIn(stdout, new RegExp(` --match-set log2table_${name}_v${isIPv6 ? 6 : 4} src -c (\\d+) \\d+ -j DROP$`, 'm')),
    },
  ],
])

function numberIn(text: string, pattern: RegExp): number | undefined {
  const digits = pattern.exec(text)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
