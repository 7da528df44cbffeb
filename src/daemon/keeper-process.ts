import { createServer } from 'node:net'
import type { Log } from '../base/log.ts'
import type { Instant } from '../base/units.ts'
import type { Named } from '../firewall/firewall.ts'
import { dialectOf } from '../firewall/index.ts'
import { createKeeper } from '../firewall/keeper.ts'
import { keeperServer } from '../firewall/keeper-server.ts'
import { ownAddresses } from '../firewall/protected.ts'
import { readProtected, thisMachine } from '../firewall/read-protected.ts'
import { createRunner } from '../firewall/runner.ts'
import { namedOf } from '../parameters/commands-json.ts'
import { commandsIn, orBefore } from './commands-in-force.ts'
import { type EngineSocket, listenForEngine } from './engine-socket.ts'
import { putKeptFile } from './kept-files.ts'
import { PanicFolder } from './panic-folder.ts'
import { timers } from './timers.ts'

export interface KeeperProcessOptions {
  readonly listen: EngineSocket
  /** The folder of commands.json. */
  readonly folder: string
  /** Where it remembers its tables, and looks whether there is a panic. */
  readonly state: string
  readonly log: Log
  readonly now: () => Instant
  /** An engine has begun. */
  readonly onBegin?: () => void
}

export interface KeeperProcess {
  close(): Promise<void>
}

/** The keeper as a process of its own: it runs no configuration, and what root may be asked to do it reads itself. */
export async function startKeeper({ listen, folder, state, log, now, onBegin }: KeeperProcessOptions): Promise<KeeperProcess> {
  const aborter = new AbortController()
  let named = namedIn(folder)
  const run = createRunner({ path: process.env.PATH, signal: aborter.signal, named: () => named })
  const machine = thisMachine(run)
  const panic = new PanicFolder(state, log)
  const server = keeperServer({
    createKeeper() {
      named = orBefore(() => namedIn(folder), named, log)
      return createKeeper({
        dialectOf,
        run,
        log,
        timers,
        now,
        readProtection: () => readProtected(machine),
        ownAddresses: () => ownAddresses(machine.interfaces()),
        named: () => named,
        keep: putKeptFile,
        isPanic: () => panic.isPanic(),
        remember: (tables) => panic.remember(tables),
      })
    },
    log,
    timers,
    now,
    ...(onBegin && { onBegin }),
  })

  const listener = createServer((socket) => server.serve(socket))
  await listenForEngine(listener, 'keeper', listen, log)
  return {
    async close() {
      listener.close()
      await server.close()
      aborter.abort()
    },
  }
}

/** What commands.json gives names to; throws a `UserError` with all its faults. */
function namedIn(folder: string): Named {
  return namedOf(commandsIn(folder))
}
