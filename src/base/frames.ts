/**
 * How processes of ours speak to each other over a socket: messages as JSON, of which some are followed by bytes. Each is led by
 * its whole length and the length of the JSON (32 bits each, big endian). What a message means is checked by whoever takes it.
 */

/** What came is no message. Nothing after it can be understood. */
export class WireError extends Error {}

export interface Frame {
  readonly message: unknown
  /** Its own memory. */
  readonly bytes: Buffer
}

/** Of what leads each message. */
export const HEAD_BYTES = 8

/** A message as it is sent. */
export function frame(message: object, bytes: Uint8Array = new Uint8Array(0)): Buffer {
  const text = Buffer.from(JSON.stringify(message))
  const head = Buffer.alloc(HEAD_BYTES)
  head.writeUInt32BE(text.length + bytes.length)
  head.writeUInt32BE(text.length, 4)
  return Buffer.concat([head, text, bytes])
}

/** The messages of frames, none of which may carry bytes. Throws a `WireError` at one that does. */
export function* messagesOf(frames: Iterable<Frame>): Generator<unknown> {
  for (const { message, bytes } of frames) {
    if (bytes.length > 0) throw new WireError('a message has bytes after it')
    yield message
  }
}

/** Puts messages together again from the pieces in which they come. Holds one message at most. */
export class FrameReader {
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
