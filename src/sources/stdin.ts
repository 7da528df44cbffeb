import type { Readable } from 'node:stream'
import { Framer, type Piece } from '../lines/framing.ts'
import { reasonOf } from './open-file.ts'
import { type Block, CHUNK_BYTES, LINE_BYTES_MAX, type Source, type SourceContext, type SourceState } from './source.ts'

/**
 * Standard input: what is not read here stays with the program that writes it. Its end is the source's end; a last line
 * without a line feed is a line. What was read cannot be read again, so a position is only a count of bytes.
 */
export class StdinSource implements Source {
  readonly log: string
  readonly isReadOnce = true
  readonly #context: SourceContext
  readonly #stream: Readable
  readonly #isOld: boolean
  readonly #framer = new Framer({ chunkBytes: CHUNK_BYTES, lineBytesMax: LINE_BYTES_MAX })
  #pending: Buffer | undefined
  #overlongLines = 0
  #isOver = false
  #hasEnded = false
  readonly #onReady = () => this.#context.onReady()
  readonly #onEnd = () => {
    this.#isOver = true
    this.#context.onReady()
  }
  readonly #onError = (error: Error) => {
    this.#context.say('warning', `${this.log}: ${reasonOf(error)}`)
    this.#onEnd()
  }

  /** With `isOld`, lines count by their own time, as those of an old log do. */
  constructor(
    log: string,
    context: SourceContext,
    stream: Readable = process.stdin,
    { isOld = false }: { readonly isOld?: boolean } = {},
  ) {
    this.#isOld = isOld
    this.log = log
    this.#context = context
    this.#stream = stream
    this.#framer.restart(typeof context.position === 'number' ? context.position : 0, false)
    stream.on('readable', this.#onReady).on('end', this.#onEnd).on('error', this.#onError)
  }

  get state(): SourceState {
    const behindBytes = (this.#pending?.length ?? 0) + this.#stream.readableLength
    return { kind: this.#hasEnded ? 'ended' : 'reading', behindBytes, overlongLines: this.#overlongLines, lostBytes: 0 }
  }

  read(): Block | undefined {
    while (!this.#hasEnded) {
      const piece = this.#framer.next()
      if (piece) return this.#block(piece)
      this.#pending ??= (this.#stream.read() as Buffer | null) ?? undefined
      if (this.#pending) this.#pending = this.#framer.fill(this.#pending)
      else if (!this.#isOver) return undefined
      else {
        this.#hasEnded = true
        const last = this.#framer.end()
        if (last) return this.#block(last)
      }
    }
    return undefined
  }

  close(): void {
    this.#hasEnded = true
    this.#stream.off('readable', this.#onReady).off('end', this.#onEnd).off('error', this.#onError)
    this.#stream.destroy()
  }

  #block({ bytes, offset, isSkipped, overlongLines }: Piece): Block {
    this.#overlongLines += overlongLines
    return {
      bytes: isSkipped ? bytes.subarray(0, 0) : bytes,
      offset,
      writtenBy: this.#context.now(),
      catchingUp: this.#isOld,
      position: this.#framer.offset,
    }
  }
}
