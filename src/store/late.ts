import { existsSync } from 'node:fs'
import type { Address } from '../base/address.ts'
import type { Instant } from '../base/units.ts'
import type { Change, Offender } from '../core/model.ts'
import { openSqlite } from './sqlite.ts'
import type { Room, Saved, Store } from './store.ts'

/**
 * A database on a disk that is full already: what is in it can be read, and it is opened, or made, by the first call that
 * finds room. Until then each call fails as one of an open database does whose disk gets full.
 */
export function openLate(path: string): Store {
  return new LateStore(path)
}

class LateStore implements Store {
  readonly #path: string
  /** What `load` gave may still be being read from it. */
  #reader: Store | undefined
  #store: Store | undefined

  constructor(path: string) {
    this.#path = path
  }

  load(since: (rule: string) => Instant): Saved {
    if (this.#store) return this.#store.load(since)
    if (!existsSync(this.#path)) return NOTHING
    this.#reader ??= openSqlite(this.#path, { alone: true })
    return this.#reader.load(since)
  }

  commit(changes: readonly Change[]): void {
    if (changes.length > 0) this.#open().commit(changes)
  }

  offender(source: Address): Offender | undefined {
    return (this.#store ?? this.#reader ?? this.#open()).offender(source)
  }

  loginsSince(since: Instant): readonly Address[] {
    return (this.#store ?? this.#reader ?? this.#open()).loginsSince(since)
  }

  purge(before: Instant, rowsMax: number): boolean {
    return this.#open().purge(before, rowsMax)
  }

  room(): Room | undefined {
    return (this.#store ?? this.#reader)?.room()
  }

  close(): void {
    this.#reader?.close()
    this.#store?.close()
  }

  #open(): Store {
    this.#reader?.close()
    this.#reader = undefined
    this.#store ??= openSqlite(this.#path)
    return this.#store
  }
}

const NOTHING: Saved = { hits: [], bans: [], kept: [], sessions: [], positions: [], lifted: [], clockAt: undefined }
