import { type AST, RegExpParser } from '@eslint-community/regexpp'
import type { Pattern } from '../../src/matching/pattern.ts'

/**
 * Words of the regex languages of the programs that we are compared with: POSIX extended (grep -E) and Rust's (ripgrep).
 * Groups lose their names, laziness is dropped (a count of lines does not see it), and case is spelled out.
 */
export type Dialect = 'posix' | 'rust'

/** One regex a line for `-f`: the set's prefix and the pattern; those that look around are left out and counted. */
export function patternFile(patterns: readonly Pattern[], dialect: Dialect): { readonly text: string; readonly leftOut: number } {
  const lines = patterns.map(({ regex, set }) => {
    const rest = inDialect(regex, dialect)
    const prefix = set?.prefix && inDialect(set.prefix, dialect)
    if (rest === undefined || (set?.prefix && prefix === undefined)) return undefined
    if (prefix === undefined) return rest
    return prefix + (rest.startsWith('^') ? rest.slice(1) : `.*(${rest})`)
  })
  const known = lines.filter((line) => line !== undefined)
  return { text: `${known.join('\n')}\n`, leftOut: lines.length - known.length }
}

/** The same regex in another language; undefined where that has no words for it. */
function inDialect(regex: RegExp, dialect: Dialect): string | undefined {
  const tree = new RegExpParser({ ecmaVersion: 2024 }).parsePattern(regex.source)
  try {
    return alternatives(tree.alternatives, dialect, regex.ignoreCase)
  } catch (error) {
    if (error instanceof Inexpressible) return undefined
    throw error
  }
}

class Inexpressible extends Error {}

function alternatives(of: readonly AST.Alternative[], dialect: Dialect, ignoreCase: boolean): string {
  return of.map(({ elements }) => elements.map((one) => element(one, dialect, ignoreCase)).join('')).join('|')
}

function element(node: AST.Element, dialect: Dialect, ignoreCase: boolean): string {
  switch (node.type) {
    case 'Assertion':
      if (node.kind === 'start') return '^'
      if (node.kind === 'end') return '$'
      if (node.kind === 'word') return node.negate ? '\\B' : '\\b'
      throw new Inexpressible()
    case 'Group':
    case 'CapturingGroup':
      return `(${alternatives(node.alternatives, dialect, ignoreCase)})`
    case 'Quantifier':
      return element(node.element, dialect, ignoreCase) + count(node)
    case 'Character':
    case 'CharacterSet':
    case 'CharacterClass':
      return charactersOf(node, dialect, ignoreCase)
    default:
      throw new Inexpressible()
  }
}

function count({ min, max }: AST.Quantifier): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`
  return min === 0 && max === 1 ? '?' : min === max ? `{${min}}` : `{${min},${max}}`
}

/** Any set of characters as a list in brackets, where it is not one plain character. */
function charactersOf(
  node: AST.Character | AST.CharacterSet | AST.CharacterClass,
  dialect: Dialect,
  ignoreCase: boolean,
): string {
  if (node.type === 'CharacterSet' && node.kind === 'any') return '.'
  const accepted = new Uint8Array(128)
  mark(node, accepted, ignoreCase)
  const codes = [...accepted.keys()].filter((code) => accepted[code] === 1)
  if (codes.length === 0) throw new Inexpressible()
  if (codes.length === 1) return escaped(codes[0]!)
  // What is excluded is shorter than the rest, and means characters beyond ASCII too.
  const isNegated = codes.length > 64
  const listed = isNegated ? [...accepted.keys()].filter((code) => accepted[code] === 0) : codes
  return dialect === 'posix' ? posixList(listed, isNegated) : `[${isNegated ? '^' : ''}${listed.map(inRustList).join('')}]`
}

function mark(node: AST.Character | AST.CharacterSet | AST.CharacterClass, accepted: Uint8Array, ignoreCase: boolean): void {
  // The engine itself knows best what a class accepts.
  const one = new RegExp(`^(?:${node.raw})$`, ignoreCase ? 'i' : '')
  for (let code = 0; code < 128; code++) if (one.test(String.fromCharCode(code))) accepted[code] = 1
}

function escaped(code: number): string {
  const character = String.fromCharCode(code)
  if (code < 32 || code === 127) throw new Inexpressible()
  return /[\\^$.*+?()[\]{}|]/.test(character) ? `\\${character}` : character
}

/** In a POSIX list nothing is escaped: `]` stands first, `^` not first, `-` last. A line holds neither NUL nor line feed. */
function posixList(codes: readonly number[], isNegated: boolean): string {
  const characters = codes.filter((code) => code !== 0 && code !== 10).map((code) => String.fromCharCode(code))
  const plain = characters.filter((one) => !']^-['.includes(one))
  const last = ['[', '^', '-'].filter((one) => characters.includes(one))
  const list = `${characters.includes(']') ? ']' : ''}${plain.join('')}${last.join('')}`
  if (list === '') return '.'
  return list === '^' && !isNegated ? '\\^' : `[${isNegated ? '^' : ''}${list}]`
}

function inRustList(code: number): string {
  return `\\x${code.toString(16).padStart(2, '0')}`
}
