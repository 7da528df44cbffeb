import type { CommandResult, Table } from '../../firewall/firewall.ts'
import { pastPrerouting } from './nftables-order.ts'
import type { Order, Remark } from './order.ts'

/**
 * Our chain is called in PREROUTING of the table `raw`, and a rule before it that accepts, or returns, ends that table for the
 * packet. The order of rules is that in which `-S` prints them.
 */
export const ipsetOrder: Order = {
  questions: () => [
    ...['iptables', 'ip6tables'].map((iptables) => ({ argv: [iptables, '-w', '5', '-t', 'raw', '-S'] })),
    { argv: ['nft', '-n', '-t', 'list', 'ruleset'] },
  ],
  remarks: (table, [rules, rules6, ruleset]) => [
    ...before(table, rules!, 'iptables'),
    ...before(table, rules6!, 'ip6tables'),
    ...pastPrerouting(ruleset!),
  ],
}

function before({ name }: Table, { stdout }: CommandResult, program: string): readonly Remark[] {
  const lines = stdout.split('\n').map((line) => line.trim())
  const call = `-A PREROUTING -j LOG2TABLE_${name}`
  const ours = lines.indexOf(call)
  const accepting = acceptingChains(lines)
  return lines.slice(0, Math.max(0, ours)).flatMap((line): Remark[] => {
    const [, conditions = '', , target = ''] = /^-A PREROUTING (.*?)-(j|g) (\S+)/.exec(line) ?? []
    const ends = target === 'ACCEPT' || target === 'RETURN' || accepting.has(target) || / -g /.test(line)
    if (!ends || /^-i lo /.test(conditions)) return []
    const all = conditions === '' && !accepting.has(target)
    const whom = all ? 'everything' : 'some packets'
    return [
      {
        state: 'wrong',
        says: `the rule "${line}" of ${program} stands before ours in raw and lets ${whom} past it, also of who is banned`,
        todo: `put ours first: ${program} -t raw -D PREROUTING -j LOG2TABLE_${name}; the daemon puts it back at the top`,
      },
    ]
  })
}

/** Chains of which a rule, or that of a chain it calls, accepts. */
function acceptingChains(lines: readonly string[]): ReadonlySet<string> {
  const found = new Set<string>()
  for (let known = -1; known < found.size; ) {
    known = found.size
    for (const line of lines) {
      const [, chain = '', target = ''] = /^-A (\S+) .*?-[jg] (\S+)/.exec(line) ?? []
      if (chain !== 'PREROUTING' && (target === 'ACCEPT' || found.has(target))) found.add(chain)
    }
  }
  return found
}
