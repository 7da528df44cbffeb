import { formatNetwork, type Network, parseNetwork } from '../base/address.ts'
import { escapeText } from '../base/escape.ts'
import type { Log } from '../base/log.ts'
import { FOR_LIFE, HOUR_MS, type Instant, MINUTE_MS, SECOND_MS, type Until } from '../base/units.ts'
import type { Entry } from '../core/model.ts'
import { CountedEntries } from './counted-entries.ts'
import type { CommandResult, Dialect, Explanation, Step, Table } from './firewall.ts'
import { Nest } from './nest.ts'
import { END_TOLERANCE_MS, type Plan, plan } from './plan.ts'
import type { KeyedEntry, KeyedNetwork } from './request.ts'
import type { Runner } from './runner.ts'
import { WantedEntries } from './wanted-entries.ts'

/** One-shot timers; what is returned cancels. */
export interface Timers {
  after(ms: number, run: () => void): () => void
}

export interface TableKeeperOptions {
  readonly table: Table
  readonly dialect: Dialect
  readonly run: Runner
  readonly log: Log
  readonly timers: Timers
  now(): Instant
}

/** How a table stands. */
export interface TableStatus {
  readonly table: string
  readonly kind: string
  /** `partly`: some entries could not be put in. */
  readonly state: 'starting' | 'enforcing' | 'partly enforcing' | 'not enforcing' | 'torn down'
  /** Why it is not simply enforcing, with what to do where that is known. */
  readonly reason: string | undefined
  /** The last failure in the program's own words, also when it is over. */
  readonly lastError: string | undefined
  /** Entries that must be in, and how many of them are. */
  readonly desired: number
  readonly enforced: number
  /** Changes that are on their way. */
  readonly queued: number
  /** Entries that the firewall refuses one by one; each is tried again, ever more seldom. */
  readonly setAside: number
  /** Entries that somebody else put in; they are kept. */
  readonly strange: number
  /** How much of the room of each of its sets is taken, where the firewall tells how much there is. */
  readonly rooms: readonly Room[]
}

/** Where a table has one set for all, its name is empty. */
export interface Room {
  readonly set: string
  readonly limit: number
  readonly used: number
}

/** Most entries that a table may be asked to hold. */
export const TABLE_ENTRIES_MAX = 1_048_576
/** How often it is looked whether table, sets and rules are there; half of all entries are probed each time. */
const CHECK_EVERY_MS = 2 * SECOND_MS
/** Up to this many entries are compared within two checks; in larger tables a part of this size is, at each check. */
const SWEEP_WHOLE_MAX = 100_000
const SWEEP_PART = 10_000
/** Most probes to find out which entries are gone, before the whole table is compared instead. */
const SEARCH_PROBES_MAX = 48
/** Most entries of one probe. */
const PROBE_MAX = 5_000
/** So many from all over a part of the table that are gone, each of them, mean that it was emptied. */
const EMPTIED_SAMPLE = 8
/** A listing costs about 10 ms for 1,000 entries, and alone shows what others put in. */
const LIST_OFTEN_MAX = 10_000
const LIST_OFTEN_MS = 30 * SECOND_MS
const LIST_SELDOM_MS = 5 * MINUTE_MS
/** An entry whose end is this near is left to end; one that is past its end by as much is taken out, if nobody else did it. */
const END_GRACE_MS = 5 * SECOND_MS
const RETRY_MS_MIN = 100
const RETRY_MS_MAX = 30 * SECOND_MS
const SET_ASIDE_MS_MIN = 30 * SECOND_MS
const SET_ASIDE_MS_MAX = HOUR_MS
const FULL_RETRY_MS = 30 * SECOND_MS
/** From this share of its room on a set is said to be nearly full. */
const NEARLY_FULL = 0.8
/** Ends that are nearer to each other than this are alike: nobody is let go for so little. */
const LET_GO_MS_MIN = MINUTE_MS
/** Most entries that are let go at once. */
const LET_GO_MAX = 1_000
const EXCHANGE_ROUNDS_MAX = 3
/** How often it is said at most that entries were let go. */
const LET_GO_SAY_MS = 5 * MINUTE_MS
/** Open connections are cut for so many new entries at once; more are those of a start or a repair, not of new bans. */
const CUT_MAX = 100
/** Most entries whose connections wait to be cut; more come when cutting hangs. */
const CUT_WAITING_MAX = 1_000
/** Most failed commands in the search for bad entries of one batch; the rest of the batch waits for the next try. */
const BISECT_FAILURES_MAX = 400

type Verb = 'add' | 'renew' | 'delete'

/** An entry on its way; `until` is the end that the firewall is given. */
type Target = KeyedEntry

/** Something was gone and is being put back. */
interface Repair {
  readonly since: Instant
  readonly missing: string | undefined
  gone: number
}

/**
 * Makes one table of the firewall hold what it must, and keeps it so. What is wanted is told by `want` and `unwant`; a
 * worker carries changes out, the next batch gathering while a command runs. Looking after it never waits for the worker.
 */
export class TableKeeper {
  readonly #o: TableKeeperOptions
  /** By canonical text, as are all the others. */
  readonly #wanted = new WantedEntries()
  /** What we believe to be in, with the end that the firewall was given. */
  readonly #enforced: CountedEntries
  readonly #toAdd = new Set<string>()
  /** In, and to be given another end. */
  readonly #toRenew = new Set<string>()
  readonly #toDelete = new Set<string>()
  readonly #inFlight = new Set<string>()
  readonly #setAside = new Map<string, { retryAt: Instant; pauseMs: number; because: string }>()
  readonly #nest = new Nest()

