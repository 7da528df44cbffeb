import { compileAutomaton } from './automaton/automaton.ts'
import { compilePattern, compilePrefix } from './compile.ts'
import { type Corpus, corpusOf } from './corpus.ts'
import { EITHER_CASE, type Literal } from './literals.ts'
import { type Feed, nameOf, type Pattern } from './pattern.ts'
import { literalsOfPattern } from './prepared.ts'

/** How a scanner looks for one pattern, and what that may cost. */
export interface PatternReport {
  readonly pattern: string
  /** RegExp works behind a limit of time. */
  readonly engine: 'automaton' | 'RegExp'
  /** `JSON`: a text made of the line. `packets`: their fields, where the log is one of packets, else lines. */
  readonly reads: 'lines' | 'JSON' | 'packets'
  /** Texts of which every match holds one, letters in either case as small ones; undefined where it is tried on every line. */
  readonly literals: readonly string[] | undefined
  /** Of the automaton: all that lines can reach, or undefined where they were not counted, or are more than are kept. */
  readonly states: number | undefined
  /** Why its time may grow faster than the line does, or by more a byte than others'. */
  readonly notLinear: string | undefined
}

export interface PatternReportOptions {
  /** Makes all states of each automaton, which takes some milliseconds a pattern. */
  readonly countsStates: boolean
}

/** Reports on each pattern of these logs, by the feeds of each; one that several of them share is told once. */
export function reportPatterns(logs: readonly (readonly Feed[])[], options: PatternReportOptions): readonly PatternReport[] {
  const reports = new Map<string, PatternReport>()
  const prefixFaults = new Map<RegExp | undefined, string | undefined>()
  const prefixFaultOf = ({ set }: Pattern) => {
    if (!prefixFaults.has(set?.prefix)) prefixFaults.set(set?.prefix, prefixFault(set?.prefix))
    return prefixFaults.get(set?.prefix)
  }
  for (const feeds of logs) {
    let corpus: Corpus | undefined
    for (const pattern of feeds.flatMap(({ patterns }) => patterns)) {
      const key = `${nameOf(pattern)} ${pattern.regex}`
      if (reports.has(key)) continue
      corpus ??= corpusOf(feeds)
      const fault = prefixFaultOf(pattern)
      reports.set(key, { ...reportOf(pattern, corpus, options), ...(fault !== undefined && { notLinear: fault }) })
    }
  }
  return [...reports.values()]
}

function reportOf(pattern: Pattern, corpus: Corpus, { countsStates }: PatternReportOptions): PatternReport {
  const { set, packet } = pattern
  const { regex } = compilePattern(pattern)
  const automaton = compileAutomaton(regex)
  const isAutomaton = automaton.kind === 'automaton'
  const states = isAutomaton && countsStates ? automaton.explore() : undefined
  const isTooLarge = isAutomaton && countsStates && states === undefined
  return {
    pattern: nameOf(pattern),
    engine: isAutomaton ? 'automaton' : 'RegExp',
    reads: packet ? 'packets' : set?.json === undefined ? 'lines' : 'JSON',
    literals: literalsOfPattern(pattern, (literal) => corpus.share(literal))?.map(plain),
    states,
    notLinear: isAutomaton ? (isTooLarge ? TOO_LARGE : undefined) : automaton.reason,
  }
}

const TOO_LARGE = 'it has more states than are kept: on some lines they are made anew again and again'

function prefixFault(prefix: RegExp | undefined): string | undefined {
  const automaton = prefix && compileAutomaton(compilePrefix(prefix))
  return automaton?.kind === 'inexpressible' ? `the prefix of its set runs as RegExp: ${automaton.reason}` : undefined
}

function plain(literal: Literal): string {
  return Buffer.from([...literal].map((unit) => unit.charCodeAt(0) % EITHER_CASE)).toString('utf8')
}
