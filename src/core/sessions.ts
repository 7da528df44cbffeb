import { type Address, type Sources, sourceOf } from '../base/address.ts'
import { DAY_MS, HOUR_MS, type Instant } from '../base/units.ts'
import type { Change, HitFact, SavedSession, SessionCost } from './model.ts'

/** A session without a login that is not heard of for this long is over; its process id may be another's by then. */
const FORGET_AFTER_MS = HOUR_MS
/** The same for one that is logged in: nobody stays longer without a word in the log, or the closing line was lost. */
const FORGET_LOGGED_IN_AFTER_MS = 7 * DAY_MS
/** How many sessions are kept; at the limit the one not heard of for longest is forgotten, logged-in ones last. */
export const SESSIONS_MAX = 50_000

interface Session {
  /** Where it is found, and its name there. */
  home: Home
  id: string
  seenAt: Instant
  address: Address | undefined
  port: string | undefined
  /** What it has cost, by rule; hardly ever more than one. */
  readonly costs: Cost[]
  isLoggedIn: boolean
  /** When it was last put at the end of all. */
  queuedAt: Instant
  /** It is not yet saved as it is. */
  isDirty: boolean
  before: Session | undefined
  after: Session | undefined
}

interface Cost extends SessionCost {
  readonly rule: string
  atLeast: number
  sum: number
}

/** The sessions of one log and pattern set, by process id. */
interface Home {
  readonly log: string
  readonly set: string | undefined
  /** What the keys of its sessions begin with. */
  readonly prefix: string
  readonly sessions: Map<string, Session>
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
 *
 * This is on the way of every hit, so that no text is made for one: a session's key is put together when it is saved.
 */
export class Sessions {
  readonly #homes = new Map<string, Map<string | undefined, Home>>()
  /** The home of the last line; the next one is mostly of the same. */
  #home: Home | undefined
  /** Sessions that were taken up and not heard of since, by their keys. */
  readonly #restored: Home = { log: '', set: undefined, prefix: '', sessions: new Map() }
  /** A list in the order of `queuedAt`: those heard of since are put at the end when they come to the front, not at each line. */
  #first: Session | undefined
  #last: Session | undefined
  #size = 0
  /** By the peer's port, in the order of logins. */
  readonly #loggedInFrom = new Map<string, Set<Session>>()
  /** How many of them each source has. */
  readonly #loggedIn = new Map<Address, number>()
  /** Who has come to be logged in or is no more since it was last asked. */
  #changedLogins = new Set<Address>()
  /** Before then no session is to be looked at. */
  #sweepAt: Instant = 0
  readonly #isSaved: boolean
  /** To be saved. */
  #dirty: Session[] = []
  #over: Session[] = []

  /** Without `isSaved` there are never any changes. */
  constructor({ isSaved }: { readonly isSaved: boolean }) {
    this.#isSaved = isSaved
  }

  get size(): number {
    return this.#size
  }

