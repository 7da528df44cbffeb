import type { Duplex } from 'node:stream'
import { FrameReader, messagesOf, WireError } from '../base/frames.ts'
import type { Log } from '../base/log.ts'
import { SECOND_MS } from '../base/units.ts'
import { filesOf } from '../sources/glob.ts'
import type { Ask, Said } from '../sources/reader-link.ts'
import { captureRefusal, isInside, openAllowed, pathRefusal } from './allowed.ts'
import type { AllowedLogs } from './allowed-logs.ts'
import { checkedMessage } from './checked.ts'
import { captureFor, type Following, followFileFor } from './following.ts'
import { ALIVE_EVERY_MS, ENGINE_BYTES_MAX, framed, type ReaderSays } from './wire.ts'

export interface ReaderServerOptions {
  /** What may be read; asked for each engine that comes. */
  readonly allowed: () => AllowedLogs
  readonly log: Log
  readonly now: () => number
}

export interface ReaderServer {
  /** An engine has come. */
  serve(socket: Duplex): void
  /** Ends all connections, and closes what was read for them. */
  close(): void
}

/** More can only be engines that hang, or somebody who wants to wear us out. */
const CONNECTIONS_MAX = 4
/** Logs that are read for one engine. */
const LOGS_MAX = 4_096
/** With so many bytes that the engine has not taken, each log has at most one block on its way. */
const AHEAD_BYTES_MAX = 8 * 1024 * 1024
/** How many files of a glob are told: as many as are followed. */
const FILES_MAX = 1_000
const STATE_EVERY_MS = SECOND_MS
/** How long an engine that is cut off has to read why. */
const UNREAD_MS_MAX = 5 * SECOND_MS

/** A log that is refused: the engine may still speak of it, until it has read so. */
const nothing: Following = { goOn() {}, take: () => false, tellNumbers() {}, tellState() {}, close() {} }

/**
 * The reader's end of the socket. It opens what commands.json allows, reads it as the engine would, and passes it on; it
 * knows nothing of lines but where they end, runs no configuration and writes nothing. On anything that no engine says it
 * tells so, cuts the connection and logs it.
 */