  #state: 'new' | 'begun' | 'stopped' | 'torn down' = 'new'
  #needsSetUp = true
  /** What the table held at the start has been compared with what it must hold. */
  #isCompared = false
  /** What changed since a listing began, of which the listing therefore says nothing. Undefined while there is none. */
  #touched: Set<string> | undefined
  #isWorking = false
  #working: Promise<void> = Promise.resolve()
  /** What `check` still finds missing after it was set up: it and the firewall do not understand each other there. */
  #neverFound: string | undefined
  /** What only the user can make, and has not made. */
  #unmet: string | undefined
  #unmetSince = 0
  /** An entry of each length and family that was in when last seen: a set that was emptied shows in one of them. */
  readonly #samples = new Map<number, string>()
  #repair: Repair | undefined
  #sweep: Iterator<string> | undefined
  /** Entries that somebody else put in, counted by set. */
  #strange: ReadonlyMap<string, number> = new Map()
  #listedAt = Number.NEGATIVE_INFINITY
  #fullUntil = 0
  /** Entries for which there was no room, and it was not looked yet whether others should make room for them. */
  readonly #newcomers = new Set<string>()
  /** Of those that are to be added, who was never in: they go before others that are put in again, which may be a million. */
  readonly #first = new Set<string>()
  #letGo = 0
  #letGoSaidAt = Number.NEGATIVE_INFINITY
  /** How many entries there is room for, by set, as the last check told it. */
  #limits: ReadonlyMap<string, number> | undefined
  #isNearlyFull = false
  #failures = 0
  #failingSince = 0
  #pausedUntil = 0
  #trouble: Trouble | undefined
  #fullReason: string | undefined
  #lastError: string | undefined
  readonly #toCut: Network[] = []
  /** Many entries are being put in, batch after batch. */
  #areMany = false
  #isCutting = false
  /** It has been said why connections are not cut. */
  #isCutTroubleSaid = false
  #cancelTick = () => {}
  #cancelRetry = () => {}
  #waiting: (() => void)[] = []

  /** The firewall tells what it holds. */
  readonly #canList: boolean

  constructor(options: TableKeeperOptions) {
    this.#o = options
    this.#enforced = new CountedEntries(options.dialect.setOf)
    this.#canList = options.dialect.list?.(options.table) !== undefined
  }

  get wanted(): ReadonlyMap<string, Entry> & Pick<WantedEntries, 'overlapping'> {
    return this.#wanted
  }

