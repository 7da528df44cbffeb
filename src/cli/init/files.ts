import { allowedLogsOf } from '../../parameters/commands-json.ts'
import { parametersFile } from './parameters-file.ts'
import { keepsFile, LIFERS, LIFERS_FILE, type Plan, type PlannedFile } from './plan.ts'
import { rulesFile } from './rules-file.ts'

/** The files of a new configuration. */
export function filesOf(plan: Plan): readonly PlannedFile[] {
  const commands = Object.entries(commandsOf(plan))
  const lines = commands.map(([name, value]) => `  ${JSON.stringify(name)}: ${onOneLine(value)}`)
  return [
    { name: 'parameters.ts', text: parametersFile(plan) },
    { name: 'rules.ts', text: rulesFile },
    ...(lines.length > 0 ? [{ name: 'commands.json', text: `{\n${lines.join(',\n')}\n}\n` }] : []),
  ]
}

/** What root's processes may be asked for, beyond what they may anyway. */
function commandsOf(plan: Plan) {
  const { paths } = allowedLogsOf({ commands: undefined, faults: [] })
  return {
    ...(keepsFile(plan) && { files: { [LIFERS]: LIFERS_FILE } }),
    ...(plan.readerFolders.length > 0 && { logs: [...paths, ...plan.readerFolders] }),
  }
}

/** JSON as a person would write it. */
function onOneLine(value: unknown): string {
  return JSON.stringify(value, undefined, 1)
    .replaceAll(/\n */g, ' ')
    .replaceAll(/(?<=\[) | (?=\])/g, '')
}
