import { type AST, visitRegExpAST } from '@eslint-community/regexpp'
import type { Pattern, PatternSetInfo } from './pattern.ts'
import { treeOf } from './regex-tree.ts'

/** A pattern made ready: the regex as it is run on bytes. */
export interface CompiledPattern {
  readonly pattern: Pattern
  readonly regex: RegExp
  /** The named groups in their order, each with its number. */
  readonly groups: ReadonlyMap<string, number>
  readonly hasAddress: boolean
}

/** Why a regex can't be used; the message says what to do. */
export class PatternError extends Error {}

/**
 * Makes a pattern ready. Lines are matched as bytes, one character a byte, so `.` becomes any byte but the line feed, `\s`
 * ASCII white space, and a letter outside ASCII the bytes of its UTF-8: what a stranger writes in other alphabets, or in no
 * encoding at all, can neither hide a line nor split it.
 */
export function compilePattern(pattern: Pattern): CompiledPattern {
  const { regex } = pattern
  let compiled = known.get(regex)
  if (!compiled) {
    const { source, groups } = toBytes(regex)
    compiled = { regex: new RegExp(source, regex.flags), groups, hasAddress: groups.has('ip') }
    known.set(regex, compiled)
  }
  return { pattern, ...compiled }
}

/** Many ask for the same: those who check it, and every log that it is looked for in. */
const known = new WeakMap<RegExp, Omit<CompiledPattern, 'pattern'>>()

/** The prefix of a set, made ready in the same way. */
export function compilePrefix(prefix: NonNullable<PatternSetInfo['prefix']>): RegExp {
  return compilePattern({ regex: prefix }).regex
}

/** The names of a regex's groups, in their order, each with the number of the group. */
export function groupNumbers(source: string): ReadonlyMap<string, number> {
  return groupsIn(treeOf(source))
}

/** The names of a regex's groups, in their order. */
export function namedGroups(source: string): readonly string[] {
  return [...groupNumbers(source).keys()]
}

function groupsIn(tree: AST.Pattern): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>()
  let number = 0
  visitRegExpAST(tree, {
    onCapturingGroupEnter: ({ name }) => {
      number++
      if (name !== null) numbers.set(name, number)
    },
  })
  return numbers
}

interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

const WHITE_SPACE = '\\t\\n\\v\\f\\r '
const NO_WHITE_SPACE = '\\0-\\x08\\x0e-\\x1f!-\\xff'

/** What it becomes, and its groups: these stay the same. */
function toBytes({ source, flags }: RegExp): { readonly source: string; readonly groups: ReadonlyMap<string, number> } {
  for (const flag of flags) {
    if (flag !== 'i')
      throw new PatternError(`flag "${flag}" has no meaning here (lines are matched one by one, as bytes); only "i" may stand`)
  }
  const tree = treeOf(source)
  const edits: Edit[] = []
  visitRegExpAST(tree, {
    onCharacterSetEnter: (set) => {
      const inClass = set.parent.type === 'CharacterClass'
      if (set.kind === 'any') edits.push({ ...set, text: '[^\\n]' })
      else if (set.kind === 'space') {
        const inside = inClass && set.negate ? NO_WHITE_SPACE : WHITE_SPACE
        edits.push({ ...set, text: inClass ? inside : `[${set.negate ? '^' : ''}${inside}]` })
      }
    },
    onCharacterEnter: (character) => {
      if (character.value < 0x80) return
      if (character.parent.type === 'CharacterClassRange' && character.value <= 0xff && /^\\x/i.test(character.raw)) return
      if (/^\\x/i.test(character.raw)) return // already a byte
      if (character.parent.type !== 'Alternative' && character.parent.type !== 'Quantifier') {
        throw new PatternError(`"${character.raw}" can't stand in [...]: it is several bytes; write (?:a|${character.raw})`)
      }
      const bytes = new TextEncoder().encode(String.fromCodePoint(character.value))
      edits.push({ ...character, text: `(?:${[...bytes].map((byte) => `\\x${byte.toString(16)}`).join('')})` })
    },
  })
  return { source: edited(source, edits), groups: groupsIn(tree) }
}

function edited(source: string, edits: Edit[]): string {
  edits.sort((a, b) => a.start - b.start)
  let text = ''
  let from = 0
  for (const { start, end, text: replacement } of edits) {
    text += source.slice(from, start) + replacement
    from = end
  }
  return text + source.slice(from)
}
