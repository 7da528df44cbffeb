import type { Pattern } from '../../src/matching/pattern.ts'
import { canonicalAddress } from './addresses.ts'

/** What a line says, by the pattern that counts. */
export interface LineHit {
  readonly pattern: Pattern
  /** Canonical text; undefined where the pattern has no `ip`. */
  readonly address: string | undefined
  readonly session: string | undefined
  readonly account: string | undefined
  readonly port: string | undefined
  readonly times: number
}

/**
 * Every regex on the line, one after the other. Of those that match the harmless wins, then the dearest, then the first.
 * A pattern whose `ip` is no address has not matched.
 */
export function hitOf(line: string, patterns: readonly Pattern[]): LineHit | undefined {
  let best: LineHit | undefined
  const heads: Heads = new Map()
  for (const pattern of patterns) {
    const hit = tryPattern(line, pattern, heads)
    if (hit && (!best || rank(pattern) > rank(best.pattern))) best = hit
  }
  return best
}

function rank({ weight = 10 }: Pattern): number {
  return weight === 0 ? Number.POSITIVE_INFINITY : weight
}

/** What each prefix found on the line: the many patterns of a set ask for the same. */
type Heads = Map<RegExp, RegExpExecArray | null>

function tryPattern(line: string, pattern: Pattern, heads: Heads): LineHit | undefined {
  // No line of the reference's logs is JSON.
  if (pattern.set?.json !== undefined) return undefined
  const prefix = pattern.set?.prefix
  let rest = line
  let session: string | undefined
  let times = 1
  if (prefix) {
    let head = heads.get(prefix)
    if (head === undefined) {
      head = prefix.exec(line)
      heads.set(prefix, head)
    }
    if (!head) return undefined
    rest = line.slice(head[0].length)
    session = head.groups?.session
    if (head.groups?.times !== undefined) {
      times = Number(head.groups.times)
      if (rest.endsWith(']')) rest = rest.slice(0, -1)
    }
  }
  const groups = pattern.regex.exec(rest)?.groups ?? (pattern.regex.test(rest) ? {} : undefined)
  if (!groups) return undefined
  const address = groups.ip === undefined ? undefined : canonicalAddress(groups.ip)
  if (/\(\?<ip>/.test(pattern.regex.source) && address === undefined) return undefined
  return { pattern, address, session: groups.session ?? session, account: groups.user, port: groups.port, times }
}
