import { createHash } from 'node:crypto'

/** How many bytes of a log's head, and before the place where it was left, tell it from another. */
export const FINGERPRINT_BYTES = 1024

/**
 * The first bytes of a log and the last ones before the place up to which it was read. With device and inode they say
 * whether a file is the one that was read: inodes are used again, and a file may be emptied and grow past the old place.
 */
export class Fingerprint {
  readonly #head = Buffer.alloc(FINGERPRINT_BYTES)
  readonly #tail = Buffer.alloc(FINGERPRINT_BYTES)
  #headBytes = 0
  #tailBytes = 0
  /** Undefined where they must be made again. */
  #headHash: string | undefined
  #tailHash: string | undefined

  /** The next bytes of the log were read. */
  take(bytes: Uint8Array): void {
    if (this.#headBytes < FINGERPRINT_BYTES) {
      const count = Math.min(bytes.length, FINGERPRINT_BYTES - this.#headBytes)
      this.#head.set(bytes.subarray(0, count), this.#headBytes)
      this.#headBytes += count
      this.#headHash = undefined
    }
    this.#takeTail(bytes)
  }

  /** The head and the tail of a log that is to be read from a later place. */
  set(head: Uint8Array, tail: Uint8Array): void {
    this.#headBytes = 0
    this.#tailBytes = 0
    this.take(head)
    this.#tailBytes = 0
    this.#takeTail(tail)
  }

  #takeTail(bytes: Uint8Array): void {
    this.#tailHash = undefined
    if (bytes.length >= FINGERPRINT_BYTES) {
      this.#tail.set(bytes.subarray(bytes.length - FINGERPRINT_BYTES))
      this.#tailBytes = FINGERPRINT_BYTES
      return
    }
    const kept = Math.min(this.#tailBytes, FINGERPRINT_BYTES - bytes.length)
    this.#tail.copyWithin(0, this.#tailBytes - kept, this.#tailBytes)
    this.#tail.set(bytes, kept)
    this.#tailBytes = kept + bytes.length
  }

  /** Hash of the head; empty where nothing was read yet. */
  get head(): string {
    this.#headHash ??= hashOf(this.#head.subarray(0, this.#headBytes))
    return this.#headHash
  }

  get headBytes(): number {
    return this.#headBytes
  }

  /** Hash of the last bytes. */
  get tail(): string {
    this.#tailHash ??= hashOf(this.tailBytes)
    return this.#tailHash
  }

  get tailBytes(): Uint8Array {
    return this.#tail.subarray(0, this.#tailBytes)
  }
}

/** Short enough to be stored with every batch, long enough that nobody meets or makes a second one. Nothing hashes to nothing. */
export function hashOf(bytes: Uint8Array): string {
  return bytes.length === 0 ? '' : createHash('sha256').update(bytes).digest('base64url').slice(0, 22)
}
