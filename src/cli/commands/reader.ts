import { exitStatus } from '../../base/exit-status.ts'
import { startReader } from '../../daemon/reader-process.ts'
import { HangUps, untilEnded } from '../../daemon/signals.ts'
import { CONFIGURATION_FOLDER } from '../../parameters/parameters.ts'
import type { Command } from '../command.ts'
import { engineSocketOf } from '../engine-socket.ts'
import { declareOwnLog, type OwnLogOptions, ownLog } from '../own-log.ts'

interface Options extends OwnLogOptions {
  readonly listen?: string
  readonly owner?: string
  readonly config: string
}

export const reader: Command<[], Options> = {
  declare(syntax) {
    syntax
      .option('--listen <path>', 'the socket to make; else that of the service manager')
      .option('--owner <user>', 'who may connect to it, beside root (default: who runs this)')
      .option('--config <dir>', 'folder of commands.json', CONFIGURATION_FOLDER)
    declareOwnLog(syntax)
  },
  help: `
Reads logs that are closed to the daemon's user, for a service manager to start; "log2table run --reader PATH" is who
asks it. It opens what "logs" of commands.json lists, folders with all that is below them (default /var/log and
/var/www/logs) and captures such as "pflog:pflog0", and passes the bytes on. It runs no configuration and writes
nothing; on anything but a few requests it cuts the connection. It needs the right to read those logs (on Linux
CAP_DAC_READ_SEARCH, and no root).

Examples
  log2table reader --listen /run/log2table-reader/reader.sock --owner log2table
`,
  outlivesItsOutput: true,
  async run(_args, { listen, owner, config, ...own }, io) {
    const hangUps = new HangUps()
    const log = ownLog(io, own)
    const process_ = await startReader({
      listen: engineSocketOf('reader', { listen, owner }, io.env),
      folder: config,
      log,
      now: io.now,
    })
    const ended = untilEnded({ hangUps, onHangUp: async () => {}, log })
    log.info('reading', { pid: process.pid, socket: listen ?? 'of the service manager' })
    await ended
    process_.close()
    log.info('ended')
    return exitStatus.done
  },
}
