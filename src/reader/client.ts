import { connect, type Socket } from 'node:net'
import { type Frame, FrameReader } from '../base/frames.ts'
import type { Log } from '../base/log.ts'
import { SECOND_MS } from '../base/units.ts'
import { reasonOf } from '../sources/open-file.ts'
import type { Asked, Asker, ListedFile, ReaderLink, Said } from '../sources/reader-link.ts'
import { ALIVE_EVERY_MS, type EngineSays, framed, READER_BYTES_MAX, READER_WIRE_VERSION, type ReaderSays } from './wire.ts'

export interface ReaderClientOptions {
  /** The socket that the reader listens on. */
  readonly path: string
  readonly log: Log
}

const RECONNECT_MS_MIN = 100
const RECONNECT_MS_MAX = 5 * SECOND_MS
/** A reader that says nothing for so long hangs. */
const SILENT_MS_MAX = 3 * ALIVE_EVERY_MS

/**
 * A reader in another process. It is looked for once something is asked of it, and with growing pauses when it goes away; then
 * it is asked everything anew, each log from where it was taken last.
 */
export function readerClient({ path, log }: ReaderClientOptions): ReaderLink {
  const askers = new Set<Asking>()
  const lists = new Map<string, Listing>()
  let connection: Connection | undefined
  let trouble = ''
  let pauseMs = RECONNECT_MS_MIN
  let reconnecting: NodeJS.Timeout | undefined
  let isClosed = false

  function lost(because: string): void {
    connection = undefined
    if (isClosed) return
    if (trouble !== because) log.error(`the reader cannot be reached: ${because}`, { path })
    trouble = because
    for (const asking of [...askers]) asking.lose(because)
    for (const listing of lists.values()) listing.isAsked = false
    if (askers.size === 0) return
    reconnecting = setTimeout(open, pauseMs)
    pauseMs = Math.min(pauseMs * 2, RECONNECT_MS_MAX)
  }

  function open(): void {
    clearTimeout(reconnecting)
    reconnecting = undefined
    const opened = new Connection(path, {
      onHeard() {
        pauseMs = RECONNECT_MS_MIN
        if (trouble !== '') log.info('the reader answers', { path })
        trouble = ''
      },
      onEnd: lost,
    })
    connection = opened
    for (const asking of askers) asking.begin(opened)
  }

  /** The connection there is, or one that is being made; undefined while the reader is waited for. */
  function connected(): Connection | undefined {
    if (!connection && !reconnecting && !isClosed) open()
    return connection
  }

  class Asking implements Asked {
    readonly #asker: Asker
    #at: { readonly connection: Connection; readonly id: number } | undefined

    constructor(asker: Asker) {
      this.#asker = asker
    }

    begin(opened: Connection): void {
      const id = opened.follow((said) => this.#asker.heard(said))
      this.#at = { connection: opened, id }
      opened.say({ id, follow: this.#asker.ask() })
    }

    lose(because: string): void {
      this.#at = undefined
      this.#asker.lost(because)
    }

    /** It has come while there was no reader. */
    isNotThere(because: string): void {
      if (!this.#at && askers.has(this)) this.lose(because)
    }

    taken(): void {
      if (this.#at) this.#at.connection.say({ id: this.#at.id, taken: true })
    }

    tellNumbers(): void {
      if (this.#at) this.#at.connection.say({ id: this.#at.id, numbers: true })
    }

    end(): void {
      askers.delete(this)
      if (this.#at) this.#at.connection.leave(this.#at.id)
      this.#at = undefined
    }
  }

  interface Listing {
    files: readonly ListedFile[]
    isAsked: boolean
  }

  return {
    ask(asker) {
      const asking = new Asking(asker)
      const there = connected()
      askers.add(asking)
      // What it says comes later, also where there is none: whoever asks is still being made.
      if (there) asking.begin(there)
      else setImmediate(() => asking.isNotThere(trouble))
      return asking
    },
    files(pattern, onFound) {
      const listing = lists.get(pattern) ?? { files: [], isAsked: false }
      lists.set(pattern, listing)
      const there = connected()
      if (listing.isAsked || !there) return listing.files
      listing.isAsked = true
      there.list(pattern, (files) => {
        listing.isAsked = false
        const isSame = JSON.stringify(files) === JSON.stringify(listing.files)
        listing.files = files
        if (!isSame) onFound()
      })
      return listing.files
    },
    close() {
      isClosed = true
      clearTimeout(reconnecting)
      connection?.close()
    },
  }
}

interface ConnectionListener {
  /** The reader is there, and speaks. */
  onHeard(): void
  onEnd(because: string): void
}

/** One connection, from its beginning to its end. */
class Connection {
  readonly #socket: Socket
  readonly #frames = new FrameReader(READER_BYTES_MAX)
  readonly #listener: ConnectionListener
  readonly #followed = new Map<number, (said: Said) => void>()
  readonly #listed = new Map<number, (files: readonly ListedFile[]) => void>()
  readonly #silence: NodeJS.Timeout
  #lastId = 0
  #because = 'the connection was closed'

  constructor(path: string, listener: ConnectionListener) {
    this.#listener = listener
    this.#socket = connect(path)
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#because = error.code === 'ENOENT' ? `there is no ${path}` : reasonOf(error)
    })
    this.#socket.on('data', (piece) => this.#take(piece))
    this.#socket.on('close', () => {
      clearTimeout(this.#silence)
      listener.onEnd(this.#because)
    })
    this.#silence = setTimeout(() => {
      this.#socket.destroy(new Error(`it has said nothing for ${SILENT_MS_MAX / SECOND_MS} s`))
    }, SILENT_MS_MAX)
    this.say({ hello: READER_WIRE_VERSION })
  }

  say(message: EngineSays): void {
    if (this.#socket.writable) this.#socket.write(framed(message))
  }

  /** Gives the number by which both will speak of a log. */
  follow(heard: (said: Said) => void): number {
    this.#followed.set(++this.#lastId, heard)
    return this.#lastId
  }

  leave(id: number): void {
    if (this.#followed.delete(id)) this.say({ id, end: true })
  }

  list(pattern: string, onFiles: (files: readonly ListedFile[]) => void): void {
    this.#listed.set(++this.#lastId, onFiles)
    this.say({ id: this.#lastId, list: pattern })
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(piece: Buffer): void {
    let frames: readonly Frame[] = []
    try {
      frames = this.#frames.push(piece)
    } catch (error) {
      this.#socket.destroy(error as Error)
    }
    this.#silence.refresh()
    for (const frame of frames) this.#receive(frame)
  }

  #receive({ message, bytes }: Frame): void {
    const says = message as ReaderSays
    if ('fault' in says) {
      this.#because = `it refuses: ${says.fault}`
      return
    }
    this.#listener.onHeard()
    if ('alive' in says) return
    const { id } = says
    if ('files' in says) {
      this.#listed.get(id)?.(says.files)
      this.#listed.delete(id)
    } else {
      const { kind } = says.said
      this.#followed.get(id)?.((kind === 'block' || kind === 'piece' ? { ...says.said, bytes } : says.said) as Said)
    }
  }
}
