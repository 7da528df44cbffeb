import { connect, type Socket } from 'node:net'
import { formatDuration } from '../base/duration.ts'
import type { Log } from '../base/log.ts'
import { type Instant, SECOND_MS } from '../base/units.ts'
import type { Table } from './firewall.ts'
import type { Answer, KeeperLink, KeeperReport } from './keeper.ts'
import { type EntryText, type Request, RequestError } from './request.ts'
import type { TableStatus, Timers } from './table-keeper.ts'
import { type EngineMessage, framed, type KeeperMessage, type Question, Unframer, WIRE_VERSION } from './wire.ts'

export interface KeeperClientOptions {
  /** The socket that the keeper listens on. */
  readonly path: string
  readonly log: Log
  readonly timers: Timers
  now(): Instant
  /** The keeper refuses what we say, and will not hear us any more. */
  readonly onFault: (error: unknown) => void
}

const RECONNECT_MS_MIN = 100
const RECONNECT_MS_MAX = 5 * SECOND_MS
/** A keeper that says nothing for so long hangs; a list, and to settle, may take longer. */
const ANSWER_MS_MAX = 30 * SECOND_MS
/** Who asks how things stand is not kept waiting longer: then he is told what is known, and of when it is. */
const REPORT_WAIT_MS = 2 * SECOND_MS
/** A keeper that keeps silent for so long is trouble. */
const SILENT_MS_MAX = 5 * SECOND_MS
/** How long `stop` waits for what is on its way. */
const STOP_WAIT_MS = 2 * SECOND_MS

/** The keeper cannot be asked for now; what must be in the tables is told anew as soon as it can. */
class Unreachable extends Error {}

/**
 * A keeper in another process. When it goes away it is looked for with growing pauses, and told everything once more; until
 * then changes are not sent, for they are part of that, and the report says that nothing is enforced.
 */
export function keeperClient(options: KeeperClientOptions): KeeperLink {
  const { path, log, timers, now, onFault } = options
  let tables: readonly Table[] = []
  let everything: (() => Iterable<Request>) | undefined
  let connection: Connection | undefined
  let last: { readonly report: KeeperReport; readonly at: Instant } | undefined
  /** What is asked for now, so that many who ask are one question. */
  let asking: { readonly since: Instant; readonly report: Promise<KeeperReport> } | undefined
  let trouble = ''
  let pauseMs = RECONNECT_MS_MIN
  let isStopped = false
  let cancelReconnect = () => {}

  function lost(because: string): void {
    connection = undefined
    if (isStopped) return
    if (trouble !== because) log.error(`the keeper cannot be reached: ${because}`, { path })
    trouble = because
    cancelReconnect = timers.after(pauseMs, () => void reconnect())
    pauseMs = Math.min(pauseMs * 2, RECONNECT_MS_MAX)
  }

  /** Connects and declares; an `Unreachable` where that is not possible now, and then it is tried again later. */
  async function open(): Promise<Connection> {
    const opening = new Connection(path, timers, (ending) => {
      if (connection !== opening) return
      if (!(ending instanceof RequestError)) lost(ending.message)
      else if (!isStopped && opening.isDeclared) onFault(ending)
    })
    connection = opening
    await opening.ask({ kind: 'declare', tables })
    opening.isDeclared = true
    return opening
  }

  async function reconnect(): Promise<void> {
    try {
      const opened = await open()
      if (everything) await tell(opened)
    } catch (error) {
      if (!(error instanceof Unreachable)) onFault(error)
    }
  }

  /** Requests that are made while all is told wait for it. */
  function tell(opened: Connection): Promise<void> {
    opened.isTelling ??= tellAll(opened)
    return opened.isTelling
  }

  async function tellAll(opened: Connection): Promise<void> {
    for (const request of everything?.() ?? []) await opened.ask(request)
    opened.isTold = true
    pauseMs = RECONNECT_MS_MIN
    if (trouble !== '') log.info('the keeper answers', { path })
    trouble = ''
  }

  async function askForReport(): Promise<KeeperReport> {
    if (!connection) throw new Unreachable(trouble)
    const report = (await connection.question({ kind: 'report' })) as KeeperReport
    last = { report, at: now() }
    return report
  }

  /** An answer that comes soon; undefined where it does not. */
  async function inTime<T>(answer: Promise<T>, ms: number): Promise<T | undefined> {
    let cancel = () => {}
    const tooLate = new Promise<undefined>((resolve) => (cancel = timers.after(ms, () => resolve(undefined))))
    try {
      return await Promise.race([answer, tooLate])
    } finally {
      cancel()
      // Where nobody waits for it any more, its failure is no news: the connection tells it, too.
      answer.catch(() => {})
    }
  }

  /** In another state than it was in then, where one is given. */
  function lastKnown(state: TableStatus['state'] | undefined, reason: string): KeeperReport {
    const { tables: known = [], protected: networks = 0 } = last?.report ?? {}
    return {
      tables: tables.map((table) => {
        const then = known.find((one) => one.table === table.name) ?? unknownTable(table)
        return { ...then, state: state ?? then.state, reason }
      }),
      protected: networks,
    }
  }

  const silence = () =>
    last
      ? `the keeper has not answered yet; this is how it was ${formatDuration(Math.ceil((now() - last.at) / SECOND_MS) * SECOND_MS)} ago`
      : 'the keeper has not answered yet'
  const unreachable = () => `the keeper cannot be reached: ${trouble || 'it has not answered yet'}; what is in the table stays in`

  return {
    async declare(declared) {
      tables = declared
      try {
        await open()
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error
      }
    },
    async begin(all) {
      everything = all
      try {
        if (connection) await tell(connection)
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error
      }
    },
    async handle(request) {
      const opened = connection
      try {
        await opened?.isTelling
        if (!opened?.isTold) throw new Unreachable(unreachable())
        return await opened.ask(request)
      } catch (error) {
        if (!(error instanceof Unreachable) || request.kind === 'list' || request.kind === 'keep') throw error
        return { kind: 'done', refused: [] }
      }
    },
    async report() {
      try {
        asking ??= { since: now(), report: askForReport().finally(() => (asking = undefined)) }
        const { since, report } = asking
        return (
          (await inTime(report, REPORT_WAIT_MS)) ??
          lastKnown(now() - since < SILENT_MS_MAX ? undefined : 'partly enforcing', silence())
        )
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error
        return lastKnown('not enforcing', unreachable())
      }
    },
    async hindrance(table, address) {
      try {
        if (!connection) return unreachable()
        const answer = (await inTime(connection.question({ kind: 'hindrance', table, address }), SILENT_MS_MAX)) as
          | string
          | null
          | undefined
        return answer === undefined ? silence() : (answer ?? undefined)
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error
        return unreachable()
      }
    },
    async settled() {
      try {
        await connection?.isTelling
        await connection?.question({ kind: 'settled' })
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error
      }
    },
    async stop() {
      isStopped = true
      cancelReconnect()
      let cancel = () => {}
      await Promise.race([connection?.idle(), new Promise<void>((resolve) => (cancel = timers.after(STOP_WAIT_MS, resolve)))])
      cancel()
      connection?.close()
    },
  }
}

