import type { Request } from './request.ts'

/**
 * What goes over the socket between engine and keeper: messages as JSON, each after its length in bytes (32 bits, big
 * endian). Plain data and nothing else: what a message means is checked by whoever takes it.
 */

/** The form of the messages; both ends must have the same. */
export const WIRE_VERSION = 1
/** Longest message: 100,000 entries of the longest kind fit. */
export const MESSAGE_BYTES_MAX = 16 * 1024 * 1024
const LENGTH_BYTES = 4

/** What the engine says. `hello` comes first; all else is answered with its number. */
export type EngineMessage =
  | { readonly hello: number }
  | { readonly id: number; readonly ask: Request }
  | { readonly id: number; readonly question: Question }

/** Questions beside the requests; they change nothing. */
export type Question =
  | { readonly kind: 'report' }
  | { readonly kind: 'hindrance'; readonly table: string; readonly address: string }
  | { readonly kind: 'settled' }

/** What the keeper says. A list comes in parts, the answer after them. A `fault` is the last thing that is heard from it. */
export type KeeperMessage =
  | { readonly id: number; readonly part: readonly unknown[] }
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly failure: string }
  | { readonly fault: string }

/** What came is no message. Nothing after it can be understood. */
export class WireError extends Error {}

/** A message as it is sent. Throws a `WireError` where it is too long for the other end to take. */
export function framed(message: object): Buffer {
  const text = Buffer.from(JSON.stringify(message))
  if (text.length > MESSAGE_BYTES_MAX) throw new WireError(`a message of ${text.length} bytes is too long`)
  const length = Buffer.alloc(LENGTH_BYTES)
  length.writeUInt32BE(text.length)
  return Buffer.concat([length, text])
}

/** Puts messages together again from the pieces in which they come. Holds one message at most. */
export class Unframer {
  readonly #length = Buffer.alloc(LENGTH_BYTES)
  /** What is being filled: the length of a message, or the message. */
  #filling = this.#length
  #bytes = 0

  /** The messages that are whole now. Throws a `WireError`, and must not be asked again then. */
  push(piece: Buffer): unknown[] {
    const messages: unknown[] = []
    for (let at = 0; at < piece.length; ) {
      const copied = piece.copy(this.#filling, this.#bytes, at)
      at += copied
      this.#bytes += copied
      if (this.#bytes < this.#filling.length) break
      const whole = this.#filling
      this.#bytes = 0
      this.#filling = whole === this.#length ? Buffer.allocUnsafe(this.#lengthOfNext()) : this.#length
      if (whole !== this.#length) messages.push(parsed(whole))
    }
    return messages
  }

  #lengthOfNext(): number {
    const length = this.#length.readUInt32BE()
    if (length === 0 || length > MESSAGE_BYTES_MAX) throw new WireError('a message has an impossible length')
    return length
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
