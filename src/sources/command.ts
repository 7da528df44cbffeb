import { Framer, type Piece } from '../lines/framing.ts'
import { Child, type ChildEnd } from './child.ts'
import { type Block, CHUNK_BYTES, LINE_BYTES_MAX, type Source, type SourceContext, type SourceState } from './source.ts'

/**
 * A program whose standard output is the log, started again whenever it ends. What it wrote cannot be had twice, so the
 * position is only a count of bytes; what is known to be lost is counted: a last line that was cut when the program was
 * killed, and what it had written when we ended. A program that ends well (exit status 0) may leave out its last line feed.
 */
export class CommandSource implements Source {
  readonly log: string
  readonly isReadOnce = true
  readonly #argv: readonly string[]
  readonly #context: SourceContext
  readonly #child: Child
  readonly #framer = new Framer({ chunkBytes: CHUNK_BYTES, lineBytesMax: LINE_BYTES_MAX })
  #pending: Buffer | undefined
  /** It has ended, and its last line is not dealt with yet. */
  #end: ChildEnd | undefined
  #overlongLines = 0
  #lostBytes = 0
  #isClosed = false

  constructor(log: string, argv: readonly string[], context: SourceContext) {
    this.log = log
    this.#argv = argv
    this.#context = context
    this.#framer.restart(typeof context.position === 'number' ? context.position : 0, false)
    this.#child = new Child(log, context)
    this.#child.start(argv)
  }

  get state(): SourceState {
    const { waitingFor } = this.#child
    return {
      kind: waitingFor === undefined ? 'reading' : 'waiting',
      ...(waitingFor !== undefined && { reason: waitingFor }),
      behindBytes: this.#unreadBytes(),
      overlongLines: this.#overlongLines,
      lostBytes: this.#lostBytes,
    }
  }

  read(): Block | undefined {
    while (!this.#isClosed) {
      const piece = this.#framer.next()
      if (piece) return this.#block(piece)
      if (this.#pending) this.#pending = this.#framer.fill(this.#pending)
      else if (this.#end) {
        const last = this.#endLine(this.#end)
        if (last) return this.#block(last)
      } else {
        const read = this.#child.read()
        if (!read) return undefined
        if (Buffer.isBuffer(read)) this.#pending = read
        else this.#end = read
      }
    }
    return undefined
  }

  close(): void {
    if (this.#isClosed) return
    const unread = this.#unreadBytes() + this.#framer.rest.length
    if (unread > 0) this.#context.say('info', `${this.log}: ended with ${unread} bytes that were not read; they are lost`)
    this.#lostBytes += unread
    this.#isClosed = true
    this.#pending = undefined
    this.#child.close()
  }

  #endLine({ status, how }: ChildEnd): Piece | undefined {
    this.#end = undefined
    this.#child.startAgain(`ended (${how})`, () => this.#argv)
    if (status === 0) {
      const last = this.#framer.end()
      this.#framer.restart(this.#framer.offset, false)
      return last
    }
    const cut = this.#framer.rest.length
    this.#lostBytes += cut
    this.#framer.restart(this.#framer.offset + cut, false)
    return undefined
  }

  #unreadBytes(): number {
    return this.#child.waitingBytes + (this.#pending?.length ?? 0)
  }

  #block({ bytes, offset, isSkipped, overlongLines }: Piece): Block {
    this.#overlongLines += overlongLines
    return {
      bytes: isSkipped ? bytes.subarray(0, 0) : bytes,
      offset,
      writtenBy: this.#context.now(),
      catchingUp: false,
      position: this.#framer.offset,
    }
  }
}
