import { Command as Syntax } from 'commander'
import { commandEntries } from '../commands/index.ts'

/** What a shell must know to complete a command line: the commands with their options. */
export interface CompletedCommand {
  readonly name: string
  readonly summary: string
  readonly options: readonly CompletedOption[]
  readonly argument: Argument
}

/** What the arguments of a command are: `banned` are addresses that `log2table bans` lists. */
export type Argument = 'none' | 'file' | 'banned' | 'command' | 'shell'

export interface CompletedOption {
  /** `--json`, and the short form where there is one: `-i`. */
  readonly flags: readonly string[]
  readonly summary: string
  /** Whether a value follows it; it is completed as a file. */
  readonly takesValue: boolean
}

export const shellNames = ['bash', 'fish', 'ksh', 'zsh'] as const

/** All commands, with the options that each declares and those that every command has. */
export async function commandTree(): Promise<readonly CompletedCommand[]> {
  return Promise.all(
    commandEntries.map(async ({ name, summary, load }) => {
      const syntax = new Syntax(name)
      const command = await load()
      command.declare?.(syntax)
      const options = syntax.options.map(({ long, short, description, required, optional }) => {
        const flags = [long, short].filter((flag) => flag !== undefined && flag !== null)
        return { flags, summary: description, takesValue: required || optional }
      })
      const argument = argumentOf(syntax.registeredArguments[0]?.name())
      return { name, summary, options: [...options, ...everywhere], argument }
    }),
  )
}

const everywhere: readonly CompletedOption[] = [
  { flags: ['--socket'], summary: 'where the daemon listens', takesValue: true },
  { flags: ['--help', '-h'], summary: 'print help', takesValue: false },
]

function argumentOf(name: string | undefined): Argument {
  switch (name) {
    case undefined:
      return 'none'
    case 'address':
      return 'banned'
    case 'command':
    case 'shell':
      return name
    default:
      return 'file'
  }
}
