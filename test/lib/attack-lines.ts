import { type AST, RegExpParser, visitRegExpAST } from '@eslint-community/regexpp'
import { byteSetOf } from '../../src/matching/automaton/byte-set.ts'

/**
 * Lines of about this many bytes, one character a byte, that are made to be slow for a regex: up to each part that may come
 * any number of times they are what it wants, then that part is pumped, in several forms, and then comes the rest, also with
 * what hardly any regex takes at its beginning or its end. (An engine may give up at once where a line is too short for it.)
 */
export function* attackLines({ source, flags }: RegExp, bytes: number): Generator<string> {
  const tree = new RegExpParser({ ecmaVersion: 2024 }).parsePattern(source)
  const loops: AST.Quantifier[] = []
  visitRegExpAST(tree, {
    onQuantifierEnter: (quantifier) => {
      if (quantifier.max === Number.POSITIVE_INFINITY) loops.push(quantifier)
    },
  })
  const ignoresCase = flags.includes('i')
  const seen = new Set<string>()
  for (const loop of loops) {
    for (const form of [0, 1, 2]) {
      const { head, pump, rest } = textsAround(tree, loop, form, ignoresCase)
      const pumped = head + (pump === '' ? '' : pump.repeat(Math.ceil(bytes / pump.length)))
      for (const tail of [rest, `\0${rest}`, `${rest.slice(0, -1)}\0`]) {
        const line = (pumped.slice(0, bytes) + tail).replaceAll('\n', ' ')
        if (!seen.has(line)) yield line
        seen.add(line)
      }
    }
  }
}

/** What stands before a loop in a text that its regex matches, one turn of it, and what stands behind it. */
function textsAround(tree: AST.Pattern, loop: AST.Quantifier, form: number, ignoresCase: boolean) {
  const MARK = '\u0100'
  const isAround = (node: AST.Node) => node.start <= loop.start && loop.end <= node.end
  const textOf = (node: AST.Element): string => {
    switch (node.type) {
      case 'Character':
        return String.fromCharCode(node.value & 0xff)
      case 'CharacterSet':
      case 'CharacterClass':
        return oneOf(node as AST.CharacterSet | AST.ClassRangesCharacterClass)
      case 'Group':
      case 'CapturingGroup':
        return anyOf(node.alternatives)
      case 'Quantifier': {
        const turn = textOf(node.element)
        if (node === loop) return MARK + turn + MARK
        // Of parts that may be missing those are there that the loop stands in.
        return turn.repeat(Math.max(node.min, isAround(node) ? 1 : form % 2 === 0 ? 0 : Math.min(1, node.max)))
      }
      default:
        return ''
    }
  }
  const anyOf = (alternatives: readonly AST.Alternative[]): string => {
    const { elements } = alternatives.find(isAround) ?? alternatives[form % alternatives.length]!
    return elements.map(textOf).join('')
  }
  const oneOf = (set: AST.CharacterSet | AST.ClassRangesCharacterClass): string => {
    const taken = byteSetOf(set, ignoresCase)
    const usual = [...['x1A-/ ', '1 x', ' a:'][form]!].find((character) => taken[character.charCodeAt(0)] === 1)
    return usual ?? String.fromCharCode(Math.max(0, taken.indexOf(1)))
  }
  const [head = '', pump = '', rest = ''] = anyOf(tree.alternatives).split(MARK)
  return { head, pump, rest }
}
