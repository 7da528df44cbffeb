import { type Address, sourceOf } from '../base/address.ts'
import { DAY_MS, HOUR_MS, type Instant } from '../base/units.ts'
import type { Change, HitFact, SavedSession, SessionCost } from './model.ts'

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
  port: string | undefined
  costs: Record<string, SessionCost>
  isLoggedIn: boolean
  /** When it was last put at the end of all. */
  queuedAt: Instant
  /** It is not yet saved as it is. */
  isDirty: boolean
}

/**
 * Lines of one process belong together: a line without an address means that of an earlier line, an attempt that is
 * logged several times is one, and whoever is logged in is not banned.
 *
 * A session is known by log, pattern set and process id. A line that names another address than the session's, or that
 * comes after `FORGET_AFTER_MS` of silence, begins a new session under the same key: the process id was given again.
 *
 * A login may be closed by another process than the one that opened it (sshd's child says good-bye for its monitor): then
 * address and port tell whose it was.
 */
export class Sessions {
  /** In the order of `queuedAt`: those heard of since are put at the end when they come to the front, not at each line. */
  readonly #sessions = new Map<string, Session>()
  readonly #loggedInSessions = new Set<Session>()
  /** How many of them each source has. */
  readonly #loggedIn = new Map<Address, number>()
  /** Goes up whenever somebody comes to be logged in, or is no more. */
  loggedInVersion = 0
  /** Before then no session is to be looked at. */
  #sweepAt: Instant = 0
  /** To be saved. */
  #dirty: Session[] = []
  readonly #over = new Set<string>()

  get size(): number {
    return this.#sessions.size
  }

  restore(saved: readonly SavedSession[]): void {
    for (const one of saved) {
      const session = { ...one, costs: { ...one.costs }, queuedAt: one.seenAt, isDirty: false }
      this.#sessions.set(one.key, session)
      if (one.isLoggedIn) this.#login(session)
    }
  }

  all(): readonly SavedSession[] {
    return [...this.#sessions.values()].map(saved)
  }

  /** What has changed since the last call, each session once. */
  take(): readonly Change[] {
    const over = [...this.#over].filter((key) => !this.#sessions.has(key))
    const changed = this.#dirty.filter((session) => this.#sessions.get(session.key) === session)
    for (const session of this.#dirty) session.isDirty = false
    this.#dirty = []
    this.#over.clear()
    return [
      ...over.map((key): Change => ({ kind: 'session-over', key })),
      ...changed.map((session): Change => ({ kind: 'session', session: saved(session) })),
    ]
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
    if (hit.login === 'closed') {
      const closed = session?.isLoggedIn ? session : (this.#loggedInFrom(hit) ?? session)
      if (closed) this.#forget(closed)
      return { address: hit.address ?? session?.address, points }
    }
    session ??= this.#begin(key, hit.at)
    session.seenAt = hit.at
    session.address ??= hit.address
    const { address } = session
    // Where nobody knows yet whom it is to cost, it costs nothing.
    const left = points > 0 && address !== undefined ? charge(session, hit, points) : points
    if (hit.login === 'opened' && !session.isLoggedIn && address !== undefined) {
      session.port = portOf(hit)
      this.#login(session)
    }
    if (!session.isDirty) {
      session.isDirty = true
      this.#dirty.push(session)
    }
    return { address, points: left }
  }

  #begin(key: string, at: Instant): Session {
    if (this.#sessions.size >= SESSIONS_MAX) this.#makeRoom()
    const session: Session = {
      ...{ key, seenAt: at, address: undefined, port: undefined, costs: {}, isLoggedIn: false },
      ...{ queuedAt: at, isDirty: false },
    }
    this.#sessions.set(key, session)
    return session
  }

  /** Only the beginning needs a look. Logged-in ones are put at the end until their own time is over. */
  #forgetSilent(at: Instant): void {
    if (at < this.#sweepAt) return
    this.#sweepAt = at + FORGET_AFTER_MS
    for (const session of this.#sessions.values()) {
      const dueAt = session.queuedAt + FORGET_AFTER_MS
      if (dueAt > at) {
        this.#sweepAt = dueAt
        return
      }
      if (isSilent(session, at)) this.#forget(session)
      else this.#putAtEnd(session, at)
    }
  }

  /** Forgets the one that was not heard of for longest: one that has spoken since it was put at the end is put there again. */
  #makeRoom(): void {
    let first: Session | undefined
    for (const session of this.#sessions.values()) {
      if (!session.isLoggedIn && session.seenAt <= session.queuedAt) {
        this.#forget(session)
        return
      }
      if (session === first) break
      first ??= session
      this.#putAtEnd(session, session.seenAt)
    }
    if (first) this.#forget(first)
  }

  #putAtEnd(session: Session, at: Instant): void {
    session.queuedAt = at
    this.#sessions.delete(session.key)
    this.#sessions.set(session.key, session)
  }

  /** The session that was opened from the address and port that a line names. */
  #loggedInFrom({ log, set, address, ...hit }: HitFact): Session | undefined {
    const port = portOf(hit)
    if (address === undefined || port === undefined) return undefined
    for (const session of this.#loggedInSessions) {
      if (session.address === address && session.port === port && session.key.startsWith(`${log} ${set} `)) return session
    }
    return undefined
  }

  #login(session: Session): void {
    if (session.address === undefined) return
    session.isLoggedIn = true
    this.#loggedInSessions.add(session)
    this.#countLogin(session.address, 1)
  }

  #forget(session: Session): void {
    this.#sessions.delete(session.key)
    if (this.#loggedInSessions.delete(session)) this.#countLogin(session.address!, -1)
    this.#over.add(session.key)
  }

  #countLogin(address: Address, change: 1 | -1): void {
    const source = sourceOf(address)
    const count = (this.#loggedIn.get(source) ?? 0) + change
    if (this.#loggedIn.has(source) !== count > 0) this.loggedInVersion++
    if (count > 0) this.#loggedIn.set(source, count)
    else this.#loggedIn.delete(source)
  }
}

/** What a hit adds to the cost of its session: nothing, where the session has cost as much already. */
function charge(session: Session, { rule, once }: HitFact, points: number): number {
  const { atLeast, sum } = session.costs[rule] ?? { atLeast: 0, sum: 0 }
  const cost = once ? { atLeast: Math.max(atLeast, points), sum } : { atLeast, sum: sum + points }
  session.costs[rule] = cost
  return Math.max(cost.atLeast, cost.sum) - Math.max(atLeast, sum)
}

function portOf({ parameters }: Pick<HitFact, 'parameters'>): string | undefined {
  return typeof parameters.port === 'string' ? parameters.port : undefined
}

function isOther(session: Session, hit: HitFact): boolean {
  if (hit.address !== undefined && session.address !== undefined && hit.address !== session.address) return true
  return isSilent(session, hit.at)
}

function isSilent({ isLoggedIn, seenAt }: Session, at: Instant): boolean {
  return at - seenAt >= (isLoggedIn ? FORGET_LOGGED_IN_AFTER_MS : FORGET_AFTER_MS)
}

function saved({ key, seenAt, address, port, costs, isLoggedIn }: Session): SavedSession {
  return { key, seenAt, address, port, costs: { ...costs }, isLoggedIn }
}
