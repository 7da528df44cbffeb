import { type ChildProcess, spawn } from 'node:child_process'
import { createServer } from 'node:net'
import type { Log } from '../base/log.ts'
import { listenForEngine } from './engine-socket.ts'
import { Pauses } from './pauses.ts'
import type { User } from './user.ts'

export interface ReaderOnDemandOptions {
  /** The program and arguments of a reader, but for its socket. */
  readonly reader: readonly string[]
  readonly socket: string
  readonly user: User
  readonly log: Log
}

export interface ReaderOnDemand {
  end(): void
}

/**
 * Most machines need no reader. So we listen in its place, and start one when an engine has knocked, which then knocks again
 * until it answers; from then on it is started again whenever it ends.
 */
export async function readerOnDemand({ reader, socket, user, log }: ReaderOnDemandOptions): Promise<ReaderOnDemand> {
  const [program = '', ...args] = [...reader, '--listen', socket, '--owner', `${user.uid}:${user.gid}`]
  const pauses = new Pauses()
  let child: ChildProcess | undefined
  let again: NodeJS.Timeout | undefined
  let isEnding = false
  const start = () => {
    if (isEnding) return
    const startedAt = performance.now()
    // As the engine: a signal from a terminal goes to us alone, and by the channel it sees that we are gone.
    child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], detached: true })
    let hasEnded = false
    const onEnd = (how: string) => {
      if (hasEnded || isEnding) return
      hasEnded = true
      const inMs = pauses.next(performance.now() - startedAt)
      log.error(`the reader ended (${how}); it is started again`, { inMs })
      again = setTimeout(start, inMs)
    }
    child.once('error', ({ message }) => onEnd(message))
    child.once('exit', (status, signal) => onEnd(signal ?? `exit status ${status}`))
  }
  const bell = createServer((knocking) => {
    knocking.on('error', () => {})
    knocking.destroy()
    if (!bell.listening) return
    log.info('a log is closed to the engine: the reader is started')
    bell.close(start)
  })
  await listenForEngine(bell, 'reader', { path: socket, owner: user }, log)
  return {
    end() {
      isEnding = true
      clearTimeout(again)
      if (bell.listening) bell.close()
      child?.kill('SIGTERM')
    },
  }
}
