import type { LoggedPacket } from '../capture/logged-packet.ts'
import { withJson } from './json-scanner.ts'
import { literalScanner } from './literal-scanner.ts'
import { withPackets } from './packet-scanner.ts'
import { type Feed, nameOf, type Pattern } from './pattern.ts'
import type { Findings, PatternCost, Quarantined, ScanCounts, Scanner } from './scanner.ts'
import type { TimeLimit } from './wall.ts'
import { type Machine, wasmMachine } from './wasm/machine.ts'
import { plainMachine } from './wasm/plain-machine.ts'

export interface ScannerOptions {
  /** Cuts off RegExps that take too long. Without it nothing does. */
  readonly timeLimit?: TimeLimit
  /** Told of each pattern that is quarantined; scanners of the same feeds tell it together, once. */
  readonly onQuarantine?: (quarantined: Quarantined) => void
  /** Milliseconds: what patterns cost is measured by it. Without it they take no time. */
  readonly clock?: () => number
  /** Why a pattern is quarantined from the beginning, where it is. */
  readonly quarantinedBefore?: (pattern: Pattern) => string | undefined
}

/** Scanners by their feeds: making one takes some time and memory, and logs with the same feeds can share it. */
const known = new WeakMap<readonly Feed[], Scanner>()

/** The scanner for a log, by the patterns that feed its rules. Which one that is, is said only here. */
export function scannerOf(feeds: readonly Feed[], options: ScannerOptions = {}): Scanner {
  let scanner = known.get(feeds)
  if (!scanner) {
    scanner = withPackets(withJson((some) => literalScanner(some, { machine: newMachine(), ...options })))(feeds)
    known.set(feeds, scanner)
  }
  return new CountingScanner(scanner)
}

/** The patterns that are quarantined in any of these scanners, by name, each with a reason. */
export function quarantinedIn(scanners: readonly Scanner[]): ReadonlyMap<string, string> {
  return new Map(scanners.flatMap(({ quarantined }) => quarantined.map(({ pattern, reason }) => [nameOf(pattern), reason])))
}

/** What patterns have cost in these scanners, by name: in all feeds, and once where scanners are shared. */
export function costsIn(scanners: readonly Scanner[]): ReadonlyMap<string, Omit<PatternCost, 'pattern'>> {
  const distinct = new Set(scanners.map((scanner) => (scanner instanceof CountingScanner ? scanner.shared : scanner)))
  const sums = new Map<string, { lines: number; ms: number }>()
  for (const { pattern, lines, ms } of [...distinct].flatMap(({ costs }) => costs)) {
    const sum = sums.get(nameOf(pattern)) ?? { lines: 0, ms: 0 }
    sums.set(nameOf(pattern), { lines: sum.lines + lines, ms: sum.ms + ms })
  }
  return sums
}

let reasonForPlain: string | undefined

/** Why scanning is several times slower than it could be here, where it is. */
export function whySlow(): string | undefined {
  newMachine()
  return reasonForPlain
}

function newMachine(): Machine {
  try {
    return wasmMachine()
  } catch (error) {
    reasonForPlain = `no WebAssembly with SIMD (${error instanceof Error ? error.message : error})`
    return plainMachine()
  }
}

/** Has the counts of one log, whoever else uses the same scanner. */
class CountingScanner implements Scanner {
  readonly counts: ScanCounts = { lines: 0, overlong: 0, withoutAddress: 0 }
  readonly #scanner: Scanner

  constructor(scanner: Scanner) {
    this.#scanner = scanner
  }

  get quarantined() {
    return this.#scanner.quarantined
  }

  get costs() {
    return this.#scanner.costs
  }

  /** The one behind it. */
  get shared(): Scanner {
    return this.#scanner
  }

  release(pattern: Feed['patterns'][number]): void {
    this.#scanner.release(pattern)
  }

  scan(block: Uint8Array, findings: Findings, packets?: readonly LoggedPacket[]): void {
    const { lines, overlong, withoutAddress } = this.#scanner.counts
    this.#scanner.scan(block, findings, packets)
    const after = this.#scanner.counts
    this.counts.lines += after.lines - lines
    this.counts.overlong += after.overlong - overlong
    this.counts.withoutAddress += after.withoutAddress - withoutAddress
  }
}
