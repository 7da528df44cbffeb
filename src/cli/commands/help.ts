import { exitStatus } from '../../base/exit-status.ts'
import { UserError } from '../../base/user-error.ts'
import type { Command } from '../command.ts'
import { runProgram, unknownCommand } from '../program.ts'
import { commandEntries } from './index.ts'

export const help: Command<[command: string | undefined]> = {
  declare: (syntax) => syntax.argument('[command]', 'the command to explain'),
  run([command], _, io) {
    if (command === undefined) return runProgram(['--help'], io)
    if (!commandEntries.some(({ name }) => name === command)) throw new UserError(exitStatus.usage, unknownCommand(command))
    return runProgram([command, '--help'], io)
  },
}
