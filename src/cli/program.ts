import { Command as CommanderCommand, CommanderError } from 'commander'
import { escapeText } from '../base/escape.ts'
import { type ExitStatus, exitStatus } from '../base/exit-status.ts'
import { nearest } from '../base/nearest.ts'
import { UserError } from '../base/user-error.ts'
import { CONTROL_SOCKET } from '../parameters/parameters.ts'
import type { Command, Io } from './command.ts'
import { type CommandEntry, commandEntries } from './commands/index.ts'
import { commandHelp, overview } from './help-text.ts'

/**
 * Runs one command line, from `argv` without the program's own name, to its exit status. Whatever goes wrong is told on
 * standard error, with what to do about it; nothing is thrown.
 */
export async function runProgram(argv: readonly string[], io: Omit<Io, 'socketPath'>): Promise<ExitStatus> {
  try {
    if (argv[0] === '--version' || argv[0] === '-V') return await runSyntax(['version', ...argv.slice(1)], io)
    return await runSyntax(argv, io)
  } catch (error) {
    io.stderr.write(errorText(error))
    return error instanceof UserError ? error.status : exitStatus.software
  }
}

/** What a person reads of an error: each line of a `UserError` as it stands, all else as our own fault. */
export function errorText(error: unknown): string {
  if (error instanceof UserError) return `${error.message.split('\n').map(led).join('\n')}\n`
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const lines = [`our fault: ${stack}`, 'please report this, with these lines'].join('\n').split('\n')
  return `${lines.map(escapeText).map(led).join('\n')}\n`
}

const led = (line: string) => `log2table: ${line}`

async function runSyntax(argv: readonly string[], io: Omit<Io, 'socketPath'>): Promise<ExitStatus> {
  let status: ExitStatus = exitStatus.done
  const program = new Syntax('log2table')
    .option('--socket <path>', `where the daemon listens, else LOG2TABLE_SOCKET, else ${CONTROL_SOCKET}`)
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) })
    .exitOverride()
    .helpCommand(false)
  for (const { name } of commandEntries) program.command(name)
  program.hook('preSubcommand', async (_, syntax) => {
    const entry = commandEntries.find(({ name }) => name === syntax.name())!
    const command = await entry.load()
    command.declare?.(syntax)
    ;(syntax as Syntax).describes = { entry, command }
    syntax.action(async () => {
      const { socket } = program.opts<{ socket?: string }>()
      const socketPath = socket ?? (io.env.LOG2TABLE_SOCKET || CONTROL_SOCKET)
      status = await whileRead(io, command, () => command.run(syntax.processedArgs, syntax.opts(), { ...io, socketPath }))
    })
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Help that was asked for, or was all that could be said to a bare `log2table`.
    return error.code === 'commander.helpDisplayed' ? exitStatus.done : exitStatus.usage
  }
  return status
}

/** Runs a command, but no longer than its output can be written. */
function whileRead(
  { stdout }: Pick<Io, 'stdout'>,
  command: Command,
  run: () => ExitStatus | Promise<ExitStatus>,
): ExitStatus | Promise<ExitStatus> {
  if (command.outlivesItsOutput) return run()
  return Promise.race([stdout.closed.then(() => exitStatus.done), run()])
}

/** Commander's parsing, with our help and our errors. */
class Syntax extends CommanderCommand {
  describes: { readonly entry: CommandEntry; readonly command: Command } | undefined

  override createCommand(name: string): Syntax {
    return new Syntax(name)
  }

  override helpInformation(): string {
    return this.describes ? commandHelp(this, this.describes.entry, this.describes.command) : overview()
  }

  override error(message: string, { code }: { readonly code?: string } = {}): never {
    throw new UserError(exitStatus.usage, this.#explain(message, code))
  }

  #explain(message: string, code: string | undefined): string {
    const name = this.name()
    const help = this.parent ? `"log2table help ${name}"` : '"log2table help"'
    // The thing itself stands in single quotes; it may hold some of its own.
    const thing = /'(.*)'/s.exec(message)?.[1] ?? ''
    switch (code) {
      case 'commander.unknownCommand':
        return unknownCommand(this.args[0]!)
      case 'commander.unknownOption': {
        const flag = /unknown option '(.*?)'(?:\n|$)/s.exec(message)?.[1] ?? thing
        const known = [...this.options, ...(this.parent?.options ?? [])].map(({ long }) => long ?? '')
        const meant = flag.startsWith('--') ? nearest(flag, known) : undefined
        const of = this.parent ? ` of ${name}` : ''
        return `unknown option "${shown(flag)}"${of}; ${meant ? `did you mean "${meant}"?` : `${help} lists them all`}`
      }
      case 'commander.missingArgument':
        return `${name} needs ${thing.toUpperCase()}; see ${help}`
      case 'commander.excessArguments': {
        const most = this.registeredArguments.length
        const taken = most === 0 ? 'no argument' : most === 1 ? 'one argument' : `${most} arguments`
        return `${name} takes ${taken}, and there is "${shown(this.args[most]!)}"; see ${help}`
      }
      case 'commander.optionMissingArgument': {
        const [flag, value] = thing.split(/[ =]/)
        return `${flag} needs ${value?.replace(/[<>]/g, '').toUpperCase()} after it; see ${help}`
      }
      default:
        return `${shown(message.replace(/^error: /, ''))}; see ${help}`
    }
  }
}

/** What to say of a command that does not exist. */
export function unknownCommand(name: string): string {
  const meant = nearest(
    name,
    commandEntries.map((entry) => entry.name),
  )
  return `unknown command "${shown(name)}"; ${meant ? `did you mean "${meant}"?` : '"log2table help" lists them all'}`
}

const SHOWN_CHARACTERS_MAX = 60

function shown(text: string): string {
  return escapeText(text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}...` : text)
}
