import { lstatSync, mkdirSync, type Stats, unlinkSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import { dirname } from 'node:path'
import { exitStatus } from '../base/exit-status.ts'
import { UserError } from '../base/user-error.ts'
import { SOCKET_PATH_BYTES_MAX } from './control-protocol.ts'

/** Where a server of ours listens, and how messages call that. */
export interface Place {
  readonly path: string
  /** What is taken off the mode 0777 of the socket. */
  readonly umask: number
  /** Of the folder, where it is not there yet. */
  readonly folderMode: number
  readonly what: 'control socket' | "keeper's socket" | "reader's socket"
  readonly who: 'a daemon' | 'a keeper' | 'a reader'
  /** The option that gives another path. */
  readonly option: string
}

const WRITABLE_BY_OTHERS = 0o002

/**
 * Has a server listen on a socket in the file system, in a folder that nobody else can change, taking the place of a socket
 * that was left behind. Throws a `UserError` where that cannot be.
 */
export async function listenOnSocket(server: Server, place: Place): Promise<void> {
  const { path, option } = place
  if (Buffer.byteLength(path) > SOCKET_PATH_BYTES_MAX) {
    const message = `${path}: the path of a socket has at most ${SOCKET_PATH_BYTES_MAX} bytes; give a shorter one with ${option}`
    throw new UserError(exitStatus.configuration, message)
  }
  makeFolder(dirname(path), place)
  await bind(server, place)
}

function makeFolder(folder: string, { what, option, folderMode }: Place): void {
  try {
    mkdirSync(folder, { mode: folderMode })
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw cannotListen(folder, option, error)
  }
  const stats = lstatSync(folder)
  const fault = folderFault(stats)
  if (fault)
    throw new UserError(
      exitStatus.notPermitted,
      `${folder}: ${fault}; the ${what} must be in a folder that only root or this user can change`,
    )
}

function folderFault(stats: Stats): string | undefined {
  if (stats.isSymbolicLink()) return 'is a symbolic link'
  if (!stats.isDirectory()) return 'is no folder'
  if (stats.uid !== 0 && stats.uid !== process.geteuid?.()) return `belongs to user ${stats.uid}`
  if (stats.mode & WRITABLE_BY_OTHERS) return 'is writable by others'
  return undefined
}

/** Binds, taking the place of a socket that a daemon left behind when it was killed. */
async function bind(server: Server, { path, umask, option, who }: Place): Promise<void> {
  try {
    await listen(server, path, umask)
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE') throw cannotListen(path, option, error)
    if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) {
      throw new UserError(
        exitStatus.configuration,
        `${path} is there already and is no socket; remove it, or give another path with ${option}`,
      )
    }
    if (await answers(path)) throw new UserError(exitStatus.no, `log2table is running already: ${who} answers on ${path}`)
    unlinkSync(path)
    await listen(server, path, umask).catch((again: unknown) => {
      throw cannotListen(path, option, again)
    })
  }
}

/** The umask holds at the moment of binding, so that the socket never has another mode, not even for an instant. */
function listen(server: Server, path: string, umask: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    const before = process.umask(umask)
    try {
      server.listen(path, () => {
        server.off('error', reject)
        resolve()
      })
    } finally {
      process.umask(before)
    }
  })
}

/** Only a refused connection proves that nobody listens; one that hangs or fails otherwise may be a busy daemon. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error) => resolve(codeOf(error) !== 'ECONNREFUSED' && codeOf(error) !== 'ENOENT'))
  })
}

function cannotListen(path: string, option: string, error: unknown): UserError {
  const code = codeOf(error)
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new UserError(
      exitStatus.notPermitted,
      `no permission to make ${path}; run as root, or give another path with ${option}`,
      { cause: error },
    )
  }
  if (code === 'ENOENT')
    return new UserError(
      exitStatus.configuration,
      `the folder above ${path} does not exist; make it, or give another path with ${option}`,
    )
  return new UserError(
    exitStatus.software,
    `cannot listen on ${path}: ${error instanceof Error ? error.message : String(error)}`,
    { cause: error },
  )
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
