import { closeSync, constants, fstatSync, openSync, type Stats, statSync } from 'node:fs'
import { getSystemErrorMessage } from 'node:util'

/** A log cannot be read for now; the message says why. */
export class Unreadable extends Error {}

/** How a file is opened for reading: throws an `Unreadable` where it is none, or none that may be read. */
export type OpenFile = (path: string) => { readonly fd: number; readonly stat: Stats }

/** What is said of a file that is not there. */
export const NO_SUCH_FILE = 'no such file'

/**
 * Opens a regular file for reading. Anything else is refused unopened: opening a FIFO may block for ever, opening a device
 * may do something.
 */
export function openRegularFile(path: string): ReturnType<OpenFile> {
  try {
    refuseOthers(statSync(path))
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
    try {
      const stat = fstatSync(fd)
      refuseOthers(stat)
      return { fd, stat }
    } catch (error) {
      closeReadOnly(fd)
      throw error
    }
  } catch (error) {
    throw error instanceof Unreadable ? error : new Unreadable(reasonOf(error), { cause: error })
  }
}

/** Nothing was written to it, so whatever is said at its closing says nothing to us; the descriptor is free in any case. */
export function closeReadOnly(fd: number): void {
  try {
    closeSync(fd)
  } catch {
    // an error of the disk
  }
}

/** Throws where it is no regular file. */
export function refuseOthers(stat: Stats): void {
  if (stat.isFile()) return
  const kind = stat.isDirectory() ? 'a directory' : stat.isFIFO() ? 'a FIFO' : stat.isSocket() ? 'a socket' : 'a device'
  throw new Unreadable(`it is ${kind}, not a file`)
}

/** What a system error means, in words. */
export function reasonOf(error: unknown): string {
  const { code, errno, message } = error as NodeJS.ErrnoException
  if (code === undefined || errno === undefined) return message
  if (code === 'ENOENT') return NO_SUCH_FILE
  return getSystemErrorMessage(errno) || message
}

/** It is there, and not for this user; another process may have the right. */
export function isForbidden(error: unknown): boolean {
  const { code, cause } = error as NodeJS.ErrnoException
  return code === 'EACCES' || code === 'EPERM' || (cause !== undefined && isForbidden(cause))
}
