import { createServer } from 'node:net'
import type { Log } from '../base/log.ts'
import type { Instant } from '../base/units.ts'
import { allowedLogsOf } from '../parameters/commands-json.ts'
import { readerServer } from '../reader/server.ts'
import { commandsIn, orBefore } from './commands-in-force.ts'
import { type EngineSocket, listenForEngine } from './engine-socket.ts'

export interface ReaderProcessOptions {
  readonly listen: EngineSocket
  /** The folder of commands.json. */
  readonly folder: string
  readonly log: Log
  readonly now: () => Instant
}

/** The reader as a process of its own: it runs no configuration, and what it may read it is told by commands.json alone. */
export async function startReader({ listen, folder, log, now }: ReaderProcessOptions): Promise<{ close(): void }> {
  const read = () => allowedLogsOf(commandsIn(folder))
  let allowed = read()
  const server = readerServer({
    allowed() {
      allowed = orBefore(read, allowed, log)
      return allowed
    },
    log,
    now,
  })
  const listener = createServer((socket) => server.serve(socket))
  await listenForEngine(listener, 'reader', listen, log)
  return {
    close() {
      listener.close()
      server.close()
    },
  }
}
