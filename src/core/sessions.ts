import { type Address, sourceOf } from '../base/address.ts'
import { DAY_MS, HOUR_MS, type Instant } from '../base/units.ts'
import type { HitFact, SavedSession } from './model.ts'

/** A session without a login that is not heard of for this long is over; its process id may be another's by then. */
const FORGET_AFTER_MS = HOUR_MS
/** The same for one that is logged in: nobody stays longer without a word in the log, or the closing line was lost. */
const FORGET_LOGGED_IN_AFTER_MS = 7 * DAY_MS
/** How many sessions are kept; at the limit the one not heard of for longest is forgotten, logged-in ones last. */
export const SESSIONS_MAX = 100_000

interface Session {
  readonly key: string
  seenAt: Instant
  address: Address | undefined
  /** For each rule, what `once` patterns have given. */
  given: Record<string, number>
  isLoggedIn: boolean
}

/**
 * Lines of one process belong together: a line without an address means that of an earlier line, an attempt that is
 * logged twice counts once, and whoever is logged in is not banned.
 *
 * A session is known by log, pattern set and process id. A line that names another address than the session's, or that
 * comes after `FORGET_AFTER_MS` of silence, begins a new session under the same key: the process id was given again.
 */
export class Sessions {
  /** In the order in which they were last heard of. */
  readonly #sessions = new Map<string, Session>()
  /** How many logged-in sessions each source has. */
  readonly #loggedIn = new Map<Address, number>()
  /** Goes up whenever somebody comes to be logged in, or is no more. */
  loggedInVersion = 0
  readonly #onChange: (session: SavedSession) => void
  readonly #onOver: (key: string) => void

  constructor({ onChange, onOver }: { onChange(session: SavedSession): void; onOver(key: string): void }) {
    this.#onChange = onChange
    this.#onOver = onOver
  }

  get size(): number {
    return this.#sessions.size
  }

  restore(saved: readonly SavedSession[]): void {
    for (const one of saved) {
      this.#sessions.set(one.key, { ...one, given: { ...one.given } })
      if (one.isLoggedIn && one.address !== undefined) this.#countLogin(one.address, 1)
    }
  }

  all(): readonly SavedSession[] {
    return [...this.#sessions.values()].map((session) => ({ ...session, given: { ...session.given } }))
  }

  /** The sources that are logged in. */
  loggedIn(): Iterable<Address> {
    return this.#loggedIn.keys()
  }

  /** What a line says of its session: the address that it means, and the points that are left of `points` for it. */
  note(hit: HitFact, points: number): { readonly address: Address | undefined; readonly points: number } {
    if (hit.session === undefined) return { address: hit.address, points }
    this.#forgetSilent(hit.at)
    const key = `${hit.log} ${hit.set} ${hit.session}`
    let session = this.#sessions.get(key)
    if (session && isOther(session, hit)) {
      this.#forget(session)
      session = undefined
    }
    if (!session) {
      if (hit.login === 'closed') return { address: hit.address, points }
      session = { key, seenAt: hit.at, address: hit.address, given: {}, isLoggedIn: false }
    }
    session.seenAt = hit.at
    session.address ??= hit.address
    const { address } = session
    if (hit.login === 'closed') {
      this.#forget(session)
      return { address, points }
    }
    let left = points
    if (hit.once && points > 0) {
      const given = session.given[hit.rule] ?? 0
      left = Math.max(0, points - given)
      session.given[hit.rule] = given + left
    }
    if (hit.login === 'opened' && !session.isLoggedIn && address !== undefined) {
      session.isLoggedIn = true
      this.#countLogin(address, 1)
    }
    this.#sessions.delete(key)
    this.#sessions.set(key, session)
    this.#onChange({ ...session, given: { ...session.given } })
    if (this.#sessions.size > SESSIONS_MAX) this.#makeRoom()
    return { address, points: left }
  }

  /** The map is in the order of `seenAt`, so only its beginning needs a look; logged-in ones in front are passed over. */
  #forgetSilent(at: Instant): void {
    let passedOver = 0
    for (const session of this.#sessions.values()) {
      const silentMs = at - session.seenAt
      if (silentMs < FORGET_AFTER_MS) return
      if (!session.isLoggedIn || silentMs >= FORGET_LOGGED_IN_AFTER_MS) this.#forget(session)
      else if (++passedOver > 100) return
    }
  }

  #makeRoom(): void {
    let oldest: Session | undefined
    for (const session of this.#sessions.values()) {
      oldest ??= session
      if (session.isLoggedIn) continue
      oldest = session
      break
    }
    if (oldest) this.#forget(oldest)
  }

  #forget(session: Session): void {
    this.#sessions.delete(session.key)
    if (session.isLoggedIn && session.address !== undefined) this.#countLogin(session.address, -1)
    this.#onOver(session.key)
  }

  #countLogin(address: Address, change: 1 | -1): void {
    const source = sourceOf(address)
    const count = (this.#loggedIn.get(source) ?? 0) + change
    if (this.#loggedIn.has(source) !== count > 0) this.loggedInVersion++
    if (count > 0) this.#loggedIn.set(source, count)
    else this.#loggedIn.delete(source)
  }
}

function isOther(session: Session, hit: HitFact): boolean {
  if (hit.address !== undefined && session.address !== undefined && hit.address !== session.address) return true
  return hit.at - session.seenAt >= (session.isLoggedIn ? FORGET_LOGGED_IN_AFTER_MS : FORGET_AFTER_MS)
}
