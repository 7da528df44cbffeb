import type { Command, CommandResult, Table } from '../../firewall/firewall.ts'
import type { Finding } from './finding.ts'
import { ipsetOrder } from './ipset-order.ts'
import { nftablesOrder } from './nftables-order.ts'
import { pfOrder } from './pf-order.ts'

/** What goes past a rule of ours that is there: what stands before it, or takes another way. Words only, as a dialect is. */
export interface Order {
  /** Whatever their end, the answers are read. */
  questions(table: Table): readonly Command[]
  remarks(table: Table, results: readonly CommandResult[]): readonly Remark[]
}

export type Remark = Omit<Finding, 'about'> & { readonly state: 'warning' | 'wrong'; readonly todo: string }

/** By the kind of the table. */
export const orders: ReadonlyMap<string, Order> = new Map(
  Object.entries({ nftables: nftablesOrder, ipset: ipsetOrder, pf: pfOrder }),
)
