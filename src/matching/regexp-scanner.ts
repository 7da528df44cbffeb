import { parseAddress } from '../base/address.ts'
import { LINE_BYTES_MAX } from '../base/limits.ts'
import { type CompiledPattern, compilePattern, compilePrefix } from './compile.ts'
import { type Pattern, type PatternSetInfo, WEIGHT_DEFAULT } from './pattern.ts'
import type { Feed, Findings, Match, ScanCounts, Scanner } from './scanner.ts'

/** Patterns of one feed that begin alike: what one look at a line can rule out together. */
interface Bundle {
  readonly prefix: RegExp | undefined
  /** Matches every line that one of the patterns may match; undefined where only trying all will tell. */
  readonly candidates: RegExp | undefined
  readonly patterns: readonly RankedPattern[]
}

interface RankedPattern extends CompiledPattern {
  /** The lowest rank that matches wins. */
  readonly rank: number
}

const CARRIAGE_RETURN = 13
/** The end of "last message repeated 3 times". */
const LETTER_S = 115
const repeated =
  /^(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.+Z-]+) [\w.:-]+ (?:syslogd(?:\[\d+\])?: )?last message repeated (\d{1,9}) times$/

/**
 * The scanner in plain RegExp: a block becomes one string, each line is looked at once with all patterns of a bundle
 * joined, and only lines that pass are tried pattern by pattern.
 */
export function regexpScanner(feeds: readonly Feed[]): Scanner {
  const bundles = feeds.map(({ patterns }) => bundle(patterns))
  const counts: ScanCounts = { lines: 0, overlong: 0, withoutAddress: 0 }

  function scan(block: Uint8Array, findings: Findings): void {
    const text = Buffer.from(block.buffer, block.byteOffset, block.byteLength).toString('latin1')
    for (let start = 0; start < text.length; ) {
      let next = text.indexOf('\n', start)
      if (next < 0) next = text.length
      const end = next > start && text.charCodeAt(next - 1) === CARRIAGE_RETURN ? next - 1 : next
      counts.lines++
      if (next - start > LINE_BYTES_MAX) counts.overlong++
      else {
        const line = text.slice(start, end)
        for (let feed = 0; feed < bundles.length; feed++) scanLine(bundles[feed]!, line, feed, start, end, findings)
        if (text.charCodeAt(end - 1) === LETTER_S) {
          const times = repeated.exec(line)?.[1]
          if (times !== undefined) findings.repeated(start, end, Number(times))
        }
      }
      start = next + 1
    }
  }

  function scanLine(of: readonly Bundle[], line: string, feed: number, start: number, end: number, findings: Findings): void {
    let best: { candidate: RankedPattern; match: Omit<Match, 'feed' | 'start' | 'end'> } | undefined
    for (const { prefix, candidates, patterns } of of) {
      if (candidates && !candidates.test(line)) continue
      const head = prefix?.exec(line)
      if (prefix && !head) continue
      const times = Number(head?.groups?.times ?? 1)
      const rest = head ? line.slice(head[0].length, head.groups?.times && line.endsWith(']') ? -1 : undefined) : line
      for (const candidate of patterns) {
        if (best && candidate.rank > best.candidate.rank) break
        const result = candidate.regex.exec(rest)
        if (!result) continue
        const { ip, session = head?.groups?.session, ...others } = result.groups ?? {}
        const address = ip === undefined ? undefined : parseAddress(ip)
        if (candidate.hasAddress && address === undefined) {
          counts.withoutAddress++
          continue
        }
        best = { candidate, match: { pattern: candidate.pattern, address, session, times, groups: textOf(others) } }
        break
      }
    }
    if (best) findings.match({ feed, start, end, ...best.match })
  }

  return { counts, scan }
}

/** Patterns by rank, bundled by their set's prefix and their flags. */
function bundle(patterns: readonly Pattern[]): readonly Bundle[] {
  const ranked = patterns
    .map((pattern) => ({ pattern, weight: pattern.weight ?? WEIGHT_DEFAULT }))
    .sort((a, b) => order(a.weight) - order(b.weight))
    .map(({ pattern }, rank): RankedPattern => ({ ...compilePattern(pattern), rank }))
  const bundles = new Map<PatternSetInfo['prefix'], Map<string, RankedPattern[]>>()
  for (const one of ranked) {
    const prefix = one.pattern.set?.prefix
    // What cannot be joined with others is a bundle of its own.
    const key = one.loose === undefined ? `alone ${one.rank}` : one.regex.flags
    const alike = bundles.get(prefix) ?? new Map<string, RankedPattern[]>()
    bundles.set(prefix, alike.set(key, [...(alike.get(key) ?? []), one]))
  }
  return [...bundles].flatMap(([prefix, alike]) => [...alike.values()].map((of) => bundleOf(prefix && compilePrefix(prefix), of)))
}

/** The harmless (0) first, then the dearest. */
function order(weight: number): number {
  return weight === 0 ? Number.NEGATIVE_INFINITY : -weight
}

function bundleOf(prefix: RegExp | undefined, patterns: readonly RankedPattern[]): Bundle {
  const sources = patterns.map(({ loose }) => loose)
  const flags = patterns[0]!.regex.flags
  const canJoin = !sources.includes(undefined) && (prefix === undefined || prefix.flags === flags)
  const head = prefix ? `(?:${prefix.source.replaceAll(/\(\?<[^=!>]+>/g, '(?:')})` : '^'
  return { prefix, candidates: canJoin ? new RegExp(`${head}(?:${sources.join('|')})`, flags) : undefined, patterns }
}

/** Groups as text: bytes that are UTF-8 are read as such. */
function textOf(groups: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  const texts: Record<string, string> = {}
  for (const [name, bytes] of Object.entries(groups)) {
    if (bytes !== undefined) texts[name] = isAscii.test(bytes) ? flat(bytes) : Buffer.from(bytes, 'latin1').toString('utf8')
  }
  return texts
}

const isAscii = /^[\0-\x7f]*$/

/** A copy that does not keep the whole block alive, as a slice of it would. */
function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}
