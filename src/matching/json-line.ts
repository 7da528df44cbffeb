import { PatternError } from './compile.ts'

/** Makes the text of a parsed JSON line; undefined where the line lacks a key that the text needs. */
export type JsonText = (record: unknown) => string | undefined

/** Text, or the value of the first of these keys that is there. */
type Piece = string | Place

interface Place {
  readonly keys: readonly (readonly string[])[]
  readonly isOptional: boolean
  /** What a value may not hold here, so that it cannot pass for what stands around it. */
  readonly unsafe: RegExp
}

/**
 * Reads the form that a set gives to JSON lines, such as `{ts} {request.remote_ip} {status} "{request.uri}"`: in it `{a.b}`
 * stands for the value of the key b in the object under the key a (or for an item of a list: `{tags.0}`), `{a|b}` for that
 * of the first that is there, and `{a?}` for that of a key which may be missing; then it is `-`. A line that lacks another
 * key, or has an object or a list there, is none of this form.
 *
 * Values cannot be forged: between quotation marks a value has `\"` for `"`; elsewhere it has `\x20` for a space, `\x..` for
 * the character that follows the key in the form, and `-` where it is empty. Everywhere it has `\\` for `\` and `\x..` for
 * control characters. So the form alone decides where a value begins and ends, whatever strangers write into it.
 */
export function jsonText(form: string): JsonText {
  const pieces = piecesOf(form)
  return (record) => {
    let text = ''
    for (const piece of pieces) {
      const value = typeof piece === 'string' ? piece : valueText(record, piece)
      if (value === undefined) return undefined
      text += value
    }
    return text
  }
}

const ALWAYS = '\\x00-\\x1f\\x7f"\\\\'

function piecesOf(form: string): readonly Piece[] {
  const pieces: Piece[] = []
  let isQuoted = false
  // Every second part is what stands between { and }.
  for (const [index, part] of form.split(/[{}]/).entries()) {
    if (index % 2 === 0) {
      pieces.push(part)
      if (part.split('"').length % 2 === 0) isQuoted = !isQuoted
    } else pieces.push(placeOf(part, isQuoted))
  }
  const rebuilt = form.replaceAll(/\{[^{}]*\}/g, '')
  if (/[{}]/.test(rebuilt)) throw new PatternError('has a { without its }, or the other way round')
  if (pieces.length === 1) throw new PatternError('names no key; write {key} where its value is to stand')
  return pieces.map((piece, index) => (typeof piece === 'string' ? piece : withNext(piece, pieces[index + 1], index)))

  function placeOf(text: string, quoted: boolean): Place {
    const isOptional = text.endsWith('?')
    const keys = (isOptional ? text.slice(0, -1) : text).split('|').map((path) => path.split('.'))
    if (keys.flat().includes('')) throw new PatternError(`has {${text}}, which names no key`)
    return { keys, isOptional, unsafe: quoted ? inQuotes : bare }
  }

  function withNext(place: Place, next: Piece | undefined, index: number): Place {
    const follows = typeof next === 'string' ? next.charAt(0) : ''
    if (follows === '' && index < pieces.length - 2) throw new PatternError('has two keys with nothing between them')
    if (place.unsafe === inQuotes || follows === '' || follows === ' ') return place
    const code = follows.charCodeAt(0).toString(16).padStart(2, '0')
    return { ...place, unsafe: new RegExp(`[ ${ALWAYS}\\x${code}]`, 'g') }
  }
}

const inQuotes = new RegExp(`[${ALWAYS}]`, 'g')
const bare = new RegExp(`[ ${ALWAYS}]`, 'g')

function valueText(record: unknown, { keys, isOptional, unsafe }: Place): string | undefined {
  for (const path of keys) {
    const value = valueAt(record, path)
    if (typeof value === 'string') {
      const text = value.replaceAll(unsafe, escaped)
      return text === '' && unsafe !== inQuotes ? '-' : text
    }
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  }
  return isOptional ? '-' : undefined
}

function valueAt(record: unknown, path: readonly string[]): unknown {
  let value = record
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Readonly<Record<string, unknown>>)[key]
  }
  return value
}

function escaped(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`
  return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
}
