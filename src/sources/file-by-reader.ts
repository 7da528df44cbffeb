import type { Json } from '../base/units.ts'
import type { FileOptions } from './file.ts'
import type { Ask, Asked, ReaderLink, ReaderState, Said } from './reader-link.ts'
import type { Block, FileIdentity, SourceContext, SourceState } from './source.ts'

type BlockSaid = Said & { readonly kind: 'block' }

export interface FileByReaderOptions extends Pick<FileOptions, 'startAt' | 'isNew' | 'lineBytesMax'> {
  readonly reader: ReaderLink
  /** The reader has answered: whoever tried it without may end. */
  readonly onAnswer: () => void
}

/** How long a reader that does not answer is waited for with old lines, as it may just be started. */
const START_MS = 2_000
const NOT_ANSWERED = 'the reader has not answered yet'

/**
 * A file that the reader follows for us. What it sends ahead lies here until it is taken; when the reader goes away that is
 * dropped, and the next one is asked from the last block that was taken.
 */
export class FileByReader {
  readonly #path: string
  readonly #context: SourceContext
  readonly #options: FileByReaderOptions
  readonly #asked: Asked
  readonly #startTimer: NodeJS.Timeout
  #blocks: BlockSaid[] = []
  #position: Json | undefined
  #state: ReaderState | undefined
  /** Why it is not read. */
  #trouble: string | undefined
  #hasAnswered = false
  #hasBeenDry = false
  #isStarting = true
  #overlongLines = 0
  /** What readers had counted that are gone. */
  #overlongBefore = 0
  #lostBefore = 0
  /** commands.json does not allow it. */
  isRefused = false

  constructor(path: string, context: SourceContext, options: FileByReaderOptions) {
    this.#path = path
    this.#context = context
    this.#options = options
    this.#position = context.position
    this.#startTimer = setTimeout(() => {
      this.#isStarting = false
      context.onReady()
    }, START_MS).unref()
    this.#asked = options.reader.ask({
      ask: () => this.#ask(),
      heard: (said) => this.#hear(said),
      lost: (because) => this.#lose(because),
    })
  }

  /** The reader has it, or had it before it went away. */
  get hasAnswered(): boolean {
    return this.#hasAnswered
  }

  get state(): SourceState {
    const { kind = 'waiting', reason = NOT_ANSWERED, behindBytes = 0, lostBytes = 0 } = this.#state ?? {}
    const trouble = this.#trouble ?? (kind === 'waiting' ? reason : undefined)
    return {
      kind: trouble === undefined ? 'reading' : 'waiting',
      ...(trouble !== undefined && { reason: trouble }),
      behindBytes: this.#blocks.reduce((sum, { bytes }) => sum + bytes.length, behindBytes),
      overlongLines: this.#overlongBefore + this.#overlongLines,
      lostBytes: this.#lostBefore + lostBytes,
      isByReader: true,
    }
  }

  /** Lines that were there before us are on their way. */
  get isCatchingUp(): boolean {
    if (this.isRefused) return false
    if (this.#hasBeenDry) return this.#trouble === undefined && this.#state?.isCatchingUp === true
    return this.#isStarting || (this.#trouble === undefined && this.#hasAnswered)
  }

  follows({ dev, ino }: FileIdentity): boolean {
    const files = (this.#position as { readonly files?: readonly FileIdentity[] } | undefined)?.files ?? []
    return files.some((file) => file.dev === dev && file.ino === ino)
  }

  read(): Block | undefined {
    const block = this.#blocks.shift()
    if (!block) return undefined
    this.#asked.taken()
    const { offset, writtenBy, catchingUp, position, overlongLines, bytes } = block
    this.#position = position
    this.#overlongLines = overlongLines
    return { bytes, offset, writtenBy, catchingUp, position }
  }

  close(): void {
    clearTimeout(this.#startTimer)
    this.#asked.end()
    this.#blocks = []
  }

  #ask(): Ask {
    const { startAt, isNew, lineBytesMax } = this.#options
    return {
      kind: 'file',
      path: this.#path,
      ...(this.#position !== undefined && { position: this.#position }),
      ...(startAt !== undefined && { startAt }),
      ...(isNew !== undefined && { isNew }),
      ...(lineBytesMax !== undefined && { lineBytesMax }),
    }
  }

  #hear(said: Said): void {
    if (said.kind === 'say') this.#context.say(said.level, said.message)
    else if (said.kind === 'refused') {
      this.isRefused = true
      this.#trouble = said.because
    } else if (said.kind === 'block' || said.kind === 'state') {
      this.#trouble = undefined
      if (said.kind === 'block') this.#blocks.push(said)
      else {
        this.#state = said.state
        this.#hasBeenDry ||= said.state.isDry
      }
      if (!this.#hasAnswered) {
        this.#hasAnswered = true
        this.#options.onAnswer()
      }
    }
    this.#context.onReady()
  }

  #lose(because: string): void {
    this.#trouble = `the reader cannot be reached: ${because}`
    this.#blocks = []
    this.#overlongBefore += this.#overlongLines
    this.#lostBefore += this.#state?.lostBytes ?? 0
    this.#overlongLines = 0
    this.#state = undefined
    this.#context.onReady()
  }
}
