import type { AST } from '@eslint-community/regexpp'

/** A set of bytes: 1 at each byte that is in it. */
export type ByteSet = Uint8Array

export const everyByte: ByteSet = new Uint8Array(256).fill(1)

type Has = (code: number) => boolean

/** The bytes that one character of a regex takes, a byte being the character of its number. */
export function byteSetOf(of: AST.Character | AST.ClassRangesCharacterClass | AST.CharacterSet, ignoresCase: boolean): ByteSet {
  if (of.type === 'Character' && !ignoresCase) {
    const set = new Uint8Array(256)
    set[of.value] = 1
    return set
  }
  if (of.type !== 'CharacterClass') return bytesOf(membership(of), ignoresCase)
  const members = of.elements.map(membership)
  const set = bytesOf((code) => members.some((has) => has(code)), ignoresCase)
  // A class is negated after cases were folded: /[^a]/i takes neither a nor A.
  return of.negate ? set.map((isIn) => 1 - isIn) : set
}

function membership(of: AST.Character | AST.CharacterSet | AST.ClassRangesCharacterClassElement): Has {
  if (of.type === 'Character') return (code) => code === of.value
  if (of.type === 'CharacterClassRange') return (code) => of.min.value <= code && code <= of.max.value
  const has = sets[of.kind]
  return 'negate' in of && of.negate ? (code) => !has(code) : has
}

const sets: Readonly<Record<AST.CharacterSet['kind'], Has>> = {
  any: (code) => !lineEnds.has(code),
  digit: (code) => code >= 0x30 && code <= 0x39,
  space: (code) => code === 0x20 || (code >= 0x09 && code <= 0x0d) || code === 0xa0,
  word: isWordByte,
  property: () => {
    throw new TypeError('\\p stands only where the flag u does')
  },
}

const lineEnds: ReadonlySet<number> = new Set([0x0a, 0x0d, 0x2028, 0x2029])

/** What `\w` and `\b` take for a letter of a word. */
export function isWordByte(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x39) || code === 0x5f
}

function bytesOf(has: Has, ignoresCase: boolean): ByteSet {
  const set = new Uint8Array(256)
  if (!ignoresCase) {
    for (let byte = 0; byte < 256; byte++) set[byte] = Number(has(byte))
    return set
  }
  const folds = new Set<number>()
  for (const [code, fold] of folded) if (has(code)) folds.add(fold)
  for (let byte = 0; byte < 256; byte++) set[byte] = Number(folds.has(folded.get(byte)!))
  return set
}

/** The characters above 255 that are, folded, the same as a byte's: those of ÿ and µ. */
const outsiders = [0x178, 0x39c, 0x3bc]

const folded: ReadonlyMap<number, number> = new Map(
  [...Array.from({ length: 256 }, (_, byte) => byte), ...outsiders].map((code) => [code, fold(code)]),
)

/** ECMAScript's Canonicalize for a regex with the flag i and without u, as far as bytes are concerned. */
function fold(code: number): number {
  const upper = String.fromCharCode(code).toUpperCase()
  return upper.length === 1 ? upper.charCodeAt(0) : code
}