  restore(saved: readonly SavedSession[]): void {
    for (const { key, costs, ...one } of saved) {
      const session: Session = {
        ...{ ...one, home: this.#restored, id: key, queuedAt: one.seenAt, isDirty: false, before: undefined, after: undefined },
        costs: Object.entries(costs).map(([rule, cost]) => ({ rule, ...cost })),
      }
      this.#put(session)
      if (one.isLoggedIn) this.#login(session)
    }
  }

  all(): readonly SavedSession[] {
    const all: SavedSession[] = []
    for (let session = this.#first; session; session = session.after) all.push(saved(session))
    return all
  }

  /** What has changed since the last call, each session once. */
  take(): readonly Change[] {
    if (this.#dirty.length === 0 && this.#over.length === 0) return NOTHING
    const over = new Set(this.#over.filter(({ home, id }) => !home.sessions.has(id)).map(keyOf))
    const changed = this.#dirty.filter((session) => session.home.sessions.get(session.id) === session)
    for (const session of this.#dirty) session.isDirty = false
    this.#dirty = []
    this.#over = []
    return [
      ...[...over].map((key): Change => ({ kind: 'session-over', key })),
      ...changed.map((session): Change => ({ kind: 'session', session: saved(session) })),
    ]
  }

  /** The sources that are logged in. */
  get loggedIn(): Sources {
    return this.#loggedIn
  }

  /** The sources that have come to be logged in, or are no more, since the last call; some both, and are as they were. */
  takeChangedLogins(): Iterable<Address> {
    const changed = this.#changedLogins
    if (changed.size > 0) this.#changedLogins = new Set()
    return changed
  }

  /**
   * What a line that came at `at` says of its session: the address that it means, and the points that are left of `points`
   * for it.
   */
  note(hit: HitFact, at: Instant, points: number): { readonly address: Address | undefined; readonly points: number } {
    if (hit.session === undefined) return { address: hit.address, points }
    this.#forgetSilent(at)
    const home = this.#homeOf(hit)
    let session = this.#find(home, hit.session)
    if (session && isOther(session, hit, at)) {
      this.#forget(session)
      session = undefined
    }
    if (hit.login === 'closed') {
      const closed = session?.isLoggedIn ? session : (this.#findLogin(home, hit) ?? session)
      if (closed) this.#forget(closed)
      return { address: hit.address ?? session?.address, points }
    }
    session ??= this.#begin(home, hit.session, at)
    session.seenAt = at
    session.address ??= hit.address
    const { address } = session
    // Where nobody knows yet whom it is to cost, it costs nothing.
    const left = points > 0 && address !== undefined ? charge(session, hit, points) : points
    if (hit.login === 'opened' && !session.isLoggedIn && address !== undefined) {
      session.port = portOf(hit)
      this.#login(session)
    }
    if (this.#isSaved && !session.isDirty) {
      session.isDirty = true
      this.#dirty.push(session)
    }
    return { address, points: left }
  }

  #homeOf({ log, set }: HitFact): Home {
    if (this.#home?.log === log && this.#home.set === set) return this.#home
    const ofLog = this.#homes.get(log) ?? new Map<string | undefined, Home>()
    const home = ofLog.get(set) ?? { log, set, prefix: `${log} ${set} `, sessions: new Map<string, Session>() }
    this.#homes.set(log, ofLog.set(set, home))
    this.#home = home
    return home
  }

  #find(home: Home, id: string): Session | undefined {
    const session = home.sessions.get(id)
    if (session || this.#restored.sessions.size === 0) return session
    const restored = this.#restored.sessions.get(home.prefix + id)
    if (!restored) return undefined
    this.#restored.sessions.delete(restored.id)
    restored.home = home
    restored.id = id
    home.sessions.set(id, restored)
    return restored
  }

  #begin(home: Home, id: string, at: Instant): Session {
    if (this.#size >= SESSIONS_MAX) this.#makeRoom()
    const session: Session = {
      home,
      id,
      seenAt: at,
      address: undefined,
      port: undefined,
      costs: [],
      isLoggedIn: false,
      queuedAt: at,
      isDirty: false,
      before: undefined,
      after: undefined,
    }
    this.#put(session)
    return session
  }

  /** Only the beginning needs a look. Logged-in ones are put at the end until their own time is over. */
  #forgetSilent(at: Instant): void {
    if (at < this.#sweepAt) return
    this.#sweepAt = at + FORGET_AFTER_MS
    for (let session = this.#first; session; session = this.#first) {
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
    let passed: Session | undefined
    for (let session = this.#first; session && session !== passed; session = this.#first) {
      if (!session.isLoggedIn && session.seenAt <= session.queuedAt) {
        this.#forget(session)
        return
      }
      passed ??= session
      this.#putAtEnd(session, session.seenAt)
    }
    if (passed) this.#forget(passed)
  }

  /** At the end of the list, and where it is found. */
  #put(session: Session): void {
    session.home.sessions.set(session.id, session)
    this.#append(session)
    this.#size++
  }

  #putAtEnd(session: Session, at: Instant): void {
    session.queuedAt = at
    this.#unlink(session)
    this.#append(session)
  }

  #append(session: Session): void {
    session.before = this.#last
    if (this.#last) this.#last.after = session
    else this.#first = session
    this.#last = session
  }

  #unlink(session: Session): void {
    const { before, after } = session
    if (before) before.after = after
    else this.#first = after
    if (after) after.before = before
    else this.#last = before
    session.before = undefined
    session.after = undefined
  }

  /** The session that was opened from the address and port that a line names. */
  #findLogin(home: Home, hit: HitFact): Session | undefined {
    const port = portOf(hit)
    if (hit.address === undefined || port === undefined) return undefined
    for (const session of this.#loggedInFrom.get(port) ?? []) {
      if (session.address === hit.address && session.port === port && keyOf(session).startsWith(home.prefix)) return session
    }
    return undefined
  }

  #login(session: Session): void {
    const { address, port = '' } = session
    if (address === undefined) return
    session.isLoggedIn = true
    const others = this.#loggedInFrom.get(port)
    if (others) others.add(session)
    else this.#loggedInFrom.set(port, new Set([session]))
    this.#countLogin(address, 1)
  }

  #logout(session: Session): void {
    const { address, port = '' } = session
    const others = this.#loggedInFrom.get(port)
    if (!others?.delete(session)) return
    if (others.size === 0) this.#loggedInFrom.delete(port)
    this.#countLogin(address!, -1)
  }

  #forget(session: Session): void {
    session.home.sessions.delete(session.id)
    this.#unlink(session)
    this.#size--
    if (session.isLoggedIn) this.#logout(session)
    if (this.#isSaved) this.#over.push(session)
  }

  #countLogin(address: Address, change: 1 | -1): void {
    const source = sourceOf(address)
    const count = (this.#loggedIn.get(source) ?? 0) + change
    if (this.#isSaved && this.#loggedIn.has(source) !== count > 0) this.#changedLogins.add(source)
    if (count > 0) this.#loggedIn.set(source, count)
    else this.#loggedIn.delete(source)
  }
}

const NOTHING: readonly Change[] = []

/** What a hit adds to the cost of its session: nothing, where the session has cost as much already. */
function charge({ costs }: Session, { rule, once }: HitFact, points: number): number {
  let cost = costs.find((one) => one.rule === rule)
  if (!cost) {
    cost = { rule, atLeast: 0, sum: 0 }
    costs.push(cost)
  }
  const before = Math.max(cost.atLeast, cost.sum)
  if (once) cost.atLeast = Math.max(cost.atLeast, points)
  else cost.sum += points
  return Math.max(cost.atLeast, cost.sum) - before
}

function portOf({ parameters }: HitFact): string | undefined {
  return typeof parameters.port === 'string' ? parameters.port : undefined
}

function isOther(session: Session, { address }: HitFact, at: Instant): boolean {
  if (address !== undefined && session.address !== undefined && address !== session.address) return true
  return isSilent(session, at)
}

function isSilent({ isLoggedIn, seenAt }: Session, at: Instant): boolean {
  return at - seenAt >= (isLoggedIn ? FORGET_LOGGED_IN_AFTER_MS : FORGET_AFTER_MS)
}

/** What a session is saved under. */
function keyOf({ home, id }: Session): string {
  return home.prefix + id
}

function saved(session: Session): SavedSession {
  const { seenAt, address, port, costs, isLoggedIn } = session
  const byRule = costs.map(({ rule, atLeast, sum }) => [rule, { atLeast, sum }])
  return { key: keyOf(session), seenAt, address, port, costs: Object.fromEntries(byRule), isLoggedIn }
}
