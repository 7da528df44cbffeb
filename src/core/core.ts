import {
  type Address,
  contains,
  formatNetwork,
  isSource,
  type Network,
  overlapping,
  parseNetwork,
  type Sources,
  sourceNetwork,
  sourceOf,
} from '../base/address.ts'
import { parseDuration } from '../base/duration.ts'
import { countListings, dayOf, type Listing } from '../base/listings.ts'
import { DAY_MS, FOR_LIFE, HOUR_MS, type Instant, type Json } from '../base/units.ts'
import type { Generic, History, Hit, Outcome, RuleDecision, ScoredHit } from '../rules/generic.ts'
import { Bans, BY_HAND, banKey } from './bans.ts'
import { Budget } from './budget.ts'
import type {
  Change,
  Decision,
  Entry,
  Fact,
  HitFact,
  Offender,
  OrderFact,
  PastBan,
  SavedBan,
  SavedHit,
  SavedSession,
  SnapshotFact,
  TableChange,
} from './model.ts'
import { outcomeFault } from './outcome.ts'
import { guiltyPrefix } from './prefixes.ts'
import { Protection } from './protection.ts'
import { type Scored, Scores } from './scores.ts'
import { Sessions } from './sessions.ts'
import { Wakes } from './wakes.ts'

/** How many sources each rule keeps points of. */
export const SOURCES_MAX = 1_000_000

/** A value that `distinct` has seen before weighs this part, rounded down: a client that polls one dead link is not a scanner. */
const REPEATED_VALUE_SHARE = 0.1

/** A network of whose addresses a login was accepted this recently is not banned for what others in it do. */
const KNOWN_GOOD_MS = 7 * DAY_MS

/** What a rule's budget is saved under, as what the rule keeps of no address; no rule can be called so. */
const BUDGET_OF = 'budget of '

/** How often it is noted that somebody who is banned for life still knocks, and of how many it is known when that was. */
const KNOCK_EVERY_MS = 6 * HOUR_MS
const KNOCKS_MAX = 100_000

/** What a rule is taken to ban at that does not say so, to compare it with others. */
const THRESHOLD_USUAL = 100

/** How many offenders' histories are held once they are committed, by default. */
const OFFENDERS_CACHED_MAX = 50_000

export interface CoreOptions {
  readonly rules: ReadonlyMap<string, Generic>
  readonly tables: ReadonlySet<string>
  /** The ledger: what the store knows of a source. Called for those that come near a ban, or log in. */
  offender(source: Address): Offender | undefined
  /** Sources of which a login was accepted since then; undefined where that is not known. Called when a network might be banned. */
  loginsSince?(since: Instant): readonly Address[] | undefined
  /** Where nothing is stored: told whose each line is that counts. Then changes tell of no hits and no sessions. */
  onEvidence?(source: Address): void
  readonly sourcesMax?: number
  /** How many offenders' histories are held once they are committed; where there are more, all are looked up again. */
  readonly offendersCachedMax?: number
}

/** What the core has come to since it was last asked. */
export interface CoreOutput {
  readonly decisions: readonly Decision[]
  readonly tableChanges: readonly TableChange[]
  /** To be committed, before the tables are changed. */
  readonly changes: readonly Change[]
}

/** What the core needs to go on after a restart. */
export interface CoreState {
  /** Live points, by time. */
  readonly hits: Iterable<Omit<SavedHit, 'address' | 'pattern' | 'log' | 'position' | 'line'>>
  readonly bans: readonly SavedBan[]
  readonly kept: readonly {
    readonly rule: string
    readonly source: Address
    readonly kept: Json | undefined
    readonly wakeAt: Instant | undefined
  }[]
  readonly sessions: readonly SavedSession[]
  readonly clockAt: Instant | undefined
}

/** What is held of an offender while it may be asked for again. */
interface KnownOffender {
  readonly bans: PastBan[]
  readonly listings: Listing[]
  lastLoginAt: Instant | undefined
}

/** A rule with what the core holds for it. */
interface RunningRule {
  readonly name: string
  readonly rule: Generic
  readonly scores: Scores
  readonly kept: Map<Address, { kept: Json | undefined; wakeAt: Instant | undefined }>
  /** Why the rule is not asked any more. */
  quarantine: string | undefined
  readonly budget: Budget
  hits: number
  bans: number
}

/** A rule has been asked and has not answered yet. */
interface Question {
  readonly rule: RunningRule
  readonly ask: () => unknown
  /** What comes of the answer; undefined is for none that could be used. */
  use(answer: unknown): void
  /** It is not about the fact that is being told, but about a time that came before it. */
  readonly isOfTime: boolean
}

