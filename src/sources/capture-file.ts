import { fstatSync, readdirSync, readSync, type Stats, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Json } from '../base/units.ts'
import { PacketLines } from '../capture/packet-lines.ts'
import { packetBlock } from './capture-block.ts'
import { closeReadOnly, isForbidden, openRegularFile, reasonOf } from './open-file.ts'
import type { Block, FileIdentity, Source, SourceContext, SourceState } from './source.ts'

export interface CaptureFileOptions {
  /** Where to begin where there is no position. */
  readonly startAt?: 'start' | 'end'
  /** How often the file is looked at; 0 for never, then somebody calls `poll`. */
  readonly pollMs?: number
}

const POLL_MS = 250
/** The reader does not read captures that others write: where to go on in them is known only by decoding them. */
const ADVICE = 'let a group read it that log2table is in, or follow the interface itself ("pflog:pflog0"), which the reader can'
/** As of a program's captures: so that a block is no longer than those of other logs. */
const PIECE_BYTES = 16 * 1024
const SILENT_PIECE_BYTES = 64 * 1024
/** The longest head of a file that is needed to read on behind it; a capture of the newer form is read from its start. */
const PCAP_HEADER_BYTES = 24
const PCAPNG_MAGIC = 0x0a0d0d0a

/** What is committed: a file, and where its next record begins. */
interface Position {
  readonly dev: number
  readonly ino: number
  readonly offset: number
}

/**
 * A capture that a program (pflogd) writes on: each packet is a line of text. A file that was renamed is read to its end, and
 * its successor once something is in it, as pflogd learns of the rotation later than we do; one that was emptied is read from
 * its start. At start the file that was being read is looked for among those beside it (compressed ones are not read).
 */
export class CaptureFileSource implements Source {
  readonly log: string
  readonly #path: string
  readonly #context: SourceContext
  readonly #startAt: 'start' | 'end'
  readonly #piece = Buffer.allocUnsafeSlow(PIECE_BYTES)
  readonly #timer: NodeJS.Timeout | undefined
  #file: OpenCapture | undefined
  #sought: Position | undefined
  #waitingFor: string | undefined
  #isFirst = true
  #lostBytes = 0
  #lostLines = 0
  #isClosed = false

  constructor(
    log: string,
    path: string,
    context: SourceContext,
    { startAt = 'start', pollMs = POLL_MS }: CaptureFileOptions = {},
  ) {
    this.log = log
    this.#path = path
    this.#context = context
    this.#startAt = context.position === undefined ? startAt : 'start'
    this.#sought = isPosition(context.position) ? context.position : undefined
    this.#attempt(() => this.#open())
    if (pollMs > 0) this.#timer = setInterval(() => this.poll(), pollMs)
  }

