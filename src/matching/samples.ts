import { type Address, formatAddress } from '../base/address.ts'
import { type Feed, nameOf, type Pattern } from './pattern.ts'
import type { Scanner } from './scanner.ts'

/** A sample that does not do what its pattern says of it. */
export interface SampleFault {
  readonly pattern: string
  readonly sample: 'match' | 'miss' | 'forged'
  /** The line as the pattern has it, unescaped; several lines where a session had to be set up. */
  readonly line: string
  readonly expected: string
  readonly came: string
}

export interface SampleReport {
  readonly patterns: number
  readonly samples: number
  /** Names of patterns that have no line to prove them. */
  readonly unproved: readonly string[]
  readonly faults: readonly SampleFault[]
}

/** What a line came to: the pattern that counted, and the address, of the line or of its session. */
interface Found {
  readonly pattern: Pattern
  readonly address: Address | undefined
}

/**
 * Runs the samples of patterns that are used together. A line of `match` must be won by its own pattern, over all others,
 * and give its address; one of `miss` must not match its pattern even alone; one of `forged` must give the true source, or
 * none, by whatever pattern. A sample of several lines is about the last; those before it are what the session said.
 * Only samples of patterns that `isWanted` are run.
 */
export function runSamples(
  patterns: readonly Pattern[],
  scannerOf: (feeds: readonly Feed[]) => Scanner,
  isWanted: (pattern: Pattern) => boolean = () => true,
): SampleReport {
  const together = scannerOf([{ rule: '', patterns }])
  const faults: SampleFault[] = []
  const unproved: string[] = []
  const wanted = patterns.filter(isWanted)
  let samples = 0
  for (const pattern of wanted) {
    const name = nameOf(pattern)
    const { match = [], miss = [], forged = [] } = pattern.samples ?? {}
    if (match.length === 0) unproved.push(name)
    samples += match.length + miss.length + forged.length
    const fault = (sample: SampleFault['sample'], line: string, expected: string, found: Found | undefined) =>
      faults.push({ pattern: name, sample, line, expected, came: describe(found) })

    for (const [line, address] of match) {
      const found = lastOf(together, line)
      if (found?.pattern !== pattern || textOf(found) !== address) fault('match', line, `${address} by ${name}`, found)
    }
    for (const [line, address] of forged) {
      const found = lastOf(together, line)
      if (textOf(found) !== address) fault('forged', line, address ?? 'no address', found)
    }
    if (miss.length === 0) continue
    const alone = scannerOf([{ rule: '', patterns: [pattern] }])
    for (const line of miss) {
      const found = lastOf(alone, line)
      if (found) fault('miss', line, `no match of ${name}`, found)
    }
  }
  return { patterns: wanted.length, samples, unproved, faults }
}

function lastOf(scanner: Scanner, scene: string): Found | undefined {
  const block = new TextEncoder().encode(`${scene}\n`)
  const lastStart = block.lastIndexOf(LINE_FEED, block.length - 2) + 1
  const sessions = new Map<string, Address>()
  let last: Found | undefined
  scanner.scan(block, {
    match({ pattern, start, session = '', address = sessions.get(session) }) {
      if (address !== undefined && session !== '') sessions.set(session, address)
      if (start === lastStart) last = { pattern, address }
    },
    repeated() {},
  })
  return last
}

const LINE_FEED = 10

const textOf = (found: Found | undefined) => (found?.address === undefined ? null : formatAddress(found.address))

function describe(found: Found | undefined): string {
  return found ? `${textOf(found) ?? 'no address'} by ${found.pattern.name ?? found.pattern.regex}` : 'no match'
}