interface Pending {
  resolve(answer: unknown): void
  reject(error: Error): void
  readonly cancelTimeout: () => void
  readonly parts: EntryText[]
}

/** One connection, from its beginning to its end. */
class Connection {
  readonly #socket: Socket
  readonly #timers: Timers
  readonly #unframer = new Unframer()
  readonly #pending = new Map<number, Pending>()
  #lastId = 0
  #asked: Promise<unknown> = Promise.resolve()
  #because = 'the connection was closed'
  #fault: RequestError | undefined
  isDeclared = false
  /** The keeper knows all that it must. */
  isTold = false
  isTelling: Promise<void> | undefined

  constructor(path: string, timers: Timers, onEnd: (ending: RequestError | Unreachable) => void) {
    this.#timers = timers
    this.#socket = connect(path)
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#because = error.code === 'ENOENT' ? `there is no ${path}` : error.message
    })
    this.#socket.on('data', (piece) => this.#take(piece))
    this.#socket.on('close', () => {
      const ending = this.#fault ?? new Unreachable(this.#because)
      for (const id of [...this.#pending.keys()]) this.#settle(id, ending)
      onEnd(ending)
    })
    this.#socket.write(framed({ hello: WIRE_VERSION } satisfies EngineMessage))
  }

  /** Each request is sent when the one before was answered, so that what waits is here and not in the socket. */
  ask(request: Request): Promise<Answer> {
    const isList = request.kind === 'list'
    const send = () => this.#send((id) => ({ id, ask: request }), !isList) as Promise<Answer>
    if (isList) return this.#asked.then(send)
    const answered = this.#asked.then(send)
    this.#asked = answered.catch(() => {})
    return answered
  }

  async question(question: Question): Promise<unknown> {
    await this.#asked
    return this.#send((id) => ({ id, question }), question.kind !== 'settled')
  }

  /** When all that was asked is answered. */
  async idle(): Promise<void> {
    await this.#asked
  }

  close(): void {
    this.#socket.destroySoon()
  }

  #send(messageOf: (id: number) => EngineMessage, isQuick: boolean): Promise<unknown> {
    if (this.#fault) return Promise.reject(this.#fault)
    if (this.#socket.destroyed) return Promise.reject(new Unreachable(this.#because))
    const id = ++this.#lastId
    const bytes = framed(messageOf(id))
    return new Promise((resolve, reject) => {
      const hangs = () => this.#socket.destroy(new Error(`no answer within ${ANSWER_MS_MAX / SECOND_MS} s`))
      const cancelTimeout = isQuick ? this.#timers.after(ANSWER_MS_MAX, hangs) : () => {}
      this.#pending.set(id, { resolve, reject, cancelTimeout, parts: [] })
      this.#socket.write(bytes)
    })
  }

  #take(piece: Buffer): void {
    try {
      for (const message of this.#unframer.push(piece)) this.#receive(message as KeeperMessage)
    } catch (error) {
      this.#socket.destroy(error as Error)
    }
  }

  #receive(message: KeeperMessage): void {
    if ('fault' in message) this.#fault = new RequestError(`the keeper refuses: ${message.fault}`)
    else if ('failure' in message) this.#settle(message.id, new Error(message.failure))
    else if ('part' in message) this.#pending.get(message.id)?.parts.push(...(message.part as EntryText[]))
    else this.#settle(message.id, undefined, message.answer)
  }

  #settle(id: number, error: Error | undefined, answer?: unknown): void {
    const pending = this.#pending.get(id)
    if (!pending) return
    this.#pending.delete(id)
    pending.cancelTimeout()
    if (error) pending.reject(error)
    else pending.resolve(pending.parts.length === 0 ? answer : { ...(answer as object), entries: pending.parts })
  }
}

const unknownTable = ({ name, kind }: Table): TableStatus => ({
  table: name,
  kind,
  state: 'starting',
  reason: undefined,
  lastError: undefined,
  desired: 0,
  enforced: 0,
  queued: 0,
  setAside: 0,
  strange: 0,
  rooms: [],
})
