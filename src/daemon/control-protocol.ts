import * as v from 'valibot'
import { type Network, parseNetwork } from '../base/address.ts'
import { explainAddress } from '../base/address-faults.ts'
import { DURATION_MS_MAX } from '../base/duration.ts'
import { escapeText } from '../base/escape.ts'
import { DAY_MS } from '../base/units.ts'
import { showValue } from '../base/value.ts'
import type { Decision, SavedBan } from '../core/model.ts'
import type { TrialOrder } from './trial.ts'

/**
 * What is said over the control socket: one request a connection, a line of JSON; then lines of JSON in answer, the last
 * of them `end` or `error`. A request with a key that the daemon does not know is refused: an order half understood is
 * none. In answers unknown keys are passed over, so that an older command can speak with a newer daemon.
 */

/** A longer request is refused unread. */
export const REQUEST_BYTES_MAX = 64 * 1024
/** A longer line of an answer is none. */
export const ANSWER_LINE_BYTES_MAX = 16 * 1024 * 1024
/** The longest path of a socket on any system that we run on; some versions of Node cut a longer one without a word. */
export const SOCKET_PATH_BYTES_MAX = 103
/** How many requests may be open at once; more are turned away. */
export const CONNECTIONS_MAX = 32
/** How long the daemon waits for a request, and for a client that does not read its answer. */
export const CONNECTION_IDLE_MS = 10_000

const REASON_CHARACTERS_MAX = 1_000
const NAME_CHARACTERS_MAX = 100

const name = v.pipe(
  v.string(),
  v.regex(/^[\w-]+$/, 'a name is made of letters, digits, "_" and "-"'),
  v.maxLength(NAME_CHARACTERS_MAX, `at most ${NAME_CHARACTERS_MAX} characters are allowed`),
)
const reason = v.pipe(v.string(), v.maxLength(REASON_CHARACTERS_MAX, `at most ${REASON_CHARACTERS_MAX} characters are allowed`))
/** Of a rule or a pattern; a pattern without a name is called by its regex. */
const heldName = v.pipe(v.string(), v.maxLength(REASON_CHARACTERS_MAX, `at most ${REASON_CHARACTERS_MAX} characters are allowed`))
const network = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }): Network => {
    const parsed = parseNetwork(dataset.value)
    if (parsed) return parsed
    addIssue({ message: explainAddress(dataset.value)! })
    return NEVER
  }),
)

/** Most addresses of one request for a snapshot; a longer list comes in several. */
export const SNAPSHOT_ADDRESSES_MAX = 1_000

/** `fw1/bad_ip`: a machine and its table, so that it is none of ours. */
const foreignTable = v.pipe(
  v.string(),
  v.regex(/^[\w.-]+\/[\w.-]+$/, 'write HOST/TABLE'),
  v.maxLength(NAME_CHARACTERS_MAX, `at most ${NAME_CHARACTERS_MAX} characters are allowed`),
)

/** SSH_CONNECTION of whoever asks: `192.0.2.1 50000 198.51.100.1 22`. */
const connection = v.pipe(v.string(), v.maxLength(200, 'at most 200 characters are allowed'))

/** How many of each `view` gives at most. */
const VIEW_MAX = 100

/** The longest time for which a configuration may be on trial. */
export const CONFIRM_MS_MAX = DAY_MS

const isDuration = (ms: number) => Number.isInteger(ms) && ms >= 1 && ms <= DURATION_MS_MAX

