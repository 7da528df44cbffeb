import { exitStatus } from '../base/exit-status.ts'
import { UserError } from '../base/user-error.ts'
import { become, ENGINE_USER, type User, userOf } from '../daemon/user.ts'
import { CONFIGURATION_FOLDER, type Configuration } from '../parameters/parameters.ts'
import { formatFault } from '../parameters/report.ts'
import type { Io } from './command.ts'

/**
 * As whom configuration is run, where this process is root's: it is code, and root runs none of it. Undefined where this
 * process is somebody else's, or where whoever started it insists on `root` (in a container that has no other user).
 */
export function engineUserOf({ env }: Pick<Io, 'env'>, name = env.LOG2TABLE_USER || ENGINE_USER): User | undefined {
  return process.geteuid?.() !== 0 || name === 'root' ? undefined : userOf(name)
}

/** Before configuration is run: root becomes another user, for good. */
export function leaveRoot(io: Pick<Io, 'env'>): void {
  const user = engineUserOf(io)
  if (user) become(user)
}

/** Loads a configuration, not as root; all its faults become one error, its warnings are shown. */
export async function loadOrExplain(
  folder: string = CONFIGURATION_FOLDER,
  io: Pick<Io, 'stderr' | 'env'>,
): Promise<Configuration> {
  // Only now: commands that need no configuration start without all that loads and checks one.
  const { loadConfiguration } = await import('../parameters/load.ts')
  leaveRoot(io)
  const { configuration, faults } = await loadConfiguration(folder)
  const text = (severity: 'fault' | 'warning') => faults.filter((fault) => fault.severity === severity).map(formatFault)
  for (const warning of text('warning')) io.stderr.write(`log2table: ${warning}\n`)
  if (configuration) return configuration
  throw new UserError(exitStatus.configuration, text('fault').join('\n'))
}

/** The same for a daemon at work, which must not end or stand still by what it loads. */
export async function reloadOrExplain(
  folder: string = CONFIGURATION_FOLDER,
  io: Pick<Io, 'stderr' | 'env'>,
): Promise<Configuration> {
  const { rehearse } = await import('../parameters/rehearsal.ts')
  const fault = await rehearse(folder)
  if (fault) throw new UserError(exitStatus.configuration, formatFault(fault))
  return loadOrExplain(folder, io)
}
