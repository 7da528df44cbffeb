import { compilePattern } from './compile.ts'
import { EITHER_CASE, type Literal, literalsOf } from './literals.ts'
import type { Pattern } from './pattern.ts'

/**
 * Patterns for the bytes of JSON lines: one of them matches wherever one of `patterns` may match the text that is made of
 * the line in this form, so that most lines need not be parsed. They look for the literals that the patterns need, as far as
 * JSON writes them as they are. That is so for all but quotation marks, backslashes and what is not printable ASCII, and for
 * what some programs escape all the same (`\u0026`, `\/`): lines with such escapes are always let through.
 */
export function jsonFilter(patterns: readonly Pattern[], form: string): readonly Pattern[] {
  const fixed = form.replaceAll(/\{[^{}]*\}/g, '')
  // What stands in the form itself is not in the line, and `-` is what a missing value is shown as.
  const runOf = (literal: Literal) => longestRun(literal, `"\\-${fixed}`)
  const share = (literal: Literal) => 0.1 ** Math.min(runOf(literal).length, 20)
  const runs = patterns.map((pattern) => literalsOf(compilePattern(pattern).regex, share)?.map(runOf) ?? [''])
  if (runs.flat().some(({ length }) => length < RUN_MIN)) return [{ regex: /\}$/ }]
  return [...runs, [String.raw`\u00`, String.raw`\/`]].map((any) => ({ regex: new RegExp(any.map(escaped).join('|'), 'i') }))
}

/** Shorter ones, such as a status, are in so many lines that it is not worth looking. */
const RUN_MIN = 4

/** The longest part of a literal that must stand in the line as it is. */
function longestRun(literal: Literal, unsafe: string): string {
  const text = [...literal].map((unit) => String.fromCharCode(unit.charCodeAt(0) % EITHER_CASE)).join('')
  // `\x20` is a space in the line; the literal may begin in the midst of it.
  const runs = text.replace(/^x?[\da-f]{0,2}/i, ' ').replaceAll(/\\x[\da-f]{0,2}/gi, ' ')
  let longest = ''
  let run = ''
  for (const character of runs) {
    run = /[!-~]/.test(character) && !unsafe.includes(character) ? run + character : ''
    if (run.length > longest.length) longest = run
  }
  return longest
}

function escaped(text: string): string {
  return text.replaceAll(/[^\w]/g, '\\$&')
}