  /** Returns the entries for which there is no room. */
  want(entries: readonly KeyedEntry[]): readonly KeyedEntry[] {
    const now = this.#o.now()
    const refused: KeyedEntry[] = []
    for (const entry of entries) {
      const { key, network, until } = entry
      if (until <= now) this.#unwantOne(entry)
      else if (this.#wanted.size >= TABLE_ENTRIES_MAX && !this.#wanted.has(key)) refused.push(entry)
      else {
        const isNew = !this.#wanted.has(key)
        this.#wanted.set(key, { network, until })
        this.#setAside.delete(key)
        // Before the start nothing is put in: what is in already need not be.
        if (this.#state === 'new') this.#toDelete.delete(key)
        else {
          this.#mark(key)
          if (isNew && this.#toAdd.has(key)) this.#first.add(key)
        }
        if (isNew) this.#nestChanged(network, true)
      }
    }
    this.#wake()
    return refused
  }

  unwant(networks: readonly KeyedNetwork[]): void {
    for (const network of networks) this.#unwantOne(network)
    this.#wake()
  }

  #unwantOne({ key, network }: KeyedNetwork): void {
    const wasWanted = this.#wanted.delete(key)
    this.#setAside.delete(key)
    this.#touched?.add(key)
    this.#unqueue(key)
    // Also what we never put in: who unbans an address wants it out.
    this.#toDelete.add(key)
    if (wasWanted) this.#nestChanged(network, false)
  }

  #nestChanged(network: Network, isIn: boolean): void {
    if (!this.#o.dialect.excludes?.(network)) return
    if (isIn) this.#nest.add(network)
    else this.#nest.delete(network)
    if (this.#state === 'new') return
    for (const narrower of this.#nest.within(network)) this.#mark(formatNetwork(narrower))
  }

  /** Notes what is to be done for an address; done already or not, the last word counts. */
  #mark(key: string): void {
    this.#touched?.add(key)
    this.#unqueue(key)
    const entry = this.#wanted.get(key)
    if (entry && !this.#isCovered(entry.network)) {
      if (this.#enforced.has(key)) this.#toRenew.add(key)
      else {
        this.#toAdd.add(key)
        if (this.#fullUntil > this.#o.now()) this.#newcomers.add(key)
      }
    } else if (this.#enforced.has(key) || this.#inFlight.has(key)) this.#toDelete.add(key)
  }

  #unqueue(key: string): void {
    for (const queue of [this.#toAdd, this.#first, this.#toRenew, this.#toDelete, this.#newcomers]) queue.delete(key)
  }

  #isOnItsWay(key: string): boolean {
    return this.#toAdd.has(key) || this.#toRenew.has(key) || this.#toDelete.has(key) || this.#inFlight.has(key)
  }

  #isCovered(network: Network): boolean {
    return !this.#nest.isEmpty && this.#o.dialect.excludes?.(network) === true && this.#nest.covers(network)
  }

  /** All that was wanted before has been said: from now on the firewall is spoken to. */
  begin(): void {
    if (this.#state !== 'new') return
    this.#state = 'begun'
    this.#wake()
    this.#scheduleTick()
  }

  /** What the firewall holds, as it says itself. Throws with its words where it does not. */
  async list(): Promise<readonly Entry[]> {
    const { dialect, table, now } = this.#o
    const commands = dialect.list?.(table)
    if (!commands) return [...this.#enforced].map(([key, until]) => ({ network: parseNetwork(key)!, until }))
    const began = now()
    const outputs: string[] = []
    for (const command of commands) {
      const result = await this.#o.run(command)
      if (result.status !== 0) throw new Error(wordsOf(command, result))
      outputs.push(result.stdout)
    }
    return dialect.present(table, outputs, began)
  }

  status(): TableStatus {
    const { table, dialect } = this.#o
    let covered = 0
    for (const network of this.#nest.all())
      if (this.#nest.covers(network) && !this.#enforced.has(formatNetwork(network))) covered++
    const reason = this.#reasonInWords()
    const state = this.#stateInWords(reason)
    return {
      table: table.name,
      kind: dialect.kind,
      state,
      reason: reason ?? (state === 'starting' ? 'it is being set up, and compared with what it must hold' : undefined),
      lastError: this.#lastError,
      desired: this.#wanted.size,
      enforced: this.#needsSetUp || this.#unmet !== undefined ? 0 : this.#enforced.size + covered,
      queued: this.#toAdd.size + this.#toRenew.size + this.#toDelete.size + this.#inFlight.size,
      setAside: this.#setAside.size,
      strange: sum(this.#strange.values()),
      rooms: this.#rooms(),
    }
  }

  /** Why an entry is not as it must be, in or out; undefined where it is. */
  hindrance(key: string): string | undefined {
    const reason = this.#reasonInWords()
    const state = this.#stateInWords(reason)
    if (state === 'not enforcing' || state === 'torn down') return reason ?? state
    const aside = this.#setAside.get(key)
    if (aside) return aside.because
    return this.#isOnItsWay(key) ? (reason ?? 'the firewall has not answered yet') : undefined
  }

  #reasonInWords(): string | undefined {
    if (this.#state === 'torn down') return 'torn down by a panic; "log2table panic --end" ends it'
    if (this.#trouble) return this.#trouble.sentence
    if (this.#unmet !== undefined) return this.#unmet
    if (this.#needsSetUp && this.#repair?.missing !== undefined) return `${this.#repair.missing} is missing`
    if (this.#fullReason !== undefined) return this.#fullReason
    if (this.#neverFound !== undefined) return `${this.#neverFound} seems to be missing although it was set up`
    return this.#setAside.values().next().value?.because
  }

  #stateInWords(reason: string | undefined): TableStatus['state'] {
    if (this.#state === 'torn down') return 'torn down'
    if (this.#trouble || this.#unmet !== undefined) return 'not enforcing'
    if (!this.#isCompared) return 'starting'
    if (this.#needsSetUp) return 'not enforcing'
    return reason === undefined ? 'enforcing' : 'partly enforcing'
  }

  /** When nothing is left to do, or nothing can be done for now. */
  settled(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#settle()
    })
  }

  /** Nothing new is begun; the entries stay where they are. */
  stop(): void {
    if (this.#state !== 'torn down') this.#state = 'stopped'
    this.#cancelTick()
    this.#cancelRetry()
    this.#settle()
  }

  /** Takes away all that we set up; nothing is put back until the keeper is made anew. True when our rule is gone. */
  async tearDown(): Promise<boolean> {
    this.stop()
    this.#state = 'torn down'
    await this.#working
    const { dialect, table, log } = this.#o
    const steps = dialect.tearDown(table)
    const known = steps.length > 0 ? [] : await this.#known()
    const results = await this.#runEach(steps.length > 0 ? steps : dialect.delete(table, known))
    this.#enforced.clear()
    for (const queue of [this.#toAdd, this.#first, this.#toRenew, this.#toDelete]) queue.clear()
    const failed = results.length > 0 && results[0]!.status !== 0
    if (failed) log.error(`table ${table.name}: not torn down: ${escapeText(this.#troubleOf(results[0]!).sentence)}`)
    else log.warning(`table ${table.name}: torn down; nothing is banned by it`)
    return !failed
  }

  /** What is in, also where it was never compared; where the firewall does not say, what we put there. */
  async #known(): Promise<readonly Network[]> {
    try {
      if (!this.#isCompared) return (await this.list()).map(({ network }) => network)
    } catch (error) {
      this.#o.log.error(`table ${this.#o.table.name}: what it holds is not known: ${escapeText((error as Error).message)}`)
    }
    return [...this.#enforced.keys()].map((key) => parseNetwork(key)!)
  }

  // The worker

  #wake(): void {
    if (!this.#isWorking && this.#state === 'begun') this.#working = this.#work()
  }

  async #work(): Promise<void> {
    this.#isWorking = true
    const { now } = this.#o
    while (this.#state === 'begun' && this.#pausedUntil <= now()) {
      if (this.#needsSetUp) await this.#setUp()
      else if (this.#toDelete.size > 0) await this.#apply('delete', this.#take(this.#toDelete))
      // Also where there is no room for others: who is in must not fall out because they wait.
      else if (this.#toRenew.size > 0) await this.#apply('renew', this.#take(this.#toRenew))
      else if (this.#toAdd.size > 0 && this.#fullUntil <= now()) await this.#apply('add', this.#take(this.#toAdd, this.#first))
      else if (this.#newcomers.size > 0) await this.#makeRoom()
      else if (this.#failures > 0) {
        if (await this.#isAllThere()) this.#well()
      } else break
    }
    this.#isWorking = false
    this.#finishRepair()
    this.#settle()
  }

  /** The next batch of a queue, or of those in it that come first, where there are some. */
  #take(queue: Set<string>, first?: Set<string>): Target[] {
    const { dialect, now } = this.#o
    const targets: Target[] = []
    const longest = now() + (dialect.timeoutMsMax ?? Number.POSITIVE_INFINITY)
    for (const key of first && first.size > 0 ? first : queue) {
      if (targets.length >= dialect.batchMax) break
      first?.delete(key)
      if (!queue.delete(key)) continue
      this.#touched?.add(key)
      this.#inFlight.add(key)
      const entry = queue === this.#toDelete ? { network: parseNetwork(key)!, until: 0 } : this.#wanted.get(key)!
      // For life needs no end; any other end must be one that the firewall takes.
      targets.push({ key, network: entry.network, until: entry.until === FOR_LIFE ? FOR_LIFE : Math.min(entry.until, longest) })
    }
    return targets
  }

  /** Carries one batch out; where it is refused, halves it until the bad entries are found, and lets the others in. */
  async #apply(verb: Verb, batch: readonly Target[]): Promise<void> {
    const { dialect, table } = this.#o
    const slices = [batch]
    let failures = 0
    let isAnyDone = false
    let trouble: Trouble | undefined
    const hopeless = Math.log2(dialect.batchMax) + 4
    while (slices.length > 0) {
      const slice = slices.pop()!
      const failure = await this.#runAll(this.#commands(verb, slice))
      if (!failure) {
        this.#done(verb, slice)
        if (verb === 'add') this.#cut(slice)
        isAnyDone = true
        continue
      }
      trouble = this.#troubleOf(failure)
      const kind = failure.status === null ? 'unusable' : dialect.explain(table, failure)?.kind
      failures++
      if (
        kind === 'unusable' ||
        (failures === 1 && (await this.#findMissing())) ||
        failures > BISECT_FAILURES_MAX ||
        (failures > hopeless && !isAnyDone)
      ) {
        slices.push(slice)
        break
      }
      if (slice.length > 1) {
        const middle = slice.length >>> 1
        slices.push(slice.slice(middle), slice.slice(0, middle))
      } else if (kind !== 'full') this.#putAside(verb, slice[0]!, trouble.sentence)
      else if (verb === 'delete')
        this.#done(verb, slice) // to delete it, it had to be added: it was not in
      else if (verb === 'renew' && !(await this.#runAll([...this.#commands('delete', slice), ...this.#commands('add', slice)]))) {
        this.#done(verb, slice)
      } else {
        // One that was to be renewed has been taken out for it.
        this.#enforced.delete(slice[0]!.key)
        this.#full(trouble.sentence)
        slices.push(slice)
        break
      }
    }
    this.#inFlight.clear()
    for (const { key } of slices.flat()) {
      if (this.#isOnItsWay(key)) continue
      if (verb === 'delete' && !this.#wanted.has(key)) this.#toDelete.add(key)
      else this.#mark(key)
    }
    const isPutOff = this.#needsSetUp || (trouble !== undefined && trouble.sentence === this.#fullReason)
    if (slices.length === 0) this.#well()
    else if (!isPutOff) this.#fail(trouble!)
  }

  /** Cuts the open connections of new entries. Nothing waits for it, and it may fail: packets are blocked in any case. */
  #cut(targets: readonly Target[]): void {
    if (targets.length + this.#toAdd.size > CUT_MAX) this.#areMany = true
    const isCut = this.#o.dialect.cut && !this.#areMany && this.#toCut.length + targets.length <= CUT_WAITING_MAX
    if (this.#toAdd.size === 0) this.#areMany = false
    if (!isCut) return
    for (const { network } of targets) this.#toCut.push(network)
    if (!this.#isCutting) void this.#cutAll()
  }

  async #cutAll(): Promise<void> {
    const { dialect, table, log } = this.#o
    this.#isCutting = true
    while (this.#state === 'begun' && this.#toCut.length > 0) {
      const results = await this.#runEach(dialect.cut!(table, this.#toCut.splice(0, CUT_MAX)))
      if (this.#isCutTroubleSaid || results.length === 0 || results.some(({ status }) => status !== null)) continue
      this.#isCutTroubleSaid = true
      log.warning(`table ${table.name}: open connections are not cut: ${escapeText(results[0]!.words)}`)
    }
    this.#isCutting = false
  }

  #commands(verb: Verb, targets: readonly Target[]): readonly Step[] {
    const { dialect, table, now } = this.#o
    if (targets.length === 0) return []
    if (verb === 'delete')
      return dialect.delete(
        table,
        targets.map(({ network }) => network),
      )
    return (dialect[verb] ?? dialect.add)(table, targets, now())
  }

  #done(verb: Verb, targets: readonly Target[]): void {
    for (const { key, network, until } of targets) {
      this.#note(key, verb === 'delete' ? undefined : until)
      if (verb !== 'delete') this.#samples.set(classOf(network), key)
      this.#setAside.delete(key)
    }
    if (verb === 'delete') this.#fullUntil = 0
    else if (this.#toAdd.size === 0) this.#fullReason = undefined
  }

  /** An entry is in with this end, or out: what is still to be done for it is another thing then. */
  #note(key: string, until: Until | undefined): void {
    if (until === undefined) this.#enforced.delete(key)
    else this.#enforced.set(key, until)
    const [from, to] = until === undefined ? [this.#toRenew, this.#toAdd] : [this.#toAdd, this.#toRenew]
    if (from.delete(key)) to.add(key)
  }

  #putAside(verb: Verb, { key }: Target, because: string): void {
    const { log, now, table } = this.#o
    const pauseMs = Math.min((this.#setAside.get(key)?.pauseMs ?? SET_ASIDE_MS_MIN / 2) * 2, SET_ASIDE_MS_MAX)
    this.#setAside.set(key, { retryAt: now() + pauseMs, pauseMs, because })
    log.error(`table ${table.name}: ${key} could not be ${verb === 'delete' ? 'taken out' : 'put in'}: ${escapeText(because)}`)
  }

  #full(because: string): void {
    const { log, now, table } = this.#o
    if (this.#fullReason === undefined) log.error(`table ${table.name}: ${escapeText(because)}`)
    this.#fullReason = because
    this.#fullUntil = now() + FULL_RETRY_MS
    for (const key of this.#toAdd) this.#newcomers.add(key)
  }

  /** In a full table those who end soonest are let go for newcomers who end later; they wait for room then. */
  async #makeRoom(): Promise<void> {
    const { now } = this.#o
    const considered = [...this.#newcomers]
    const gone: Target[] = []
    // A set of ipset takes some more than it has room for, and then for these there is none in the place of the others.
    for (let round = 0; round < EXCHANGE_ROUNDS_MAX && this.#pausedUntil === 0; round++) {
      const { leaving, coming } = this.#exchange(considered)
      if (coming.length === 0) break
      await this.#replace(leaving, coming)
      gone.push(...leaving)
    }
    for (const key of [...considered, ...gone.map(({ key }) => key)]) this.#newcomers.delete(key)
    this.#sayLetGo(gone.filter(({ key }) => !this.#enforced.has(key)).length, now())
  }

  async #replace(leaving: readonly Target[], coming: readonly string[]): Promise<void> {
    const { dialect } = this.#o
    const retryAt = this.#fullUntil
    const because = this.#fullReason
    for (let i = 0; i < leaving.length && this.#pausedUntil === 0; i += dialect.batchMax) {
      const batch = leaving.slice(i, i + dialect.batchMax)
      for (const { key } of batch) {
        this.#unqueue(key)
        this.#touched?.add(key)
        this.#inFlight.add(key)
      }
      await this.#apply('delete', batch)
    }
    // Meanwhile some may have been unbanned.
    const first = new Set(coming.filter((key) => this.#toAdd.delete(key)))
    while (first.size > 0 && this.#pausedUntil === 0) await this.#apply('add', this.#take(first))
    for (const key of first) this.#mark(key)
    for (const { key } of leaving) if (!this.#isOnItsWay(key) && !this.#enforced.has(key)) this.#mark(key)
    // For these there is no more room than before, however often it is tried now.
    this.#fullUntil = retryAt
    if (this.#toAdd.size > 0) this.#fullReason = because
  }

  /** Who shall be in the place of whom. */
  #exchange(newcomers: readonly string[]): { readonly leaving: readonly Target[]; readonly coming: readonly string[] } {
    const bySet = new Map<string, Target[]>()
    for (const key of newcomers) {
      const entry = this.#wanted.get(key)
      if (!entry || !this.#toAdd.has(key)) continue
      const set = this.#o.dialect.setOf?.(key) ?? ''
      const others = bySet.get(set)
      if (others) others.push({ key, ...entry })
      else bySet.set(set, [{ key, ...entry }])
    }
    const leaving: Target[] = []
    const coming: string[] = []
    for (const [set, entries] of bySet) {
      entries.sort((a, b) => (a.until === b.until ? 0 : b.until - a.until))
      const soonest = this.#enforced.soonest(set, Math.min(entries.length, LET_GO_MAX), entries[0]!.until - LET_GO_MS_MIN)
      for (const [i, key] of soonest.entries()) {
        if (entries[i]!.until - this.#enforced.get(key)! < LET_GO_MS_MIN) break
        leaving.push({ key, network: parseNetwork(key)!, until: 0 })
        coming.push(entries[i]!.key)
      }
    }
    return { leaving, coming }
  }

  #sayLetGo(count: number, now: Instant): void {
    const { log, table } = this.#o
    this.#letGo += count
    if (this.#letGo === 0 || now < this.#letGoSaidAt + LET_GO_SAY_MS) return
    this.#letGoSaidAt = now
    log.warning(`table ${table.name}: ${entriesInWords(this.#letGo)} that end soonest were let go for others, since it is full`)
    this.#letGo = 0
  }

  #rooms(): readonly Room[] {
    return [...(this.#limits ?? [])].map(([set, limit]) => {
      return { set, limit, used: this.#enforced.countOf(set) + (this.#strange.get(set) ?? 0) }
    })
  }

  /** Says it once when most of the room of a set is taken. */
  #noteLimits(): void {
    const { log, table } = this.#o
    const full = this.#rooms().findLast(({ limit, used }) => used >= limit * NEARLY_FULL)
    if (full && !this.#isNearlyFull && this.#fullReason === undefined) {
      const what = full.set === '' ? 'it' : `its set ${full.set}`
      log.warning(`table ${table.name}: ${what} holds ${number(full.used)} of at most ${number(full.limit)} entries`)
    }
    this.#isNearlyFull = full !== undefined
  }

  async #setUp(): Promise<void> {
    const { dialect, table, log } = this.#o
    let failure = await this.#runAll(dialect.setUp(table))
    if (failure && dialect.explain(table, failure)?.kind === 'clash') {
      await this.#runEach(dialect.tearDown(table))
      failure = await this.#runAll(dialect.setUp(table))
      if (!failure) log.warning(`table ${table.name}: what was there could not be kept; made anew`)
    }
    if (failure) return this.#fail(this.#troubleOf(failure))
    const checks = await this.#runEach(dialect.check(table))
    const failedCheck = checks.find(({ status }) => status !== 0)
    if (failedCheck) return this.#fail(this.#troubleOf(failedCheck))
    const missing = dialect.missing(table, checks)
    if (missing !== undefined && missing !== this.#neverFound) {
      log.warning(`table ${table.name}: ${missing} seems to be missing although it was set up; it is not looked for any more`)
    }
    this.#neverFound = missing
    this.#noteUnmet(checks)
    this.#limits = dialect.limits?.(table, checks)
    this.#noteLimits()
    this.#needsSetUp = false
    this.#well()
    // Not waited for: new bans need not wait for the listing of old ones.
    void (this.#isCompared && dialect.probe && this.#enforced.size > SWEEP_WHOLE_MAX ? this.#searchSample() : this.#compare())
  }

  // Trouble and its end

  #fail(trouble: Trouble): void {
    const { log, now, table, timers } = this.#o
    if (this.#failures === 0) this.#failingSince = now()
    const pauseMs = Math.min(RETRY_MS_MIN * 2 ** this.#failures, RETRY_MS_MAX)
    this.#failures++
    // It may show in one command now and in another later.
    if (this.#trouble?.cause !== trouble.cause) log.error(`table ${table.name}: not enforcing: ${escapeText(trouble.sentence)}`)
    this.#trouble = trouble
    this.#pausedUntil = now() + pauseMs
    this.#cancelRetry()
    this.#cancelRetry = timers.after(pauseMs, () => {
      this.#pausedUntil = 0
      this.#wake()
    })
  }

  #well(): void {
    if (this.#failures === 0) return
    const { log, now, table } = this.#o
    log.info(`table ${table.name}: enforcing again after ${seconds(now() - this.#failingSince)}`)
    this.#failures = 0
    this.#trouble = undefined
    this.#pausedUntil = 0
  }

  /** What went wrong, explained where the dialect can, with the program's own words kept for `status`. */
  #troubleOf(result: FailedResult): Trouble {
    const { dialect, table } = this.#o
    this.#lastError = result.words
    const explanation: Explanation | undefined = dialect.explain(table, result)
    if (explanation) return { sentence: explanation.sentence, cause: explanation.sentence }
    return { sentence: result.words, cause: outcomeOf(result) }
  }

  /** The first failure, if any. */
  async #runAll(commands: readonly Step[]): Promise<FailedResult | undefined> {
    for (const command of commands) {
      const result = await this.#o.run(command)
      if (result.status !== 0) return { ...result, words: wordsOf(command, result) }
    }
    return undefined
  }

  async #runEach(commands: readonly Step[]): Promise<FailedResult[]> {
    const results: FailedResult[] = []
    for (const command of commands) {
      const result = await this.#o.run(command)
      results.push({ ...result, words: wordsOf(command, result) })
    }
    return results
  }

  // Looking after it

  #scheduleTick(): void {
    this.#cancelTick = this.#o.timers.after(CHECK_EVERY_MS, async () => {
      await this.#tick()
      if (this.#state === 'begun') this.#scheduleTick()
    })
  }

  async #tick(): Promise<void> {
    const { now } = this.#o
    for (const [key, { retryAt }] of this.#setAside) {
      if (!this.#wanted.has(key) && !this.#enforced.has(key)) this.#setAside.delete(key)
      else if (retryAt <= now()) this.#mark(key)
    }
    if (!this.#needsSetUp && this.#isCompared && this.#failures === 0 && (await this.#isAllThere())) {
      // What is being filled tells little, and would only be held up.
      const isFilling = this.#toAdd.size > SWEEP_PART && this.#fullUntil <= now()
      if (!isFilling) {
        this.#noteLimits()
        await this.#sweepSome()
        if (this.#isListingDue()) await this.#compare()
      }
    }
    this.#wake()
  }

  async #isAllThere(): Promise<boolean> {
    const failure = await this.#findMissing()
    if (failure !== undefined && !this.#needsSetUp) this.#fail(failure)
    return failure === undefined
  }

  /** Looks whether table, sets and rules are there; where not, they will be set up again. Tells what is wrong. */
  async #findMissing(): Promise<Trouble | undefined> {
    const { dialect, table, now } = this.#o
    const results = await this.#runEach(dialect.check(table))
    const failed = results.find(({ status }) => status !== 0)
    if (failed) return this.#troubleOf(failed)
    const missing = dialect.missing(table, results)
    this.#noteUnmet(results)
    this.#limits = dialect.limits?.(table, results)
    if (missing === undefined || missing === this.#neverFound) return undefined
    this.#needsSetUp = true
    this.#repair = { since: this.#repair?.since ?? now(), missing, gone: this.#repair?.gone ?? 0 }
    return { sentence: missing, cause: missing }
  }

  /** Entries are put in all the same, so that they are in force as soon as the user has done it. */
  #noteUnmet(results: readonly CommandResult[]): void {
    const { dialect, log, now, table } = this.#o
    const unmet = dialect.unmet?.(table, results)
    if (unmet === this.#unmet) return
    if (this.#unmet === undefined) this.#unmetSince = now()
    if (unmet === undefined) log.info(`table ${table.name}: enforcing again after ${seconds(now() - this.#unmetSince)}`)
    else log.error(`table ${table.name}: not enforcing: ${escapeText(unmet)}`)
    this.#unmet = unmet
  }

  /** Looks for the next part of what should be in, a sample of each kind always with it, and puts back what is gone. */
  async #sweepSome(): Promise<void> {
    const { dialect, now } = this.#o
    if (this.#enforced.size === 0) return
    const size = this.#enforced.size
    const count = size <= SWEEP_WHOLE_MAX ? Math.ceil(size / 2) : SWEEP_PART
    const keys = [...this.#samples.values()].filter((key) => this.#enforced.has(key) && !this.#isEnding(key, now()))
    for (let i = 0; i < count; i++) {
      this.#sweep ??= this.#enforced.keys()
      const { value, done } = this.#sweep.next()
      if (done) {
        this.#sweep = undefined
        if (i === 0) continue
        break
      }
      if (this.#isEnding(value, now())) continue
      keys.push(value)
      this.#samples.set(classOf(this.#wanted.get(value)!.network), value)
    }
    if (!dialect.probe) return
    for (let i = 0; i < keys.length; i += PROBE_MAX) await this.#search(keys.slice(i, i + PROBE_MAX))
  }

  /** True where an entry is not to be looked for: it changes just now, or ends. Asserts ends again that come too near. */
  #isEnding(key: string, now: Instant): boolean {
    if (this.#isOnItsWay(key)) return true
    const entry = this.#wanted.get(key)
    if (!entry) return true
    const until = this.#enforced.get(key)!
    if (entry.until <= now - END_GRACE_MS) {
      this.#unwantOne({ key, network: entry.network })
      return true
    }
    const { timeoutMsMax } = this.#o.dialect
    if (timeoutMsMax !== undefined && until < entry.until && until - now < timeoutMsMax / 2) this.#mark(key)
    return until <= now + END_GRACE_MS
  }

  /** Finds by halves which of these are gone. Where there are too many for that, the table is compared as a whole. */
  async #search(keys: readonly string[]): Promise<void> {
    const slices = [keys]
    const gone: string[] = []
    for (let probes = 0; slices.length > 0; probes++) {
      if (probes >= SEARCH_PROBES_MAX) return this.#compareOrPutBack()
      const slice = slices.pop()!.filter((key) => !this.#isChanging(key))
      if (slice.length === 0) continue
      const isIn = await this.#probe(slice)
      if (isIn === undefined) return
      if (isIn) continue
      if (probes === 0 && slice.length > EMPTIED_SAMPLE && (await this.#isEmptied(slice))) return this.#compareOrPutBack()
      const middle = slice.length >>> 1
      if (slice.length === 1) gone.push(slice[0]!)
      else slices.push(slice.slice(middle), slice.slice(0, middle))
    }
    this.#putBack(gone)
  }

  /** Whether all of them are in; undefined where the firewall does not tell. */
  async #probe(keys: readonly string[]): Promise<boolean | undefined> {
    const { dialect, table, run } = this.#o
    const networks = keys.map((key) => parseNetwork(key)!)
    const result = await run(dialect.probe!(table, networks))
    if (result.status === 0) return true
    return result.status === null || dialect.explain(table, result)?.kind === 'unusable' ? undefined : false
  }

  /** The search by halves takes long to find out what a few entries tell: that nothing is left. */
  async #isEmptied(keys: readonly string[]): Promise<boolean> {
    const step = keys.length / EMPTIED_SAMPLE
    for (let i = 0; i < EMPTIED_SAMPLE; i++) {
      const key = keys[Math.floor(i * step)]!
      if (!this.#isChanging(key) && (await this.#probe([key])) !== false) return false
    }
    return true
  }

  /** For more than can be searched for: to put in what is in does no harm. */
  #compareOrPutBack(): void | Promise<void> {
    return this.#enforced.size > SWEEP_WHOLE_MAX || !this.#canList ? this.#putBack(this.#enforced.keys()) : this.#compare()
  }

  #isChanging(key: string): boolean {
    return this.#isOnItsWay(key) || !this.#enforced.has(key)
  }

  /** After a repair of a table too large to be listed: a few entries from all over it tell whether it was emptied. */
  async #searchSample(): Promise<void> {
    const keys = [...this.#enforced.keys()]
    const step = Math.ceil(keys.length / SEARCH_PROBES_MAX)
    await this.#search(keys.filter((_, i) => i % step === 0))
    this.#wake()
  }

  #putBack(keys: Iterable<string>): void {
    for (const key of [...keys]) {
      if (this.#isChanging(key)) continue
      this.#enforced.delete(key)
      this.#countGone()
      this.#mark(key)
    }
    this.#wake()
  }

  #countGone(): void {
    this.#repair ??= { since: this.#o.now(), missing: undefined, gone: 0 }
    this.#repair.gone++
    // Where something is gone there is room.
    this.#fullUntil = 0
    this.#fullReason = undefined
  }

  /** Compares the table with what it must hold, entry by entry. At the start, where it cannot be listed, all is put in. */
  async #compare(): Promise<void> {
    if (this.#touched) return
    const { log, now, table } = this.#o
    this.#touched = new Set(this.#inFlight)
    const began = now()
    let present: readonly Entry[] | undefined
    try {
      present = this.#canList ? await this.list() : this.#isCompared ? undefined : []
    } catch (error) {
      this.#lastError = (error as Error).message
      log.warning(`table ${table.name}: cannot be listed, so all entries are put in again`, { because: this.#lastError })
      present = undefined
    }
    const touched = this.#touched
    this.#touched = undefined
    if (present) this.#carryOut(this.#planFor(present, touched, now() - began), present, touched)
    else for (const key of this.#wanted.keys()) if (!touched.has(key)) this.#mark(key)
    this.#isCompared = true
    this.#listedAt = now()
    this.#wake()
    this.#settle()
  }

  /** By what is in the table by now, or is to be: it may have been empty when it was listed last. */
  #isListingDue(): boolean {
    const size = Math.max(this.#wanted.size, this.#enforced.size)
    if (!this.#canList || size > SWEEP_WHOLE_MAX) return false
    return this.#o.now() >= this.#listedAt + (size <= LIST_OFTEN_MAX ? LIST_OFTEN_MS : LIST_SELDOM_MS)
  }

  #planFor(present: readonly Entry[], touched: ReadonlySet<string>, tookMs: number): Plan {
    const wanted = new Map<string, Entry>()
    for (const [key, entry] of this.#wanted) if (!touched.has(key) && !this.#isCovered(entry.network)) wanted.set(key, entry)
    return plan(wanted, present, {
      now: this.#o.now(),
      isOurs: (key) => this.#enforced.has(key) || this.#wanted.has(key),
      timeoutMsMax: this.#o.dialect.timeoutMsMax,
      // Each rest of a time was told at some moment of the listing.
      toleranceMs: END_TOLERANCE_MS + tookMs,
    })
  }

  #carryOut(changes: Plan, present: readonly Entry[], touched: ReadonlySet<string>): void {
    const { log, now, table } = this.#o
    const strange = changes.strange.filter(({ network }) => {
      const key = formatNetwork(network)
      return !touched.has(key) && !this.#wanted.has(key) && !this.#toDelete.has(key)
    })
    if (strange.length > 0 && strange.length !== sum(this.#strange.values())) {
      const one = formatNetwork(strange[0]!.network)
      log.info(`table ${table.name}: ${entriesInWords(strange.length)} put in by somebody else; kept`, { one })
    }
    const bySet = new Map<string, number>()
    for (const { network } of strange) {
      const set = this.#o.dialect.setOf?.(formatNetwork(network)) ?? ''
      bySet.set(set, (bySet.get(set) ?? 0) + 1)
    }
    this.#strange = bySet
    for (const { network, until } of present) {
      const key = formatNetwork(network)
      if (!touched.has(key) && this.#wanted.has(key)) this.#note(key, until)
    }
    for (const { network } of changes.add) {
      const key = formatNetwork(network)
      const wasIn = this.#enforced.delete(key)
      const aside = this.#setAside.get(key)
      if (aside && aside.retryAt > now()) continue
      if (this.#isCompared && wasIn) this.#countGone()
      this.#mark(key)
    }
    for (const { network } of changes.renew) this.#mark(formatNetwork(network))
    for (const network of changes.delete) {
      const key = formatNetwork(network)
      if (!touched.has(key)) this.#mark(key)
    }
  }

  #finishRepair(): void {
    if (!this.#repair || this.#needsSetUp || this.#touched || this.#failures > 0) return
    if (this.#toAdd.size > 0 && this.#fullReason === undefined) return
    const { since, missing, gone } = this.#repair
    const { log, now, table } = this.#o
    this.#repair = undefined
    const what = [
      ...(missing === undefined ? [] : [`${missing} was missing`]),
      ...(gone === 0 ? [] : [`${number(gone)} of ${number(this.#wanted.size)} entries were gone`]),
    ]
    log.warning(`table ${table.name}: ${what.join(' and ')}; restored in ${seconds(now() - since)}`)
  }

  #settle(): void {
    const isBusy =
      this.#isWorking || this.#touched !== undefined || (this.#state === 'begun' && !this.#isCompared && this.#failures === 0)
    if (isBusy) return
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

/** Why nothing can be done for now. */
interface Trouble {
  /** For people: what the dialect knows of it, else the command and what it said. */
  readonly sentence: string
  /** The same without the command that met with it. */
  readonly cause: string
}

interface FailedResult extends CommandResult {
  /** What was run, its status and what it said. */
  readonly words: string
}

/** Entries of one class are in the same set, whatever the dialect. */
function classOf({ address, bits }: Network): number {
  return typeof address === 'number' ? bits : 100 + bits
}

const WORDS_LENGTH_MAX = 500

function wordsOf(step: Step, result: CommandResult): string {
  return `${stepInWords(step)}: ${outcomeOf(result)}`
}

/** What was run, or what it was done with. */
function stepInWords(step: Step): string {
  if ('argv' in step) return [...(step.via === undefined ? [] : [`via ${step.via}:`]), ...step.argv].join(' ')
  return 'command' in step ? `command ${step.command}` : `${step.verb} file ${step.file}`
}

function outcomeOf({ status, stderr, trouble }: CommandResult): string {
  const said = stderr.trim().split('\n').slice(0, 3).join(' ').slice(0, WORDS_LENGTH_MAX)
  return `${trouble ?? `exit status ${status}`}${said ? `: ${said}` : ''}`
}

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}

function seconds(ms: number): string {
  return `${(ms / SECOND_MS).toFixed(ms < 100 ? 2 : 1)} s`
}

function number(value: number): string {
  return value.toLocaleString('en-US')
}

function entriesInWords(value: number): string {
  return count(value, 'entry', 'entries')
}

function count(value: number, one: string, many: string): string {
  return `${number(value)} ${value === 1 ? one : many}`
}