const request = v.variant('do', [
  v.strictObject({ do: v.literal('status') }),
  /** The status, who is nearest to a ban, and the last decisions, at most so many of each. */
  v.strictObject({
    do: v.literal('view'),
    most: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(VIEW_MAX)), 20),
  }),
  v.strictObject({ do: v.literal('bans'), table: v.optional(name) }),
  v.strictObject({
    do: v.literal('ban'),
    address: network,
    /** How long; null: for life. */
    forMs: v.nullable(
      v.pipe(v.number(), v.check(isDuration, `a whole number from 1 to ${DURATION_MS_MAX} is expected, or null`)),
    ),
    table: v.optional(name),
    reason: v.optional(reason, ''),
    /** The address that the one who orders is logged in from; it is not to be banned. */
    invoker: v.optional(network),
  }),
  v.strictObject({ do: v.literal('unban'), address: network, reason: v.optional(reason, '') }),
  v.strictObject({ do: v.literal('dismiss'), address: network }),
  /** Without a name, all that can be released. */
  v.strictObject({ do: v.literal('release'), name: v.optional(heldName) }),
  /** Without a table, all of ours; with one, it is another machine's, and these are some of its entries. */
  v.strictObject({
    do: v.literal('snapshot'),
    table: v.optional(foreignTable),
    addresses: v.optional(v.pipe(v.array(network), v.maxLength(SNAPSHOT_ADDRESSES_MAX)), []),
    entries: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  }),
  v.strictObject({
    do: v.literal('reload'),
    /** It is undone after so long, unless somebody confirms it. */
    confirmMs: v.optional(
      v.pipe(
        v.number(),
        v.check((ms) => isDuration(ms) && ms <= CONFIRM_MS_MAX, 'at most a day is allowed'),
      ),
    ),
    connection: v.optional(connection),
  }),
  v.strictObject({ do: v.literal('confirm'), connection: v.optional(connection) }),
  v.strictObject({ do: v.literal('standing'), address: network }),
])

/** As the client writes it. */
export type RequestMessage = v.InferInput<typeof request>
/** As the daemon understands it. */
export type Request = v.InferOutput<typeof request>
export type BansFilter = Omit<Extract<Request, { do: 'bans' }>, 'do'>
export type BanOrder = Omit<Extract<Request, { do: 'ban' }>, 'do'>
export type SnapshotOrder = Omit<Extract<Request, { do: 'snapshot' }>, 'do'>
export type UnbanOrder = Omit<Extract<Request, { do: 'unban' }>, 'do'>

/** Reads one line of a client. */
export function parseRequest(line: string): { readonly request: Request } | { readonly fault: string } {
  if (Buffer.byteLength(line) > REQUEST_BYTES_MAX) return { fault: `the request is longer than ${REQUEST_BYTES_MAX} bytes` }
  let message: unknown
  try {
    message = JSON.parse(line)
  } catch {
    return { fault: 'the request is no JSON' }
  }
  const result = v.safeParse(request, message)
  return result.success ? { request: result.output } : { fault: result.issues.map(issueText).join('\n') }
}

function issueText(issue: v.BaseIssue<unknown>): string {
  const path = escapeText(v.getDotPath(issue) ?? '')
  if (issue.type === 'strict_object' && issue.expected === 'never')
    return `unknown key ${showValue(issue.path?.at(-1)?.key)} in the request`
  if (issue.kind !== 'schema') return `${path}: ${issue.message}`
  return `${path || 'the request'}: ${issue.expected} is expected, not ${showValue(issue.input)}`
}

const time = v.pipe(v.string(), v.isoTimestamp())
const amount = v.pipe(v.number(), v.minValue(0))