export function readerServer({ allowed, log, now }: ReaderServerOptions): ReaderServer {
  const sessions = new Set<Session>()

  class Session {
    readonly #socket: Duplex
    readonly #allowed = allowed()
    readonly #openFile = openAllowed(this.#allowed)
    readonly #frames = new FrameReader(ENGINE_BYTES_MAX)
    readonly #followed = new Map<number, Following>()
    /** Sizes of the blocks of each log that were not taken yet. */
    readonly #ahead = new Map<number, number[]>()
    #aheadBytes = 0
    readonly #ready = new Set<number>()
    #isScheduled = false
    #hasGreeted = false
    #hasEnded = false
    readonly #timers: readonly NodeJS.Timeout[]

    constructor(socket: Duplex) {
      this.#socket = socket
      socket.on('data', (piece) => this.#take(piece))
      socket.on('error', (error) => log.detail('the connection to the engine failed', { error: error.message }))
      // Who does not read what is answered is not heard.
      socket.on('drain', () => socket.resume())
      socket.on('end', () => socket.destroy())
      socket.on('close', () => this.#closed())
      this.#timers = [
        setInterval(() => {
          for (const following of this.#followed.values()) following.tellState()
        }, STATE_EVERY_MS),
        setInterval(() => this.#write({ alive: true }), ALIVE_EVERY_MS),
      ]
    }

    #take(piece: Buffer): void {
      if (this.#hasEnded) return
      try {
        for (const message of messagesOf(this.#frames.push(piece))) this.#receive(message)
      } catch (error) {
        if (!(error instanceof WireError)) throw error
        log.error('the engine is cut off: it said what no engine says', { because: error.message })
        this.#end(error.message)
      }
    }

    #receive(message: unknown): void {
      const said = checkedMessage(message)
      if ('hello' in said) {
        if (this.#hasGreeted) throw new WireError('a second hello')
        this.#hasGreeted = true
        return
      }
      if (!this.#hasGreeted) throw new WireError('no hello comes first')
      const { id } = said
      if ('list' in said) this.#list(id, said.list)
      else if ('follow' in said) this.#follow(id, said.follow)
      else {
        const following = this.#followed.get(id)
        if (!following) throw new WireError('it speaks of a log that it does not follow')
        if ('numbers' in said) following.tellNumbers()
        else if ('end' in said) this.#leave(id)
        else {
          if (!following.take()) throw new WireError('it took what was not sent')
          this.#aheadBytes -= this.#ahead.get(id)?.shift() ?? 0
        }
      }
    }

    #follow(id: number, ask: Ask): void {
      if (this.#followed.has(id)) throw new WireError('a number is given twice')
      if (this.#followed.size >= LOGS_MAX) throw new WireError(`more than ${LOGS_MAX} logs`)
      const refused = ask.kind === 'file' ? pathRefusal(ask.path, this.#allowed) : captureRefusal(ask.key, this.#allowed)
      if (refused !== undefined) {
        log.warning('a log is not read', { log: ask.kind === 'file' ? ask.path : ask.key, because: refused })
        this.#followed.set(id, nothing)
        this.#say(id, { kind: 'refused', because: refused })
        return
      }
      const options = {
        say: (said: Said) => this.#pass(id, said),
        onReady: () => this.#wake(id),
        hasRoom: () => this.#aheadBytes < AHEAD_BYTES_MAX,
        now,
      }
      const following = ask.kind === 'file' ? followFileFor(ask, this.#openFile, options) : captureFor(ask, options)
      this.#followed.set(id, following)
      this.#ahead.set(id, [])
      this.#wake(id)
    }

    /** Logs take turns, and what the engine says comes in between. */
    #wake(id: number): void {
      this.#ready.add(id)
      if (this.#isScheduled) return
      this.#isScheduled = true
      setImmediate(() => {
        this.#isScheduled = false
        const ready = [...this.#ready]
        this.#ready.clear()
        for (const one of ready) this.#followed.get(one)?.goOn()
      })
    }

    #pass(id: number, said: Said): void {
      if ('bytes' in said) {
        this.#ahead.get(id)?.push(said.bytes.length)
        this.#aheadBytes += said.bytes.length
      }
      this.#say(id, said)
    }

    #leave(id: number): void {
      this.#followed.get(id)?.close()
      this.#followed.delete(id)
      for (const bytes of this.#ahead.get(id) ?? []) this.#aheadBytes -= bytes
      this.#ahead.delete(id)
    }

    #list(id: number, pattern: string): void {
      const refused = pathRefusal(pattern, this.#allowed)
      const files = refused === undefined ? filesOf(pattern).filter(({ path }) => isInside(path, this.#allowed)) : []
      this.#write({ id, files: files.slice(0, FILES_MAX) })
    }

    #say(id: number, said: Said): void {
      if ('bytes' in said) {
        const { bytes, ...rest } = said
        this.#write({ id, said: rest }, bytes)
      } else this.#write({ id, said })
    }

    #write(message: ReaderSays, bytes?: Buffer): void {
      if (this.#hasEnded || !this.#socket.writable) return
      if (!this.#socket.write(framed(message, bytes))) this.#socket.pause()
    }

    #end(fault: string): void {
      this.#write({ fault })
      this.#hasEnded = true
      this.#socket.end(() => this.#socket.destroy())
      setTimeout(() => this.#socket.destroy(), UNREAD_MS_MAX).unref()
      this.#closeAll()
    }

    #closed(): void {
      this.#hasEnded = true
      sessions.delete(this)
      this.#closeAll()
    }

    #closeAll(): void {
      for (const timer of this.#timers) clearInterval(timer)
      for (const id of [...this.#followed.keys()]) this.#leave(id)
    }

    destroy(): void {
      this.#socket.destroy()
    }
  }

  return {
    serve(socket) {
      if (sessions.size >= CONNECTIONS_MAX) {
        log.warning('too many connections to the reader; one is refused')
        socket.destroy()
      } else sessions.add(new Session(socket))
    },
    close() {
      for (const session of sessions) session.destroy()
    },
  }
}
