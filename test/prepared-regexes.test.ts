import { test } from 'node:test'
import { compilePattern } from '../src/matching/compile.ts'
import { corpusOf } from '../src/matching/corpus.ts'
import { literalsOf } from '../src/matching/literals.ts'
import type { Prepared } from '../src/matching/prepared.ts'
import * as shipped from '../src/patterns/index.ts'
import { assertGolden } from './lib/golden.ts'

test('what was worked out beforehand of the shipped patterns is what it would be now; GOLDEN=write makes it anew', () => {
  assertGolden(preparedText(), '../../src/matching/prepared-regexes.ts')
})

/** By the corpus of all that are for lines together: sets then have more literals in common than each by its own. */
function preparedText(): string {
  const all = new Map<string, Prepared>()
  const patterns = Object.values(shipped).flat()
  const corpus = corpusOf([{ rule: '', patterns: patterns.filter(({ set }) => set?.json === undefined) }])
  for (const pattern of patterns) {
    const { regex, groups } = compilePattern(pattern)
    const literals = literalsOf(regex, (literal) => corpus.share(literal)) ?? null
    all.set(String(pattern.regex), { groups: Object.fromEntries(groups), literals })
  }
  for (const prefix of patterns.flatMap(({ set }) => set?.prefix ?? [])) {
    all.set(String(prefix), { groups: Object.fromEntries(compilePattern({ regex: prefix }).groups), literals: null })
  }
  return `// Made by test/prepared-regexes.test.ts with GOLDEN=write.
// biome-ignore-all format: what a program writes
import type { Prepared } from './prepared.ts'

/** What the regexes that we ship need at a start, by how they are written: to work it out takes some tenths of a second. */
export const prepared: ReadonlyMap<string, Prepared> = new Map<string, Prepared>([
${[...all].map((entry) => `  ${JSON.stringify(entry)},\n`).join('')}])
`
}
