import { type ByteSet, isWordByte } from './byte-set.ts'
import type { Program } from './program.ts'
import { BYTE, type Neighbour, WORD_BYTE } from './ways.ts'

/** The bytes as one program sees them: in classes that none of its sets tells apart. */
export interface Alphabet {
  readonly classCount: number
  /** By byte. */
  readonly classOf: Uint8Array
  /** By class, what its bytes are to their neighbours: BYTE for all where the program does not ask for words. */
  readonly neighbourOf: readonly Neighbour[]
  /** Whether the bytes of a class are in the set of that number. */
  readonly isIn: (byteClass: number, set: number) => boolean
}

export function alphabetOf({ sets, asksForWords }: Program): Alphabet {
  const { classOf, samples } = byteClasses(asksForWords ? [...sets, wordBytes] : sets)
  return {
    classCount: samples.length,
    classOf,
    neighbourOf: samples.map((byte) => (asksForWords && wordBytes[byte] ? WORD_BYTE : BYTE)),
    isIn: (byteClass, set) => sets[set]![samples[byteClass]!] === 1,
  }
}

const wordBytes: ByteSet = Uint8Array.from({ length: 256 }, (_, byte) => Number(isWordByte(byte)))

function byteClasses(sets: readonly ByteSet[]): { classOf: Uint8Array; samples: readonly number[] } {
  const classOf = new Uint8Array(256)
  const numbers = new Int16Array(2 * 256)
  let samples: number[] = []
  function split(set: ByteSet): void {
    samples = []
    numbers.fill(-1)
    for (let byte = 0; byte < 256; byte++) {
      const key = 2 * classOf[byte]! + set[byte]!
      if (numbers[key]! < 0) numbers[key] = samples.push(byte) - 1
      classOf[byte] = numbers[key]!
    }
  }
  // Most sets are of one byte; these are split off together.
  const single: ByteSet = new Uint8Array(256)
  for (const set of sets) {
    const first = set.indexOf(1)
    if (first < 0) continue
    if (first === set.lastIndexOf(1)) single[first] = 1
    else split(set)
  }
  split(single)
  for (const byte of single.keys()) if (single[byte] === 1 && !samples.includes(byte)) classOf[byte] = samples.push(byte) - 1
  return { classOf, samples }
}
