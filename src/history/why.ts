import type { Instant } from '../base/units.ts'
import type { SavedRefusal } from '../core/model.ts'
import type { EndedBan, SavedEvidence, SavedLedger } from '../store/store.ts'

/** What became of the points of a line. */
export type Fate =
  /** They count now. */
  | { readonly kind: 'live' }
  /** It had none: it came while its address was banned, or again in a session. */
  | { readonly kind: 'free' }
  | { readonly kind: 'expired'; readonly at: Instant }
  /** The ban took them, or the one that was refused. */
  | { readonly kind: 'spent' }
  /** A good login of the same account took them back. */
  | { readonly kind: 'credited' }
  /** They were pardoned with an unban by hand, or made room for another source. */
  | { readonly kind: 'forgotten' }
  /** Nobody says how long they count. */
  | { readonly kind: 'unknown' }

type SavedLine = Extract<SavedEvidence, { kind: 'hit' }>['hit']

/** What happened, as it is told: in the order of time. */
export type Happening =
  | {
      readonly kind: 'line'
      readonly at: Instant
      readonly hit: SavedLine
      /** All points of its rule that counted then; undefined where nobody says how long they count. */
      readonly score: number | undefined
      readonly fate: Fate
      /** With this line the points were enough: a ban followed, or was refused. */
      readonly isDecisive: boolean
    }
  | { readonly kind: 'ban'; readonly at: Instant; readonly ban: EndedBan }
  | { readonly kind: 'unban'; readonly at: Instant; readonly ban: EndedBan; readonly reason: string }
  | { readonly kind: 'refused'; readonly at: Instant; readonly refusal: SavedRefusal }
  | { readonly kind: 'login'; readonly at: Instant; readonly account: string | undefined }

export interface Story {
  readonly happenings: readonly Happening[]
  /** The bans that are in force. */
  readonly live: readonly EndedBan[]
}

/** Of one instant: what ended comes before what began, and a line before what it led to. */
const order: readonly Happening['kind'][] = ['unban', 'login', 'line', 'refused', 'ban']

/**
 * Tells the past of a source from what was kept of it: what each line cost and what became of it, bans and their ends.
 * `windows` says how long points count, by rule.
 */
export function storyOf(ledger: SavedLedger, windows: ReadonlyMap<string, number>, now: Instant): Story {
  const { bans, refusals, logins } = ledger
  const happenings: Happening[] = [
    ...linesOf(ledger, windows, now),
    ...bans.map((ban): Happening => ({ kind: 'ban', at: ban.at, ban })),
    ...bans.flatMap((ban): Happening[] =>
      ban.ended ? [{ kind: 'unban', at: ban.ended.at, ban, reason: ban.ended.reason }] : [],
    ),
    ...refusals.map((refusal): Happening => ({ kind: 'refused', at: refusal.at, refusal })),
    ...logins.map((login): Happening => ({ kind: 'login', ...login })),
  ]
  happenings.sort((a, b) => a.at - b.at || order.indexOf(a.kind) - order.indexOf(b.kind))
  return { happenings, live: bans.filter(({ ended, until }) => ended === undefined && until > now) }
}

/** A line whose fate is still open. */
interface OpenLine {
  readonly hit: SavedLine
  readonly score: number | undefined
  fate: Fate
  isDecisive: boolean
}

function linesOf(
  { evidence, bans, refusals }: SavedLedger,
  windows: ReadonlyMap<string, number>,
  now: Instant,
): readonly Happening[] {
  const lines: OpenLine[] = []
  /** By rule: the lines whose points count, oldest first. */
  const counting = new Map<string, OpenLine[]>()
  const runOut = (rule: string, at: Instant) => {
    const windowMs = windows.get(rule)
    const open = counting.get(rule) ?? []
    if (windowMs === undefined) return open
    const live = open.filter(({ hit }) => at - hit.at < windowMs)
    for (const line of open) if (at - line.hit.at >= windowMs) line.fate = { kind: 'expired', at: line.hit.at + windowMs }
    counting.set(rule, live)
    return live
  }
  const wasDecided = (rule: string, at: Instant) => [...bans, ...refusals].some((one) => one.rule === rule && one.at === at)

  for (const one of evidence) {
    if (one.kind === 'hit') {
      const { hit } = one
      const before = runOut(hit.rule, hit.at)
      const isKnown = windows.has(hit.rule)
      const score = isKnown ? before.reduce((sum, line) => sum + line.hit.points, hit.points) : undefined
      const fate: Fate = hit.points === 0 ? { kind: 'free' } : isKnown ? { kind: 'live' } : { kind: 'unknown' }
      const line = { hit, score, fate, isDecisive: false }
      lines.push(line)
      if (hit.points > 0) counting.set(hit.rule, [...before, line])
      continue
    }
    const open = counting.get(one.rule) ?? []
    const isGone = ({ hit }: OpenLine) => one.account === undefined || hit.account === one.account
    const last = open.at(-1)
    const isDecided = one.account === undefined && last !== undefined && wasDecided(one.rule, last.hit.at)
    if (isDecided) last.isDecisive = true
    const kind = one.account !== undefined ? 'credited' : isDecided ? 'spent' : 'forgotten'
    for (const line of open) if (isGone(line)) line.fate = { kind }
    counting.set(
      one.rule,
      open.filter((line) => !isGone(line)),
    )
  }
  for (const rule of counting.keys()) runOut(rule, now)
  return lines.map((line): Happening => ({ kind: 'line', at: line.hit.at, ...line }))
}
