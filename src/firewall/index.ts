import { addressFile } from './address-file.ts'
import { bsdRoute } from './bsd-route.ts'
import { commands } from './commands.ts'
import { dryRun } from './dry-run.ts'
import type { Dialect } from './firewall.ts'
import { ipfw } from './ipfw.ts'
import { ipset } from './ipset.ts'
import { nftables } from './nftables.ts'
import { npf } from './npf.ts'
import { pf } from './pf.ts'
import { route } from './route.ts'
import { withVia } from './via.ts'

/** The firewalls that can be spoken to. A new one is a file and a row. */
export const dialects: readonly Dialect[] = [
  ...[pf, nftables, ipset, ipfw, npf, route, bsdRoute].map(withVia),
  addressFile,
  commands,
  dryRun,
]

/** The dialect that a table's declaration calls `kind`; undefined where there is none. */
export function dialectOf(kind: string): Dialect | undefined {
  return dialects.find((dialect) => dialect.kind === kind)
}
