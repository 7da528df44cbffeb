import { type AST, RegExpParser } from '@eslint-community/regexpp'
import { byteSetOf } from './automaton/byte-set.ts'

/** So many texts are made of one regex. */
const EXAMPLES_MAX = 8

/**
 * Texts made of a regex's own tree, for patterns without samples: of each choice one way or another, what may be missing
 * there or not, and `address` for the group `ip`. What looks around or back may keep some from matching.
 */
export function exampleTexts({ source, flags }: RegExp, address: string): readonly string[] {
  const tree = new RegExpParser({ ecmaVersion: 2024 }).parsePattern(source)
  const texts = Array.from({ length: EXAMPLES_MAX }, (_, turn) =>
    new Example(turn, address, flags.includes('i')).text(tree.alternatives),
  )
  return [...new Set(texts)]
}

class Example {
  readonly #turn: number
  readonly #address: string
  readonly #ignoresCase: boolean

  constructor(turn: number, address: string, ignoresCase: boolean) {
    this.#turn = turn
    this.#address = address
    this.#ignoresCase = ignoresCase
  }

  text(alternatives: readonly AST.Alternative[]): string {
    return alternatives[this.#turn % alternatives.length]!.elements.map((element) => this.#textOf(element)).join('')
  }

  #textOf(element: AST.Element): string {
    switch (element.type) {
      case 'Character':
        return String.fromCharCode(element.value)
      case 'CharacterSet':
      case 'CharacterClass':
        return this.#oneOf(element as AST.CharacterSet | AST.ClassRangesCharacterClass)
      case 'CapturingGroup':
        return element.name === 'ip' ? this.#address : this.text(element.alternatives)
      case 'Group':
        return this.text(element.alternatives)
      case 'Quantifier': {
        const least = element.min === 0 && element.max === 1 ? this.#turn % 2 : Math.max(1, element.min)
        return this.#textOf(element.element).repeat(Math.min(least, element.max))
      }
      default:
        return ''
    }
  }

  #oneOf(set: AST.CharacterSet | AST.ClassRangesCharacterClass): string {
    const bytes = byteSetOf(set, this.#ignoresCase)
    const usual = [...'x1A-/ '].find((character) => bytes[character.charCodeAt(0)] === 1)
    return usual ?? String.fromCharCode(Math.max(0, bytes.indexOf(1)))
  }
}
