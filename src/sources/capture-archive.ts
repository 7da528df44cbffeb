import { once } from 'node:events'
import { closeSync, createReadStream, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { PacketLines } from '../capture/packet-lines.ts'
import { isCapture } from '../capture/reader.ts'
import { packetBlock } from './capture-block.ts'
import { gzipHead, isGzip } from './gzip.ts'
import { reasonOf } from './open-file.ts'
import type { Block, Source, SourceContext, SourceState } from './source.ts'
import { StdinSource } from './stdin.ts'

/** Nobody waits for the first packet, so pieces are greater than those of a live capture. */
const PIECE_BYTES = 64 * 1024
/** So much is looked at to see what a file is. */
const HEAD_BYTES = 64

/**
 * An old capture, plain or gzip, read once from its start to its end, where `state` becomes `ended`: each packet is a line of
 * text, and counts by its own time. Undefined where the file is no capture, or cannot be read twice.
 */
export function openCaptureArchive(path: string, context: SourceContext): Source | undefined {
  let fd: number | undefined
  try {
    // Whoever writes into a pipe is cut off when it is closed to be opened again.
    if (!statSync(path).isFile()) return undefined
    fd = openSync(path, 'r')
    const stat = fstatSync(fd)
    const head = Buffer.alloc(HEAD_BYTES)
    const count = readSync(fd, head, 0, HEAD_BYTES, 0)
    const isCompressed = isGzip(head.subarray(0, count))
    if (isCapture(head.subarray(0, isCompressed ? gzipHead(fd, head) : count))) {
      const file = createReadStream(path, { fd, start: 0, highWaterMark: PIECE_BYTES })
      const behindBytes = () => Math.max(0, stat.size - file.bytesRead)
      return new CaptureArchive(path, isCompressed ? decompressed(file) : file, behindBytes, context)
    }
  } catch {
    // Whoever opens it as a log says what is wrong.
  }
  if (fd !== undefined) closeSync(fd)
  return undefined
}

/** Standard input as an old log: a capture or lines, plain or gzip, told by the first bytes. */
export async function openStdinArchive(stream: Readable, context: SourceContext): Promise<Source> {
  const first = await firstBytes(stream)
  const text = isGzip(first) ? decompressed(stream) : stream
  const head = text === stream ? first : await firstBytes(text)
  if (!isCapture(head)) return new StdinSource('-', context, text, { isOld: true })
  return new CaptureArchive('-', text, () => text.readableLength, context)
}

/** What a stream begins with, left in it: enough to see what it is, where there is so much. */
async function firstBytes(stream: Readable): Promise<Buffer> {
  let head = Buffer.alloc(0)
  while (head.length < HEAD_BYTES && !stream.readableEnded && !stream.errored) {
    const chunk = stream.read() as Buffer | null
    if (chunk) head = Buffer.concat([head, chunk])
    else await Promise.race(['readable', 'end', 'error'].map((event) => once(stream, event).catch(() => {})))
  }
  if (head.length > 0 && !stream.readableEnded) stream.unshift(head)
  return head
}

function decompressed(stream: Readable): Readable {
  return pipeline(stream, createGunzip({ chunkSize: PIECE_BYTES }), () => {})
}

class CaptureArchive implements Source {
  readonly log: string
  readonly #context: SourceContext
  readonly #stream: Readable
  readonly #behindBytes: () => number
  readonly #lines = new PacketLines()
  #pending: Buffer = nothing
  /** Bytes of the capture that were read, and of the text that came of them. */
  #readBytes = 0
  #offset = 0
  #isOver = false
  #hasEnded = false

  constructor(log: string, stream: Readable, behindBytes: () => number, context: SourceContext) {
    this.log = log
    this.#context = context
    this.#stream = stream
    this.#behindBytes = behindBytes
    stream
      .on('readable', () => context.onReady())
      .on('end', () => this.#end(undefined))
      .on('error', (error: NodeJS.ErrnoException) => this.#end(error.syscall ? reasonOf(error) : error.message))
  }

  get state(): SourceState {
    const { bad, notUnderstood, skippedBytes } = this.#lines.counts
    return {
      kind: this.#hasEnded ? 'ended' : 'reading',
      behindBytes: this.#behindBytes(),
      overlongLines: 0,
      lostBytes: skippedBytes,
      lostLines: bad + notUnderstood,
    }
  }

  read(): Block | undefined {
    while (!this.#hasEnded) {
      if (this.#pending.length === 0) this.#pending = (this.#stream.read() as Buffer | null) ?? nothing
      if (this.#pending.length === 0) {
        if (!this.#isOver) return undefined
        this.#hasEnded = true
        this.#tellLost()
        return undefined
      }
      const bytes = this.#pending.subarray(0, PIECE_BYTES)
      this.#pending = this.#pending.subarray(bytes.length)
      this.#readBytes += bytes.length
      const read = packetBlock(this.#lines, bytes)
      if (!read) continue
      const offset = this.#offset
      this.#offset += read.bytes.length
      return { ...read, offset, writtenBy: this.#context.now(), catchingUp: true, position: this.#readBytes }
    }
    return undefined
  }

  close(): void {
    this.#hasEnded = true
    this.#stream.destroy()
  }

  #end(trouble: string | undefined): void {
    if (this.#isOver) return
    this.#isOver = true
    if (trouble) this.#context.say('warning', `${this.log}: ${trouble} after ${this.#readBytes} bytes; what was read counts`)
    this.#context.onReady()
  }

  #tellLost(): void {
    const { bad, notUnderstood, skippedBytes } = this.#lines.counts
    const bytes = skippedBytes + this.#lines.restBytes
    if (bad + notUnderstood + bytes === 0) return
    const what = `${bad + notUnderstood} records and ${bytes} bytes`
    this.#context.say('warning', `${this.log}: ${what} could not be understood, and were passed over`)
  }
}

const nothing = Buffer.alloc(0)
