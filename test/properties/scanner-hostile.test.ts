import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { scanTimeLimit } from '../../src/daemon/time-limit.ts'
import { compileAutomaton } from '../../src/matching/automaton/automaton.ts'
import { compilePattern, compilePrefix } from '../../src/matching/compile.ts'
import type { Pattern } from '../../src/matching/pattern.ts'
import { scannerOf } from '../../src/matching/scanner-of.ts'
import * as sets from '../../src/patterns/index.ts'
import { attackLines } from '../lib/attack-lines.ts'
import { fail2banFilters, needsFail2banFilters } from '../lib/fail2ban-filters.ts'
import { regexpSpans } from '../lib/regexp-reference.ts'

/** The last is as long as a line may be. */
const SIZES = [1_000, 4_000, 16_000]
/** A lookup, and what registers move; the states that a line reaches first are made besides. */
const STEPS_PER_BYTE = 3

const patterns = Object.values(sets).flat()
const prefixes = [...new Set(patterns.flatMap(({ set }) => set?.prefix ?? []))].map(compilePrefix)
const shipped = [...prefixes, ...patterns.map((pattern) => compilePattern(pattern).regex)]

/** Exponential for a backtracking engine: a loop in a loop, and the form that made a filter of fail2ban hang (GHSA-33wh-ccjc-p397). */
const nested = /^(a+)+$/
const words = /^mail: (?:[^[]+ )*\[?(?<ip>[\d.]+)\]? was refused\s*$/

function worst(regexes: readonly RegExp[]) {
  let lines = 0
  let most = 0
  for (const regex of regexes) {
    const automaton = compileAutomaton(regex)
    if (automaton.kind === 'inexpressible') continue
    for (const size of SIZES) {
      for (const line of attackLines(regex, size)) {
        const bytes = Buffer.from(line, 'latin1')
        const before = automaton.steps
        automaton.match(bytes, 0, bytes.length)
        const steps = (automaton.steps - before) / (bytes.length + 1)
        assert.ok(steps <= STEPS_PER_BYTE, `${steps} steps a byte by ${regex} on ${bytes.length} bytes: ${line.slice(0, 200)}`)
        most = Math.max(most, steps)
        lines++
      }
    }
  }
  return { lines, most }
}

describe('lines that are made to be slow', () => {
  test('cost the automaton of a shipped pattern a few steps a byte, whatever their length', (t) => {
    assert.ok(shipped.every((regex) => compileAutomaton(regex).kind === 'automaton'))
    const { lines, most } = worst(shipped)
    t.diagnostic(
      `${shipped.length} regexes, ${lines} lines of up to ${SIZES.at(-1)} bytes: at most ${most.toFixed(2)} steps a byte`,
    )
    assert.ok(lines > 10_000)
  })

  test("and those of fail2ban's filters as well", { skip: needsFail2banFilters() }, (t) => {
    const all = new Map(
      fail2banFilters()
        .flatMap((one) => [...one.heads, ...one.regexes])
        .map((one) => [one.source, one]),
    )
    const { lines, most } = worst([...all.values()].map((regex) => compilePattern({ regex }).regex))
    t.diagnostic(`${all.size} regexes, ${lines} lines: at most ${most.toFixed(2)} steps a byte`)
    assert.ok(lines > 10_000)
  })

  test('that hang RegExp do not hang the automaton', { skip: needsFail2banFilters() }, () => {
    const domino = fail2banFilters().find(({ name }) => name === 'domino-smtp')!
    for (const all of [[nested], [words], domino.regexes]) {
      const slow = all.filter((regex) => regexpSpans(regex, [...attackLines(regex, 64)]).includes(undefined))
      assert.ok(slow.length > 0, `RegExp is quick on all attacks on ${all}`)
      for (const regex of slow) assert.equal(compileAutomaton(compilePattern({ regex }).regex).kind, 'automaton', String(regex))
      worst(slow.map((regex) => compilePattern({ regex }).regex))
    }
  })
})

const QUICK_MS = 5

/** Of this thread, where Node can tell it. */
const cpuMs = () => (process.threadCpuUsage?.() ?? process.cpuUsage()).user / 1_000

/** The same with what no automaton can express. */
const lookahead = (regex: RegExp) => new RegExp(regex.source.replace('^', '^(?!never)'))

describe('behind the wall', () => {
  const harmless: Pattern = { name: 'harmless', regex: /^from (?<ip>\S+)$/ }
  const attacked = [lookahead(nested), lookahead(words), /^(?<word>.+)+=\k<word>$/]
  const skip = needsFail2banFilters()
  const foreign = skip ? [] : fail2banFilters().flatMap(({ regexes }) => regexes.filter((regex) => isInexpressible(regex)))
  const subjects = [...new Map([...attacked, ...foreign].map((regex) => [regex.source, regex])).values()]

  test('a pattern is quarantined by the lines that hang it and by no others, and the rest goes on', (t) => {
    let hung = 0
    let stallMs = 0
    let slowest = ''
    for (const [number, regex] of subjects.entries()) {
      const lines = [...attackLines(regex, 64), ...attackLines(regex, 4_000)].map((line) => line.replace(/\r$/, ''))
      const compiled = compilePattern({ regex }).regex
      // What takes about as long as it may is quarantined or not.
      const quick = lines.filter((line) => regexpSpans(compiled, [line], QUICK_MS)[0] !== undefined)
      const subject: Pattern = { name: 'subject', regex }
      const scanner = scannerOf(
        [
          { rule: 'attacked', patterns: [subject] },
          { rule: 'other', patterns: [harmless] },
        ],
        { timeLimit: scanTimeLimit },
      )
      const found: (string | undefined)[] = []
      const scan = (all: readonly string[]) => {
        const block = Buffer.from(
          all
            .flatMap((line) => [line, 'from 192.0.2.1'])
            .map((line) => `${line}\n`)
            .join(''),
          'latin1',
        )
        const before = cpuMs()
        scanner.scan(block, { match: ({ pattern }) => found.push(pattern.name), repeated() {} })
        return cpuMs() - before
      }
      // Many of them in one batch may be too long together.
      for (const line of quick) scan([line])
      assert.equal(scanner.quarantined.length, 0, `${regex} is quarantined by lines that do not hang it`)
      const ms = scan(lines)
      if (ms > stallMs) [stallMs, slowest] = [ms, `${regex}`.slice(0, 80)]
      const isHung = scanner.quarantined.length > 0
      // Lines without a literal of the pattern are never shown to it, so not all that would hang it can.
      if (number < attacked.length) assert.ok(isHung, `${regex} is not quarantined`)
      if (isHung) hung++
      const others = found.filter((name) => name === 'harmless').length
      assert.equal(others, quick.length + lines.length)
    }
    // Once together and once alone, 40 ms each, or on a busy machine half as much again.
    t.diagnostic(
      `${hung} of ${subjects.length} regexes hang; the longest stall is ${stallMs.toFixed(0)} ms of CPU, by ${slowest}`,
    )
    assert.ok(hung > 0)
  })
})

function isInexpressible(regex: RegExp): boolean {
  return compileAutomaton(compilePattern({ regex }).regex).kind === 'inexpressible'
}
