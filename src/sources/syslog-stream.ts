import { chmodSync, lstatSync, unlinkSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { SyslogFramer, SyslogFramingError } from '../lines/syslog-framing.ts'
import { Listening } from './listening.ts'
import { LINE_BYTES_MAX, type SourceContext } from './source.ts'
import { Rarely } from './stderr.ts'
import type { Receiver } from './syslog.ts'
import type { SyslogAddress } from './syslog-address.ts'

/** More connections are refused. Each holds at most what its socket does (64 KiB), and a message. */
export const CONNECTIONS_MAX = 256
const LIMITS = {
  /** A message that was begun, or the first one, must have ended by then. */
  messageMsMax: 60_000,
  /** A connection over which nothing comes for so long is closed; senders notice, and make another. */
  idleMsMax: 3_600_000,
}
/** For the owner and the group: who writes here is believed. */
const SOCKET_MODE = 0o660

interface Connection {
  readonly framer: SyslogFramer
  readonly host: string
  /** When the message began that has not ended yet (ms, as `performance.now` counts). */
  begunAt: number
  hasSent: boolean
}

/** Syslog over connections, TCP or a Unix socket (RFC 6587). What is not taken stays with the sender. */
export class StreamReceiver implements Receiver {
  readonly #log: string
  readonly #context: SourceContext
  readonly #limits: typeof LIMITS
  readonly #rarely: Rarely
  readonly #listening: Listening<Server>
  readonly #connections = new Map<Socket, Connection>()
  /** Those that may have something to read, the one that waits longest first. */
  readonly #ready = new Set<Socket>()
  #overlong = 0
  lostBytes = 0
  readonly lostLines = 0

  constructor(log: string, address: Exclude<SyslogAddress, { kind: 'udp' }>, context: SourceContext, limits = LIMITS) {
    this.#log = log
    this.#context = context
    this.#limits = limits
    this.#rarely = new Rarely((message) => context.say('warning', message))
    this.#listening = new Listening(log, context, (onListening, onError) => {
      const server = createServer({ keepAlive: true }, (socket) => this.#add(socket, address.kind === 'unix'))
      server.maxConnections = CONNECTIONS_MAX
      server.on('drop', () => this.#rarely.say(`${log}: ${CONNECTIONS_MAX} connections are open; another one was refused`))
      server.on('error', onError)
      if (address.kind === 'tcp') server.listen({ host: address.host, port: address.port, exclusive: true }, onListening)
      else listenAt(address.path, server, onListening)
      return server
    })
  }

  get waitingFor(): string | undefined {
    return this.#listening.waitingFor
  }

  get behindBytes(): number {
    let bytes = 0
    for (const socket of this.#connections.keys()) bytes += socket.readableLength
    return bytes
  }

  get overlong(): number {
    let overlong = this.#overlong
    for (const { framer } of this.#connections.values()) overlong += framer.overlong
    return overlong
  }

  take(): { readonly messages: readonly string[]; readonly host: string } | undefined {
    for (const socket of this.#ready) {
      this.#ready.delete(socket)
      const connection = this.#connections.get(socket)
      const chunk = connection && (socket.read() as Buffer | null)
      if (!chunk) continue
      // To the end of the row, so that nobody keeps the others waiting.
      this.#ready.add(socket)
      const messages = this.#cut(socket, connection, chunk)
      if (messages.length > 0) return { messages, host: connection.host }
    }
    return undefined
  }

  close(): void {
    this.#listening.close()
    for (const socket of this.#connections.keys()) socket.destroy()
    this.#connections.clear()
    this.#ready.clear()
  }

  #add(socket: Socket, isUnix: boolean): void {
    const host = socket.remoteAddress?.replace(/^::ffff:|%.*$/g, '') ?? 'localhost'
    const framer = new SyslogFramer({ messageBytesMax: LINE_BYTES_MAX, mayEndByNul: isUnix })
    this.#connections.set(socket, { framer, host, begunAt: performance.now(), hasSent: false })
    socket.setTimeout(this.#limits.messageMsMax)
    socket.on('readable', () => {
      this.#ready.add(socket)
      this.#context.onReady()
    })
    socket.on('timeout', () => {
      // What waits for us is no silence of the sender's.
      if (socket.readableLength === 0) this.#refuse(socket, 'nothing came for too long')
    })
    socket.on('error', () => {})
    socket.on('close', () => this.#forget(socket, socket.readableLength))
  }

  /** Messages that are whole; where they are no syslog, the connection is closed, and what came before counts. */
  #cut(socket: Socket, connection: Connection, chunk: Buffer): readonly string[] {
    const { framer } = connection
    const { messageMsMax, idleMsMax } = this.#limits
    const wasWithin = framer.restBytes > 0
    const messages: string[] = []
    try {
      framer.take(chunk, messages)
    } catch (error) {
      if (!(error instanceof SyslogFramingError)) throw error
      this.#refuse(socket, error.message, chunk.length - messages.reduce((sum, { length }) => sum + length, 0))
      return messages
    }
    connection.hasSent ||= messages.length > 0
    const now = performance.now()
    if (messages.length > 0 || !wasWithin) connection.begunAt = now
    else if (now - connection.begunAt > messageMsMax) this.#refuse(socket, 'a message did not end in time')
    socket.setTimeout(connection.hasSent && framer.restBytes === 0 ? idleMsMax : messageMsMax)
    return messages
  }

  #refuse(socket: Socket, why: string, bytes = 0): void {
    const connection = this.#connections.get(socket)
    if (!connection) return
    this.#rarely.say(`${this.#log}: the connection of ${connection.host} was closed: ${why}`)
    this.#forget(socket, bytes + socket.readableLength)
    socket.destroy()
  }

  /** What was not taken, and a message without its end, are lost. */
  #forget(socket: Socket, unreadBytes: number): void {
    const connection = this.#connections.get(socket)
    if (!connection) return
    this.lostBytes += unreadBytes + connection.framer.restBytes
    this.#overlong += connection.framer.overlong
    this.#connections.delete(socket)
    this.#ready.delete(socket)
  }
}

/** A socket that nobody listens on any more is in the way: it is taken away; one that somebody listens on stays. */
function listenAt(path: string, server: Server, onListening: () => void): void {
  const orFail = (act: () => void) => () => {
    try {
      act()
    } catch (error) {
      server.emit('error', error)
    }
  }
  const listen = () => {
    server.listen({ path })
    server.once(
      'listening',
      orFail(() => {
        chmodSync(path, SOCKET_MODE)
        onListening()
      }),
    )
  }
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) {
    listen()
    return
  }
  const probe = connect({ path })
  probe.once('connect', () => {
    probe.destroy()
    listen()
  })
  probe.once('error', ({ code }: NodeJS.ErrnoException) => {
    orFail(() => {
      if (code === 'ECONNREFUSED') unlinkSync(path)
      listen()
    })()
  })
}