/**
 * Facts go in, decisions come out. It has no clock, no file and no chance: the same facts in the same order give the same
 * decisions, however they are cut into batches and wherever it was stopped and restored in between.
 */
export class Core {
  readonly #rules = new Map<string, RunningRule>()
  readonly #tables: ReadonlySet<string>
  readonly #lookUp: CoreOptions['offender']
  readonly #loginsSince: NonNullable<CoreOptions['loginsSince']>
  readonly #bans = new Bans()
  readonly #onEvidence: CoreOptions['onEvidence']
  readonly #sessions: Sessions
  readonly #protection = new Protection()
  readonly #wakes = new Wakes()
  /** Bans by the key of their wake. */
  readonly #bansToEnd = new Map<string, SavedBan>()
  readonly #offenders = new Map<Address, KnownOffender>()
  readonly #offendersCachedMax: number
  #now: Instant = 0
  #ignoredHits = 0
  /** When it was last noted of those who are banned for life that they knock. */
  readonly #knockedAt = new Map<Address, Instant>()
  /** Still set after `tell` was cut off: where it can be gone on from. */
  #question: Question | undefined

  #decisions: Decision[] = []
  #tableChanges: TableChange[] = []
  #changes: Change[] = []

  constructor(options: CoreOptions) {
    const { rules, tables, offender, loginsSince = () => [], onEvidence, sourcesMax = SOURCES_MAX } = options
    this.#offendersCachedMax = options.offendersCachedMax ?? OFFENDERS_CACHED_MAX
    this.#onEvidence = onEvidence
    this.#sessions = new Sessions({ isSaved: onEvidence === undefined })
    this.#tables = tables
    this.#lookUp = offender
    this.#loginsSince = loginsSince
    for (const [name, rule] of rules) {
      const scores = new Scores({
        windowMs: parseDuration(rule.window)!,
        sourcesMax,
        onEvict: (source) => this.#changes.push({ kind: 'spend', rule: name, source }),
      })
      this.#rules.set(name, {
        name,
        rule,
        scores,
        kept: new Map(),
        quarantine: undefined,
        budget: new Budget(),
        hits: 0,
        bans: 0,
      })
    }
  }

  /** Takes up what was committed before; to be called once, before the first fact. */
  restore(state: CoreState): void {
    this.#now = state.clockAt ?? 0
    for (const hit of state.hits) this.#rules.get(hit.rule)?.scores.add(hit.source, hit)
    for (const ban of state.bans) this.#hold(ban)
    for (const { rule: name, source, kept, wakeAt } of state.kept) {
      if (name.startsWith(BUDGET_OF)) this.#rules.get(name.slice(BUDGET_OF.length))?.budget.restore(kept)
      const rule = this.#rules.get(name)
      if (!rule) continue
      rule.kept.set(source, { kept, wakeAt })
      if (wakeAt !== undefined) this.#wakes.set(wakeKey(name, source), wakeAt)
    }
    this.#sessions.restore(state.sessions)
  }

  /** Tells a fact. Whatever was due before it happens first, each at its own time. */
  tell(fact: Fact): void {
    this.#advance(fact.at)
    switch (fact.kind) {
      case 'hit':
        this.#onHit(fact)
        break
      case 'order':
        this.#onOrder(fact)
        break
      case 'protect':
        this.#protection.replace(fact)
        this.#liftProtected()
        break
      case 'snapshot':
        this.#onSnapshot(fact)
        break
      case 'clock': // the time itself was all there was to it
    }
  }

  /**
   * Goes on after `tell` was cut off by a limit of time, as no rule may hang us: the rule that was being asked is asked once
   * more, for the machine may just have been busy, and is quarantined where it is cut off again. Says what became of the
   * fact: it is `told`, or is to be told `again`; or undefined where no rule was being asked, and this core is not to be
   * trusted any more.
   */
  goOn(limit: (run: () => void) => boolean): 'told' | 'again' | undefined {
    const first = this.#question
    if (!first) return undefined
    for (let question: Question | undefined = first; question; question = this.#question) {
      const { rule, ask } = question
      if (limit(() => this.#ask(rule, ask, (answer) => question.use(answer), first.isOfTime))) break
      if (!this.#question) return undefined
      // It may have answered this time, and the next thing that it was asked takes too long.
      if (this.#question.ask !== ask) continue
      this.#question = undefined
      this.#quarantine(rule, 'it does not come back')
      question.use(undefined)
    }
    return first.isOfTime ? 'again' : 'told'
  }

  /** What has come of the facts since the last call. */
  take(): CoreOutput {
    const changes = this.#changes
    for (const change of this.#sessions.take()) changes.push(change)
    for (const { name, budget } of this.#rules.values()) {
      const saved = budget.take()
      if (saved !== undefined) changes.push(budgetChange(name, saved))
    }
    const output = { decisions: this.#decisions, tableChanges: this.#tableChanges, changes }
    this.#decisions = []
    this.#tableChanges = []
    this.#changes = []
    return output
  }

  /** All changes taken so far are committed: histories can be looked up again, and need not be held. */
  committed(): void {
    if (this.#offenders.size > this.#offendersCachedMax) this.#offenders.clear()
  }

  /** When the core must be told the time again, if nothing else happens. */
  nextWakeAt(): Instant | undefined {
    return this.#wakes.nextAt()
  }

  /** What a table must hold. */
  wanted(table: string): ReadonlyMap<string, Entry> {
    return this.#bans.wanted(table)
  }

  /** Live bans, for `bans` and `status`. */
  bans(): readonly SavedBan[] {
    return this.#bans.all()
  }

  /** All that a store must know of the present where it has lost everything; points are not among it. */
  present(): readonly Change[] {
    const kept = [...this.#rules.values()].flatMap(({ name, kept: of }) =>
      [...of].map(([source, held]): Change => ({ kind: 'kept', rule: name, source, ...held })),
    )
    const sessions = this.#sessions.all().map((session): Change => ({ kind: 'session', session }))
    const bans = this.bans().map((ban): Change => ({ kind: 'ban', ban }))
    const budgets = [...this.#rules.values()].map(({ name, budget }) => budgetChange(name, budget.saved()))
    return [...bans, ...kept, ...budgets, ...sessions, { kind: 'clock', at: this.#now }]
  }

  /** Sources that are logged in, for the guard of the tables. */
  get loggedIn(): Sources {
    return this.#sessions.loggedIn
  }

  /** See Sessions.takeChangedLogins. */
  takeChangedLogins(): Iterable<Address> {
    return this.#sessions.takeChangedLogins()
  }

  /** Why a network must not be banned, or undefined where it may. */
  refusal(network: Network): string | undefined {
    return this.#refusal(network)
  }

  /** How near a source is to a ban by each rule, for `why`; without their own words where one of them takes too long. */
  standing(source: Address, { asksRules = true } = {}): readonly Standing[] {
    return [...this.#rules.values()].map((rule) => ({
      rule: rule.name,
      ...rule.scores.score(source, this.#now),
      threshold: asksRules && rule.quarantine === undefined ? this.#thresholdOf(rule, source) : undefined,
      windowMs: parseDuration(rule.rule.window)!,
      quarantine: rule.quarantine,
      frozen: rule.budget.frozen,
    }))
  }

  /**
   * Who is nearest to a ban by any rule, at most so many, by their part of the threshold, of equals who came last. Rules are
   * asked for theirs within `limit`, which says whether they have come back.
   */
  climbing(most: number, limit: (ask: () => void) => boolean): readonly Climbing[] {
    const highest = [...this.#rules.values()].flatMap((rule) =>
      rule.scores.highest(most, this.#now).map((scored) => ({ rule, scored })),
    )
    let thresholds: readonly (number | undefined)[] = []
    const ask = () => {
      thresholds = highest.map(({ rule, scored }) =>
        rule.quarantine === undefined ? this.#thresholdOf(rule, scored.source) : undefined,
      )
    }
    const isAnswered = limit(ask)
    const share = ({ score, threshold = THRESHOLD_USUAL }: Climbing) => score / threshold
    return highest
      .map(
        ({ rule, scored }, index): Climbing => ({
          ...{ ...scored, rule: rule.name },
          threshold: isAnswered ? thresholds[index] : undefined,
        }),
      )
      .sort((a, b) => share(b) - share(a) || b.lastAt - a.lastAt)
      .slice(0, most)
  }

  /** A rule's word that is only shown, never acted on; one that fails to say it has said nothing. */
  #thresholdOf({ name, rule }: RunningRule, source: Address): number | undefined {
    try {
      const threshold: unknown = rule.thresholdOf?.(this.#history({ name }, source), this.#now)
      return typeof threshold === 'number' ? threshold : undefined
    } catch {
      return undefined
    }
  }

  report(): CoreReport {
    return {
      rules: [...this.#rules.values()].map(({ name, scores, quarantine, budget, hits, bans }) => ({
        rule: name,
        hits,
        bans,
        sources: scores.size,
        evictions: scores.evictions,
        quarantine,
        frozen: budget.frozen,
      })),
      sessions: this.#sessions.size,
      liveBans: this.#bans.size,
      ignoredHits: this.#ignoredHits,
      clockAt: this.#now,
    }
  }

  // Time

  #advance(at: Instant): void {
    for (let due = this.#wakes.takeDue(at); due; due = this.#wakes.takeDue(at)) {
      this.#now = Math.max(this.#now, due.dueAt)
      const ban = this.#bansToEnd.get(due.key)
      if (ban) this.#end(ban, this.#now, 'ended')
      else this.#wake(due.key, due.dueAt)
    }
    this.#now = Math.max(this.#now, at)
  }

  #wake(key: string, dueAt: Instant): void {
    const { rule: name, source } = parseWakeKey(key)
    const rule = this.#rules.get(name)
    if (!rule || rule.quarantine !== undefined) return
    const held = rule.kept.get(source)
    if (held) held.wakeAt = undefined
    const network = sourceNetwork(source)
    const wake = { address: formatNetwork(network), dueAt, at: this.#now, history: this.#history(rule, source) }
    const ask = () => rule.rule.onWake?.(held?.kept, wake) ?? {}
    const use = (outcome: Outcome | undefined) => {
      if (outcome) this.#apply(rule, source, outcome, { score: 0, reason: 'time' }, true)
    }
    this.#ask(rule, ask, use, true)
  }

  // Hits

  #onHit(told: HitFact): void {
    const rule = this.#rules.get(told.rule)
    if (!rule) return
    const fact = this.#ofClient(told)
    if (!fact) return
    // Our tables refuse those who are in them: a firewall that says so tells us of our own doing.
    if (fact.spoofable && fact.login === undefined && fact.address !== undefined && this.#bans.isBanned(sourceOf(fact.address))) {
      this.#noteKnock(fact, fact.address)
      return
    }
    rule.hits++
    const at = this.#now
    const { address, points: weight } = this.#sessions.note(fact, at, fact.once ? fact.weight : fact.weight * fact.times)
    if (address === undefined || isNoHost(address)) return
    if (this.#protection.isIgnored(address)) {
      this.#ignoredHits++
      return
    }
    const source = sourceOf(address)
    if (fact.login === 'opened') this.#onLogin(rule, source, fact.account)
    if (fact.weight < 0 || rule.quarantine !== undefined) return
    if (this.#bans.isBannedBy(rule.name, source)) {
      this.#save(fact, source, address, 0)
      return
    }
    if (fact.weight === 0) return
    if (weight === 0) {
      this.#save(fact, source, address, 0)
      return
    }

    const network = sourceNetwork(source)
    const distinct = fact.distinct === undefined ? undefined : `${fact.pattern} ${fact.distinct}`
    const isRepeated = distinct !== undefined && rule.scores.hasSeen(source, at, distinct)
    const hit: Hit = {
      at,
      address: formatNetwork(network),
      log: fact.log,
      pattern: fact.pattern,
      weight: isRepeated ? Math.floor(weight * REPEATED_VALUE_SHARE) : weight,
      spoofable: fact.spoofable,
      parameters: fact.parameters,
      history: this.#history(rule, source),
    }
    const onPoints = (points: number | undefined) => {
      if (points === undefined) return
      if (points > 0) {
        const { spoofable, account, pattern } = fact
        rule.scores.add(source, { at, points, spoofable, account, distinct, pattern })
      }
      const { score, certain: certainScore } = rule.scores.score(source, at)
      const scored: ScoredHit = { ...hit, points, score, certainScore }
      const ask = () => rule.rule.onHit(rule.kept.get(source)?.kept, scored)
      const use = (outcome: Outcome | undefined) => {
        // A line that cost nothing and changed nothing is no evidence of anything.
        if (points > 0 || (outcome && Object.keys(outcome).length > 0)) this.#save(fact, source, address, points)
        if (outcome) this.#apply(rule, source, outcome, { score, reason: `${fact.pattern} in ${fact.log}` }, false)
      }
      this.#ask(rule, ask, use)
    }
    if (rule.rule.points) this.#ask(rule, () => wholePoints(rule.rule.points!(hit)), onPoints)
    else onPoints(hit.weight)
  }

  /** A proxy's line is that of the client behind it; undefined where it does not say whose. */
  #ofClient(fact: HitFact): HitFact | undefined {
    const { address, parameters } = fact
    if (address === undefined) return fact
    const client = this.#protection.clientOf(address, parameters.forwarded)
    if (client === address) return fact
    if (client !== undefined) return { ...fact, address: client }
    this.#ignoredHits++
    return undefined
  }

  /** Whether somebody who is banned for life still knocks is worth knowing, for his parole; now and then is enough. */
  #noteKnock(fact: HitFact, address: Address): void {
    const source = sourceOf(address)
    const noteAt = (this.#knockedAt.get(source) ?? 0) + KNOCK_EVERY_MS
    if (this.#now < noteAt || !this.#bans.isForLife(source)) return
    if (this.#knockedAt.size >= KNOCKS_MAX) this.#knockedAt.clear()
    this.#knockedAt.set(source, this.#now)
    this.#save(fact, source, address, 0)
  }

  /** A good login: remembered for long, and the account's own mistakes are forgiven. */
  #onLogin(rule: RunningRule, source: Address, account: string | undefined): void {
    this.#offender(source).lastLoginAt = this.#now
    this.#changes.push({ kind: 'login', source, at: this.#now, account })
    // A network that somebody good is in is not guilty as a whole; its own offenders stay banned.
    for (const ban of this.#bans.around(source)) {
      if (ban.rule !== BY_HAND) this.#end(ban, this.#now, `a login from ${formatNetwork(sourceNetwork(source))} was accepted`)
    }
    if (account !== undefined && rule.scores.credit(source, account)) {
      this.#changes.push({ kind: 'credit', rule: rule.name, source, account })
    }
  }

  #save(fact: HitFact, source: Address, address: Address, points: number): void {
    if (this.#onEvidence) {
      this.#onEvidence(source)
      return
    }
    const { rule, spoofable, account, pattern, log, position, line } = fact
    const distinct = fact.distinct === undefined ? undefined : `${pattern} ${fact.distinct}`
    const hit = { at: this.#now, rule, source, address, points, spoofable, account, distinct, pattern, log, position, line }
    this.#changes.push({ kind: 'hit', hit })
  }

  // What rules want

  /** Asks a rule; one that throws or returns nonsense is not asked again, and the others go on. */
  #ask<T>(rule: RunningRule, ask: () => T, use: (answer: T | undefined) => void, isOfTime = false): void {
    this.#question = { rule, ask, use, isOfTime }
    const answer = this.#answer(rule, ask)
    this.#question = undefined
    use(answer)
  }

  #answer<T>(rule: RunningRule, ask: () => T): T | undefined {
    try {
      const answer = ask()
      const fault = typeof answer === 'number' ? undefined : outcomeFault(answer, this.#tables)
      if (fault === undefined) return answer
      this.#quarantine(rule, fault)
    } catch (error) {
      this.#quarantine(rule, error instanceof Error ? `${error.name}: ${error.message}` : String(error))
    }
    return undefined
  }

  #quarantine(rule: RunningRule, fault: string): void {
    rule.quarantine = fault
    const reason = `rule ${rule.name} is quarantined: ${fault}`
    this.#decisions.push({ kind: 'notify', at: this.#now, address: undefined, rule: rule.name, reason })
  }

  #apply(rule: RunningRule, source: Address, outcome: Outcome, cause: { score: number; reason: string }, isWake: boolean): void {
    this.#keep(rule, source, outcome, isWake)
    for (const decision of outcome.decisions ?? []) this.#decide(rule, source, decision, cause)
  }

  #keep(rule: RunningRule, source: Address, outcome: Outcome, isWake: boolean): void {
    const changesKept = 'kept' in outcome
    const changesWake = 'wakeAt' in outcome || isWake
    if (!changesKept && !changesWake) return
    const held = rule.kept.get(source)
    const kept = changesKept ? outcome.kept : held?.kept
    const wakeAt = changesWake ? outcome.wakeAt : held?.wakeAt
    if (kept === undefined && wakeAt === undefined) {
      if (!held) return
      rule.kept.delete(source)
    } else rule.kept.set(source, { kept, wakeAt })
    const key = wakeKey(rule.name, source)
    if (wakeAt === undefined) this.#wakes.cancel(key)
    else this.#wakes.set(key, wakeAt)
    this.#changes.push({ kind: 'kept', rule: rule.name, source, kept, wakeAt })
  }

  #decide(
    rule: RunningRule,
    source: Address,
    decision: RuleDecision,
    { score, reason }: { score: number; reason: string },
  ): void {
    const at = this.#now
    const network = sourceNetwork(source)
    const address = formatNetwork(network)
    switch (decision.kind) {
      case 'ban': {
        this.#spend(rule, source)
        const until = decision.for === 'life' ? FOR_LIFE : at + parseDuration(decision.for)!
        const { table, networkFrom } = decision
        const ban = { network, table, rule: rule.name, until, score, reason: decision.reason ?? reason }
        if (networkFrom === undefined || until === FOR_LIFE) this.#ban(ban)
        else if (this.#ban({ ...ban, countsForNetwork: true }) === undefined) this.#banAround(source, ban, networkFrom)
        return
      }
      case 'unban':
        for (const ban of this.#bans.of(network)) {
          if (ban.rule === rule.name && ban.table === decision.table)
            this.#end(ban, at, decision.reason ?? 'withdrawn by the rule')
        }
        return
      case 'propose': {
        if (this.#refusal(network) !== undefined) return
        const { table, reason: because } = decision
        this.#changes.push({ kind: 'proposal', proposal: { at, network, table, rule: rule.name, reason: because } })
        const advice = `proposed for life in ${table}: ${because}; "log2table confirm ${address}" bans it`
        this.#decisions.push({ kind: 'notify', at, address, rule: rule.name, reason: advice })
        return
      }
      case 'notify':
        this.#decisions.push({ kind: 'notify', at, address, rule: rule.name, reason: decision.reason })
        return
      case 'run': {
        // Whoever only watches does nothing.
        if (rule.budget.frozen !== undefined) return
        const { command, parameters = {} } = decision
        this.#decisions.push({ kind: 'run', at, address, rule: rule.name, command, parameters })
      }
    }
  }

  #spend(rule: RunningRule, source: Address): void {
    if (rule.scores.spend(source)) this.#changes.push({ kind: 'spend', rule: rule.name, source })
  }

  // Bans

  #ban(wanted: Omit<SavedBan, 'id' | 'at'>): string | undefined {
    const at = this.#now
    const { network, table, rule, until, score, reason } = wanted
    const address = formatNetwork(network)
    const running = this.#rules.get(rule)
    const refusal = this.#refusal(network) ?? (running && frozenText(running))
    if (refusal !== undefined) return this.#refuse(wanted, refusal)
    const ban: SavedBan = { id: `${at} ${rule} ${table} ${address}`, at, ...wanted }
    const earlier = this.#bans.of(network).find((other) => other.rule === rule && other.table === table)
    // A rule that bans again while its ban lives makes it longer, never shorter.
    if (earlier && earlier.until >= until && rule !== BY_HAND) return undefined
    const overspent = running && this.#overspend(running, network)
    if (overspent !== undefined) return this.#refuse(wanted, overspent)
    if (earlier) {
      this.#changes.push({ kind: 'unban', id: earlier.id, at, reason: 'replaced' })
      this.#noteEnd(earlier, at)
    }
    this.#hold(ban)
    if (running) running.bans++
    if (isSource(network)) this.#offender(network.address).bans.push({ at, rule, table, until })
    this.#changes.push({ kind: 'ban', ban })
    this.#decisions.push({ kind: 'ban', at, address, table, until, rule, score, reason })
    return undefined
  }

  #refuse({ network, table, rule, score }: Pick<SavedBan, 'network' | 'table' | 'rule' | 'score'>, reason: string): string {
    const at = this.#now
    this.#decisions.push({ kind: 'refused', at, address: formatNetwork(network), table, rule, score, reason })
    this.#changes.push({ kind: 'refused', refusal: { at, network, table, rule, score, reason } })
    return reason
  }

  /**
   * Counts a ban that a rule is about to make. A rule that bans too many healthy clients is frozen: it only watches then, and
   * those of them whom it banned are let go. Says why this ban must not be, where that is so now.
   */
  #overspend(rule: RunningRule, network: Network): string | undefined {
    const source = sourceOf(network.address)
    const at = this.#now
    const isHealthy = isSource(network) && this.#isHealthy(this.#offender(source))
    const wronged = rule.budget.count({ at, source, isHealthy, healthyClients: () => this.#healthyClients() })
    if (!wronged) return undefined
    const because = frozenText(rule)!
    for (const ban of wronged.flatMap((one) => this.#bans.of(sourceNetwork(one)))) {
      if (ban.rule === rule.name) this.#end(ban, at, because)
    }
    const reason = `${because}; "log2table release ${rule.name}" has it ban again`
    this.#decisions.push({ kind: 'notify', at, address: undefined, rule: rule.name, reason })
    return because
  }

  #isHealthy({ lastLoginAt }: KnownOffender): boolean {
    return lastLoginAt !== undefined && lastLoginAt > this.#now - KNOWN_GOOD_MS
  }

  /** How many sources had a login accepted not long ago. */
  #healthyClients(): number {
    const sources = new Set(this.#loginsSince(this.#now - KNOWN_GOOD_MS))
    for (const [source, offender] of this.#offenders) if (this.#isHealthy(offender)) sources.add(source)
    return sources.size
  }

  /** Bans the narrowest network around a source that holds enough offenders, and nobody who is known to be good. */
  #banAround(source: Address, { table, rule, until }: Omit<SavedBan, 'id' | 'at'>, offendersMin: number): void {
    const offenders = this.#bans.neighbours(rule, table, source)
    const network = guiltyPrefix(source, offenders, offendersMin)
    if (!network || isSource(network)) return
    if (this.#refusal(network) !== undefined || this.#holdsFriend(network)) return
    const reason = `${offenders.filter((one) => contains(network, one)).length} addresses of it are banned`
    this.#ban({ network, table, rule, until, score: 0, reason })
  }

  /** Whether a login of an address in this network was accepted not long ago, or may have been. */
  #holdsFriend(network: Network): boolean {
    const since = this.#now - KNOWN_GOOD_MS
    for (const [source, { lastLoginAt = since }] of this.#offenders) {
      if (lastLoginAt > since && contains(network, source)) return true
    }
    return this.#loginsSince(since)?.some((source) => contains(network, source)) ?? true
  }

  #hold(ban: SavedBan): void {
    const { replaced, changes } = this.#bans.add(ban)
    if (replaced) this.#forgetEnd(replaced)
    if (ban.until !== FOR_LIFE) {
      const key = endKey(ban)
      this.#bansToEnd.set(key, ban)
      this.#wakes.set(key, ban.until)
    }
    this.#tableChanges.push(...changes)
  }

  #end(ban: SavedBan, at: Instant, reason: string): void {
    this.#forgetEnd(ban)
    this.#tableChanges.push(...this.#bans.remove(ban))
    this.#changes.push({ kind: 'unban', id: ban.id, at, reason })
    this.#noteEnd(ban, at)
    const { table, rule } = ban
    this.#decisions.push({ kind: 'unban', at, address: formatNetwork(ban.network), table, rule, reason })
  }

  /** What is held of an offender must not say that a ban lasted longer than it did. */
  #noteEnd({ network, rule, table, at: began, until }: SavedBan, at: Instant): void {
    if (at >= until || !isSource(network)) return
    const { bans } = this.#offender(network.address)
    const index = bans.findLastIndex((one) => one.at === began && one.rule === rule && one.table === table)
    if (index >= 0) bans[index] = { ...bans[index]!, until: at }
  }

  #forgetEnd(ban: SavedBan): void {
    const key = endKey(ban)
    this.#bansToEnd.delete(key)
    this.#wakes.cancel(key)
  }

  #refusal(network: Network): string | undefined {
    const refusal = this.#protection.refusal(network) ?? this.#protection.suspended
    if (refusal !== undefined) return refusal
    return overlapping(network, this.#sessions.loggedIn) === undefined ? undefined : 'logged in at this moment'
  }

  /** What has become protected while it was banned is let go. */
  #liftProtected(): void {
    for (const ban of this.#bans.all()) {
      const refusal = this.#protection.refusal(ban.network)
      if (refusal !== undefined) this.#end(ban, this.#now, refusal)
    }
  }

  // Orders

  #onOrder({ order }: OrderFact): void {
    if (order.do === 'ban') {
      const { network, table, until, reason } = order
      this.#ban({ network, table, rule: BY_HAND, until, score: 0, reason })
      return
    }
    if (order.do === 'release') {
      const rule = this.#rules.get(order.rule)
      if (rule) rule.quarantine = undefined
      rule?.budget.release()
      return
    }
    if (order.do === 'withdraw') {
      const { except, reason } = order
      for (const ban of this.#bans.all()) if (ban.rule !== BY_HAND && !except.has(banKey(ban))) this.#end(ban, this.#now, reason)
      return
    }
    if (order.do === 'dismiss') {
      this.#changes.push({ kind: 'dismissed', network: order.network })
      return
    }
    const { network, reason } = order
    this.#changes.push({ kind: 'dismissed', network })
    const ended = this.#bans.overlapping(network)
    for (const ban of ended) this.#end(ban, this.#now, reason)
    for (const source of new Set([network, ...ended.map((ban) => ban.network)].map(({ address }) => sourceOf(address)))) {
      for (const rule of this.#rules.values()) {
        this.#spend(rule, source)
        if (rule.kept.has(source)) this.#keep(rule, source, { kept: undefined, wakeAt: undefined }, false)
      }
    }
  }

  #onSnapshot({ table, entries, networks }: SnapshotFact): void {
    const day = dayOf(this.#now)
    this.#changes.push({ kind: 'snapshot', day, table, entries, networks })
    for (const network of networks) {
      if (isSource(network)) this.#offenders.get(network.address)?.listings.push({ day, table })
    }
  }

  // The ledger

  #offender(source: Address): KnownOffender {
    let offender = this.#offenders.get(source)
    if (!offender) {
      const known = this.#lookUp(source)
      offender = { bans: [...(known?.bans ?? [])], listings: [...(known?.listings ?? [])], lastLoginAt: known?.lastLoginAt }
      this.#offenders.set(source, offender)
    }
    return offender
  }

  #history(rule: Pick<RunningRule, 'name'>, source: Address): History {
    return new LedgerHistory(rule.name, this.#now, () => this.#offender(source))
  }
}

