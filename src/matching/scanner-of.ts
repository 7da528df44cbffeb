import type { LoggedPacket } from '../capture/logged-packet.ts'
import { withJson } from './json-scanner.ts'
import { literalScanner } from './literal-scanner.ts'
import { withPackets } from './packet-scanner.ts'
import type { Feed } from './pattern.ts'
import type { Findings, ScanCounts, Scanner } from './scanner.ts'
import type { TimeLimit } from './wall.ts'
import { type Machine, wasmMachine } from './wasm/machine.ts'
import { plainMachine } from './wasm/plain-machine.ts'

export interface ScannerOptions {
  /** Cuts off RegExps that take too long. Without it nothing does. */
  readonly timeLimit?: TimeLimit
}

/** Scanners by their feeds: making one takes some time and memory, and logs with the same feeds can share it. */
const known = new WeakMap<readonly Feed[], Scanner>()

/** The scanner for a log, by the patterns that feed its rules. Which one that is, is said only here. */
export function scannerOf(feeds: readonly Feed[], { timeLimit }: ScannerOptions = {}): Scanner {
  let scanner = known.get(feeds)
  if (!scanner) {
    scanner = withPackets(withJson((some) => literalScanner(some, { machine: newMachine(), timeLimit })))(feeds)
    known.set(feeds, scanner)
  }
  return new CountingScanner(scanner)
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
