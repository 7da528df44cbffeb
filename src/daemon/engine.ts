import { type Address, formatNetwork, type Network, parseNetwork, sourceNetwork, sourceOf } from '../base/address.ts'
import type { Log } from '../base/log.ts'
import { FOR_LIFE, type Instant } from '../base/units.ts'
import { type Climbing, Core, SOURCES_MAX, type Standing } from '../core/core.ts'
import type { Change, Decision, Entry, OrderFact, ProtectFact, SavedPosition, TableChange } from '../core/model.ts'
import { SESSIONS_MAX } from '../core/sessions.ts'
import type { KeeperLink } from '../firewall/keeper.ts'
import { type EntryText, entryText, type Request } from '../firewall/request.ts'
import { nameOf } from '../matching/pattern.ts'
import type { Quarantined } from '../matching/scanner.ts'
import { scannerOf, whySlow } from '../matching/scanner-of.ts'
import type { TimeLimit } from '../matching/wall.ts'
import type { Configuration, LogEntry } from '../parameters/parameters.ts'
import { openLogs } from '../sources/index.ts'
import type { ReaderLink } from '../sources/reader-link.ts'
import type { LogsContext, OpenLogs } from '../sources/source.ts'
import { isGlob } from '../sources/wildcards.ts'
import type { Committer } from '../store/committer.ts'
import type { Saved } from '../store/store.ts'
import type { BlindSpotWatch } from './blind-spot-watch.ts'
import type { Held, StatusReport } from './control-protocol.ts'
import { LogReader } from './log-reader.ts'
import { Pipeline, type ReadLog } from './pipeline.ts'
import type { Quarantine } from './quarantine.ts'
import { ANSWER_MS_MAX, limitRules } from './rule-limit.ts'
import { scanTimeLimit, timeLimitOf } from './time-limit.ts'

/** What must not be banned. */
export type Protection = Omit<ProtectFact, 'kind' | 'at'>

export interface EngineOptions {
  readonly configuration: Configuration
  readonly committer: Committer
  readonly keeper: KeeperLink
  /** Who reads what is closed to us; undefined where nobody does. */
  readonly reader?: ReaderLink | undefined
  readonly blindSpots: BlindSpotWatch
  readonly quarantine: Quarantine
  readonly log: Log
  readonly now: () => Instant
  /** Where to begin with a log that was never read. */
  readonly startAt: 'start' | 'end'
  readonly onDecision: (decision: Decision) => void
  /** Our own fault: the keeper was asked for something that it must not do. */
  readonly onFault: (error: unknown) => void
}

/** A timer can wait for 24.8 days at most; waking up now and then costs nothing. */
const SLEEP_MS_MAX = 3_600_000
/** Entries of one request to the keeper: some milliseconds of work. */
const PART_ENTRIES = 10_000
/** Most addresses of a table that are told to a new keeper as having been taken out. */
const DELETED_MAX = 20_000
/** How often a store in trouble is tried again. */
const RETRY_MS = 1_000

/**
 * One configuration at work: its logs, the core, the pipeline between them, and what the keeper is to hold. It lives until
 * the daemon stops or another configuration takes its place.
 */
export class Engine {
  readonly configuration: Configuration
  readonly #options: EngineOptions
  readonly #core: Core
  readonly #pipeline: Pipeline
  /** Where each log was left, all of its facts until there told. */
  #positions = new Map<string, SavedPosition>()
  readonly #logs = new Map<string, ReadLog>()
  readonly #followed: OpenLogs[] = []
  /** Requests to the keeper, each after the one before. */
  #asked: Promise<unknown> = Promise.resolve()
  #wakeTimer: NodeJS.Timeout | undefined
  #retryTimer: NodeJS.Timeout | undefined
  readonly #deleted = new Deleted()
  #protection: Protection = { ignored: [], protected: [] }
  /** Names of quarantined patterns that our log has told of. */
  readonly #warnedOf = new Set<string>()
  /** Made when it is needed first. */
  #thresholdLimit: TimeLimit | undefined
  #rulesAnswer = true
  /** Decisions are collected here while an order is carried out. */
  #ordered: Decision[] | undefined

