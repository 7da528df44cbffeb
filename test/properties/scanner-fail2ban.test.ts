import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { exampleTexts } from '../../src/matching/example-line.ts'
import { randomFrom } from '../lib/chaos-random.ts'
import { fail2banFilters, fail2banLines, needsFail2banFilters } from '../lib/fail2ban-filters.ts'
import { mutatedLines } from '../lib/mutated-lines.ts'
import { ScannerComparison } from '../lib/scanner-comparison.ts'

/** How many lines are made of others; `test/long` says more. */
const MUTATED = Number(process.env.MUTATED_LINES ?? 12_000)
const BATCH = 500

describe("with the regexes of fail2ban's filters the scanner finds what RegExp finds", { skip: needsFail2banFilters() }, () => {
  const filters = needsFail2banFilters() ? [] : fail2banFilters()
  const regexes = [...new Map(filters.flatMap((one) => [...one.heads, ...one.regexes]).map((one) => [one.source, one])).values()]
  const comparison = new ScannerComparison(regexes)
  const samples = [...new Set(filters.flatMap(fail2banLines))]
  const examples = [...new Set(regexes.flatMap((regex) => exampleTexts(regex, '192.0.2.1')))].map((text) =>
    text.replaceAll('\n', ' '),
  )
  const inBatches = (lines: readonly string[]) => {
    for (let from = 0; from < lines.length; from += BATCH) comparison.compare(lines.slice(from, from + BATCH))
  }

  test('in its own sample lines, with their date and without', () => {
    assert.ok(regexes.length > 250 && samples.length > 2_000, `${regexes.length} regexes, ${samples.length} lines`)
    inBatches(samples)
    assert.ok(comparison.matches > 1_000, `${comparison.matches} matches`)
  })

  test("in lines that are made of the regexes' own parts", () => inBatches(examples))

  test('in lines that were cut, spliced, injected into and made long', () => {
    const draw = mutatedLines([...samples, ...examples], randomFrom(4))
    for (let done = 0; done < MUTATED; done += BATCH) comparison.compare(Array.from({ length: BATCH }, draw))
  })

  test('and RegExp is hardly ever too slow to be asked', (t) => {
    const python = new Set(filters.flatMap((one) => one.python)).size
    const multiline = new Set(filters.flatMap((one) => one.multiline)).size
    const { comparisons, matches, slow, automata } = comparison
    t.diagnostic(`${filters.length} filters, ${python} regexes of Python (and ${multiline} for several lines, left out)`)
    t.diagnostic(`${regexes.length} of JavaScript, ${automata} run as automata`)
    t.diagnostic(`${comparisons} comparisons, ${matches} matches, ${slow} left out where RegExp took over 50 ms`)
    assert.ok(slow * 1_000 < comparisons)
  })
})
