import type { Json } from '../base/units.ts'
import { type FileOptions, FileSource } from './file.ts'
import { FileByReader } from './file-by-reader.ts'
import type { ReaderLink } from './reader-link.ts'
import type { Block, FileIdentity, Source, SourceContext, SourceState } from './source.ts'

/** A rotation may close a log for a moment, until its owner and mode are set: the reader is asked when it has been closed for so long. */
const GRACE_MS = 1_000

export interface FileOrReaderOptions extends FileOptions {
  /** Undefined where there is none: then a log that is closed to us is waited for. */
  readonly reader?: ReaderLink | undefined
}

const ADVICE = 'let a group read it that log2table is in, or have the reader read it (docs/processes.md)'

/**
 * A file that we follow ourselves as long as it is open to us. Where it is not, also only since it was rotated, the reader is
 * asked to go on from the last block; until the reader has answered, we go on trying. From then on it is the reader's.
 */
export class FileOrReader implements Source {
  readonly log: string
  readonly #context: SourceContext
  readonly #options: FileOrReaderOptions
  #file: FileSource | undefined
  #byReader: FileByReader | undefined
  #position: Json | undefined
  /** It was closed to us when it was tried last, and since when. */
  #isForbidden = false
  #forbiddenSince: number | undefined
  /** What was counted before the reader took it over. */
  #overlongBefore = 0
  #lostBefore = 0

  constructor(path: string, context: SourceContext, options: FileOrReaderOptions) {
    this.log = path
    this.#context = context
    this.#options = options
    this.#position = context.position
    this.#file = new FileSource(path, context, { ...options, onForbidden: () => this.#onForbidden() })
    // At first it is so by its mode, and not by a rotation.
    if (this.#isForbidden) this.#askReader()
  }

  get state(): SourceState {
    const state = this.#file?.state ?? this.#byReader!.state
    // As long as both are tried, both have a reason.
    const more = this.#file && this.#isForbidden ? (this.#byReader ? this.#byReader.state.reason : ADVICE) : undefined
    return {
      ...state,
      ...(state.reason !== undefined && more !== undefined && { reason: `${state.reason}; ${more}` }),
      overlongLines: this.#overlongBefore + state.overlongLines,
      lostBytes: this.#lostBefore + state.lostBytes,
    }
  }

  get isCatchingUp(): boolean {
    return this.#file?.isCatchingUp || this.#byReader?.isCatchingUp || false
  }

  follows(file: FileIdentity): boolean {
    return this.#file?.follows(file) || this.#byReader?.follows(file) || false
  }

  read(): Block | undefined {
    this.#isForbidden = false
    const block = this.#file ? this.#file.read() : this.#byReader!.read()
    if (!this.#isForbidden) this.#forbiddenSince = undefined
    if (block) this.#position = block.position
    // We may read it after all.
    if (block && this.#file) this.#leaveReader()
    return block
  }

  close(): void {
    this.#file?.close()
    this.#byReader?.close()
  }

  #onForbidden(): void {
    const now = performance.now()
    this.#isForbidden = true
    this.#forbiddenSince ??= now
    if (this.#file && !this.#byReader && now - this.#forbiddenSince >= GRACE_MS) this.#askReader()
  }

  #askReader(): void {
    const { reader, startAt, isNew, lineBytesMax } = this.#options
    if (!reader) return
    const { say, now, onReady } = this.#context
    const context = { position: this.#position, say, now, onReady }
    this.#byReader = new FileByReader(this.log, context, {
      reader,
      onAnswer: () => this.#leaveFile(),
      ...(startAt !== undefined && { startAt }),
      ...(isNew !== undefined && { isNew }),
      ...(lineBytesMax !== undefined && { lineBytesMax }),
    })
  }

  #leaveFile(): void {
    const { overlongLines = 0, lostBytes = 0 } = this.#file?.state ?? {}
    this.#overlongBefore += overlongLines
    this.#lostBefore += lostBytes
    this.#file?.close()
    this.#file = undefined
  }

  #leaveReader(): void {
    this.#byReader?.close()
    this.#byReader = undefined
  }
}
