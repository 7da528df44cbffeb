import { existsSync, renameSync, rmSync } from 'node:fs'
import type { Instant } from '../base/units.ts'
import { fileFault } from './faults.ts'
import { openLate } from './late.ts'
import { openSqlite } from './sqlite.ts'
import { type Saved, type Store, StoreError } from './store.ts'

export interface OpenedState {
  readonly store: Store
  readonly saved: Saved
  /**
   * Where the database was damaged: what was wrong with it. It is kept aside and `saved` is empty; the entries that the
   * firewall's tables still hold are all that is known of the bans.
   */
  readonly damage: StoreError | undefined
}

/** How often a database must be found damaged before it is believed to be. */
const LOOKS = 2

/**
 * Opens the database and reads what was saved. One that is damaged is kept aside, and a new one begun; one on a full disk is
 * only read, and fails to commit until there is room.
 */
export function openState(path: string, since: (rule: string) => Instant): OpenedState {
  for (let look = 1; ; look++) {
    try {
      return { ...openAndLoad(path, since), damage: undefined }
    } catch (error) {
      if (!(error instanceof StoreError && error.fault === 'corrupt')) throw error
      // SQLite takes some errors of reading for damage; true damage is still there at the second look.
      if (look < LOOKS) continue
      keepAside(path)
      return { ...openAndLoad(path, since), damage: error }
    }
  }
}

/** Opens a database whose contents are known; one on a full disk is only read until there is room. */
export function reopenState(path: string): Store {
  return openAlsoWhenFull(path, (store) => store)
}

/**
 * Moves a damaged database, which nobody has open any more, to `PATH.corrupt` with its log, for `sqlite3 PATH.corrupt .recover`. There is only ever one:
 * it takes the place of an older one, so that damage that comes again does not fill the disk.
 */
export function keepAside(path: string): void {
  const aside = `${path}.corrupt`
  try {
    if (existsSync(path)) {
      renameSync(path, aside)
      rmSync(`${aside}-wal`, { force: true })
      if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${aside}-wal`)
    }
    rmSync(`${path}-shm`, { force: true })
  } catch (error) {
    throw fileFault(error, path)
  }
}

function openAndLoad(path: string, since: (rule: string) => Instant): { store: Store; saved: Saved } {
  return openAlsoWhenFull(path, (store) => {
    try {
      return { store, saved: store.load(since) }
    } catch (error) {
      store.close()
      throw error
    }
  })
}

function openAlsoWhenFull<T>(path: string, use: (store: Store) => T): T {
  try {
    return use(openSqlite(path))
  } catch (error) {
    if (!(error instanceof StoreError && error.fault === 'full')) throw error
    return use(openLate(path))
  }
}
