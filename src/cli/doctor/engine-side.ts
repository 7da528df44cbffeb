import { UserError } from '../../base/user-error.ts'
import { ENGINE_USER } from '../../daemon/user.ts'
import { loadConfiguration } from '../../parameters/load.ts'
import { stateFolderOf } from '../../parameters/parameters.ts'
import { formatFault } from '../../parameters/report.ts'
import { engineUserOf, leaveRoot } from '../configuration.ts'
import { databaseIn } from '../history.ts'
import { databaseFindings } from './database.ts'
import type { EngineView } from './engine-view.ts'
import { type Finding, ok, warning, wrong } from './finding.ts'
import { viewOfLogs } from './logs.ts'

/**
 * A process of its own, which becomes the user of the daemon before it runs any configuration, and looks at all that the
 * daemon must be able to read: `engine-view.ts` starts it, with the folder of the configuration, and gets its answer.
 */
void answer()

async function answer(): Promise<void> {
  const [folder = ''] = process.argv.slice(2)
  process.send!(await viewOf(folder))
  process.disconnect()
}

async function viewOf(folder: string): Promise<EngineView> {
  let user = `${process.geteuid?.()}`
  try {
    if (process.geteuid?.() === 0) user = engineUserOf(process)?.name ?? process.env.LOG2TABLE_USER ?? ENGINE_USER
    leaveRoot(process)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const [says = '', ...todo] = error.message.split('; ')
    return { findings: [wrong('configuration', says, todo.join('; '))] }
  }
  const { configuration, faults } = await loadConfiguration(folder)
  const findings: Finding[] = faults.map((fault) => {
    if (fault.severity === 'warning') return warning('configuration', formatFault(fault), 'log2table check')
    return wrong(
      'configuration',
      formatFault(fault),
      'mend it, and see "log2table check"; until then the daemon does not start with it',
    )
  })
  if (configuration === undefined)
    return { findings: [...findings, ...databaseFindings(databaseIn(stateFolderOf(process.platform)))] }
  const { tables, logs, stateFolder, control } = configuration
  const view = viewOfLogs(configuration, user)
  return {
    findings: [
      ...(findings.length === 0 ? [ok('configuration', `${folder} has no fault`)] : findings),
      ...view.findings,
      ...databaseFindings(databaseIn(stateFolder)),
    ],
    configuration: { tables: [...tables.values()], logs: logs.map(({ key }) => key), control },
    lastLines: view.lastLines,
    others: view.others,
  }
}
