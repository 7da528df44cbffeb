import { wrapped } from '../help-text.ts'

/** As wide as the lines of the examples. */
export const LINE_WIDTH = 130
export const INDENT = '  '
const LEAD = '// '

/** On one line where it fits, else a line for each name. */
export function importOf(names: readonly string[], from: string): string {
  const sorted = [...new Set(names)].sort((a, b) => a.toLowerCase().localeCompare(b.toLowerCase(), 'en'))
  const line = `import { ${sorted.join(', ')} } from '${from}'`
  return line.length <= LINE_WIDTH ? line : `import {\n${sorted.map((name) => `  ${name},\n`).join('')}} from '${from}'`
}

/** The same of a list that is a property. */
export function property(name: string, items: readonly string[]): string {
  const line = `${INDENT}${name}: [${items.join(', ')}],`
  return line.length <= LINE_WIDTH ? line : `${INDENT}${name}: [\n${items.map((item) => `    ${item},\n`).join('')}  ],`
}

export const quoted = (text: string) => `'${text}'`

/** Wrapped, each line led by slashes; a line feed stays one. */
export function comment(text: string, indent = ''): string {
  const lines = text.split('\n').flatMap((paragraph) => wrapped(paragraph, LINE_WIDTH - indent.length - LEAD.length))
  return lines.map((line) => `${indent}${LEAD}${line}`).join('\n')
}
