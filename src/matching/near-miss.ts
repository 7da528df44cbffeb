import { RegExpParser } from '@eslint-community/regexpp'
import { parseAddress } from '../base/address.ts'
import { compilePattern } from './compile.ts'
import type { Pattern } from './pattern.ts'
import { programText } from './program-text.ts'

/** How far a pattern went into a line that it does not match. */
export interface NearMiss {
  readonly pattern: Pattern
  /** How much of the regex fits, from 0 to 1. */
  readonly share: number
  /** The text that fits: the line's beginning as a rule, of a JSON line that of what is made of it. */
  readonly fits: string
  /** What the pattern wants to come then: the source of a piece of its regex, or a word where the address is none. */
  readonly wants: string
}

/** Less than this of a regex, or of a line, fits by chance. */
const SHARE_MIN = 0.25
const FITS_CHARACTERS_MIN = 5

/** Finds out how near lines come to a pattern, to show where it and they part. */
export class NearMisses {
  readonly #pattern: Pattern
  readonly #textOf: ReturnType<typeof programText>
  readonly #flags: string
  /** The regex's pieces in their order as they are run, and by how many of them it was asked for, the regex of the first ones. */
  readonly #pieces: readonly string[]
  /** The pieces as they were written; a letter is taken together with those behind it. */
  readonly #written: readonly string[]
  readonly #begins: (RegExp | undefined)[] = []

  constructor(pattern: Pattern) {
    const { regex } = compilePattern(pattern)
    this.#pattern = pattern
    this.#textOf = programText(pattern.set)
    this.#flags = regex.flags
    this.#pieces = piecesOf(regex).map(({ raw }) => raw)
    const written = piecesOf(pattern.regex)
    this.#written = written.map(({ raw, type }, index) => {
      const end = written.findIndex((piece, other) => other > index && piece.type !== 'Character')
      const word = written.slice(index, end < 0 ? undefined : end)
      return type === 'Character' ? word.map((piece) => piece.raw).join('') : raw
    })
  }

  /** Undefined where the line is not of the program's, or hardly anything of it fits. */
  of(line: string): NearMiss | undefined {
    const text = this.#textOf(Buffer.from(line).toString('latin1'))
    if (text === undefined) return undefined
    let [fit, over] = [0, this.#pieces.length + 1]
    while (over - fit > 1) {
      const half = (fit + over) >> 1
      if (this.#begin(half).test(text)) fit = half
      else over = half
    }
    const share = fit / this.#pieces.length
    if (share < SHARE_MIN) return undefined
    const found = this.#begin(fit).exec(text)!
    const fits = utf8(text.slice(0, found.index + found[0].length))
    if (fits.length < FITS_CHARACTERS_MIN) return undefined
    return { pattern: this.#pattern, share, fits, wants: this.#written[fit] ?? wantsAddress(found.groups?.ip) }
  }

  #begin(count: number): RegExp {
    this.#begins[count] ??= new RegExp(this.#pieces.slice(0, count).join(''), this.#flags)
    return this.#begins[count]
  }
}

/** Of several ways as a whole there is no first piece. */
function piecesOf({ source }: RegExp): readonly { readonly raw: string; readonly type: string }[] {
  const { alternatives } = new RegExpParser({ ecmaVersion: 2024 }).parsePattern(source)
  return alternatives.length === 1 ? alternatives[0]!.elements : [{ raw: source, type: 'Pattern' }]
}

/** The whole regex fits: what it takes for the address is none, or the line is another pattern's. */
function wantsAddress(ip: string | undefined): string {
  if (ip === undefined || parseAddress(ip) !== undefined) return ''
  return `an address, not "${utf8(ip)}"`
}

function utf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
