import type { Ask, ListedFile, Said } from '../sources/reader-link.ts'

/**
 * What goes over the socket between engine and reader: messages as JSON, of which some are followed by bytes of a log. Each is
 * led by its whole length and the length of the JSON (32 bits each, big endian).
 */

/** The form of the messages; both ends must have the same. */
export const READER_WIRE_VERSION = 1
/** Longest message of an engine: a position is a few hundred bytes for each of a few files. */
export const ENGINE_BYTES_MAX = 64 * 1024
/** Of a reader: a chunk with a line, or the names of 1,000 files. */
export const READER_BYTES_MAX = 8 * 1024 * 1024
/** How often the reader says that it is there, whatever else it says. */
export const ALIVE_EVERY_MS = 10_000
/** Blocks of a log that are sent ahead of what was taken. */
export const AHEAD_MAX = 8

/** What the engine says. `hello` comes first. Each `follow` has a number of its own, by which both speak of it. */
export type EngineSays =
  | { readonly hello: number }
  | { readonly id: number; readonly follow: Ask }
  /** A block or piece was taken: there is room for another. */
  | { readonly id: number; readonly taken: true }
  /** A capturing program is to say its numbers. */
  | { readonly id: number; readonly numbers: true }
  | { readonly id: number; readonly end: true }
  /** Which files match a glob. */
  | { readonly id: number; readonly list: string }

/** What the reader says. A `fault` is the last thing that is heard from it. */
export type ReaderSays =
  | { readonly id: number; readonly said: WithoutBytes<Said> }
  | { readonly id: number; readonly files: readonly ListedFile[] }
  | { readonly alive: true }
  | { readonly fault: string }

type WithoutBytes<T> = T extends { readonly bytes: Buffer } ? Omit<T, 'bytes'> : T

/** What came is no message. Nothing after it can be understood. */
export class WireError extends Error {}

export interface Frame {
  readonly message: unknown
  /** Its own memory. */
  readonly bytes: Buffer
}

const HEAD_BYTES = 8

export function framed(message: EngineSays | ReaderSays, bytes: Uint8Array = new Uint8Array(0)): Buffer {
  const text = Buffer.from(JSON.stringify(message))
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt32BE(text.length + bytes.length)
  head.writeUInt32BE(text.length, 4)
  return Buffer.concat([head, text, bytes])
}

/** Puts messages together again from the pieces in which they come. Holds one message at most. */
export class Unframer {
  readonly #bytesMax: number
  readonly #head = Buffer.alloc(HEAD_BYTES)
  /** What is being filled: the head of a message, or the message. */
  #filling = this.#head
  #filled = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** The messages that are whole now. Throws a `WireError`, and must not be asked again then. */
  push(piece: Buffer): Frame[] {
    const frames: Frame[] = []
    for (let at = 0; at < piece.length; ) {
      const copied = piece.copy(this.#filling, this.#filled, at)
      at += copied
      this.#filled += copied
      if (this.#filled < this.#filling.length) break
      const whole = this.#filling
      this.#filled = 0
      this.#filling = whole === this.#head ? Buffer.allocUnsafeSlow(this.#lengthOfNext()) : this.#head
      if (whole !== this.#head) frames.push(this.#frameOf(whole))
    }
    return frames
  }

  #lengthOfNext(): number {
    const length = this.#head.readUInt32BE()
    const textLength = this.#head.readUInt32BE(4)
    if (textLength === 0 || textLength > length || length > this.#bytesMax)
      throw new WireError('a message has an impossible length')
    return length
  }

  #frameOf(whole: Buffer): Frame {
    const textLength = this.#head.readUInt32BE(4)
    return { message: parsed(whole.subarray(0, textLength)), bytes: whole.subarray(textLength) }
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function parsed(text: Buffer): unknown {
  try {
    return JSON.parse(utf8.decode(text))
  } catch {
    throw new WireError('a message is no JSON')
  }
}
