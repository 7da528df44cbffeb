import { type AST, RegExpParser } from '@eslint-community/regexpp'

let last: { readonly source: string; readonly tree: AST.Pattern } | undefined

/**
 * The syntax tree of a regex that has neither of the flags `u` and `v`. The last one is kept: whoever checks a regex and
 * whoever compiles it ask one after the other, and parsing is most of their work. Throws a SyntaxError.
 */
export function treeOf(source: string): AST.Pattern {
  if (last?.source !== source) last = { source, tree: new RegExpParser({ ecmaVersion: 2025 }).parsePattern(source) }
  return last.tree
}
