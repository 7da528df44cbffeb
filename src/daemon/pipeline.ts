import type { Instant } from '../base/units.ts'
import type { Core, CoreOutput } from '../core/core.ts'
import type { Change, Decision, Fact, HitFact, TableChange } from '../core/model.ts'
import type { Source } from '../sources/source.ts'
import type { LogReader, ReadBlock } from './log-reader.ts'
import { type Lane, Merge } from './merge.ts'
import { CutOffError, type TellFacts } from './rule-limit.ts'

/** How long one round of reading may take before what it found is committed and others have their turn. */
const ROUND_MS_MAX = 20
/** How many hits are told at once. */
export const HITS_MAX = 1_000
/** How long all logs wait for one whose old lines are slow to come (it is being decompressed, its program starts). */
const WAIT_MS_MAX = 5_000

/** A log that is read: where its bytes come from, and what makes facts of them. */
export interface ReadLog {
  readonly source: Source
  readonly reader: LogReader
}

export interface PipelineOptions {
  readonly core: Core
  readonly tell: TellFacts
  readonly now: () => Instant
  /** Takes changes to be committed: true when they are in the store, false when they wait for it. */
  readonly commit: (changes: readonly Change[]) => boolean
  /** False while the store can take no more: reading waits, nothing is dropped. */
  readonly mayRead: () => boolean
  /** The tables are to be changed; called after the commit. */
  readonly enforce: (changes: readonly TableChange[]) => void
  readonly onDecision: (decision: Decision) => void
  /** Something was told to the core, and all that came of it is done. */
  readonly onSettled: () => void
  /** The core is not to be trusted any more: nothing more is told to it, nor taken from it. */
  readonly onFault: (error: unknown) => void
}

/**
 * Carries lines to decisions: reads the logs that have something, tells the core in the order of time, commits what came
 * of it together with the positions, and only then has the tables changed. All in one turn of the event loop.
 */
export class Pipeline {
  readonly #options: PipelineOptions
  readonly #ready = new Set<ReadLog>()
  /** The logs that are being read, brought into one order; several rounds may go by before it is through. */
  #merge: Merge | undefined
  /** At first nobody knows whether there are old lines; time must not go ahead of them. */
  #isCatchingUp = true
  #isScheduled = false
  #isStopped = false
  #isLost = false
  #waitTimer: NodeJS.Timeout | undefined
  bytesRead = 0

  constructor(options: PipelineOptions) {
    this.#options = options
  }

  /** A log may have something to read. */
  wake(log: ReadLog): void {
    this.#ready.add(log)
    this.#schedule()
  }

  forget(log: ReadLog): void {
    this.#ready.delete(log)
  }

  /** Reading begins, or may go on after `mayRead` was false. */
  resume(): void {
    this.#schedule()
  }

  /** Reads nothing more; what was read and not yet told will be read again. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#waitTimer)
    this.#ready.clear()
    this.#merge = undefined
    this.#isCatchingUp = true
  }

  restart(): void {
    this.#isStopped = false
  }

  /** Tells the core facts; what comes of them waits for `settle`. */
  tell(facts: readonly Fact[]): void {
    if (this.#isLost) return
    try {
      this.#options.tell(facts)
    } catch (error) {
      if (!(error instanceof CutOffError)) throw error
      this.#isLost = true
      this.stop()
      this.#options.onFault(error)
    }
  }

  /** What is due by now happens. Not while old lines are caught up on: their time is not over yet. */
  tellTime(): void {
    if (!this.#isCatchingUp) this.tell([{ kind: 'clock', at: this.#options.now() }])
  }

  /** Old lines are being read, and count by their own time. */
  get isCatchingUp(): boolean {
    return this.#isCatchingUp
  }

  /** Commits and enforces what the core has come to, by facts told from elsewhere or by the time alone. */
  settle(positions: readonly Change[] = []): void {
    if (this.#isLost) return
    const { decisions, tableChanges, changes }: CoreOutput = this.#options.core.take()
    if (changes.length > 0 || positions.length > 0) {
      const isCommitted = this.#options.commit([...changes, ...positions])
      if (isCommitted) this.#options.core.committed()
    }
    if (tableChanges.length > 0) this.#options.enforce(tableChanges)
    for (const decision of decisions) this.#options.onDecision(decision)
    this.#options.onSettled()
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isStopped) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      if (!this.#isStopped && this.#options.mayRead()) this.#round()
    })
  }

  #round(): void {
    const endsAt = performance.now() + ROUND_MS_MAX
    const merge = this.#merge ?? new Merge([...this.#ready].map((log) => this.#laneOf(log)))
    this.#merge = merge
    const positions = new Map<string, Change>()
    const hits: HitFact[] = []
    let step = merge.next()
    for (; step && step.kind !== 'wait'; step = merge.next()) {
      if (step.kind === 'position') positions.set(step.position.log, step)
      else if (hits.push(step.hit) === HITS_MAX) this.tell(hits.splice(0))
      if (performance.now() >= endsAt) break
    }
    this.tell(hits)
    for (const position of merge.interrupted()) positions.set(position.log, { kind: 'position', position })
    if (!step) {
      this.#merge = undefined
      this.#isCatchingUp = false
    }
    this.tellTime()
    this.settle([...positions.values()])
    if (step?.kind === 'wait') this.#scheduleAfterWait()
    else if (step || this.#ready.size > 0) this.#schedule()
  }

  /** The log that is waited for calls `wake`, or its time runs out. */
  #scheduleAfterWait(): void {
    clearTimeout(this.#waitTimer)
    this.#waitTimer = setTimeout(() => this.#schedule(), WAIT_MS_MAX)
  }

  #laneOf(log: ReadLog): Lane {
    const startedAt = performance.now()
    let isLive = false
    let waitsSince: number | undefined
    return {
      next: (): ReadBlock | 'later' | undefined => {
        // A log that is written to without end must let the others have their turn; one that is caught up on is read to its end.
        if (isLive && performance.now() - startedAt > ROUND_MS_MAX) return undefined
        const block = log.source.read()
        if (!block) {
          this.#ready.delete(log)
          if (!log.source.isCatchingUp) return undefined
          waitsSince ??= performance.now()
          return performance.now() - waitsSince < WAIT_MS_MAX ? 'later' : undefined
        }
        waitsSince = undefined
        isLive = !block.catchingUp
        if (block.catchingUp) this.#isCatchingUp = true
        this.bytesRead += block.bytes.length
        return log.reader.read(block, this.#options.now())
      },
    }
  }
}
