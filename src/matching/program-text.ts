import { compilePrefix } from './compile.ts'
import { jsonText } from './json-line.ts'
import type { PatternSetInfo } from './pattern.ts'

/**
 * Makes what says which lines are of the program that a set is for, and what its patterns see of such a line: all behind
 * the prefix, or the text that is made of an object. Lines and texts are one character a byte.
 */
export function programText({
  prefix,
  json,
}: Pick<PatternSetInfo, 'prefix' | 'json'> = {}): (line: string) => string | undefined {
  let head: RegExp | undefined
  const textOf = json === undefined ? undefined : jsonText(json)
  return (line) => {
    // Only now: many are never asked of a line.
    if (prefix) head ??= compilePrefix(prefix)
    const found = head?.exec(line)
    if (found === null) return undefined
    const rest = found ? line.slice(found.index + found[0].length) : line
    if (!textOf) return rest
    try {
      const text = textOf(JSON.parse(Buffer.from(rest, 'latin1').toString('utf8')))
      return text === undefined ? undefined : Buffer.from(text).toString('latin1')
    } catch {
      return undefined
    }
  }
}
