import { type Argument, type CompletedCommand, type CompletedOption, shellNames } from './tree.ts'

/** For fish 3. */
export function fishCompletion(commands: readonly CompletedCommand[]): string {
  const argumentsOf: Readonly<Record<Argument, string>> = {
    none: ' -f',
    file: '',
    banned: ` -f -a '(log2table bans 2>/dev/null | cut -f1)'`,
    command: ` -f -a '${commands.map(({ name }) => name).join(' ')}'`,
    shell: ` -f -a '${shellNames.join(' ')}'`,
  }
  const lines = commands.flatMap(({ name, summary, options, argument }) => {
    const once = `complete -c log2table -n '__fish_seen_subcommand_from ${name}'`
    return [
      `complete -c log2table -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`,
      ...(argument === 'file' ? [] : [once + argumentsOf[argument]]),
      ...options.map((option) => once + wordsOf(option)),
    ]
  })
  return `# fish completion for log2table: put into ~/.config/fish/completions/log2table.fish
complete -c log2table -n __fish_use_subcommand -l socket -r -d 'where the daemon listens'
complete -c log2table -n __fish_use_subcommand -s h -l help -d 'print help'
${lines.join('\n')}
`
}

function wordsOf({ flags, summary, takesValue }: CompletedOption): string {
  const words = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
  return ` ${words.join(' ')}${takesValue ? ' -r' : ''} -d ${quoted(summary)}`
}

/** Within single quotes fish knows two escapes, of the quote and of the backslash. */
const quoted = (text: string) => `'${text.replaceAll(/[\\']/g, '\\$&')}'`
