import type { Address } from '../../base/address.ts'
import type { AutomataCode, Machine } from './machine.ts'

/** More than most blocks need, and than one find of as many groups as an automaton can have, which are 10,000. */
const BUFFER_BYTES = 131_072

/** By words of 32 bits. */
const BYTES = 1
const START = 2
const END = 3
export const KIND = 4
export const ADDRESS = 5
const TEXTS = 9
/** What stands where a text would begin whose group took no part. */
const NOWHERE = 0xffffffff
const IPV4 = 4
const IPV6 = 16

/** The bytes of a find that holds so many texts. */
export function findBytes(texts: number): number {
  return 4 * (TEXTS + 2 * texts)
}

/**
 * What WebAssembly has found in a block, in the order of lines, then of feeds. Each find lies in memory as words of 32 bits:
 *
 *     number          the candidate that matches
 *     bytes           of this find
 *     start, end      its line
 *     kind, address   0: none; 4: IPv4, one word; 16: IPv6, 16 bytes in the order of the network
 *     texts           where the text of each wanted group of the pattern begins (-1: it took no part) and ends, then of the prefix
 *
 * Finds are valid until the next block is looked at.
 */
export class FindsMemory {
  readonly #machine: Machine
  readonly #code: AutomataCode
  readonly #buffers: number[] = []
  #buffer = -1
  /** The first that was not told yet. */
  #next = 0

  constructor(machine: Machine, code: AutomataCode) {
    this.#machine = machine
    this.#code = code
  }

  /** Another block comes: all room is free again. */
  clear(): void {
    this.#buffer = -1
    this.provide()
  }

  /** Gives room where there is none left. What is in the way must have been told. */
  provide(): void {
    if (++this.#buffer === this.#buffers.length) this.#buffers.push(this.#machine.allocate(BUFFER_BYTES))
    this.#next = this.#buffers[this.#buffer]!
    this.#code.setFinds(this.#next, this.#next + BUFFER_BYTES)
  }

  /** Tells of each find that is new the number of its candidate, and where it lies, in words. */
  each(tell: (number: number, at: number) => void): void {
    const end = this.#code.findsAt()
    while (this.#next < end) {
      const at = this.#next >>> 2
      const { words } = this.#machine
      this.#next += words[at + BYTES]!
      tell(words[at]!, at)
    }
  }
}

// What a find holds that lies there, in words.

/** Where its line begins in memory. */
export function lineStart({ words }: Machine, at: number): number {
  return words[at + START]!
}

export function lineEnd({ words }: Machine, at: number): number {
  return words[at + END]!
}

/** One of its texts: UTF-8, what is no UTF-8 replaced. Undefined where its group took no part. */
export function textAt({ words, bytes }: Machine, at: number, number: number): string | undefined {
  const text = at + TEXTS + 2 * number
  const start = words[text]!
  return start === NOWHERE ? undefined : bytes.toString('utf8', start, words[text + 1]!)
}

/** Undefined where it has none. */
export function addressAt({ words, bytes }: Machine, at: number): Address | undefined {
  const kind = words[at + KIND]
  if (kind === IPV4) return words[at + ADDRESS]!
  if (kind !== IPV6) return undefined
  const address = new DataView(bytes.buffer, 4 * (at + ADDRESS), IPV6)
  return (address.getBigUint64(0) << 64n) | address.getBigUint64(8)
}