const statusReport = v.object({
  /** What is wrong beyond what the figures below say; sentences. Empty where all is well. */
  troubles: v.array(v.string()),
  version: v.string(),
  pid: v.number(),
  startedAt: time,
  upMs: amount,
  /** Whether tables are really changed. */
  mode: v.picklist(['enforcing', 'dry run']),
  /** The folder of the configuration; null where there is none and the shipped patterns are used. */
  configuration: v.nullable(v.string()),
  state: v.string(),
  /** Addresses and networks that are never banned. */
  protected: amount,
  logs: v.array(
    v.object({
      log: v.string(),
      state: v.picklist(['reading', 'waiting', 'ended']),
      /** Why it waits. */
      reason: v.nullable(v.string()),
      /** It is closed to the daemon, and the reader reads it. */
      isByReader: v.boolean(),
      /** Bytes there are to read still. */
      behindBytes: amount,
      /** How long the oldest unread line has been there; 0 where nothing is unread, null where it cannot be known. */
      lagMs: v.nullable(amount),
      lines: amount,
      hits: amount,
      overlongLines: amount,
      lostBytes: amount,
      lostLines: amount,
    }),
  ),
  tables: v.array(
    v.object({
      table: v.string(),
      kind: v.string(),
      /** Entries that it must hold, and those that the firewall was heard to hold. */
      desired: amount,
      enforced: amount,
      state: v.picklist(['enforcing', 'behind', 'not enforcing']),
      /** Why it is not simply enforcing. */
      reason: v.nullable(v.string()),
      /** Changes that wait to be made. */
      queued: amount,
      /** Entries that somebody else put in, as the last listing showed them; they are kept. */
      byOthers: v.optional(amount, 0),
      /** How much of the room is used of which there is the least, from 0 to 1; null where there is no bound. */
      fullness: v.optional(v.nullable(amount), null),
    }),
  ),
  rules: v.array(
    v.object({
      rule: v.string(),
      state: v.picklist(['running', 'frozen', 'quarantined']),
      reason: v.nullable(v.string()),
      hits: amount,
      bans: amount,
      /** Addresses with live points. */
      scored: amount,
    }),
  ),
  /** Those that are not looked for any more. */
  patterns: v.array(v.object({ pattern: v.string(), state: v.literal('quarantined'), reason: v.string() })),
  /** What those cost that were tried on lines: on how many, and the milliseconds that they took. */
  costs: v.optional(v.array(v.object({ pattern: v.string(), lines: amount, ms: amount })), []),
  /** Sets that used to match lines of a log and do so no more, though its program goes on logging. */
  blindSpots: v.optional(
    v.array(
      v.object({
        log: v.string(),
        set: v.string(),
        lastHitAt: time,
        /** How long it is as a rule from one busy hour (or day) to the next. */
        usualGapMs: amount,
        /** Lines that were looked at since. */
        lines: amount,
        /** Some of them, the nearest first: how far a pattern goes into it (`fits`), and what it wants to come then. */
        missed: v.array(
          v.object({
            line: v.string(),
            pattern: v.nullable(v.string()),
            fits: v.nullable(v.string()),
            wants: v.nullable(v.string()),
          }),
        ),
      }),
    ),
    [],
  ),
  store: v.object({
    path: v.string(),
    state: v.picklist(['keeping', 'failing', 'read only']),
    reason: v.nullable(v.string()),
    /** Changes that wait to be committed. */
    pending: amount,
  }),
  /** `letGo`: how much had to make room at the limit, since the start. */
  bounds: v.array(
    v.object({
      ...{ name: v.string(), limit: amount, used: amount, letGo: v.optional(amount) },
      /** It is no trouble that it is used up: what is oldest goes. */
      mayBeFull: v.optional(v.boolean()),
    }),
  ),
})

/** All that `status` says. Times are ISO 8601 in UTC. */
export type StatusReport = v.InferOutput<typeof statusReport>

const ban = v.object({
  at: time,
  kind: v.literal('ban'),
  address: v.string(),
  table: v.string(),
  until: v.nullable(time),
  rule: v.string(),
  score: v.number(),
  reason: v.string(),
})
const unban = v.object({
  at: time,
  kind: v.literal('unban'),
  address: v.string(),
  table: v.string(),
  rule: v.string(),
  reason: v.string(),
})
const refused = v.object({
  at: time,
  kind: v.literal('refused'),
  address: v.string(),
  table: v.string(),
  rule: v.string(),
  score: v.number(),
  reason: v.string(),
})
/** What a person should know. */
const notify = v.object({
  at: time,
  kind: v.literal('notify'),
  address: v.optional(v.string()),
  rule: v.string(),
  reason: v.string(),
})
/** A command of commands.json that a rule asked for. */
const run = v.object({ at: time, kind: v.literal('run'), address: v.string(), rule: v.string(), command: v.string() })

const climbing = v.object({
  address: v.string(),
  rule: v.string(),
  /** Points that count now, and those of them that no forged packet can have caused. */
  score: amount,
  certain: amount,
  /** Points at which it would be banned; null where the rule knows no such number. */
  threshold: v.nullable(amount),
  /** What gave it points last; null where that was before the daemon was started. */
  pattern: v.nullable(v.string()),
  lastAt: time,
})

/** A source on its way to a ban. */
export type ClimbingReport = v.InferOutput<typeof climbing>

const standing = v.object({
  address: v.string(),
  /** Where its past is kept. */
  database: v.string(),
  /** Why it must not be banned; null where it may. */
  refusal: v.nullable(v.string()),
  rules: v.array(
    v.object({
      rule: v.string(),
      /** Points that count now, and those of them that no forged packet can have caused. */
      score: amount,
      certain: amount,
      /** Points at which it would be banned; null where the rule knows no such number. */
      threshold: v.nullable(amount),
      /** How long points count. */
      windowMs: amount,
      quarantine: v.nullable(v.string()),
      /** Why the rule only watches. */
      frozen: v.optional(v.nullable(v.string()), null),
    }),
  ),
})

