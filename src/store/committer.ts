import { type Address, formatAddress } from '../base/address.ts'
import { formatDuration } from '../base/duration.ts'
import type { Log } from '../base/log.ts'
import { type Instant, SECOND_MS } from '../base/units.ts'
import type { Change, Offender } from '../core/model.ts'
import { type Store, StoreError } from './store.ts'

/** How many hits, bans and the like wait in memory while the database cannot be written. About 100 MB with their lines. */
export const PENDING_MAX = 200_000

/** How long after a failure the next try comes; each may hold the daemon up for as long as the store waits for others. */
const RETRY_AFTER_MS = SECOND_MS

export interface CommitterOptions {
  readonly store: Store
  /**
   * The database was found damaged: keeps it aside, begins a new one, and says what it must know of the present that is
   * not pending: live bans, kept data, sessions, positions, the clock. The old store is closed by then.
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
  #store: Store
  readonly #beginAnew: CommitterOptions['beginAnew']
  readonly #log: Log
  readonly #pendingMax: number
  /** Changes that must all be made, in their order. */
  #each: Change[] = []
  /** Changes of which only the last counts, by what they change. */
  readonly #last = new Map<string, Change>()
  #trouble: Trouble | undefined
  #droppedEvidence = 0

  constructor({ store, beginAnew, log, pendingMax = PENDING_MAX }: CommitterOptions) {
    this.#store = store
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
    if (this.#trouble ? !isDue(this.#trouble, now) : this.pendingCount === 0) return !this.#trouble
    try {
      if (this.#trouble?.isDamaged) this.#replaceStore()
      try {
        this.#commit()
      } catch (error) {
        if (!(error instanceof StoreError && error.fault === 'corrupt')) throw error
        this.#fail(error, now)
        this.#replaceStore()
        this.#commit()
      }
    } catch (error) {
      this.#fail(error, now)
      return false
    }
    this.#endTrouble(now)
    return true
  }

  /** What the store knows of a source; undefined also while it cannot be asked. */
  offender(source: Address, now: Instant): Offender | undefined {
    if (this.#trouble && !isDue(this.#trouble, now)) return undefined
    try {
      return this.#store.offender(source)
    } catch (error) {
      this.#fail(error, now)
      return undefined
    }
  }

  /** See Store.purge; does nothing in times of trouble. */
  purge(before: Instant, rowsMax: number, now: Instant): boolean {
    if (this.#trouble) return false
    try {
      return this.#store.purge(before, rowsMax)
    } catch (error) {
      this.#fail(error, now)
      return false
    }
  }

  /** Tries a last time to commit what waits, and closes the store; true where nothing was left. */
  close(now: Instant): boolean {
    if (this.#trouble) this.#trouble.triedAt = Number.NEGATIVE_INFINITY
    const isDone = this.flush(now)
    this.#store.close()
    return isDone
  }

  #commit(): void {
    this.#store.commit([...this.#each, ...this.#last.values()])
    this.#each = []
    this.#last.clear()
  }

  #replaceStore(): void {
    this.#store.close()
    const { store, present } = this.#beginAnew()
    this.#store = store
    if (this.#trouble) this.#trouble.isDamaged = false
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

  #fail(error: unknown, now: Instant): void {
    if (!(error instanceof StoreError)) throw error
    const isDamaged = error.fault === 'corrupt' || (this.#trouble?.isDamaged ?? false)
    if (this.#trouble?.error.message !== error.message) {
      this.#log.error(`${error.message}; bans go on, and what is to be stored waits in memory`)
    }
    this.#trouble = { error, since: this.#trouble?.since ?? now, triedAt: now, isDamaged }
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
  /** A new database must be begun first. */
  isDamaged: boolean
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
