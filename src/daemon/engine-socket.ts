import { chownSync } from 'node:fs'
import type { Server } from 'node:net'
import type { Log } from '../base/log.ts'
import { listenOnSocket } from './listen.ts'
import type { User } from './user.ts'

/** A socket of ours, to which only `owner` (and root) can connect; or one that the service manager made. */
export type EngineSocket = { readonly path: string; readonly owner?: User | undefined } | { readonly fd: number }

/** What is taken off the mode 0777: only the owner may connect. */
const SOCKET_UMASK = 0o177
/** Others must get to the socket; to connect they need its mode. */
const FOLDER_MODE = 0o755

const names = {
  keeper: { what: "keeper's socket", who: 'a keeper', option: '--listen' },
  reader: { what: "reader's socket", who: 'a reader', option: '--listen' },
} as const

/** Has the keeper or the reader listen for an engine. Throws a `UserError` where that cannot be. */
export async function listenForEngine(server: Server, kind: keyof typeof names, socket: EngineSocket, log: Log): Promise<void> {
  if ('fd' in socket) {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ fd: socket.fd }, resolve)
    })
  } else {
    const { path, owner } = socket
    await listenOnSocket(server, { path, umask: SOCKET_UMASK, folderMode: FOLDER_MODE, ...names[kind] })
    if (owner) chownSync(path, owner.uid, owner.gid)
  }
  server.on('error', (error) => log.warning(`the ${kind}'s socket failed`, { error: error.message }))
}
