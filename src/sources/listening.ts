import { reasonOf } from './open-file.ts'
import type { SourceContext } from './source.ts'

/** How long it takes until listening is tried again: doubled each time, up to the greatest. */
const AGAIN_MS_MIN = 250
const AGAIN_MS_MAX = 30_000

/** Keeps a socket listening: where it cannot be (its address is in use, or not there yet), it is tried again. */
export class Listening<S extends { close(): unknown }> {
  readonly #log: string
  readonly #context: SourceContext
  readonly #open: (onListening: () => void, onError: (error: Error) => void) => S
  #socket: S | undefined
  #timer: NodeJS.Timeout | undefined
  #pauseMs = AGAIN_MS_MIN
  #said = ''
  /** Why it does not listen; undefined while it does. */
  waitingFor: string | undefined = 'about to listen'

  constructor(log: string, context: SourceContext, open: (onListening: () => void, onError: (error: Error) => void) => S) {
    this.#log = log
    this.#context = context
    this.#open = open
    this.#try()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#end()
  }

  #try(): void {
    const socket = this.#open(
      () => {
        if (socket !== this.#socket) {
          socket.close()
          return
        }
        if (this.#said !== '') this.#context.say('info', `${this.#log}: listening again`)
        this.waitingFor = undefined
        this.#said = ''
        this.#pauseMs = AGAIN_MS_MIN
      },
      (error) => {
        if (socket === this.#socket) this.#fail(error)
      },
    )
    this.#socket = socket
  }

  #fail(error: Error): void {
    this.#end()
    this.waitingFor = reasonOf(error)
    if (this.waitingFor !== this.#said)
      this.#context.say('warning', `${this.#log}: cannot listen: ${this.waitingFor}; trying again`)
    this.#said = this.waitingFor
    this.#timer = setTimeout(() => this.#try(), this.#pauseMs)
    this.#pauseMs = Math.min(2 * this.#pauseMs, AGAIN_MS_MAX)
  }

  #end(): void {
    const socket = this.#socket
    this.#socket = undefined
    try {
      socket?.close()
    } catch {
      // it was not open
    }
  }
}
