import type { Log } from '../base/log.ts'
import type { Named, Table } from '../firewall/firewall.ts'
import { dialectOf } from '../firewall/index.ts'
import { createKeeper } from '../firewall/keeper.ts'
import { createRunner } from '../firewall/runner.ts'
import { timers } from './timers.ts'

/** Empties tables and takes away the rules that we made for them, whether or not a keeper is there. True when all of it is gone. */
export async function tearDownTables(tables: readonly Table[], named: Named, log: Log): Promise<boolean> {
  const aborter = new AbortController()
  const keeper = createKeeper({
    dialectOf,
    run: createRunner({ path: process.env.PATH, signal: aborter.signal, named: () => named }),
    log,
    timers,
    now: Date.now,
    named: () => named,
    readProtection: async () => ({ networks: [], troubles: [] }),
  })
  await keeper.declare(tables)
  const isGone = await keeper.panic()
  aborter.abort()
  return isGone
}
