import { chownSync } from 'node:fs'
import { createServer } from 'node:net'
import { exitStatus } from '../base/exit-status.ts'
import type { Log } from '../base/log.ts'
import type { Instant } from '../base/units.ts'
import { UserError } from '../base/user-error.ts'
import type { Named } from '../firewall/firewall.ts'
import { dialectOf } from '../firewall/index.ts'
import { createKeeper } from '../firewall/keeper.ts'
import { keeperServer } from '../firewall/keeper-server.ts'
import { readProtected, thisMachine } from '../firewall/read-protected.ts'
import { createRunner } from '../firewall/runner.ts'
import { loadCommands, namedOf } from '../parameters/commands-json.ts'
import { formatFault } from '../parameters/report.ts'
import { putKeptFile } from './kept-files.ts'
import { listenOnSocket } from './listen.ts'
import { PanicFolder } from './panic-folder.ts'
import { timers } from './timers.ts'
import type { User } from './user.ts'

export interface KeeperProcessOptions {
  /** A socket of ours, to which only `owner` (and root) can connect; or one that the service manager made. */
  readonly listen: { readonly path: string; readonly owner?: User | undefined } | { readonly fd: number }
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

/** What is taken off the mode 0777: only the owner may connect. */
const SOCKET_UMASK = 0o177
/** Others must get to the socket; to connect they need its mode. */
const FOLDER_MODE = 0o755

/** The keeper as a process of its own: it runs no configuration, and what root may be asked to do it reads itself. */
export async function startKeeper({ listen, folder, state, log, now, onBegin }: KeeperProcessOptions): Promise<KeeperProcess> {
  const aborter = new AbortController()
  let named = namedIn(folder)
  const run = createRunner({ path: process.env.PATH, signal: aborter.signal, named: () => named })
  const machine = thisMachine(run)
  const panic = new PanicFolder(state, log)
  const server = keeperServer({
    createKeeper() {
      named = namedAgain() ?? named
      return createKeeper({
        dialectOf,
        run,
        log,
        timers,
        now,
        readProtection: () => readProtected(machine),
        named: () => named,
        keep: putKeptFile,
        isPanic: () => panic.isPanic(),
        remember: (tables) => panic.remember(tables),
      })
    },
    log,
    timers,
    ...(onBegin && { onBegin }),
  })

  /** A new engine may come with names that were added since; with a fault in them the old ones stay. */
  function namedAgain(): Named | undefined {
    try {
      return namedIn(folder)
    } catch (error) {
      log.error('commands.json was not loaded again; what it said before stays in force')
      for (const line of (error as Error).message.split('\n')) log.error(line)
      return undefined
    }
  }

  const listener = createServer((socket) => server.serve(socket))
  if ('fd' in listen) {
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject)
      listener.listen({ fd: listen.fd }, resolve)
    })
  } else {
    const { path, owner } = listen
    const names = { what: "keeper's socket", who: 'a keeper', option: '--listen' } as const
    await listenOnSocket(listener, { path, umask: SOCKET_UMASK, folderMode: FOLDER_MODE, ...names })
    if (owner) chownSync(path, owner.uid, owner.gid)
  }
  listener.on('error', (error) => log.warning("the keeper's socket failed", { error: error.message }))
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
  const loaded = loadCommands(folder)
  if (loaded.commands !== undefined) return namedOf(loaded)
  throw new UserError(exitStatus.configuration, loaded.faults.map((fault) => formatFault(fault)).join('\n'))
}
