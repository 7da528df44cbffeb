import { readSync } from 'node:fs'
import { constants, createGunzip, type Gunzip, gunzipSync } from 'node:zlib'

/** How much is decompressed in one go. 16 KiB of gzip are at most 16 MiB of text, usually 200 KiB. */
const COMPRESSED_BYTES = 16 * 1024
/** Decompressed bytes that may lie ready; with this many, nothing more is decompressed. */
const READY_BYTES_MAX = 1024 * 1024
const TEXT_BYTES = 64 * 1024
/** Where a read fails it is tried again, so often and with such pauses. */
const READS_FAILED_MAX = 20
const READ_AGAIN_MS = 250

/** True where the bytes begin as a gzip file does. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}

/**
 * The text of an open gzip file, decompressed piece by piece in another thread with bounded memory: what is taken makes room
 * for more. A file that is cut off or broken gives what can be had, and then says what is wrong with it.
 */
export class GzipText {
  readonly #fd: number
  readonly #onReady: () => void
  readonly #gunzip: Gunzip = createGunzip({ chunkSize: TEXT_BYTES })
  readonly #compressed = Buffer.allocUnsafeSlow(COMPRESSED_BYTES)
  readonly #ready: Buffer[] = []
  #readyBytes = 0
  #compressedBytes = 0
  #isBusy = false
  #hasEnded = false
  #readsFailed = 0
  #readAgain: NodeJS.Timeout | undefined
  #trouble: string | undefined

  /** Reads on from where the descriptor stands; `first` are bytes that were read from it already. */
  constructor(fd: number, onReady: () => void, first?: Uint8Array) {
    this.#fd = fd
    this.#onReady = onReady
    this.#gunzip.on('data', (text: Buffer) => {
      this.#ready.push(text)
      this.#readyBytes += text.length
    })
    this.#gunzip.on('end', () => this.#end(undefined))
    this.#gunzip.on('error', (error) => this.#end(error.message))
    if (first) this.#write(first)
    else this.#more()
  }

  /** Nothing is left, and nothing will come. */
  get isAtEnd(): boolean {
    return this.#hasEnded && this.#readyBytes === 0
  }

  /** Bytes of the file that were taken so far. */
  get compressedBytes(): number {
    return this.#compressedBytes
  }

  /** Why the text ends before its end. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  /** Moves text to `free` and says how many bytes; 0 where there is none yet, and then `onReady` is called in time. */
  take(free: Uint8Array): number {
    let count = 0
    while (count < free.length && this.#ready.length > 0) {
      const text = this.#ready[0]!
      const taken = Math.min(text.length, free.length - count)
      free.set(text.subarray(0, taken), count)
      count += taken
      if (taken === text.length) this.#ready.shift()
      else this.#ready[0] = text.subarray(taken)
    }
    this.#readyBytes -= count
    this.#more()
    return count
  }

  close(): void {
    this.#hasEnded = true
    clearTimeout(this.#readAgain)
    this.#ready.length = 0
    this.#readyBytes = 0
    this.#gunzip.destroy()
  }

  #more(): void {
    if (this.#isBusy || this.#hasEnded || this.#readyBytes >= READY_BYTES_MAX) return
    let count: number
    try {
      count = readSync(this.#fd, this.#compressed)
    } catch (error) {
      this.#failToRead(error as Error)
      return
    }
    this.#readsFailed = 0
    if (count > 0) this.#write(this.#compressed.subarray(0, count))
    else {
      this.#isBusy = true
      this.#gunzip.end()
    }
  }

  #failToRead({ message }: Error): void {
    if (++this.#readsFailed > READS_FAILED_MAX) {
      this.#end(message)
      return
    }
    this.#isBusy = true
    this.#readAgain = setTimeout(() => {
      this.#isBusy = false
      this.#more()
    }, READ_AGAIN_MS)
  }

  #write(compressed: Uint8Array): void {
    this.#isBusy = true
    this.#compressedBytes += compressed.length
    this.#gunzip.write(compressed, () => {
      if (this.#hasEnded) return
      this.#isBusy = false
      this.#more()
      if (this.#readyBytes > 0) this.#onReady()
    })
  }

  #end(trouble: string | undefined): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#trouble = trouble
    this.#onReady()
  }
}

/** So much of a gzip file is enough for the first kilobyte of its text. */
const HEAD_COMPRESSED_BYTES = 4 * 1024

/** The first bytes of the text of an open gzip file, as many as `text` takes; how many there were. */
export function gzipHead(fd: number, text: Uint8Array): number {
  const compressed = Buffer.allocUnsafe(HEAD_COMPRESSED_BYTES)
  const count = readSync(fd, compressed, 0, compressed.length, 0)
  try {
    // The file is cut on purpose: flushing makes zlib give what it has instead of missing the end.
    const head = gunzipSync(compressed.subarray(0, count), { finishFlush: constants.Z_SYNC_FLUSH })
    text.set(head.subarray(0, text.length))
    return Math.min(head.length, text.length)
  } catch {
    return 0
  }
}