/** What a rule may ask about a source; it is looked up when it asks. */
class LedgerHistory implements History {
  readonly #rule: string
  readonly #now: Instant
  readonly #offender: () => KnownOffender

  constructor(rule: string, now: Instant, offender: () => KnownOffender) {
    this.#rule = rule
    this.#now = now
    this.#offender = offender
  }

  get lastLoginAt(): Instant | undefined {
    return this.#offender().lastLoginAt
  }

  bans(since: Instant): readonly PastBan[] {
    return this.#offender().bans.filter((ban) => ban.rule === this.#rule && ban.at >= since)
  }

  listings(since: Instant): number {
    const { bans, listings } = this.#offender()
    return countListings(bans, listings, since, this.#now)
  }
}

/** How near a source is to a ban by one rule. */
export interface Standing {
  readonly rule: string
  readonly score: number
  /** The part of the score that no forged packet can have caused. */
  readonly certain: number
  /** Points at which the rule would ban it now, where the rule says so. */
  readonly threshold: number | undefined
  readonly windowMs: number
  readonly quarantine: string | undefined
  /** Why the rule only watches. */
  readonly frozen: string | undefined
}

/** A source on its way to a ban by one rule. */
export interface Climbing extends Scored {
  readonly rule: string
  /** Points at which the rule would ban it now, where the rule says so. */
  readonly threshold: number | undefined
}

/** What the core says of itself in `status`. */
export interface CoreReport {
  readonly rules: readonly {
    readonly rule: string
    readonly hits: number
    readonly bans: number
    /** Sources that have points. */
    readonly sources: number
    readonly evictions: number
    readonly quarantine: string | undefined
    readonly frozen: string | undefined
  }[]
  readonly sessions: number
  readonly liveBans: number
  readonly ignoredHits: number
  readonly clockAt: Instant
}

function frozenText({ name, budget }: RunningRule): string | undefined {
  return budget.frozen === undefined ? undefined : `rule ${name} is frozen and only watches: ${budget.frozen}`
}

function budgetChange(rule: string, kept: Json): Change {
  return { kind: 'kept', rule: `${BUDGET_OF}${rule}`, source: 0, kept, wakeAt: undefined }
}

/** Multicast is nobody's source, whatever a line says. */
function isNoHost(address: Address): boolean {
  return typeof address === 'number' ? address >>> 28 === 0xe : address >> 120n === 0xffn
}

function wholePoints(points: unknown): number {
  if (typeof points === 'number' && Number.isSafeInteger(points) && points >= 0 && points <= 1_000_000) return points
  throw new RangeError(`points() returned ${String(points)}; return a whole number from 0 to 1000000`)
}

function endKey(ban: SavedBan): string {
  return `end ${ban.id}`
}

function wakeKey(rule: string, source: Address): string {
  return `wake ${formatNetwork(sourceNetwork(source))} ${rule}`
}

function parseWakeKey(key: string): { rule: string; source: Address } {
  const space = key.indexOf(' ', 5)
  return { rule: key.slice(space + 1), source: parseNetwork(key.slice(5, space))!.address }
}