  constructor(options: EngineOptions) {
    this.#options = options
    const { configuration, committer, now, onDecision } = options
    this.configuration = configuration
    this.#core = new Core({
      rules: configuration.rules,
      tables: new Set(configuration.tables.keys()),
      offender: (source) => committer.offender(source, now()),
      loginsSince: (since) => committer.loginsSince(since, now()),
    })
    this.#pipeline = new Pipeline({
      core: this.#core,
      tell: limitRules(this.#core, configuration.rules),
      now,
      commit: (changes) => this.#commit(changes),
      mayRead: () => !committer.isFull,
      enforce: (changes) => this.#enforce(changes),
      onDecision: (decision) => {
        this.#ordered?.push(decision)
        onDecision(decision)
      },
      onSettled: () => this.#sleep(),
      onFault: options.onFault,
    })
  }

  /** Takes up what was saved; throws a `StoreError` where that cannot be read, and is of no use then. */
  restore(saved: Saved): void {
    this.#core.restore(saved)
    this.#positions = new Map(saved.positions.map((position) => [position.log, position]))
    for (const { table, network } of saved.lifted) this.#deleted.add(table, formatNetwork(network))
  }

  /** Brings the tables right, and follows the logs from where they were left. */
  start(protection: Protection): void {
    const { now } = this.#options
    const slow = whySlow()
    if (slow !== undefined) this.#options.log.warning(`logs are scanned several times slower than they could be: ${slow}`)
    for (const [name, reason] of this.quarantined) this.#warnOf(name, reason)
    this.protect(protection, now())
    this.#asked = this.#asked.then(() => this.#options.keeper.begin(() => this.#everything())).catch(this.#options.onFault)
    this.#followAll()
    this.#pipeline.resume()
  }

  /** Closes the logs; what was found is committed, the tables stay as they are. */
  async stop(): Promise<void> {
    this.#pipeline.stop()
    for (const followed of this.#followed.splice(0)) followed.close()
    for (const log of this.#logs.keys()) this.#options.blindSpots.forget(log)
    this.#logs.clear()
    this.#pipeline.settle()
    clearTimeout(this.#wakeTimer)
    clearTimeout(this.#retryTimer)
    this.#retryTimer = undefined
    await this.#asked
  }

  /** Goes on after `stop`, as if nothing had been. */
  resume(): void {
    this.#pipeline.restart()
    this.#followAll()
    this.#pipeline.settle()
    if (this.#options.committer.trouble) this.#retrySoon()
  }

  /** What must not be banned has changed. */
  protect(protection: Protection, at: Instant): void {
    this.#protection = protection
    // Told while old lines are caught up on, it must not move the time ahead of them.
    this.#pipeline.tell([{ kind: 'protect', at: this.#pipeline.isCatchingUp ? 0 : at, ...protection }])
    this.#pipeline.settle()
    this.#tellKeeperProtection()
  }

  /** Carries out an order from the command line, and says what was decided. */
  order(order: OrderFact['order'], at: Instant): readonly Decision[] {
    // What is due or was found before comes first, and is not of this order.
    this.#pipeline.tellTime()
    this.#pipeline.settle()
    const decisions: Decision[] = []
    this.#ordered = decisions
    this.#pipeline.tell([{ kind: 'order', at: this.#pipeline.isCatchingUp ? 0 : at, order }])
    this.#pipeline.settle()
    this.#ordered = undefined
    return decisions
  }

  /** When the keeper has done what it was asked, or can do no more for now. */
  async settled(): Promise<void> {
    await this.#asked
    await this.#options.keeper.settled()
  }

  /** Puts what a table holds today into the history. */
  snapshot(table: string, entries: number, networks: readonly Network[]): void {
    this.#pipeline.tell([
      { kind: 'snapshot', at: this.#pipeline.isCatchingUp ? 0 : this.#options.now(), table, entries, networks },
    ])
    this.#pipeline.settle()
  }

  /** How many entries a table must hold. */
  entriesOf(table: string): number {
    return this.#core.wanted(table).size
  }

  /** Takes the entries of a table that nobody here knows for bans: the database was lost, and the table was not. */
  async adopt(table: string): Promise<void> {
    const { keeper, log, now } = this.#options
    // Then the table is there.
    await this.settled()
    const answer = await keeper.handle({ kind: 'list', table })
    const wanted = this.#core.wanted(table)
    const entries = answer.kind === 'entries' ? answer.entries.filter(({ address }) => !wanted.has(address)) : []
    const reason = 'found in the table when the database was lost'
    const at = this.#pipeline.isCatchingUp ? 0 : now()
    for (const { address, until } of entries) {
      const network = parseNetwork(address)!
      this.#pipeline.tell([{ kind: 'order', at, order: { do: 'ban', network, table, until: until ?? FOR_LIFE, reason } }])
    }
    this.#pipeline.settle()
    if (entries.length > 0) log.info(`table ${table}: ${entries.length} entries are taken up as bans`)
  }

  get core(): Core {
    return this.#core
  }

  /** What stands between a network and a ban at this moment; points are those of a single source. */
  standing(network: Network): { readonly refusal: string | undefined; readonly rules: readonly Standing[] } {
    this.#pipeline.tellTime()
    this.#pipeline.settle()
    const source = sourceOf(network.address)
    const isSource = network.bits >= sourceNetwork(source).bits
    let rules: readonly Standing[] = []
    const ask = () => {
      rules = this.#core.standing(source)
    }
    if (isSource && !timeLimitOf(ANSWER_MS_MAX)(ask)) rules = this.#core.standing(source, { asksRules: false })
    return { refusal: this.#core.refusal(network), rules }
  }

  /** Who is nearest to a ban at this moment, at most so many. */
  climbing(most: number): readonly Climbing[] {
    this.#pipeline.tellTime()
    this.#pipeline.settle()
    this.#thresholdLimit ??= timeLimitOf(ANSWER_MS_MAX)
    return this.#core.climbing(most, (ask) => {
      // A rule that did not come back once is not asked each second.
      this.#rulesAnswer &&= this.#thresholdLimit!(ask)
      return this.#rulesAnswer
    })
  }

  get logs(): readonly ReadLog[] {
    return [...this.#logs.values()]
  }

  /** Keys of the configuration for which there is no log yet, with the reason. */
  get waiting(): readonly { readonly key: string; readonly reason: string }[] {
    return this.#followed.flatMap(({ key, waitingFor }) => (waitingFor === undefined ? [] : { key, reason: waitingFor }))
  }

  /** Patterns that took too long, by name, with the reason. */
  get quarantined(): ReadonlyMap<string, string> {
    return new Map(
      this.configuration.logs.flatMap(({ key, feeds }) =>
        feeds.flatMap(({ patterns }) =>
          patterns.flatMap((pattern) => {
            const reason = this.#options.quarantine.reasonFor(key, pattern)
            return reason === undefined ? [] : [[nameOf(pattern), reason] as const]
          }),
        ),
      ),
    )
  }

  /** Has patterns and rules work again that were stopped: those of this name, or all. Gives those that were. */
  release(name: string | undefined): readonly Held[] {
    const isMeant = (one: string) => name === undefined || name === one
    const patterns = [...this.quarantined].map(([name, reason]): Held => ({ what: 'pattern', name, reason }))
    const rules = this.#core.report().rules.flatMap(({ rule, quarantine, frozen }): readonly Held[] => {
      const reason = quarantine ?? frozen
      return reason === undefined ? [] : [{ what: 'rule', name: rule, reason }]
    })
    const held = [...rules, ...patterns].filter((one) => isMeant(one.name))
    for (const { what, name } of held) {
      if (what === 'rule') this.order({ do: 'release', rule: name }, this.#options.now())
      else this.#releasePattern(name)
      this.#options.log.info(`${what} ${name} is released`)
    }
    return held
  }

  #releasePattern(name: string): void {
    for (const { reader } of this.#logs.values()) {
      for (const { pattern } of reader.scanner.quarantined) if (nameOf(pattern) === name) reader.scanner.release(pattern)
    }
    this.#options.quarantine.release(name)
    this.#warnedOf.delete(name)
  }

  /** A pattern may be quarantined in each log that it is looked for in. */
  #onQuarantine(key: string, { pattern, reason }: Quarantined): void {
    this.#options.quarantine.add(key, pattern, reason)
    this.#warnOf(nameOf(pattern), reason)
  }

  #warnOf(name: string, reason: string): void {
    if (this.#warnedOf.has(name)) return
    this.#warnedOf.add(name)
    const next = `write its regex anew, or try it again with "log2table release ${name}"`
    this.#options.log.warning(`pattern ${name} is quarantined, as it ${reason}: ${next}`)
  }

  /** All that a new database must know of the present, but for what is pending. */
  present(): readonly Change[] {
    const positions = [...this.#positions.values()].map((position): Change => ({ kind: 'position', position }))
    return [...this.#core.present(), ...positions]
  }

  bounds(): StatusReport['bounds'] {
    const { rules, sessions } = this.#core.report()
    return [
      ...rules.map(({ rule, sources, evictions }) => {
        return { name: `sources scored by ${rule}`, limit: SOURCES_MAX, used: sources, letGo: evictions }
      }),
      { name: 'sessions', limit: SESSIONS_MAX, used: sessions },
    ]
  }

  #followAll(): void {
    // A file that several keys mean is followed for the first of them.
    const { logs } = this.configuration
    for (const entry of logs.toSorted((a, b) => Number(isGlob(a.key)) - Number(isGlob(b.key)))) this.#follow(entry)
  }

  #follow({ key, feeds, zone }: LogEntry): void {
    const { now, log, startAt, blindSpots, quarantine, reader: readerLink } = this.#options
    const readLogOf = ({ log: name }: { readonly log: string }) => this.#logs.get(name)
    const context: LogsContext = {
      now,
      positionOf: (name) => this.#positions.get(name)?.position,
      isFollowed: (file) =>
        this.#followed.some(({ key: other, sources }) => other !== key && sources.some((source) => source.follows?.(file))),
      say: (level, message) => log[level](message),
      onOpened: (source) => {
        const position = this.#positions.get(source.log)
        // Where nothing can be read again, there are no hits to be passed over.
        const saved = position && source.isReadOnce ? { ...position, toldHits: 0 } : position
        const reader = new LogReader({
          log: source.log,
          feeds,
          scanner: scannerOf(feeds, {
            timeLimit: scanTimeLimit,
            onQuarantine: (quarantined) => this.#onQuarantine(key, quarantined),
            clock: () => performance.now(),
            quarantinedBefore: (pattern) => quarantine.reasonFor(key, pattern),
          }),
          zone,
          saved,
          blindSpots: blindSpots.of(source.log, feeds, zone),
          keepsLines: true,
        })
        const readLog = { source, reader }
        this.#logs.set(source.log, readLog)
        this.#pipeline.wake(readLog)
      },
      onReady: (source) => {
        const readLog = readLogOf(source)
        if (readLog) this.#pipeline.wake(readLog)
      },
      onClosed: (source) => {
        const readLog = readLogOf(source)
        if (readLog) this.#pipeline.forget(readLog)
        blindSpots.forget(source.log)
        this.#logs.delete(source.log)
      },
    }
    const followed = openLogs(key, context, { startAt, commands: this.configuration.commands, reader: readerLink })
    this.#followed.push(followed)
  }

  #commit(changes: readonly Change[]): boolean {
    const { committer, now } = this.#options
    for (const change of changes) if (change.kind === 'position') this.#positions.set(change.position.log, change.position)
    committer.push(changes)
    const isDone = committer.flush(now())
    if (!isDone) this.#retrySoon()
    return isDone
  }

  /** While the store is in trouble, it is tried again even where no line comes in. */
  #retrySoon(): void {
    this.#retryTimer ??= setTimeout(() => {
      this.#retryTimer = undefined
      if (this.#options.committer.flush(this.#options.now())) this.#pipeline.resume()
      else this.#retrySoon()
    }, RETRY_MS)
  }

  #enforce(changes: readonly TableChange[]): void {
    const now = this.#options.now()
    for (const table of this.configuration.tables.keys()) {
      // The last change of an address says how it is to be.
      const last = new Map(
        changes.filter((change) => change.table === table).map((change) => [formatNetwork(change.network), change]),
      )
      // A ban of old lines may be over before it is told.
      this.#add(
        table,
        [...last.values()].filter(({ kind, until }) => kind === 'add' && until > now),
      )
      this.#delete(
        table,
        [...last].filter(([, { kind }]) => kind === 'delete').map(([address]) => address),
      )
    }
  }

  #add(table: string, entries: readonly Entry[]): void {
    for (const request of additions(table, entries)) this.#ask(request)
  }

  #delete(table: string, addresses: readonly string[]): void {
    for (const address of addresses) this.#deleted.add(table, address)
    for (const request of deletions(table, addresses)) this.#ask(request)
  }

  /** All that a keeper must know that knows nothing; what changes meanwhile is told after it. */
  *#everything(): Generator<Request> {
    yield this.#protectRequest()
    yield* logins(this.#core.loggedIn.keys())
    for (const table of this.configuration.tables.keys()) {
      const wanted = this.#core.wanted(table)
      yield* additions(table, wanted.values())
      yield* deletions(
        table,
        this.#deleted.of(table).filter((address) => !wanted.has(address)),
      )
    }
    yield { kind: 'begin' }
  }

  #tellKeeperProtection(): void {
    this.#ask(this.#protectRequest())
  }

  /** Only what changed: somebody may come or go with each batch of lines. */
  #tellKeeperLogins(): void {
    const { loggedIn } = this.#core
    const came: Address[] = []
    const left: Address[] = []
    for (const source of this.#core.takeChangedLogins()) (loggedIn.has(source) ? came : left).push(source)
    for (const request of logins(came, left)) this.#ask(request)
  }

  #protectRequest(): Request {
    const because = (reason: string) => (network: Network) => ({ address: formatNetwork(network), because: reason })
    return {
      kind: 'protect',
      networks: [
        ...this.#protection.ignored.map(because('on the ignore list')),
        ...(this.#protection.proxies ?? []).map(because('a proxy')),
        ...this.#protection.protected.map((one) => because(one.because)(one.network)),
      ],
    }
  }

  #ask(request: Request): void {
    this.#asked = this.#asked.then(() => this.#options.keeper.handle(request)).catch(this.#options.onFault)
  }

  /** Sees to it that the core is told the time when something is due. */
  #sleep(): void {
    this.#tellKeeperLogins()
    clearTimeout(this.#wakeTimer)
    const nextAt = this.#core.nextWakeAt()
    if (nextAt === undefined) return
    const ms = Math.min(Math.max(0, nextAt - this.#options.now()), SLEEP_MS_MAX)
    this.#wakeTimer = setTimeout(() => {
      this.#pipeline.tellTime()
      this.#pipeline.settle()
    }, ms)
  }
}