  get state(): SourceState {
    return {
      kind: this.#waitingFor === undefined ? 'reading' : 'waiting',
      ...(this.#waitingFor !== undefined && { reason: this.#waitingFor }),
      behindBytes: this.#file?.behindBytes ?? 0,
      overlongLines: 0,
      lostBytes: this.#lostBytes + (this.#file?.lines.counts.skippedBytes ?? 0),
      lostLines: this.#lostLines + (this.#file?.unreadable ?? 0),
    }
  }

  follows({ dev, ino }: FileIdentity): boolean {
    return [this.#file, this.#sought].some((file) => file?.dev === dev && file?.ino === ino)
  }

  /** Calls `onReady` where there is something new. */
  poll(): void {
    if (this.#isClosed) return
    if (!this.#file || this.#file.behindBytes > 0 || this.#hasSuccessor(this.#file)) this.#context.onReady()
  }

  read(): Block | undefined {
    return this.#isClosed ? undefined : this.#attempt(() => this.#read())
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#timer)
    this.#file?.close()
  }

  #read(): Block | undefined {
    for (;;) {
      if (!this.#file && !this.#open()) return undefined
      const file = this.#file!
      const block = this.#readPiece(file)
      if (block) return block
      if (file.size() < file.fed) {
        this.#context.say('info', `${this.log}: was emptied; read from its start`)
        this.#leave(file)
      } else if (this.#hasSuccessor(file)) this.#leave(file)
      else return undefined
    }
  }

  #readPiece(file: OpenCapture): Block | undefined {
    for (;;) {
      const catchingUp = file.fed < file.sizeAtOpen
      const count = readSync(file.fd, this.#piece, 0, PIECE_BYTES, file.fed)
      if (count === 0) return undefined
      const offset = file.fed
      const read = file.feed(this.#piece.subarray(0, count))
      if (file.lines.isNoCapture) this.#waitingFor = 'it is no capture'
      if (!read) continue
      const { dev, ino } = file
      return { ...read, offset, writtenBy: this.#context.now(), catchingUp, position: { dev, ino, offset: file.recordAt } }
    }
  }

  /** Another file stands under the name, and something is in it. */
  #hasSuccessor({ dev, ino }: OpenCapture): boolean {
    const stat = statSync(this.#path, { throwIfNoEntry: false })
    return stat !== undefined && (stat.dev !== dev || stat.ino !== ino) && stat.size >= PCAP_HEADER_BYTES
  }

  /** Nothing more comes of this file. */
  #leave(file: OpenCapture): void {
    this.#lostLines += file.unreadable
    this.#lostBytes += file.lines.counts.skippedBytes + file.lines.restBytes
    file.close()
    this.#file = undefined
  }

  /** Opens the file that was being read, or the one of the name; false where there is none. */
  #open(): boolean {
    const stat = statSync(this.#path, { throwIfNoEntry: false })
    const sought = this.#sought
    const isFirst = this.#isFirst
    if (sought) {
      const path = this.#pathOf(sought)
      this.#sought = undefined
      if (path) {
        this.#isFirst = false
        this.#file = new OpenCapture(path)
        if (sought.offset <= this.#file.size()) {
          this.#file.skipTo(sought.offset)
          this.#waitingFor = undefined
          return true
        }
        this.#file.close()
        this.#file = undefined
      }
      this.#context.say('warning', `${this.log}: the file that was being read is gone, with what was written to it since`)
    }
    if (!stat) {
      this.#waitingFor = 'no such file'
      // What comes is new.
      this.#isFirst = false
      return false
    }
    this.#file = new OpenCapture(this.#path)
    this.#isFirst = false
    this.#waitingFor = undefined
    if (!isFirst) this.#file.sizeAtOpen = 0
    else if (this.#startAt === 'end') this.#file.passTo(this.#file.sizeAtOpen)
    return true
  }

  /** Where a file is now: under its name, or renamed beside it. */
  #pathOf({ dev, ino }: Position): string | undefined {
    const folder = dirname(this.#path)
    const name = basename(this.#path)
    const beside = readdirSync(folder).filter((other) => other.startsWith(name) && !/\.(?:gz|bz2|xz|zst)$/.test(other))
    return beside
      .map((other) => join(folder, other))
      .find((path) => {
        const stat = statSync(path, { throwIfNoEntry: false })
        return stat?.dev === dev && stat?.ino === ino
      })
  }

  /** What fails is told by `state`, and tried again. */
  #attempt<T>(what: () => T): T | undefined {
    try {
      return what()
    } catch (error) {
      this.#waitingFor = isForbidden(error) ? `${reasonOf(error)}; ${ADVICE}` : reasonOf(error)
      this.#file?.close()
      this.#file = undefined
      return undefined
    }
  }
}

/** A file that is open, and how far it was read. */
class OpenCapture {
  readonly fd: number
  readonly dev: number
  readonly ino: number
  readonly lines = new PacketLines()
  /** What is before it was there before we looked. */
  sizeAtOpen: number
  /** Bytes given to `lines`. */
  fed = 0

  constructor(path: string) {
    const { fd, stat } = openRegularFile(path)
    this.fd = fd
    this.dev = stat.dev
    this.ino = stat.ino
    this.sizeAtOpen = stat.size
  }

  /** Where the next record begins. */
  get recordAt(): number {
    return this.fed - this.lines.restBytes
  }

  get behindBytes(): number {
    return Math.max(0, this.size() - this.fed)
  }

  /** Records that hold no packet that can be understood. */
  get unreadable(): number {
    const { bad, notUnderstood } = this.lines.counts
    return bad + notUnderstood
  }

  size(): number {
    const stat: Stats = fstatSync(this.fd)
    return stat.size
  }

  feed(bytes: Buffer): ReturnType<typeof packetBlock> {
    this.fed += bytes.length
    return packetBlock(this.lines, bytes)
  }

  /** Goes on at a record, behind those that were told before. */
  skipTo(recordAt: number): void {
    this.passTo(Math.min(recordAt, PCAP_HEADER_BYTES))
    if (this.fed < recordAt && this.#isPcapng()) this.passTo(recordAt)
    else this.fed = recordAt
  }

  /** Reads so far, and tells nothing. */
  passTo(end: number): void {
    const piece = Buffer.allocUnsafeSlow(SILENT_PIECE_BYTES)
    while (this.fed < end) {
      const count = readSync(this.fd, piece, 0, Math.min(piece.length, end - this.fed), this.fed)
      if (count === 0) return
      this.feed(piece.subarray(0, count))
    }
  }

  #isPcapng(): boolean {
    const magic = Buffer.alloc(4)
    readSync(this.fd, magic, 0, 4, 0)
    return magic.readUInt32BE(0) === PCAPNG_MAGIC
  }

  close(): void {
    closeReadOnly(this.fd)
  }
}

function isPosition(value: Json | undefined): value is Json & Position {
  return typeof value === 'object' && value !== null && 'dev' in value && 'ino' in value && 'offset' in value
}
