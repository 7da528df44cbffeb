import type { Pattern } from '../../src/matching/pattern.ts'
import { isMulticast, isProtected, sourceOfAddress } from './addresses.ts'
import { hitOf, type LineHit } from './matching.ts'

/** One decision, in the words that `log2table replay --json` prints. */
export interface ReferenceDecision {
  readonly at: string
  readonly kind: 'ban' | 'unban' | 'refused'
  readonly address: string
  readonly table: string
  readonly until?: string
  readonly rule: string
  readonly score?: number
}

const HOUR = 3_600_000
const DAY = 24 * HOUR
const THRESHOLD = 100
const WINDOW = HOUR
const BAN = HOUR
const RULE = 'hackers'
const TABLE = 'bad_ip'

interface Point {
  readonly at: number
  readonly points: number
  readonly account: string | undefined
}

interface Session {
  seenAt: number
  address: string | undefined
  /** Of the login, where there was one. */
  port: string | undefined
  atLeast: number
  sum: number
  isLoggedIn: boolean
}

/**
 * What `Hackers` with its defaults decides of the lines of one syslog file, worked out in the simplest way: every regex on
 * every line, a list of points for each address, a list of bans, no index and no limit. Written from the design, to be
 * compared with the real engine; `firstAt` is about when the log begins, since its dates have no year.
 */
export function decide(lines: Iterable<string>, patterns: readonly Pattern[], firstAt: number): ReferenceDecision[] {
  const decisions: ReferenceDecision[] = []
  const pointsOf = new Map<string, Point[]>()
  const bannedUntil = new Map<string, number>()
  const lastLoginAt = new Map<string, number>()
  const sessions = new Map<string, Session>()
  let logins: { readonly key: string; readonly session: Session }[] = []
  const timeOf = syslogTimes(firstAt)
  let now = 0
  let lastHit: LineHit | undefined

  for (const line of lines) {
    const at = timeOf(line)
    const repeated = /^\w{3} [ \d]\d \d\d:\d\d:\d\d \S+ last message repeated (\d+) times$/.exec(line)
    const hit = repeated ? lastHit && { ...lastHit, times: Number(repeated[1]) } : hitOf(line, patterns)
    lastHit = hit
    if (!hit) continue
    now = Math.max(now, at)
    endBans()
    take(hit)
  }
  return decisions

  function endBans(): void {
    const ended = [...bannedUntil].filter(([, until]) => until <= now)
    ended.sort(([a, untilA], [b, untilB]) => untilA - untilB || (a < b ? -1 : 1))
    for (const [source, until] of ended) {
      bannedUntil.delete(source)
      decisions.push({ at: iso(until), kind: 'unban', address: source, table: TABLE, rule: RULE })
    }
  }

  function take(hit: LineHit): void {
    const { weight = 10, once, session: login } = hit.pattern
    const session = sessionOf(hit)
    const address = hit.address ?? session?.address
    if (login === 'closed') close(hit, session)
    if (address === undefined || isMulticast(address)) return
    const source = sourceOfAddress(address)

    let points = weight
    if (!once) points *= hit.times
    if (session && points > 0) {
      // A session costs the sum of its lines, and at least as much as the dearest of those that count once.
      const before = Math.max(session.atLeast, session.sum)
      if (once) session.atLeast = Math.max(session.atLeast, points)
      else session.sum += points
      points = Math.max(session.atLeast, session.sum) - before
    }

    if (login === 'opened') {
      lastLoginAt.set(source, now)
      if (session) logIn(hit, session)
      if (hit.account !== undefined) forgive(source, hit.account)
    }
    if (points <= 0 || bannedUntil.has(source)) return
    const live = [
      ...(pointsOf.get(source) ?? []).filter((point) => now - point.at < WINDOW),
      { at: now, points, account: hit.account },
    ]
    pointsOf.set(source, live)
    const score = live.reduce((sum, point) => sum + point.points, 0)
    const isFriend = now - (lastLoginAt.get(source) ?? Number.NEGATIVE_INFINITY) <= 7 * DAY
    if (score < (isFriend ? 3 * THRESHOLD : THRESHOLD)) return
    pointsOf.delete(source)
    const decision = { at: iso(now), address: source, table: TABLE, rule: RULE, score }
    if (isProtected(address) || isLoggedIn(source)) decisions.push({ ...decision, kind: 'refused' })
    else {
      bannedUntil.set(source, now + BAN)
      decisions.push({ ...decision, kind: 'ban', until: iso(now + BAN) })
    }
  }

  function forgive(source: string, account: string): void {
    const points = pointsOf.get(source)
    if (points)
      pointsOf.set(
        source,
        points.filter((point) => point.account !== account),
      )
  }

  /** The session that a line belongs to, which it may begin. */
  function sessionOf(hit: LineHit): Session | undefined {
    if (hit.session === undefined) return undefined
    const known = sessions.get(keyOf(hit))
    const isSame = known && !isSilent(known) && !(hit.address && known.address && hit.address !== known.address)
    if (!isSame) sessions.delete(keyOf(hit))
    if (hit.pattern.session === 'closed') return isSame ? known : undefined
    const session = isSame ? known : { seenAt: now, address: undefined, port: undefined, atLeast: 0, sum: 0, isLoggedIn: false }
    sessions.set(keyOf(hit), session)
    session.seenAt = now
    session.address ??= hit.address
    return session
  }

  function logIn(hit: LineHit, session: Session): void {
    if (session.isLoggedIn) return
    session.isLoggedIn = true
    session.port = hit.port
    logins.push({ key: keyOf(hit), session })
  }

  /** Ends the session of that process; where nobody is logged in by it, the login from the same address and port. */
  function close(hit: LineHit, own: Session | undefined): void {
    logins = logins.filter(({ key, session }) => sessions.get(key) === session && !isSilent(session))
    const twin = logins.find(({ session }) => hit.port && session.port === hit.port && session.address === hit.address)
    sessions.delete(own?.isLoggedIn ? keyOf(hit) : (twin?.key ?? keyOf(hit)))
  }

  function isSilent({ seenAt, isLoggedIn }: Session): boolean {
    return now - seenAt >= (isLoggedIn ? 7 * DAY : HOUR)
  }

  function isLoggedIn(source: string): boolean {
    for (const [key, session] of sessions) {
      if (isSilent(session)) sessions.delete(key)
      else if (session.isLoggedIn && session.address && sourceOfAddress(session.address) === source) return true
    }
    return false
  }
}

function keyOf({ pattern, session }: LineHit): string {
  return `${pattern.set?.name} ${session}`
}

function iso(at: number): string {
  return new Date(at).toISOString()
}

/** Reads `Mar  3 07:46:40`, in UTC; a month before that of the line before means that a year has begun. */
function syslogTimes(firstAt: number): (line: string) => number {
  let year = new Date(firstAt).getUTCFullYear()
  let lastMonth = ''
  return (line) => {
    const [month, rest] = [line.slice(0, 3), line.slice(4, 15)]
    if (month === 'Jan' && lastMonth === 'Dec') year++
    lastMonth = month
    return Date.parse(`${month} ${rest.slice(0, 2).trim()} ${year} ${rest.slice(3)} UTC`)
  }
}
