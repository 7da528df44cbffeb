import { Child, type ChildEnd, type ChildOptions, type Program, Restarts } from './child.ts'
import type { Asked, ReaderLink, Said } from './reader-link.ts'
import type { SourceContext } from './source.ts'
import { Rarely } from './stderr.ts'

/** What tcpdump says where it has not the right to capture. */
const denied = /permission|not permitted/i

/**
 * A capturing program, which runs here where we have the right to capture; else at the reader's, which passes on what it writes.
 * Where the reader goes away, the program has ended.
 */
export class CaptureOrReader implements Program {
  readonly #log: string
  readonly #context: SourceContext
  readonly #reader: ReaderLink
  readonly #hears: (line: string) => boolean
  readonly #rarely: Rarely
  readonly #child: Child
  readonly #restarts: Restarts
  #isDenied = false
  #asked: Asked | undefined
  #pieces: Buffer[] = []
  #end: ChildEnd | undefined
  #trouble: string | undefined
  #hasBegun = false

  constructor(log: string, context: SourceContext, options: ChildOptions, reader: ReaderLink) {
    this.#log = log
    this.#context = context
    this.#reader = reader
    this.#hears = options.hears ?? (() => false)
    this.#rarely = new Rarely((message) => context.say('warning', message))
    this.#child = new Child(log, context, options)
    this.#restarts = new Restarts(log, context)
  }

  get waitingFor(): string | undefined {
    return this.#isDenied ? this.#trouble : this.#child.waitingFor
  }

  /** It runs at the reader's. */
  get isByReader(): boolean {
    return this.#isDenied
  }

  get waitingBytes(): number {
    return this.#child.waitingBytes + this.#pieces.reduce((sum, { length }) => sum + length, 0)
  }

  start(argv: readonly string[]): void {
    if (!this.#isDenied) {
      this.#child.start(argv)
      return
    }
    this.#restarts.begin()
    this.#hasBegun = false
    this.#asked = this.#reader.ask({
      ask: () => ({ kind: 'capture', key: this.#log }),
      heard: (said) => this.#hear(said),
      lost: (because) => this.#lose(because),
    })
  }

  startAgain(why: string, argv: () => readonly string[]): void {
    if (this.#isDenied) this.#restarts.again(why, () => this.start(argv()))
    else this.#child.startAgain(why, argv)
  }

  read(): Buffer | ChildEnd | undefined {
    if (!this.#isDenied) {
      const read = this.#child.read()
      if (!read || Buffer.isBuffer(read) || !denied.test(read.lastSaid)) return read
      this.#isDenied = true
      this.#trouble = read.lastSaid
      this.start([])
      return undefined
    }
    const piece = this.#pieces.shift()
    if (piece) {
      this.#asked?.taken()
      this.#restarts.hasWritten()
      return piece
    }
    const end = this.#end
    this.#end = undefined
    return end
  }

  signal(name: NodeJS.Signals): boolean {
    if (!this.#isDenied) return this.#child.signal(name)
    this.#asked?.tellNumbers()
    return this.#asked !== undefined
  }

  kill(): void {
    this.#child.kill()
    this.#leave()
    this.#pieces = []
    this.#end = undefined
  }

  close(): void {
    this.#restarts.cancel()
    this.#child.close()
    this.kill()
  }

  #hear(said: Said): void {
    switch (said.kind) {
      case 'piece':
        this.#trouble = undefined
        this.#hasBegun = true
        this.#pieces.push(said.bytes)
        break
      case 'line':
        this.#trouble = undefined
        this.#hasBegun = true
        if (!this.#hears(said.line)) this.#rarely.say(`${this.#log}: it says: ${said.line}`)
        break
      case 'ended':
        this.#finish(said.end)
        return
      case 'refused':
        this.#trouble = `${this.#trouble}; ${said.because}`
        break
      case 'say':
        this.#context.say(said.level, said.message)
        break
    }
    this.#context.onReady()
  }

  #lose(because: string): void {
    const gone = `the reader cannot be reached: ${because}`
    if (this.#hasBegun) this.#finish({ status: null, how: gone, lastSaid: '' })
    else {
      this.#trouble = gone
      this.#context.onReady()
    }
  }

  #finish(end: ChildEnd): void {
    this.#leave()
    this.#end = end
    this.#trouble = end.lastSaid === '' ? `ended: ${end.how}` : `ended: ${end.how}: ${end.lastSaid}`
    this.#context.onReady()
  }

  #leave(): void {
    this.#asked?.end()
    this.#asked = undefined
  }
}
