import type { CommandResult } from '../../firewall/firewall.ts'
import type { Order, Remark } from './order.ts'

/**
 * Our chain stands at prerouting, and an `accept` of another chain ends nothing but that chain: only a drop is final. So what
 * goes past it are packets that never come to prerouting: those that a flowtable forwards by itself once their connection is
 * open, and those that a chain at ingress sends elsewhere.
 */
export const nftablesOrder: Order = {
  // `-t`: without the elements of sets.
  questions: () => [{ argv: ['nft', '-n', '-t', 'list', 'ruleset'] }],
  remarks: (_, [ruleset]) => pastPrerouting(ruleset!),
}

export function pastPrerouting({ status, stdout }: CommandResult): readonly Remark[] {
  if (status !== 0) return []
  const remarks: Remark[] = []
  let table = ''
  for (const line of stdout.split('\n')) {
    table = /^table (\S+ \S+) \{/.exec(line)?.[1] ?? table
    const flowtable = /^\t\t.*\bflow (?:add|offload) @([\w-]+)/.exec(line)?.[1]
    if (flowtable !== undefined) {
      remarks.push({
        state: 'warning',
        says: `the flowtable ${flowtable} of table ${table} forwards open connections past our chain, also of who has just been banned`,
        todo: 'install conntrack, with which their entries are deleted at a ban, and leave "cut" on; or do without the flowtable',
      })
    }
    const rule = /^\t\t(.*\bfwd to\b.*)$/.exec(line)?.[1]
    if (rule !== undefined) {
      remarks.push({
        state: 'warning',
        says: `the rule "${rule}" of table ${table} sends packets elsewhere before they come to our chain`,
        todo: 'see that those who are banned are dropped there too',
      })
    }
  }
  return remarks
}
