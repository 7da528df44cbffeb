import { Command as Syntax } from 'commander'
import { commandGroups } from '../../src/cli/commands/index.ts'

/** The commands as a part of a page in mdoc(7), made from what `log2table help` says. */
export async function commandsInMdoc(): Promise<string> {
  const parts: string[] = []
  for (const { title, commands } of commandGroups) {
    parts.push(`.Ss ${title}`, '.Bl -tag -width Ds')
    for (const { name, summary, load } of commands) {
      const command = await load()
      const syntax = new Syntax(name)
      command.declare?.(syntax)
      const args = syntax.registeredArguments.map((argument) => {
        const words = `Ar ${argument.name().toUpperCase()}${argument.variadic ? ' ...' : ''}`
        return { term: argument.required ? words : `Op ${words}`, text: argument.description }
      })
      parts.push(`.It Xo`, `.Cm ${name}`, ...(syntax.options.length > 0 ? ['.Op Ar OPTION ...'] : []))
      parts.push(...args.map(({ term }) => `.${term}`), '.Xc', ...sentences(capital(`${summary}.`)))
      const options = syntax.options.map(({ short, long, flags, description, defaultValue }) => {
        const value = /[<[]([^>\]]*)[>\]]/.exec(flags)
        const names = [short, long]
          .filter((flag) => flag !== undefined && flag !== null)
          .map((flag) => `Fl ${escaped(flag.slice(1))}`)
        const term = `${names.join(' , ')}${value ? ` ${value[0].startsWith('[') ? 'Op ' : ''}Ar ${value[1]!.toUpperCase()}` : ''}`
        return { term, text: `${description}${typeof defaultValue === 'string' ? ` (default ${defaultValue})` : ''}` }
      })
      const told = [...args.map(({ term, text }) => ({ term: term.replace(/^Op /, ''), text })), ...options]
      if (told.length > 0)
        parts.push(
          '.Bl -tag -width Ds',
          ...told.flatMap(({ term, text }) => [`.It ${term}`, ...sentences(capital(`${text}.`))]),
          '.El',
        )
      if (command.help) parts.push(...prose(command.help.trim()))
    }
    parts.push('.El')
  }
  return `${parts.join('\n')}\n`
}

/** Paragraphs, lists of exit statuses, and examples as they stand. */
function prose(help: string): readonly string[] {
  return help.split(/\n{2,}/).flatMap((paragraph) => {
    const [first = '', ...rest] = paragraph.split('\n')
    const isIndented = rest.length > 0 && rest.every((line) => line.startsWith('  '))
    if (first === 'Exit status' && isIndented) {
      const items = rest.join('\n').split(/\n(?= {2}\d)/)
      const list = items.flatMap((item) => {
        const [, status = '', text = ''] = /^\s*(\d+)\s+(.*)$/s.exec(item)!
        return [`.It ${status}`, ...sentences(capital(`${text.replace(/\s+/g, ' ')}.`))]
      })
      return ['.Pp', 'Exit status:', '.Bl -tag -width Ds -compact', ...list, '.El']
    }
    const indented = isIndented ? rest : paragraph.split('\n').filter((line) => line.startsWith('  '))
    const text = isIndented
      ? `${first}:`
      : paragraph
          .split('\n')
          .filter((line) => !line.startsWith('  '))
          .join(' ')
    const shown = text === '' ? [] : ['.Pp', ...sentences(text)]
    return indented.length === 0
      ? shown
      : [...shown, '.Bd -literal -offset indent', ...indented.map((line) => escaped(line.trim())), '.Ed']
  })
}

/** Each sentence begins a line, as mdoc(7) wants it, and no line is longer than 80 bytes. */
function sentences(text: string): readonly string[] {
  return text.split(/(?<=[.!?]) (?=[A-Z"])/).flatMap((sentence) => {
    const lines: string[] = []
    for (const word of sentence.split(' ').map(inner)) {
      const last = lines.at(-1)
      if (last === undefined || last.length + 1 + word.length > LINE_BYTES_MAX) lines.push(word)
      else lines[lines.length - 1] = `${last} ${word}`
    }
    return lines.map(atLineStart)
  })
}

const LINE_BYTES_MAX = 78

const capital = (text: string) => `${text[0]!.toUpperCase()}${text.slice(1)}`

/** No backslash is an escape; a system's name stays a word where mandoc would have a macro. */
const inner = (text: string) =>
  text
    .replaceAll('\\', '\\e')
    .replaceAll('"', '\\(dq')
    .replaceAll('-', '\\-')
    .replaceAll(/(?<=Open|Free|Net)BSD/g, '\\&BSD')
/** No line is a macro. */
const atLineStart = (text: string) => text.replace(/^(?=[.'])/, '\\&')
const escaped = (text: string) => atLineStart(inner(text))
