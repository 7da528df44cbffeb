import { exitStatus } from '../../base/exit-status.ts'
import { logTo } from '../../base/log.ts'
import { UserError } from '../../base/user-error.ts'
import { startKeeper } from '../../daemon/keeper-process.ts'
import { untilEnded } from '../../daemon/signals.ts'
import { userOf } from '../../daemon/user.ts'
import { CONFIGURATION_FOLDER, keeperStateOf } from '../../parameters/parameters.ts'
import type { Command } from '../command.ts'

interface Options {
  readonly listen?: string
  readonly owner?: string
  readonly config: string
  readonly state: string
  readonly detail?: true
}

/** The first descriptor that a service manager passes on. */
const PASSED_FD = 3

export const keeper: Command<[], Options> = {
  declare(syntax) {
    syntax
      .option('--listen <path>', 'the socket to make; else that of the service manager')
      .option('--owner <user>', 'who may connect to it, beside root (default: who runs this)')
      .option('--config <dir>', 'folder of commands.json', CONFIGURATION_FOLDER)
      .option('--state <dir>', 'where it remembers its tables, and looks for a panic', keeperStateOf(process.platform))
      .option('-d, --detail', 'say more, for finding out what is going on')
  },
  help: `
The half of the daemon that changes the firewall, for a service manager to start; "log2table run --keeper PATH" is the
other one, which reads logs and configuration and needs no rights. It runs no configuration and takes nothing but a few
requests on the tables that were declared; on anything else it cuts the connection. It needs the right to change
the firewall (on Linux CAP_NET_ADMIN, and no root).

Examples
  log2table keeper --listen /run/log2table-keeper/keeper.sock --owner log2table
`,
  outlivesItsOutput: true,
  async run(_args, { listen, owner, config, state, detail = false }, io) {
    const log = logTo((line) => io.stderr.write(`${line}\n`), { detail })
    const isPassed = io.env.LISTEN_FDS === '1' && io.env.LISTEN_PID === String(process.pid)
    if (listen === undefined && !isPassed)
      throw new UserError(exitStatus.usage, 'keeper needs --listen PATH where no service manager gives it a socket')
    const place =
      listen === undefined ? { fd: PASSED_FD } : { path: listen, owner: owner === undefined ? undefined : userOf(owner) }
    const process_ = await startKeeper({ listen: place, folder: config, state, log, now: io.now })
    log.info('keeping', { pid: process.pid, socket: listen ?? 'of the service manager' })
    await untilEnded({ onHangUp: async () => {}, log })
    await process_.close()
    log.info('ended; bans stay in force')
    return exitStatus.done
  },
}
