import { exitStatus } from '../base/exit-status.ts'
import type { Log } from '../base/log.ts'
import { UserError } from '../base/user-error.ts'
import { type LoadedCommands, loadCommands } from '../parameters/commands-json.ts'
import { formatFault } from '../parameters/report.ts'

/** What commands.json says; throws a `UserError` with all its faults. */
export function commandsIn(folder: string): LoadedCommands {
  const loaded = loadCommands(folder)
  if (loaded.commands !== undefined) return loaded
  throw new UserError(exitStatus.configuration, loaded.faults.map((fault) => formatFault(fault)).join('\n'))
}

/** An engine may come when commands.json was changed; with a fault in it, what it said before stays in force. */
export function orBefore<T>(read: () => T, before: T, log: Log): T {
  try {
    return read()
  } catch (error) {
    log.error('commands.json was not loaded again; what it said before stays in force')
    for (const line of (error as Error).message.split('\n')) log.error(line)
    return before
  }
}
