import { createServer, type Socket } from 'node:net'
import { jsonLine } from '../base/escape.ts'
import type { Log } from '../base/log.ts'
import type { Instant } from '../base/units.ts'
import { answerLine } from './control-answers.ts'
import { CONNECTION_IDLE_MS, CONNECTIONS_MAX, type DaemonControl, REQUEST_BYTES_MAX } from './control-protocol.ts'
import { listenOnSocket } from './listen.ts'

export interface ControlOptions {
  readonly path: string
  readonly control: DaemonControl
  readonly log: Log
  readonly now: () => Instant
  readonly idleMs?: number
}

export interface ControlServer {
  /** How many requests are open. */
  readonly connections: number
  /** Ends all that is open, and removes the socket. */
  close(): Promise<void>
}

const NAMES = { what: 'control socket', who: 'a daemon', option: '--socket' } as const
const FOLDER_MODE = 0o750
/** What is taken off 0777: read and write for the user and the group. */
const SOCKET_UMASK = 0o117
const LINE_FEED = 10
/** Long answers are written in pieces of about this size. */
const WRITE_CHARACTERS = 64 * 1024

/**
 * Listens on the control socket. Throws a `UserError` where it cannot: another daemon answers there, the folder is not
 * safe, or the path is taken. Once it listens, nothing that a client does gets out of it.
 */
export async function listenForControl(options: ControlOptions): Promise<ControlServer> {
  const { path, log } = options
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
    serve(socket, options).catch((error: unknown) => {
      log.error('our fault: the control socket failed', { error: error instanceof Error ? error.stack : String(error) })
      socket.destroy()
    })
  })
  server.maxConnections = CONNECTIONS_MAX
  await listenOnSocket(server, { path, umask: SOCKET_UMASK, folderMode: FOLDER_MODE, ...NAMES })
  server.on('error', (error) => log.warning('the control socket failed', { path, error: error.message }))
  return {
    get connections() {
      return open.size
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of open) socket.destroy()
      }),
  }
}

/** One connection: its request, the answer, and no longer than the client takes its part in it. */
async function serve(socket: Socket, { control, log, now, idleMs = CONNECTION_IDLE_MS }: ControlOptions): Promise<void> {
  socket.on('error', (error) => log.detail('a client of the control socket went away', { error: error.message }))
  const line = await readLine(socket, idleMs)
  if (line === undefined) return
  socket.resume() // what comes after the request is not looked at
  let text = ''
  for (const message of await answerLine(line, { control, log, now })) {
    text += `${jsonLine(message)}\n`
    if (text.length < WRITE_CHARACTERS) continue
    if (!(await write(socket, text, idleMs))) return
    text = ''
  }
  if (!(await write(socket, text, idleMs))) return
  socket.end()
  await eventOrGiveUp(socket, 'close', idleMs)
}

/** The first line, or what there is of it where the client says no more; undefined where the client is gone or too slow. */
function readLine(socket: Socket, idleMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const timer = setTimeout(() => socket.destroy(), idleMs)
    const done = (line: string | undefined) => {
      clearTimeout(timer)
      socket.removeAllListeners('data').removeAllListeners('end').off('close', onClose).pause()
      resolve(line)
    }
    const onClose = () => done(undefined)
    socket.on('data', (chunk) => {
      const end = chunk.indexOf(LINE_FEED)
      const part = end < 0 ? chunk : chunk.subarray(0, end)
      bytes += part.length
      chunks.push(part)
      if (end >= 0 || bytes > REQUEST_BYTES_MAX) done(Buffer.concat(chunks).toString())
    })
    socket.on('end', () => done(Buffer.concat(chunks).toString()))
    socket.on('close', onClose)
  })
}

/** True once the client has room for more; false where it is gone, or was and will not be reading. */
async function write(socket: Socket, text: string, idleMs: number): Promise<boolean> {
  if (!socket.writable) return false
  return socket.write(text) || (await eventOrGiveUp(socket, 'drain', idleMs))
}

/** True where the event came in time; else the connection is cut. */
function eventOrGiveUp(socket: Socket, event: 'drain' | 'close', idleMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    if (socket.destroyed) return resolve(event === 'close')
    const done = (came: boolean) => () => {
      clearTimeout(timer)
      socket.off(event, onEvent).off('close', onClose)
      resolve(came)
    }
    const onEvent = done(true)
    const onClose = done(event === 'close')
    const timer = setTimeout(() => socket.destroy(), idleMs)
    socket.once(event, onEvent).once('close', onClose)
  })
}
