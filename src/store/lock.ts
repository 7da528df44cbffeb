import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Database } from './database.ts'
import { storeErrorOf } from './faults.ts'
import { StoreError } from './store.ts'

/** Held by the one daemon of a folder. */
export interface StateLock {
  release(): void
}

/**
 * Takes the folder for this process alone, or throws at once. The lock is a transaction on an empty file, which nothing is
 * ever written to: it ends with `release` or with the process, however that ends, and leaves nothing behind that must be
 * cleaned up. The database beside it stays open to readers.
 */
export function lockState(folder: string): StateLock {
  const path = join(folder, 'log2table.lock')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const db = new Database(path, { timeout: 0 })
    try {
      // A journal would need room on the disk.
      db.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    } catch (error) {
      db.close()
      throw error
    }
    held.add(db)
    return { release: () => held.delete(db) && db.close() }
  } catch (error) {
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) {
      throw new StoreError('busy', `${folder}: another log2table is running with this folder; stop that one first`, {
        cause: error,
      })
    }
    const known = storeErrorOf(error, path)
    if (known instanceof StoreError && known.fault === 'full') throw known
    const message = `${path}: ${(error as Error).message}; the folder must belong to the user that log2table runs as; a damaged lock may be removed`
    throw new StoreError('unusable', message, { cause: error })
  }
}

/** Node closes a database that nothing refers to any more, and with it the lock would go. */
const held = new Set<Database>()

const SQLITE_BUSY = 5
