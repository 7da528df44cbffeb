import { fstatSync, readSync, type Stats } from 'node:fs'
import { Framer, type Piece } from '../lines/framing.ts'
import { FINGERPRINT_BYTES, Fingerprint, hashOf } from './fingerprint.ts'
import { GzipText, gzipHead } from './gzip.ts'
import { closeReadOnly, type OpenFile, openRegularFile } from './open-file.ts'
import { CHUNK_BYTES, LINE_BYTES_MAX } from './source.ts'

/** Which file was read, and how far: enough to know it again under another name, compressed, or not at all. */
export interface Mark {
  readonly dev: number
  readonly ino: number
  /** Everything before it has been read. The start of a line, or within an overlong one. */
  readonly offset: number
  readonly isInOverlongLine: boolean
  /** Hash of so many first bytes; empty where the file was. */
  readonly head: string
  readonly headBytes: number
  /** Hash of the last bytes before the offset. */
  readonly tail: string
  /** How big the file was, and when it had last been changed, when it was last looked at. */
  readonly size: number
  readonly changedAt: number
}

/** What came of trying to read: lines, or why there are none. */
export type Taken =
  | Piece
  /** Its end is reached, for now or for good. */
  | 'dry'
  /** It is being decompressed. */
  | 'later'
  /** It is shorter than what was read of it, or what was read is not what it holds now. */
  | 'rewritten'
  /** It is not the file that the mark was made of. */
  | 'other'

/** Framers lie here while their file has nothing to read: a thousand quiet logs need no buffers. */
const idleFramers: Framer[] = []
const IDLE_FRAMERS_MAX = 4
let scratch = Buffer.allocUnsafeSlow(FINGERPRINT_BYTES + CHUNK_BYTES + LINE_BYTES_MAX)

/** Opens a file; undefined where the name has come to mean another one than the expected. Throws `Unreadable`. */
export function openGeneration(
  path: string,
  options: {
    readonly isGzip: boolean
    readonly onReady: () => void
    readonly expected?: { readonly dev: number; readonly ino: number }
    readonly lineBytesMax?: number
    readonly openFile?: OpenFile
  },
): Generation | undefined {
  const { expected, openFile = openRegularFile } = options
  const { fd, stat } = openFile(path)
  if (expected && (stat.dev !== expected.dev || stat.ino !== expected.ino)) {
    closeReadOnly(fd)
    return undefined
  }
  return new Generation(path, fd, options)
}

/** One file that a log was or is written to, open, with the place up to which it has been read. */
export class Generation {
  /** Its name when it was opened. */
  readonly path: string
  readonly dev: number
  readonly ino: number
  readonly isGzip: boolean
  /** It was copied from another, so that nobody writes to it, and a last line without an end has its rest elsewhere. */
  isCopy = false
  /** Bytes before this count as having been there before the log was opened. */
  catchUpTo = 0
  /** Since when the log's name means another file. */
  supersededAt: number | undefined
  /** How big it was when there was nothing more to read; -1 before. */
  drySize = -1
  overlongLines = 0
  readonly #fd: number
  readonly #onReady: () => void
  readonly #lineBytesMax: number
  readonly #fingerprint = new Fingerprint()
  #framer: Framer | undefined
  #offset = 0
  #isInOverlongLine = false
  #endsInLine = false
  #size: number
  #changedAt: number
  #text: GzipText | undefined
  /** Where a compressed file is to be read from, until the text has come that far. */
  #sought: Mark | undefined

  constructor(
    path: string,
    fd: number,
    {
      isGzip,
      onReady,
      lineBytesMax = LINE_BYTES_MAX,
    }: { readonly isGzip: boolean; readonly onReady: () => void; readonly lineBytesMax?: number },
  ) {
    const scratchBytes = FINGERPRINT_BYTES + CHUNK_BYTES + lineBytesMax
    if (scratch.length < scratchBytes) scratch = Buffer.allocUnsafeSlow(scratchBytes)
    this.#lineBytesMax = lineBytesMax
    const stat = fstatSync(fd)
    this.path = path
    this.dev = stat.dev
    this.ino = stat.ino
    this.isGzip = isGzip
    this.#fd = fd
    this.#onReady = onReady
    this.#size = stat.size
    this.#changedAt = stat.mtimeMs
  }

  get changedAt(): number {
    return this.#changedAt
  }

