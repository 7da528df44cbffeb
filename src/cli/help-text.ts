import type { Command as Syntax } from 'commander'
import type { Command } from './command.ts'
import { type CommandEntry, commandGroups } from './commands/index.ts'

/** Fits a console of a server. */
const LINE_WIDTH = 80
const INDENT = '  '

/** What `log2table help` prints: one screen. */
export function overview(): string {
  const called = ({ name, synopsis }: CommandEntry) => (synopsis ? `${name} ${synopsis}` : name)
  const width = Math.max(...commandGroups.flatMap(({ commands }) => commands.map((entry) => called(entry).length)))
  const groups = commandGroups.map(({ title, commands }) => {
    const lines = commands.map((entry) => `${INDENT}${called(entry).padEnd(width)}  ${entry.summary}`)
    return [title, ...lines].join('\n')
  })
  return `log2table follows logs, weighs suspicious lines, and puts the addresses that
reach 100 points into a firewall table, for an hour at first.

Usage: log2table COMMAND [OPTION...] [ARGUMENT...]

${groups.join('\n\n')}

"log2table help COMMAND" tells more. All that print can print JSON: --json.
The configuration is /etc/log2table/parameters.ts; to begin, none is needed.
`
}

/** What `log2table help COMMAND` prints, from what the command declares. */
export function commandHelp(syntax: Syntax, entry: CommandEntry, command: Command): string {
  const args = syntax.registeredArguments.map((argument) => {
    const name = `${argument.name().toUpperCase()}${argument.variadic ? '...' : ''}`
    return { term: argument.required ? name : `[${name}]`, text: argument.description }
  })
  const options = [...syntax.options, ...(syntax.parent?.options ?? [])].map((option) => ({
    term: option.flags.replace(/<([^>]*)>|\[[^\]]*\]/, (name, needed: string | undefined) => (needed ?? name).toUpperCase()),
    text: `${option.description}${typeof option.defaultValue === 'string' ? ` (default ${option.defaultValue})` : ''}`,
  }))
  const usage = ['log2table', entry.name, '[OPTION...]', ...args.map(({ term }) => term)].join(' ')
  const parts = [
    `Usage: ${usage}`,
    `${entry.summary[0]!.toUpperCase()}${entry.summary.slice(1)}.`,
    ...(args.length > 0 ? [list(args)] : []),
    `Options\n${list([...options, { term: '-h, --help', text: 'print this' }])}`,
    ...(command.help ? [rewrapped(command.help.trim())] : []),
  ]
  return `${parts.join('\n\n')}\n`
}

/** Sentences are wrapped anew; indented lines, such as examples, stay as they are. */
function rewrapped(text: string): string {
  return text
    .replace(/(?:^\S.*\n?)+/gm, (lines) => `${wrapped(lines.trim().replaceAll('\n', ' '), LINE_WIDTH).join('\n')}\n`)
    .trimEnd()
}

function list(entries: readonly { readonly term: string; readonly text: string }[]): string {
  const width = Math.max(...entries.map(({ term }) => term.length))
  return entries
    .map(({ term, text }) => {
      const lines = wrapped(text, LINE_WIDTH - INDENT.length * 2 - width)
      return `${INDENT}${term.padEnd(width)}${INDENT}${lines.join(`\n${' '.repeat(width + INDENT.length * 2)}`)}`
    })
    .join('\n')
}

/** Broken between words into lines that are no longer than `width`, where words allow it. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!
    if (line === '') lines[lines.length - 1] = word
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`
    else lines.push(word)
  }
  return lines
}