/** Where an address or network stands at this moment. */
export type StandingReport = v.InferOutput<typeof standing>

const answer = v.variant('kind', [
  v.object({ at: time, kind: v.literal('status'), isWell: v.boolean(), ...statusReport.entries }),
  ban,
  unban,
  refused,
  notify,
  run,
  v.object({ kind: v.literal('climbing'), ...climbing.entries }),
  /** The order stands, but something is not as it should be: the firewall does not answer, for example. */
  v.object({ kind: v.literal('warning'), message: v.string() }),
  v.object({
    at: time,
    kind: v.literal('reloaded'),
    configuration: v.nullable(v.string()),
    logs: amount,
    rules: amount,
    tables: amount,
  }),
  v.object({ at: time, kind: v.literal('standing'), ...standing.entries }),
  v.object({
    at: time,
    kind: v.literal('released'),
    what: v.picklist(['pattern', 'rule']),
    name: v.string(),
    reason: v.string(),
  }),
  v.object({ at: time, kind: v.literal('snapshot'), table: v.string(), entries: amount }),
  v.object({ kind: v.literal('end'), status: v.number() }),
  v.object({ kind: v.literal('error'), status: v.number(), message: v.string() }),
])

export type Answer = v.InferOutput<typeof answer>
export type StatusAnswer = Extract<Answer, { kind: 'status' }>
export type BanAnswer = Extract<Answer, { kind: 'ban' }>
export type ClimbingAnswer = Extract<Answer, { kind: 'climbing' }>
export type DecisionAnswer = Extract<Answer, { kind: 'ban' | 'unban' | 'refused' | 'notify' | 'run' }>
export type StandingAnswer = Extract<Answer, { kind: 'standing' }>

/** Reads one line of the daemon; undefined where it is not understood. */
export function parseAnswer(line: string): Answer | undefined {
  try {
    const result = v.safeParse(answer, JSON.parse(line))
    return result.success ? result.output : undefined
  } catch {
    return undefined
  }
}

/**
 * What the daemon does for those who ask over the socket. It may throw a `UserError`, whose message and status are the
 * answer; anything else that it throws is our fault, and said to be.
 */
export interface DaemonControl {
  status(): StatusReport | Promise<StatusReport>
  /** Who is nearest to a ban, nearest first, and what was decided last, by time; at most so many of each. */
  view(most: number): { readonly climbing: readonly ClimbingReport[]; readonly decisions: readonly Decision[] }
  /** Live bans, by time. Read while the daemon goes on: a list made at once, or a generator that minds changes. */
  bans(filter: BansFilter): Iterable<SavedBan>
  /** Bans now, committed and handed to the firewall. Without `table`, the first one that is declared. */
  ban(order: BanOrder): OrderAnswer | Promise<OrderAnswer>
  /** Ends all bans of this address or network, whatever rule and table; no decision where there was none. */
  unban(order: UnbanOrder): OrderAnswer | Promise<OrderAnswer>
  /** Puts the tables into the history; gives those that it has put, with their numbers of entries. */
  snapshot(order: SnapshotOrder): readonly { readonly table: string; readonly entries: number }[]
  /** Has patterns and rules of this name work again that were stopped, or all of them; gives those that were. */
  release(name: string | undefined): readonly Held[]
  /** What was proposed for life is not to be. */
  dismiss(network: Network): void
  /** What stands between an address or network and a ban. */
  standing(network: Network): StandingReport
  /** Loads the configuration again; with any fault the old one stays and the faults are thrown as a `UserError`. */
  reload(trial?: TrialOrder): Promise<ReloadAnswer>
  /** What is on trial stays; false where nothing is. */
  confirm(connection: string | undefined): boolean
}

export interface OrderAnswer {
  readonly decisions: readonly Decision[]
  /** Why the firewall does not yet do what was decided. */
  readonly notEnforced?: string | undefined
}

/** What was stopped to save the rest, until it is released. */
export interface Held {
  readonly what: 'pattern' | 'rule'
  readonly name: string
  readonly reason: string
}

export interface ReloadAnswer {
  readonly configuration: string | null
  /** How many of each are in force now. */
  readonly logs: number
  readonly rules: number
  readonly tables: number
}
