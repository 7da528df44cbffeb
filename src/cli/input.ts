import { readFileSync } from 'node:fs'
import { text as textOfStream } from 'node:stream/consumers'
import { exitStatus } from '../base/exit-status.ts'
import { UserError } from '../base/user-error.ts'
import { createRunner } from '../firewall/runner.ts'
import { loadCommands } from '../parameters/commands-json.ts'
import { formatFault } from '../parameters/report.ts'
import type { Io } from './command.ts'

const COMMAND_MS_MAX = 120_000

/** The text of a file; `-` is standard input. */
export async function readInput(file: string, { stdin }: Io): Promise<string> {
  if (file === '-') return textOfStream(stdin)
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UserError(exitStatus.badData, (error as Error).message)
  }
}

/** What a command of commands.json prints, run by whoever gave this command. */
export async function printedBy(name: string, folder: string): Promise<string> {
  const { commands, faults } = loadCommands(folder)
  if (!commands) throw new UserError(exitStatus.configuration, faults.map(formatFault).join('\n'))
  const argv = commands.get(name)
  if (!argv) {
    const known = [...commands.keys()].join(', ') || 'none'
    throw new UserError(exitStatus.configuration, `commands.json has no command "${name}"; it has ${known}`)
  }
  const { status, stdout, stderr, trouble } = await createRunner({ path: process.env.PATH })({ argv, timeoutMs: COMMAND_MS_MAX })
  if (status === 0) return stdout
  const said = stderr.trim().split('\n')[0]
  throw new UserError(
    exitStatus.badData,
    `${argv.join(' ')}: ${trouble ?? `ended with status ${status}`}${said ? `: ${said}` : ''}`,
  )
}
