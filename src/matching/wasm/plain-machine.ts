import { HASH_FACTOR, HASH_FOLD, SET_BYTES } from '../literal-tables.ts'
import type { Machine, MachineCode } from './machine.ts'

const LINE_FEED = 10
const CARRIAGE_RETURN = 13
/** What only WebAssembly asks for, see literalTables. */
const ENDS_WORDS = 64

/** What does the same as WebAssembly, where that can't be had, and proves it in tests: the same tables, one byte at a time. */
export function plainMachine(): Machine {
  return new PlainMachine()
}

class PlainMachine implements Machine {
  bytes: Buffer = Buffer.from(new ArrayBuffer(65_536))
  words = new Uint32Array(this.bytes.buffer)
  readonly code: MachineCode = new PlainCode(this)
  #end = 16

  allocate(byteLength: number): number {
    const address = Math.ceil(this.#end / 16) * 16
    this.#end = address + byteLength
    if (this.#end > this.bytes.length) {
      const bytes = Buffer.from(new ArrayBuffer(Math.ceil((2 * this.#end) / 16) * 16))
      bytes.set(this.bytes)
      this.bytes = bytes
      this.words = new Uint32Array(bytes.buffer)
    }
    return address
  }
}

/** See wasm/assembly/scan.ts, line by line. */
class PlainCode implements MachineCode {
  readonly #machine: Machine
  #always = 0
  #current = 0
  #wordCount = 0
  #chains = 0
  #hashShift = 0
  #shorts = 0
  #records = 0
  #recordsEnd = 0
  #lineBytesMax = 0
  #isAlways = false
  #position = 0
  #blockEnd = 0
  #lineStart = 0
  #isCandidate = false
  #record = 0
  #lines = 0
  #overlong = 0

  constructor(machine: Machine) {
    this.#machine = machine
  }

  configure(
    tables: number,
    sets: number,
    words: number,
    hashShift: number,
    shorts: number,
    records: number,
    recordsEnd: number,
    lineMax: number,
  ): void {
    this.#wordCount = words
    this.#always = (tables + sets * SET_BYTES) >>> 2
    this.#current = this.#always + words
    this.#chains = this.#current + words + ENDS_WORDS
    this.#hashShift = hashShift
    this.#shorts = shorts
    this.#records = records
    this.#recordsEnd = recordsEnd
    this.#lineBytesMax = lineMax
    this.#isAlways = this.#machine.words.subarray(this.#always, this.#always + words).some((word) => word !== 0)
  }

  begin(from: number, to: number): void {
    this.#position = from
    this.#blockEnd = to
    this.#lines = 0
    this.#overlong = 0
    this.#beginLine(from)
  }

  scan(): number {
    const { bytes, words } = this.#machine
    const room = this.#recordsEnd - 4 * this.#wordCount - 8
    this.#record = this.#records
    for (; this.#position < this.#blockEnd && this.#record <= room; this.#position++) {
      const at = this.#position
      const byte = bytes[at]!
      if (byte === LINE_FEED) {
        this.#endLine(at)
        continue
      }
      const key = bytes[at - 2]! | (bytes[at - 1]! << 8) | (byte << 16) | HASH_FOLD
      const chain = words[this.#chains + (Math.imul(key, HASH_FACTOR) >>> this.#hashShift)]!
      if (chain !== 0) this.#compareAll(chain, at)
      if (this.#shorts !== 0) this.#compareAll(this.#shorts, at)
    }
    return this.#record
  }

  isDone(): number {
    return Number(this.#position >= this.#blockEnd)
  }

  countedLines(): number {
    return this.#lines
  }

  countedOverlong(): number {
    return this.#overlong
  }

  #beginLine(at: number): void {
    this.#lineStart = at
    this.#isCandidate = this.#isAlways
    this.#machine.words.copyWithin(this.#current, this.#always, this.#always + this.#wordCount)
  }

  #endLine(at: number): void {
    const { bytes, words } = this.#machine
    this.#lines++
    if (at - this.#lineStart > this.#lineBytesMax) this.#overlong++
    else if (this.#isCandidate) {
      const record = this.#record >>> 2
      words[record] = this.#lineStart
      words[record + 1] = at > this.#lineStart && bytes[at - 1] === CARRIAGE_RETURN ? at - 1 : at
      words.copyWithin(record + 2, this.#current, this.#current + this.#wordCount)
      this.#record += 8 + 4 * this.#wordCount
    }
    this.#beginLine(at + 1)
  }

  #compareAll(first: number, at: number): void {
    const { words } = this.#machine
    for (let literal = first; literal !== 0; literal = words[literal >>> 2]!) {
      const length = words[(literal >>> 2) + 1]!
      const start = at - words[(literal >>> 2) + 2]!
      if (start < this.#lineStart || !this.#isAt(literal + 12, length, start)) continue
      const patterns = (literal + 12 + 2 * ((length + 15) & ~15)) >>> 2
      for (let i = 0; i < this.#wordCount; i++) words[this.#current + i]! |= words[patterns + i]!
      this.#isCandidate = true
    }
  }

  #isAt(pieces: number, length: number, start: number): boolean {
    const { bytes } = this.#machine
    if (start + length > this.#blockEnd) return false
    for (let i = 0; i < length; i++) {
      const piece = pieces + 2 * (i & ~15) + (i & 15)
      if ((bytes[start + i]! | bytes[piece]!) !== bytes[piece + 16]) return false
    }
    return true
  }
}
