import { type Address, formatAddress } from '../base/address.ts'
import { formatDuration } from '../base/duration.ts'
import type { Log } from '../base/log.ts'
import { type Instant, SECOND_MS } from '../base/units.ts'
import type { Change, Offender } from '../core/model.ts'
import { type Room, type Store, StoreError } from './store.ts'

/** How many hits, bans and the like wait in memory while the database cannot be written. About 100 MB with their lines. */
export const PENDING_MAX = 200_000

/** How long after a failure the next try comes; each may hold the daemon up for as long as the store waits for others. */
const RETRY_AFTER_MS = SECOND_MS

/**
 * Trouble that lasts this long is met with the database opened anew: a connection may be stuck for good. And only what is
 * then found damaged once more is given up: SQLite takes some errors of reading for damage, and those pass.
 */
const REOPEN_AFTER_MS = 5 * SECOND_MS

export interface CommitterOptions {
  readonly store: Store
  /** Opens the same database anew; the old store is closed by then. */
  open(): Store
  /**
   * The database is damaged: keeps it aside, begins a new one, and says what it must know of the present that is
   * not pending: live bans, kept data, sessions, positions, the clock. The old store is closed by then. Called again where
   * it throws.
   */
  beginAnew(): { readonly store: Store; readonly present: readonly Change[] }
  readonly log: Log
  readonly pendingMax?: number
}

/**
 * Stands between the daemon and its store: changes wait here until they are committed, all in one transaction. While the
 * store is in trouble they go on waiting and nothing is lost; at the limit evidence without points is let go, and the
 * daemon is to read no more lines (`isFull`).
 */
export class Committer {
  /** Undefined while it cannot be opened. */
  #store: Store | undefined
  readonly #open: CommitterOptions['open']
  readonly #beginAnew: CommitterOptions['beginAnew']
  readonly #log: Log
  readonly #pendingMax: number
  /** Changes that must all be made, in their order. */
  #each: Change[] = []
  /** Changes of which only the last counts, by what they change. */
  readonly #last = new Map<string, Change>()
  #trouble: Trouble | undefined
  /** The database is damaged for certain: another one must be begun first. */
  #isGivenUp = false
  #droppedEvidence = 0

  constructor({ store, open, beginAnew, log, pendingMax = PENDING_MAX }: CommitterOptions) {
    this.#store = store
    this.#open = open
    this.#beginAnew = beginAnew
    this.#log = log
    this.#pendingMax = pendingMax
  }

  get pendingCount(): number {
    return this.#each.length + this.#last.size
  }

  /** No more lines are to be read until some have been committed. What is pushed all the same is still held. */
  get isFull(): boolean {
    return this.#each.length >= this.#pendingMax
  }

  /** Hits without points that were let go at the limit, since the start. */
  get droppedEvidence(): number {
    return this.#droppedEvidence
  }

  /** Why nothing is being committed; undefined while all is well. */
  get trouble(): StoreError | undefined {
    return this.#trouble?.error
  }

