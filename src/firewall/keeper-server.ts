import type { Duplex } from 'node:stream'
import { WireError } from '../base/frames.ts'
import type { Log } from '../base/log.ts'
import { type Instant, MINUTE_MS, SECOND_MS } from '../base/units.ts'
import { isRecord } from '../base/value.ts'
import { Allowance, type Pace } from './allowance.ts'
import type { Keeper } from './keeper.ts'
import { isName, type Request, RequestError } from './request.ts'
import { TABLE_ENTRIES_MAX, type Timers } from './table-keeper.ts'
import { framed, type KeeperMessage, type Question, Unframer, WIRE_VERSION } from './wire.ts'

export interface KeeperServerOptions {
  /** A keeper that knows nothing yet: each engine speaks to its own, until it takes the place of the one before. */
  readonly createKeeper: () => Keeper
  readonly log: Log
  readonly timers: Timers
  now(): Instant
  readonly limits?: Limits
  /** An engine is followed from now on. */
  readonly onBegin?: () => void
}

export interface KeeperServer {
  /** An engine has come. */
  serve(socket: Duplex): void
  /** Ends all connections; what is queued is carried out, if it can be soon; all entries stay in. */
  close(): Promise<void>
}

/** How fast all engines together may ask. Whoever is faster is not cut off: he is read more slowly, and has to wait. */
export interface Limits {
  readonly requests: Pace
  /** Entries to be added or deleted. */
  readonly entries: Pace
}

/**
 * More than any engine needs, in a flood too: the largest table at once, as after a start, and then as many bans as no firewall
 * carries out for long.
 */
const LIMITS: Limits = {
  requests: { perSecond: 1_000, atOnce: 10_000 },
  entries: { perSecond: 100_000, atOnce: TABLE_ENTRIES_MAX },
}
/** How often it is said at most that an engine is too fast. */
const SLOWED_SAY_MS = MINUTE_MS
/** More can only be engines that hang, or somebody who wants to wear us out. */
const CONNECTIONS_MAX = 8
/** Questions of one connection that may be open at a time; what comes after them waits unread. */
const QUESTIONS_MAX = 64
/** Entries of a list that go into one message. */
const PART_ENTRIES = 20_000
/** How long an engine may take to read what is said to it, before it is cut off. */
const UNREAD_MS_MAX = 30 * SECOND_MS

/**
 * The keeper's end of the socket. It does what valid requests say and answers; on anything else it tells the engine so,
 * cuts the connection and logs it. The engine that said `begin` last is the one that is followed; when it goes away, its
 * tables are kept right as it left them, until another has begun.
 */