  /** Bytes still to be read, but for the beginning of a line; of a compressed file those of it, and at least one while there may be text. */
  get behindBytes(): number {
    if (!this.isGzip) return this.drySize === this.#size ? 0 : Math.max(0, this.#size - this.#offset)
    return this.#text?.isAtEnd ? 0 : Math.max(1, this.#size - (this.#text?.compressedBytes ?? 0))
  }

  /** The last thing that was read of it was the beginning of a line. */
  get endsInLine(): boolean {
    return this.#endsInLine
  }

  get mark(): Mark {
    if (this.#sought) return this.#sought
    return {
      dev: this.dev,
      ino: this.ino,
      offset: this.#offset,
      isInOverlongLine: this.#isInOverlongLine,
      ...this.#head(),
      tail: this.#fingerprint.tail,
      size: this.isGzip ? this.#offset : Math.max(this.#size, this.#offset),
      changedAt: this.#changedAt,
    }
  }

  /** Goes on where the mark was made; false where this is not the file. A compressed one may still turn out to be `other`. */
  resume(mark: Mark): boolean {
    if (hashOf(this.#firstBytes(mark.headBytes)) !== mark.head) return false
    if (this.isGzip) {
      this.#sought = mark
      return true
    }
    if (this.#size < mark.offset) return false
    this.#moveTo(mark.offset, mark.isInOverlongLine)
    return this.#fingerprint.tail === mark.tail
  }

  /** Starts with the first line that is not whole before `size`: what is written from now on. */
  startAtEnd(size: number): void {
    const length = Math.min(size, this.#lineBytesMax + 1)
    const end = this.#readAt(scratch.subarray(0, length), size - length)
    const lineFeed = end.lastIndexOf(10)
    if (lineFeed >= 0) this.#moveTo(size - length + lineFeed + 1, false)
    else if (length <= this.#lineBytesMax) this.#moveTo(0, false)
    else this.#moveTo(size, true)
  }

  /** It was emptied: from its start. A line that had begun before cannot be had any more, and its rest is no line. */
  restart(isWithinLine: boolean): void {
    this.#releaseFramer()
    this.#moveTo(0, isWithinLine)
    this.drySize = -1
    this.catchUpTo = 0
  }

  /** The next lines. They are valid until the next call of any kind. Throws the system's errors. */
  take(): Taken {
    return this.isGzip ? this.#takeText() : this.#takeBytes()
  }

  /** Nobody writes to it any more, and it is dry: what is left without a line feed is a line. Undefined when all is done. */
  takeLast(): Piece | undefined {
    const framer = this.#borrowFramer()
    let piece = framer.next()
    if (!piece && !this.isGzip) {
      const free = framer.free()
      framer.filled(readSync(this.#fd, free, 0, free.length, framer.offset + framer.rest.length))
      piece = framer.next()
    }
    piece ??= framer.end()
    return piece && this.#passed(framer, piece)
  }

  /** It has grown, or changed otherwise, since it was dry. */
  hasNews(stat: Pick<Stats, 'size' | 'mtimeMs'> = fstatSync(this.#fd)): boolean {
    return !this.isGzip && (stat.size !== this.drySize || stat.mtimeMs !== this.#changedAt)
  }

  /** False where its last byte is not the end of a line; of a compressed file nobody knows. */
  endsWithLineFeed(): boolean {
    return this.isGzip || this.#size === 0 || this.#readAt(scratch.subarray(0, 1), this.#size - 1)[0] === 10
  }

  close(): void {
    this.#text?.close()
    this.#framer = undefined
    closeReadOnly(this.#fd)
  }

  #takeBytes(): Taken {
    const framer = this.#borrowFramer()
    for (;;) {
      const piece = framer.next()
      if (piece) return this.#passed(framer, piece)
      const free = framer.free()
      const end = framer.offset + framer.rest.length
      const count = readSync(this.#fd, free, 0, free.length, end)
      if (count === 0) {
        this.#endsInLine = framer.rest.length > 0 || framer.isSkipping
        this.drySize = end
        const stat = fstatSync(this.#fd)
        const isAsRead = stat.mtimeMs === this.#changedAt || this.#isAsRead(framer)
        this.#releaseFramer()
        this.#size = stat.size
        if (stat.size < this.#offset || !isAsRead) return 'rewritten'
        this.#changedAt = stat.mtimeMs
        return 'dry'
      }
      if (!this.#isAsRead(framer)) return 'rewritten'
      this.#changedAt = fstatSync(this.#fd).mtimeMs
      this.#endsInLine = false
      framer.filled(count)
    }
  }

  /** Looked at after each read, and where there was nothing to read: the file may have been emptied and grown past our place since the read before. */
  #isAsRead(framer: Framer): boolean {
    const tail = this.#fingerprint.tailBytes
    const { rest } = framer
    const now = this.#readAt(scratch.subarray(0, tail.length + rest.length), framer.offset - tail.length)
    return (
      now.length === tail.length + rest.length &&
      now.subarray(0, tail.length).equals(tail) &&
      now.subarray(tail.length).equals(rest)
    )
  }

  #takeText(): Taken {
    this.#text ??= new GzipText(this.#fd, this.#onReady)
    const text = this.#text
    while (this.#sought) {
      const mark = this.#sought
      const count = text.take(scratch.subarray(0, Math.min(CHUNK_BYTES, mark.offset - this.#offset)))
      this.#fingerprint.take(scratch.subarray(0, count))
      this.#offset += count
      if (this.#offset === mark.offset) {
        if (this.#fingerprint.tail !== mark.tail) return 'other'
        this.#isInOverlongLine = mark.isInOverlongLine
        this.#sought = undefined
      } else if (count === 0) return text.isAtEnd ? 'other' : 'later'
    }
    const framer = this.#borrowFramer()
    for (;;) {
      const piece = framer.next()
      if (piece) return this.#passed(framer, piece)
      const count = text.take(framer.free())
      if (count === 0) return text.isAtEnd ? 'dry' : 'later'
      framer.filled(count)
    }
  }

  /** Why a compressed file ended before its end. */
  get trouble(): string | undefined {
    return this.#text?.trouble
  }

  #passed(framer: Framer, piece: Piece): Piece {
    // The last line's bytes have a line feed more than the file.
    this.#fingerprint.take(piece.bytes.subarray(0, framer.offset - piece.offset))
    this.#offset = framer.offset
    this.#isInOverlongLine = framer.isSkipping
    this.overlongLines += piece.overlongLines
    return piece
  }

  /** Where nothing was read yet, what there is to read: it makes the file known again all the same. */
  #head(): { readonly head: string; readonly headBytes: number } {
    const { head, headBytes } = this.#fingerprint
    if (headBytes > 0) return { head, headBytes }
    try {
      const first = this.#firstBytes(FINGERPRINT_BYTES)
      return { head: hashOf(first), headBytes: first.length }
    } catch {
      // It cannot be read for now: then device and inode alone must do.
      return { head: '', headBytes: 0 }
    }
  }

  #moveTo(offset: number, isInOverlongLine: boolean): void {
    const tailLength = Math.min(FINGERPRINT_BYTES, offset)
    const head = Buffer.from(this.#firstBytes(tailLength))
    this.#fingerprint.set(head, this.#readAt(scratch.subarray(0, tailLength), offset - tailLength))
    this.#offset = offset
    this.#isInOverlongLine = isInOverlongLine
  }

  #firstBytes(length: number): Uint8Array {
    const head = scratch.subarray(0, length)
    return this.isGzip ? head.subarray(0, gzipHead(this.#fd, head)) : this.#readAt(head, 0)
  }

  #readAt(bytes: Buffer, position: number): Buffer {
    return bytes.length === 0 ? bytes : bytes.subarray(0, readSync(this.#fd, bytes, 0, bytes.length, position))
  }

  #borrowFramer(): Framer {
    if (!this.#framer) {
      const idle = this.#lineBytesMax === LINE_BYTES_MAX ? idleFramers.pop() : undefined
      this.#framer = idle ?? new Framer({ chunkBytes: CHUNK_BYTES, lineBytesMax: this.#lineBytesMax })
      this.#framer.restart(this.#offset, this.#isInOverlongLine)
    }
    return this.#framer
  }

  #releaseFramer(): void {
    const isUsual = this.#lineBytesMax === LINE_BYTES_MAX
    if (this.#framer && isUsual && idleFramers.length < IDLE_FRAMERS_MAX) idleFramers.push(this.#framer)
    this.#framer = undefined
  }
}
