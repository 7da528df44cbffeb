import { exitStatus } from '../../base/exit-status.ts'
import { startKeeper } from '../../daemon/keeper-process.ts'
import { HangUps, untilEnded } from '../../daemon/signals.ts'
import { CONFIGURATION_FOLDER, keeperStateOf } from '../../parameters/parameters.ts'
import type { Command } from '../command.ts'
import { engineSocketOf } from '../engine-socket.ts'
import { declareOwnLog, type OwnLogOptions, ownLog } from '../own-log.ts'

interface Options extends OwnLogOptions {
  readonly listen?: string
  readonly owner?: string
  readonly config: string
  readonly state: string
}

export const keeper: Command<[], Options> = {
  declare(syntax) {
    syntax
      .option('--listen <path>', 'the socket to make; else that of the service manager')
      .option('--owner <user>', 'who may connect to it, beside root (default: who runs this)')
      .option('--config <dir>', 'folder of commands.json', CONFIGURATION_FOLDER)
      .option('--state <dir>', 'where it remembers its tables, and looks for a panic', keeperStateOf(process.platform))
    declareOwnLog(syntax)
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
  async run(_args, { listen, owner, config, state, ...own }, io) {
    const hangUps = new HangUps()
    const log = ownLog(io, own)
    const place = engineSocketOf('keeper', { listen, owner }, io.env)
    const process_ = await startKeeper({ listen: place, folder: config, state, log, now: io.now })
    const ended = untilEnded({ hangUps, onHangUp: async () => {}, log })
    log.info('keeping', { pid: process.pid, socket: listen ?? 'of the service manager' })
    await ended
    await process_.close()
    log.info('ended; bans stay in force')
    return exitStatus.done
  },
}