export function keeperServer({ createKeeper, log, timers, now, limits = LIMITS, onBegin }: KeeperServerOptions): KeeperServer {
  const sessions = new Set<Session>()
  let current: { readonly session: Session; readonly keeper: Keeper } | undefined
  /** One engine takes the place of another at a time. */
  let changing: Promise<unknown> = Promise.resolve()
  const requestsLeft = new Allowance(limits.requests)
  const entriesLeft = new Allowance(limits.entries)
  let slowedSaidAt = Number.NEGATIVE_INFINITY

  /** Waits where there was too much of it lately; nothing more is read meanwhile. */
  async function untilAllowed(request: unknown): Promise<void> {
    const at = now()
    const waitMs = Math.max(requestsLeft.take(1, at), entriesLeft.take(entriesIn(request), at))
    if (waitMs === 0) return
    if (at >= slowedSaidAt + SLOWED_SAY_MS) {
      const { requests, entries } = limits
      const most = { requestsPerSecond: requests.perSecond, entriesPerSecond: entries.perSecond }
      log.warning('an engine asks for more than is taken, and has to wait', most)
      slowedSaidAt = at
    }
    await new Promise<void>((resolve) => timers.after(waitMs, resolve))
  }

  class Session {
    readonly #socket: Duplex
    readonly #keeper = createKeeper()
    readonly #unframer = new Unframer()
    #asked: Promise<unknown> = Promise.resolve()
    /** What is not answered yet. */
    #openRequests = 0
    #openQuestions = 0
    #hasGreeted = false
    #hasEnded = false
    #cancelUnread = () => {}

    constructor(socket: Duplex) {
      this.#socket = socket
      socket.on('data', (piece) => this.#take(piece))
      socket.on('error', (error) => log.detail('the connection to the engine failed', { error: error.message }))
      socket.on('drain', () => this.#cancelUnread())
      // Who says no more does not listen either.
      socket.on('end', () => socket.destroy())
      socket.on('close', () => void this.#closed())
    }

    #take(piece: Buffer): void {
      if (this.#hasEnded) return
      try {
        for (const message of this.#unframer.push(piece)) this.#receive(message)
      } catch (error) {
        this.#fault(error)
      }
    }

    #receive(message: unknown): void {
      const { hello, id, ask, question } = checkedEnvelope(message)
      if (!this.#hasGreeted) {
        if (hello !== WIRE_VERSION)
          throw new WireError(`engine and keeper are of different versions (${hello}, ${WIRE_VERSION}); restart both`)
        this.#hasGreeted = true
        return
      }
      if (hello !== undefined) throw new WireError('a second hello')
      const request = ask as Request
      if (question !== undefined) this.#whileOpen('question', id, this.#answerQuestion(id, questionOf(question)))
      else if (request?.kind === 'list') this.#whileOpen('question', id, this.#list(id, request))
      else this.#whileOpen('request', id, this.#inOrder(id, request))
    }

    /** Nothing more is read while a request is carried out, so that no more of them can gather than came at once. */
    async #whileOpen(kind: 'request' | 'question', id: number, answering: Promise<void>): Promise<void> {
      const count = (by: 1 | -1) => {
        if (kind === 'request') this.#openRequests += by
        else this.#openQuestions += by
        if (this.#openRequests > 0 || this.#openQuestions >= QUESTIONS_MAX) this.#socket.pause()
        else this.#socket.resume()
      }
      count(1)
      try {
        await answering
      } catch (error) {
        if (error instanceof RequestError || error instanceof WireError) this.#fault(error)
        else this.#say({ id, failure: (error as Error).message })
      }
      count(-1)
    }

    #inOrder(id: number, request: Request): Promise<void> {
      const done = this.#asked.then(async () => {
        await untilAllowed(request)
        // What came before was wrong: nothing of this engine is done any more.
        if (this.#hasEnded) return
        if (request?.kind === 'begin') await this.#takeOver()
        this.#say({ id, answer: await this.#keeper.handle(request) })
      })
      this.#asked = done.catch(() => {})
      return done
    }

    async #list(id: number, request: Request): Promise<void> {
      await this.#asked
      await untilAllowed(request)
      const answer = await this.#keeper.handle(request)
      const { entries } = answer.kind === 'entries' ? answer : { entries: [] }
      for (let from = 0; from < entries.length; from += PART_ENTRIES)
        this.#say({ id, part: entries.slice(from, from + PART_ENTRIES) })
      this.#say({ id, answer: { ...answer, entries: [] } })
    }

    async #answerQuestion(id: number, question: Question): Promise<void> {
      // What was asked before is in the answer.
      await this.#asked
      await untilAllowed(question)
      if (question.kind === 'report') return this.#say({ id, answer: this.#keeper.report() })
      if (question.kind === 'hindrance')
        return this.#say({ id, answer: this.#keeper.hindrance(question.table, question.address) ?? null })
      await this.#keeper.settled()
      this.#say({ id, answer: null })
    }

    /** From now on this is the engine that is followed. */
    #takeOver(): Promise<void> {
      const done = changing.then(async () => {
        const before = current
        if (before?.session === this || this.#hasEnded) return
        current = { session: this, keeper: this.#keeper }
        onBegin?.()
        if (!before) return
        before.session.#end('another engine has taken its place')
        await before.keeper.stop()
      })
      changing = done
      return done
    }

    /** Throws what is our own fault, and not the engine's. */
    #fault(error: unknown): void {
      if (!(error instanceof RequestError || error instanceof WireError)) throw error
      if (this.#hasEnded) return
      const { message } = error
      log.error('the engine is cut off: it said what no engine says', { because: message })
      this.#end(message)
    }

    #end(fault: string): void {
      if (this.#hasEnded) return
      this.#say({ fault })
      this.#hasEnded = true
      this.#socket.end(() => this.#socket.destroy())
      this.#cancelUnread()
      this.#cancelUnread = timers.after(UNREAD_MS_MAX, () => this.#socket.destroy())
    }

    #say(message: KeeperMessage): void {
      if (this.#hasEnded || !this.#socket.writable) return
      if (this.#socket.write(framed(message))) return
      this.#cancelUnread()
      this.#cancelUnread = timers.after(UNREAD_MS_MAX, () => this.#socket.destroy())
    }

    async #closed(): Promise<void> {
      this.#hasEnded = true
      this.#cancelUnread()
      sessions.delete(this)
      if (current?.session !== this) return this.#keeper.stop()
      log.info('the engine is gone; its tables are kept as it left them')
    }

    destroy(): void {
      this.#socket.destroy()
    }
  }

  return {
    serve(socket) {
      if (sessions.size >= CONNECTIONS_MAX) {
        log.warning('too many connections to the keeper; one is refused')
        socket.destroy()
      } else sessions.add(new Session(socket))
    },
    async close() {
      for (const session of sessions) session.destroy()
      await changing
      await current?.keeper.stop()
    },
  }
}

function entriesIn(request: unknown): number {
  const { entries, addresses, came } = isRecord(request) ? request : {}
  return [entries, addresses, came].reduce((count: number, list) => count + (Array.isArray(list) ? list.length : 0), 0)
}

interface Envelope {
  readonly hello?: unknown
  readonly id: number
  readonly ask: unknown
  readonly question: unknown
}

function checkedEnvelope(message: unknown): Envelope {
  if (typeof message !== 'object' || message === null) throw new WireError('a message is no record')
  const keys = Object.keys(message).sort().join()
  if (keys === 'hello') return message as Envelope
  const { id } = message as { id?: unknown }
  if (!(keys === 'ask,id' || keys === 'id,question') || !Number.isSafeInteger(id))
    throw new WireError('a message is neither ask nor question')
  return message as Envelope
}

function questionOf(value: unknown): Question {
  const { kind, table, address } = (value ?? {}) as Partial<Record<string, unknown>>
  if (kind === 'report' || kind === 'settled') return { kind }
  if (kind === 'hindrance' && isName(table) && typeof address === 'string') return { kind, table, address }
  throw new WireError('there is no such question')
}
