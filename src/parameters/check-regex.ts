import { type AST, visitRegExpAST } from '@eslint-community/regexpp'
import { showValue } from '../base/value.ts'
import { treeOf } from '../matching/regex-tree.ts'
import type { Findings, Path } from './fault.ts'

/** The groups of those without a fault: all patterns of a set have the same prefix, and several logs the same patterns. */
const faultless = new WeakMap<RegExp, readonly string[]>()

/** The names of a regex's groups; undefined where it is none. Tells all that keeps it from being run on bytes, line by line. */
export function checkRegex(raw: unknown, path: Path, findings: Findings): readonly string[] | undefined {
  if (!(raw instanceof RegExp)) {
    findings.fault(
      path,
      `${showValue(raw)} is not a regex`,
      typeof raw === 'string' ? 'write it between slashes, without quotes: /.../' : 'write /.../',
    )
    return undefined
  }
  const known = faultless.get(raw)
  if (known) return known
  const before = findings.faults.length
  for (const flag of raw.flags) {
    if (flag !== 'i')
      findings.fault(path, `the flag ${flag} ${flagFaults[flag] ?? 'is not known'}`, 'leave it out; only i may stand')
  }
  if (/[uv]/.test(raw.flags)) return undefined // another language, in which the rest would be misread
  const tree = parse(raw, path, findings)
  if (!tree) return undefined
  const groups = checkTree(tree, path, findings)
  if (findings.faults.length === before) faultless.set(raw, groups)
  return groups
}

const flagFaults: Readonly<Record<string, string>> = {
  g: 'has no meaning: a line matches or does not',
  y: 'has no meaning: a line is matched from its start',
  m: 'has no meaning: there is one line at a time',
  s: 'has no meaning: . is any character of the line already',
  d: 'has no meaning here',
  u: 'cannot be kept: lines are matched as bytes',
  v: 'cannot be kept: lines are matched as bytes',
}

function parse(regex: RegExp, path: Path, findings: Findings): AST.Pattern | undefined {
  try {
    return treeOf(regex.source)
  } catch (error) {
    findings.fault(path, `is not understood: ${(error as Error).message}`)
    return undefined
  }
}

function checkTree(tree: AST.Pattern, path: Path, findings: Findings): readonly string[] {
  const groups: string[] = []
  visitRegExpAST(tree, {
    onCapturingGroupEnter: ({ name }) => {
      if (name === null) return
      if (groups.includes(name))
        findings.fault(
          path,
          `names the group ${name} twice, which Node 22 cannot read`,
          'join the alternatives within one group, or write two patterns',
        )
      else groups.push(name)
    },
    onModifiersEnter: (modifiers) => {
      findings.fault(
        path,
        `has ${showValue(modifiers.parent.raw.slice(0, 5))}, which Node 22 cannot read`,
        'write the flag i behind the regex',
      )
    },
    onCharacterEnter: (character) => {
      if (/^\\p$/i.test(character.raw)) {
        findings.fault(
          path,
          `has ${character.raw}{...}, which means nothing: lines are matched as bytes`,
          'write the characters, such as [A-Za-z], or \\S',
        )
      }
      const isInClass = character.parent.type === 'CharacterClass' || character.parent.type === 'CharacterClassRange'
      if (isInClass && character.value > 0x7f && !/^\\x/i.test(character.raw)) {
        findings.fault(
          path,
          `has ${showValue(character.raw)} in [...], which is several bytes`,
          `write (?:${character.raw}|[...]) with the rest in the brackets`,
        )
      }
    },
  })
  return groups
}
