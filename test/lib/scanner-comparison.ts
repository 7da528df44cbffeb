import assert from 'node:assert/strict'
import { parseAddress } from '../../src/base/address.ts'
import { type Automaton, compileAutomaton } from '../../src/matching/automaton/automaton.ts'
import { compilePattern, groupNumbers } from '../../src/matching/compile.ts'
import { literalScanner } from '../../src/matching/literal-scanner.ts'
import type { Scanner } from '../../src/matching/scanner.ts'
import { wasmMachine } from '../../src/matching/wasm/machine.ts'
import { plainMachine } from '../../src/matching/wasm/plain-machine.ts'
import { regexpSpans, type Spans } from './regexp-reference.ts'

interface Subject {
  readonly regex: RegExp
  readonly automaton: Automaton | undefined
  readonly names: readonly (readonly [name: string, group: number])[]
}

/**
 * Holds the automaton of each regex, and a scanner that looks for all of them, against V8's RegExp: match, address and
 * groups. A line for which RegExp takes over 50 ms is passed over by that regex, and by the scanners.
 */
export class ScannerComparison {
  /** How often one regex was compared on one line. */
  comparisons = 0
  matches = 0
  /** How often RegExp took too long. */
  slow = 0
  readonly automata: number
  readonly #subjects: readonly Subject[]
  /** Each regex feeds a rule of its own, so that none hides another. */
  readonly #scanners: readonly Scanner[]

  constructor(regexes: readonly RegExp[]) {
    this.#subjects = regexes.map((one) => {
      const { regex } = compilePattern({ regex: one })
      const automaton = compileAutomaton(regex)
      return { regex, automaton: automaton.kind === 'automaton' ? automaton : undefined, names: [...groupNumbers(regex.source)] }
    })
    this.automata = this.#subjects.filter(({ automaton }) => automaton).length
    const feeds = regexes.map((regex, index) => ({ rule: `rule${index}`, patterns: [{ regex, name: String(index) }] }))
    this.#scanners = [wasmMachine(), plainMachine()].map((machine) => literalScanner(feeds, { machine }))
  }

  /** Lines are without their end, and do not look as if they had one; one character a byte. */
  compare(lines: readonly string[]): void {
    const found = this.#subjects.map((subject) => this.#compareAutomaton(subject, lines))
    const isKept = lines.map((_, line) => found.every((spans) => spans[line] !== undefined))
    const kept = lines.filter((_, line) => isKept[line])
    const expected = lines.flatMap((line, number) => (isKept[number] ? [this.#expected(line, number, found)] : []))
    for (const scanner of this.#scanners) {
      const given = findingsOf(scanner, kept)
      for (const [number, line] of kept.entries()) {
        if (String(given[number]) === String(expected[number])) continue
        const only = (one: readonly string[], other: readonly string[]) => one.filter((text) => !other.includes(text))
        const [more, less] = [only(given[number]!, expected[number]!), only(expected[number]!, given[number]!)]
        assert.fail(`the scanner finds in ${shown(line)} also ${shown(more)}, and lacks ${shown(less)}`)
      }
    }
  }

  #compareAutomaton({ regex, automaton }: Subject, lines: readonly string[]): readonly (Spans | undefined)[] {
    const all = regexpSpans(regex, lines)
    for (const [number, spans] of all.entries()) {
      if (spans === undefined) {
        this.slow++
        continue
      }
      this.comparisons++
      if (spans) this.matches++
      if (!automaton) continue
      const line = lines[number]!
      const bytes = Buffer.from(line, 'latin1')
      const given = automaton.match(bytes, 0, bytes.length) ?? null
      if (String(given) !== String(spans)) {
        assert.deepEqual(given && [...given], spans, `the automaton of ${regex} on ${shown(line)}`)
      }
    }
    return all
  }

  /** What a scanner must say of a line: of each regex that matches, its number, the address and the other groups. */
  #expected(line: string, number: number, found: readonly (readonly (Spans | undefined)[])[]): readonly string[] {
    return this.#subjects.flatMap(({ names }, index) => {
      const spans = found[index]![number]
      if (!spans) return []
      const texts = new Map(
        names.flatMap(([name, group]) => {
          const [start, end] = [spans[2 * group]!, spans[2 * group + 1]!]
          return start < 0 ? [] : [[name, line.slice(start, end)]]
        }),
      )
      const ip = texts.get('ip')
      const address = ip === undefined ? undefined : parseAddress(ip)
      if (names.some(([name]) => name === 'ip') && address === undefined) return []
      texts.delete('ip')
      const groups = [...texts].map(([name, text]) => [name, Buffer.from(text, 'latin1').toString('utf8')])
      return [said(index, address, groups)]
    })
  }
}

const shown = (value: unknown) => JSON.stringify(value).slice(0, 1_000)

/** Lines end in either way. */
const endOf = (number: number) => (number % 2 === 0 ? '\n' : '\r\n')

/** Of each line, what the scanner says. */
function findingsOf(scanner: Scanner, lines: readonly string[]): readonly (readonly string[])[] {
  const starts = new Map<number, number>()
  let start = 0
  for (const [number, line] of lines.entries()) {
    starts.set(start, number)
    start += line.length + endOf(number).length
  }
  const all: string[][] = lines.map(() => [])
  scanner.scan(Buffer.from(lines.map((line, number) => line + endOf(number)).join(''), 'latin1'), {
    match: ({ start, pattern, address, session, groups }) => {
      const texts = Object.entries(groups)
      all[starts.get(start)!]!.push(
        said(Number(pattern.name), address, session === undefined ? texts : [...texts, ['session', session]]),
      )
    },
    repeated() {},
  })
  return all
}

function said(index: number, address: unknown, groups: readonly (readonly string[])[]): string {
  const sorted = groups.map((pair) => pair.join('=')).sort()
  return `${index} ${address} ${sorted.join(' ')}`
}