  push(changes: readonly Change[]): void {
    for (const change of changes) {
      const key = keyOf(change)
      if (key !== undefined) {
        // Deleted first, so that they stay in the order of their last change.
        this.#last.delete(key)
        this.#last.set(key, change)
      } else if (this.isFull && isEvidence(change)) this.#droppedEvidence++
      else {
        this.#each.push(change)
        if (this.#each.length === this.#pendingMax) this.#dropEvidence()
      }
    }
  }

  /** Commits what waits; true where nothing waits any more. After a failure it does nothing until it is time to try again. */
  flush(now: Instant): boolean {
    const trouble = this.#trouble
    if (trouble ? !isDue(trouble, now) : this.pendingCount === 0) return !trouble
    const hasLasted = trouble !== undefined && now - trouble.since >= REOPEN_AFTER_MS
    if (hasLasted) this.#closeStore()
    try {
      if (this.#isGivenUp) this.#replaceStore()
      trouble?.again(this.#opened())
      this.#commit()
    } catch (error) {
      this.#fail(error, now, trouble?.again ?? (() => {}))
      if (!hasLasted || this.#isGivenUp || this.trouble?.fault !== 'corrupt') return false
      this.#isGivenUp = true
      this.#retryAtOnce()
      return this.flush(now)
    }
    this.#endTrouble(now)
    return true
  }

  /** What the store knows of a source; undefined also while it cannot be asked. */
  offender(source: Address, now: Instant): Offender | undefined {
    return this.#look(now, (store) => store.offender(source))
  }

  /** See Store.loginsSince; undefined while it cannot be asked. */
  loginsSince(since: Instant, now: Instant): readonly Address[] | undefined {
    return this.#look(now, (store) => store.loginsSince(since))
  }

  /** See Store.purge; does nothing in times of trouble. */
  purge(before: Instant, rowsMax: number, now: Instant): boolean {
    if (this.#trouble) return false
    return this.#ask(now, (store) => store.purge(before, rowsMax)) ?? false
  }

  /** See Store.room; undefined also while it cannot be asked. */
  room(now: Instant): Room | undefined {
    return this.#look(now, (store) => store.room())
  }

  /** Tries a last time to commit what waits, and closes the store; true where nothing was left. */
  close(now: Instant): boolean {
    this.#retryAtOnce()
    const isDone = this.flush(now)
    this.#closeStore()
    return isDone
  }

  #look<T>(now: Instant, question: (store: Store) => T): T | undefined {
    return this.#trouble && !isDue(this.#trouble, now) ? undefined : this.#ask(now, question)
  }

  /** Undefined where the store cannot do it now; it is tried again before anything is committed. */
  #ask<T>(now: Instant, question: (store: Store) => T): T | undefined {
    try {
      return question(this.#opened())
    } catch (error) {
      this.#fail(error, now, question)
      return undefined
    }
  }

  #opened(): Store {
    if (this.#isGivenUp && this.#trouble) throw this.#trouble.error
    this.#store ??= this.#open()
    return this.#store
  }

  #closeStore(): void {
    this.#store?.close()
    this.#store = undefined
  }

  #commit(): void {
    this.#opened().commit([...this.#each, ...this.#last.values()])
    this.#each = []
    this.#last.clear()
  }

  #replaceStore(): void {
    this.#closeStore()
    const { store, present } = this.#beginAnew()
    this.#store = store
    this.#isGivenUp = false
    const pending = [...this.#each, ...this.#last.values()]
    this.#each = []
    this.#last.clear()
    this.push(present)
    this.push(pending)
  }

  #dropEvidence(): void {
    const before = this.#each.length
    this.#each = this.#each.filter((change) => !isEvidence(change))
    this.#droppedEvidence += before - this.#each.length
  }

  #fail(error: unknown, now: Instant, again: Trouble['again']): void {
    if (!(error instanceof StoreError)) throw error
    if (this.#trouble?.error.message !== error.message) {
      this.#log.error(`${error.message}; bans go on, and what is to be stored waits in memory`)
    }
    this.#trouble = { error, since: Math.min(this.#trouble?.since ?? now, now), triedAt: now, again }
  }

  #retryAtOnce(): void {
    if (this.#trouble) this.#trouble.triedAt = Number.NEGATIVE_INFINITY
  }

  #endTrouble(now: Instant): void {
    if (!this.#trouble) return
    const after = formatDuration(Math.max(0, now - this.#trouble.since))
    this.#log.info('the database is written again, nothing was lost', { after, droppedEvidence: this.#droppedEvidence })
    this.#trouble = undefined
  }
}

interface Trouble {
  readonly error: StoreError
  readonly since: Instant
  triedAt: Instant
  /** What the store failed to do. */
  readonly again: (store: Store) => unknown
}

/** Also where the clock was set back meanwhile. */
function isDue({ triedAt }: Trouble, now: Instant): boolean {
  return now < triedAt || now - triedAt >= RETRY_AFTER_MS
}

function isEvidence(change: Change): boolean {
  return change.kind === 'hit' && change.hit.points === 0
}

/** What a change overwrites; undefined where every single one counts. */
function keyOf(change: Change): string | undefined {
  switch (change.kind) {
    case 'session':
      return `session ${change.session.key}`
    case 'session-over':
      return `session ${change.key}`
    case 'position':
      return `position ${change.position.log}`
    case 'kept':
      return `kept ${formatAddress(change.source)} ${change.rule}`
    case 'login':
      return `login ${formatAddress(change.source)} ${change.account ?? ''}`
    case 'clock':
      return 'clock'
    default:
      return undefined
  }
}
