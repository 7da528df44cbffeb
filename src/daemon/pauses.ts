import { SECOND_MS } from '../base/units.ts'

const RESTART_MS_MIN = 100
const RESTART_MS_MAX = 30 * SECOND_MS
/** A process that has worked for so long is started again at once. */
const WELL_MS = 60 * SECOND_MS

/** How long to wait before a process is started again: doubled each time, unless it had worked well. */
export class Pauses {
  #ms = RESTART_MS_MIN

  /** After one that lived so long. */
  next(livedMs: number): number {
    const ms = livedMs > WELL_MS ? RESTART_MS_MIN : this.#ms
    this.#ms = Math.min(ms * 2, RESTART_MS_MAX)
    return ms
  }
}
