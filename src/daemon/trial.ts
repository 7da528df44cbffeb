import { exitStatus } from '../base/exit-status.ts'
import type { Log } from '../base/log.ts'
import { type Instant, isoTime } from '../base/units.ts'
import { UserError } from '../base/user-error.ts'
import type { Timers } from '../firewall/table-keeper.ts'

/** What is to be undone where nobody says in time that it is good. */
export interface TrialOrder {
  readonly confirmMs: number
  /** Of the one who asked, as SSH_CONNECTION has it; undefined where he did not come by ssh. */
  readonly connection?: string | undefined
}

interface Running<Before> {
  readonly order: TrialOrder
  readonly until: Instant
  /** What was in force before, and confirmed. */
  readonly before: Before
  readonly cancel: () => void
}

/**
 * A configuration on trial: in force, and undone unless it is confirmed in time, by somebody who can still come in. Who asked
 * over ssh must confirm over another connection, because one that was open before may go on where no new one gets through.
 */
export class Trial<Before> {
  readonly #timers: Timers
  readonly #now: () => Instant
  readonly #log: Log
  readonly #undo: (before: Before) => Promise<void>
  #running: Running<Before> | undefined

  constructor({
    timers,
    now,
    log,
    undo,
  }: {
    timers: Timers
    now: () => Instant
    log: Log
    /** Puts back what was in force. */
    undo: (before: Before) => Promise<void>
  }) {
    this.#timers = timers
    this.#now = now
    this.#log = log
    this.#undo = undo
  }

  /** Another one that begins before the first was confirmed goes back to where the first would have. */
  begin(order: TrialOrder, inForce: Before): void {
    const { before = inForce } = this.#running ?? {}
    this.#running?.cancel()
    const cancel = this.#timers.after(order.confirmMs, () => void this.#end(before))
    const until = this.#now() + order.confirmMs
    this.#running = { order, until, before, cancel }
    this.#log.warning(this.trouble!)
  }

  /** False where nothing is on trial. Throws a `UserError` where this connection proves nothing. */
  confirm(connection: string | undefined): boolean {
    if (!this.#running) return false
    const { order } = this.#running
    if (order.connection !== undefined && order.connection === connection) {
      throw new UserError(
        exitStatus.no,
        'this is the connection from which it was put in force, and proves nothing; log in anew and confirm from there',
      )
    }
    this.stop()
    this.#log.info('the configuration is confirmed')
    return true
  }

  /** Whatever was on trial stays. */
  stop(): void {
    this.#running?.cancel()
    this.#running = undefined
  }

  /** For `status`, while something is on trial. */
  get trouble(): string | undefined {
    if (!this.#running) return undefined
    return `the configuration is on trial: it is undone at ${isoTime(this.#running.until)} unless "log2table confirm" comes from a new connection`
  }

  async #end(before: Before): Promise<void> {
    this.#running = undefined
    this.#log.warning('nobody confirmed the configuration; the one before is put in force')
    await this.#undo(before)
  }
}
