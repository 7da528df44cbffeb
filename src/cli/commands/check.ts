import { jsonLine } from '../../base/escape.ts'
import { exitStatus } from '../../base/exit-status.ts'
import { loadConfiguration } from '../../parameters/load.ts'
import { CONFIGURATION_FOLDER } from '../../parameters/parameters.ts'
import { faultRecord, formatFault, summaryLines, summaryRecord } from '../../parameters/report.ts'
import { type Command, type JsonOption, jsonOption } from '../command.ts'
import { count } from '../output.ts'

interface CheckOptions extends JsonOption {
  readonly config: string
}

export const check: Command<[], CheckOptions> = {
  declare: (syntax) => {
    syntax.option('--config <dir>', 'folder with parameters.ts', CONFIGURATION_FOLDER).option(...jsonOption)
  },
  help: `Reads the configuration as the daemon would, and says everything that is wrong with it: each fault with its
place, what is wrong, and what to write instead. Nothing is followed and no table is touched.

Faults go to standard error, a summary of what the configuration holds to standard output.
Exit status: 0 where there is no fault, 78 where there is one. Warnings do not count.
`,
  run: async (_args, { config, json }, { stdout, stderr }) => {
    const { configuration, faults } = await loadConfiguration(config)
    const status = configuration ? exitStatus.done : exitStatus.configuration
    if (json) {
      for (const fault of faults) stdout.write(`${jsonLine(faultRecord(fault))}\n`)
      if (configuration) stdout.write(`${jsonLine(summaryRecord(configuration))}\n`)
      return status
    }
    for (const fault of faults) stderr.write(`${formatFault(fault)}\n`)
    if (configuration) for (const line of summaryLines(configuration)) stdout.write(`${line}\n`)
    const warnings = faults.filter(({ severity }) => severity === 'warning').length
    const counts = [count(faults.length - warnings, 'fault'), ...(warnings > 0 ? [count(warnings, 'warning')] : [])]
    if (faults.length > 0) stderr.write(`${counts.join(', ')}\n`)
    return status
  },
}