function* logins(came: Iterable<Address> = [], left: Iterable<Address> = []): Generator<Request> {
  const texts = (sources: Iterable<Address>) => Array.from(sources, (source) => formatNetwork(sourceNetwork(source)))
  for (const part of partsOf(texts(left))) yield { kind: 'loggedIn', came: [], left: part }
  for (const part of partsOf(texts(came))) yield { kind: 'loggedIn', came: part, left: [] }
}

/** Made piece by piece, so that nothing waits long for a large table. */
function* additions(table: string, entries: Iterable<Entry>): Generator<Request> {
  const parts = { byHand: [] as EntryText[], byRule: [] as EntryText[] }
  for (const entry of entries) {
    const kind = entry.byHand ? 'byHand' : 'byRule'
    parts[kind].push(entryText(entry))
    if (parts[kind].length < PART_ENTRIES) continue
    yield { kind: 'add', table, entries: parts[kind], byHand: kind === 'byHand' }
    parts[kind] = []
  }
  for (const kind of ['byRule', 'byHand'] as const)
    if (parts[kind].length > 0) yield { kind: 'add', table, entries: parts[kind], byHand: kind === 'byHand' }
}

function* deletions(table: string, addresses: readonly string[]): Generator<Request> {
  for (const part of partsOf(addresses)) yield { kind: 'delete', table, addresses: part }
}

/** What was taken out of the tables lately: a keeper that died may not have done it, and the next one must. */
class Deleted {
  readonly #tables = new Map<string, Set<string>>()

  add(table: string, address: string): void {
    const addresses = this.#tables.get(table) ?? new Set()
    this.#tables.set(table, addresses)
    addresses.delete(address)
    addresses.add(address)
    if (addresses.size <= DELETED_MAX) return
    for (const oldest of addresses) {
      addresses.delete(oldest)
      break
    }
  }

  of(table: string): readonly string[] {
    return [...(this.#tables.get(table) ?? [])]
  }
}

/** Pieces that fit into one request to the keeper. */
function* partsOf<T>(all: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < all.length; from += PART_ENTRIES) yield all.slice(from, from + PART_ENTRIES)
}
