import { dryRun } from './dry-run.ts'
import type { Dialect } from './firewall.ts'
import { ipset } from './ipset.ts'
import { nftables } from './nftables.ts'
import { pf } from './pf.ts'

/** The firewalls that can be spoken to. A new one is a file and a row. */
export const dialects: readonly Dialect[] = [pf, nftables, ipset, dryRun]

/** The dialect that a table's declaration calls `kind`; undefined where there is none. */
export function dialectOf(kind: string): Dialect | undefined {
  return dialects.find((dialect) => dialect.kind === kind)
}
