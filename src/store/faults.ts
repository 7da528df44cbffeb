import { StoreError } from './store.ts'

/** Result codes of SQLite; see sqlite.org/rescode.html. The low byte of an extended code is the plain one. */
const SQLITE_PERM = 3
const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6
const SQLITE_NOMEM = 7
const SQLITE_READONLY = 8
const SQLITE_IOERR = 10
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_CANTOPEN = 14
/** Its locks were not to be had, again and again. */
const SQLITE_PROTOCOL = 15
const SQLITE_NOTADB = 26
/** No room for the index of the write-ahead log: a full disk under another name. */
const SQLITE_IOERR_SHMSIZE = SQLITE_IOERR | (19 << 8)

/** What an error of SQLite means for the file; an error of ours (bad SQL, a broken constraint) is given back as it is. */
export function storeErrorOf(error: unknown, path: string): unknown {
  const code = resultCode(error)
  if (code === undefined) return error
  const said = (error as Error).message
  const fault = (kind: StoreError['fault'], message: string) => new StoreError(kind, `${path}: ${message}`, { cause: error })
  if (code === SQLITE_IOERR_SHMSIZE) return fault('full', 'the disk is full; make room on it')
  switch (code & 0xff) {
    case SQLITE_FULL:
      return fault('full', 'the disk is full; make room on it')
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
      return fault('busy', 'another program is writing to it; end that program, or let it finish')
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return fault('corrupt', `it is damaged (${said}); it is to be kept aside, and a new one begun`)
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return fault('unusable', `${said}; it and its folder must belong to the user that log2table runs as, and be writable`)
    case SQLITE_IOERR:
      return fault('unusable', `${said}; look for errors of the disk in the system's log`)
    case SQLITE_NOMEM:
      return fault('unusable', `${said}; give log2table more memory`)
    default:
      return error
  }
}

/** The same for an error of the file system. */
export function fileFault(error: unknown, path: string): StoreError {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC') return new StoreError('full', `${path}: the disk is full; make room on it`, { cause: error })
  const advice = 'its folder must belong to the user that log2table runs as, and be writable'
  return new StoreError('unusable', `${path}: ${message}; ${advice}`, { cause: error })
}

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ERR_SQLITE_ERROR') return undefined
  return 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined
}
