import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs'
import { exitStatus } from '../base/exit-status.ts'
import { UserError } from '../base/user-error.ts'
import { Framer, type Piece } from '../lines/framing.ts'
import { GzipText, isGzip } from './gzip.ts'
import { reasonOf } from './open-file.ts'
import { type Block, LINE_BYTES_MAX, type Source, type SourceContext, type SourceState } from './source.ts'

/** Archives are read in greater pieces than live logs: nobody waits for the first line. */
const ARCHIVE_CHUNK_BYTES = 256 * 1024
/** So much is looked at to see whether it is compressed. */
const FIRST_BYTES = 16 * 1024

/**
 * An old log, plain or gzip (told by its first bytes), read once from its start to its end, where `state` becomes `ended`. A
 * last line without a line feed is a line. A plain one never has to be waited for. Throws a `UserError` where it cannot be
 * opened; one that turns out to be broken gives what can be read, and says so. `context.position` is not looked at.
 */
export function openArchive(path: string, context: SourceContext): Source {
  let fd: number | undefined
  try {
    fd = openSync(path, 'r')
    const stat = fstatSync(fd)
    if (stat.isDirectory()) throw new Error('it is a directory, not a file')
    return new Archive(path, fd, stat, context)
  } catch (error) {
    if (fd !== undefined) closeSync(fd)
    throw new UserError(exitStatus.badData, `${path}: ${reasonOf(error)}`, { cause: error })
  }
}

class Archive implements Source {
  readonly log: string
  readonly #context: SourceContext
  readonly #fd: number
  readonly #size: number
  readonly #writtenBy: number
  readonly #framer = new Framer({ chunkBytes: ARCHIVE_CHUNK_BYTES, lineBytesMax: LINE_BYTES_MAX })
  readonly #text: GzipText | undefined
  #readBytes = 0
  #overlongLines = 0
  /** Nothing more comes; what the framer holds still counts. */
  #isOver = false
  #hasEnded = false
  #isClosed = false

  constructor(path: string, fd: number, stat: Stats, context: SourceContext) {
    this.log = path
    this.#fd = fd
    this.#context = context
    this.#size = stat.isFile() ? stat.size : 0
    this.#writtenBy = stat.isFile() ? stat.mtimeMs : context.now()
    const first = this.#framer.free().subarray(0, FIRST_BYTES)
    const count = readSync(fd, first)
    if (isGzip(first.subarray(0, count)))
      this.#text = new GzipText(fd, () => context.onReady(), Buffer.from(first.subarray(0, count)))
    else {
      this.#framer.filled(count)
      this.#readBytes = count
    }
  }

  get state(): SourceState {
    const behindBytes = Math.max(0, this.#size - (this.#text?.compressedBytes ?? this.#readBytes))
    return { kind: this.#hasEnded ? 'ended' : 'reading', behindBytes, overlongLines: this.#overlongLines, lostBytes: 0 }
  }

  read(): Block | undefined {
    while (!this.#hasEnded && !this.#isClosed) {
      const piece = this.#framer.next()
      if (piece) return this.#block(piece)
      if (this.#isOver) {
        this.#hasEnded = true
        const last = this.#framer.end()
        if (last) return this.#block(last)
      } else if (this.#fill() === 0 && !this.#isOver) return undefined
    }
    return undefined
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#text?.close()
    closeSync(this.#fd)
  }

  #fill(): number {
    const free = this.#framer.free()
    const count = this.#text ? this.#text.take(free) : this.#readInto(free)
    this.#framer.filled(count)
    this.#readBytes += count
    if (count > 0) return count
    this.#isOver = this.#text?.isAtEnd ?? true
    if (this.#isOver) this.#tell(this.#text?.trouble)
    return 0
  }

  #readInto(free: Uint8Array): number {
    try {
      return readSync(this.#fd, free)
    } catch (error) {
      this.#tell(reasonOf(error))
      return 0
    }
  }

  #tell(trouble: string | undefined): void {
    if (trouble) this.#context.say('warning', `${this.log}: ${trouble} after ${this.#readBytes} bytes; what was read counts`)
  }

  #block({ bytes, offset, isSkipped, overlongLines }: Piece): Block {
    this.#overlongLines += overlongLines
    return {
      bytes: isSkipped ? bytes.subarray(0, 0) : bytes,
      offset,
      writtenBy: this.#writtenBy,
      catchingUp: true,
      position: this.#framer.offset,
    }
  }
}
