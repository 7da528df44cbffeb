import { parseAddress } from '../base/address.ts'
import { LINE_BYTES_MAX } from '../base/limits.ts'
import { compilePattern, compilePrefix } from './compile.ts'
import { type Feed, type Pattern, WEIGHT_DEFAULT } from './pattern.ts'
import type { Findings, Match, ScanCounts, Scanner } from './scanner.ts'

type Found = Omit<Match, 'feed' | 'start' | 'end'>

const repeated =
  /^(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.+Z-]+) [\w.:-]+ (?:syslogd(?:\[\d+\])?: )?last message repeated (\d{1,9}) times$/

/** What a scanner must find, said as plainly as can be: every line, every pattern, V8's RegExp. */
export function regexpScanner(feeds: readonly Feed[]): Scanner {
  const ranked = feeds.map(({ patterns }) => patterns.toSorted(byRank).map(tryOf))
  const counts: ScanCounts = { lines: 0, overlong: 0, withoutAddress: 0 }

  function scan(block: Uint8Array, findings: Findings): void {
    const text = Buffer.from(block).toString('latin1')
    for (let start = 0; start < text.length; ) {
      const lineFeed = text.indexOf('\n', start)
      const next = lineFeed < 0 ? text.length : lineFeed
      const end = next > start && text[next - 1] === '\r' ? next - 1 : next
      counts.lines++
      if (next - start > LINE_BYTES_MAX) counts.overlong++
      else scanLine(text.slice(start, end), start, findings)
      start = next + 1
    }
  }

  function scanLine(line: string, start: number, findings: Findings): void {
    const end = start + line.length
    for (const [feed, patterns] of ranked.entries()) {
      for (const tryLine of patterns) {
        const found = tryLine(line)
        if (found === 'no address') counts.withoutAddress++
        else if (found) {
          findings.match({ feed, start, end, ...found })
          break
        }
      }
    }
    const times = repeated.exec(line)?.[1]
    if (times !== undefined) findings.repeated(start, end, Number(times))
  }

  return { counts, scan, quarantined: [], costs: [], release() {} }
}

/** The harmless (0) first, then the dearest; of equal ones the first. */
function byRank(a: Pattern, b: Pattern): number {
  const rank = ({ weight = WEIGHT_DEFAULT }: Pattern) => (weight === 0 ? Number.NEGATIVE_INFINITY : -weight)
  return rank(a) === rank(b) ? 0 : rank(a) - rank(b)
}

function tryOf(pattern: Pattern): (line: string) => Found | 'no address' | undefined {
  const { regex, hasAddress } = compilePattern(pattern)
  const prefix = pattern.set?.prefix && compilePrefix(pattern.set.prefix)
  return (line) => {
    const head = prefix?.exec(line)
    if (prefix && !head) return undefined
    const isBracketed = head?.groups?.times && line.endsWith(']')
    const result = regex.exec(line.slice(head?.[0].length ?? 0, isBracketed ? -1 : undefined))
    if (!result) return undefined
    const { ip, session = head?.groups?.session, ...groups } = result.groups ?? {}
    const address = ip === undefined ? undefined : parseAddress(ip)
    if (hasAddress && address === undefined) return 'no address'
    const times = Number(head?.groups?.times ?? 1)
    return { pattern, address, session: session && utf8(session), times, groups: textOf(groups) }
  }
}

/** Groups as text: bytes that are UTF-8 are read as such. */
function textOf(groups: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  const texts: Record<string, string> = {}
  for (const [name, bytes] of Object.entries(groups)) {
    if (bytes !== undefined) texts[name] = utf8(bytes)
  }
  return texts
}

function utf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
