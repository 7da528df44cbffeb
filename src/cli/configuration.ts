import { exitStatus } from '../base/exit-status.ts'
import { UserError } from '../base/user-error.ts'
import { loadConfiguration } from '../parameters/load.ts'
import { CONFIGURATION_FOLDER, type Configuration } from '../parameters/parameters.ts'
import { formatFault } from '../parameters/report.ts'
import type { Io } from './command.ts'

/** Loads a configuration; all its faults become one error, its warnings are shown. */
export async function loadOrExplain(folder: string = CONFIGURATION_FOLDER, io: Pick<Io, 'stderr'>): Promise<Configuration> {
  const { configuration, faults } = await loadConfiguration(folder)
  const text = (severity: 'fault' | 'warning') => faults.filter((fault) => fault.severity === severity).map(formatFault)
  for (const warning of text('warning')) io.stderr.write(`log2table: ${warning}\n`)
  if (configuration) return configuration
  throw new UserError(exitStatus.configuration, text('fault').join('\n'))
}
