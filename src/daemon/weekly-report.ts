import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { Log } from '../base/log.ts'
import { HOUR_MS, type Instant, isoTime } from '../base/units.ts'
import type { Message } from '../notify/message.ts'

/** Prints the report of a week: of the database in that folder, and of the daemon that listens there. */
export type PrintReport = (
  as: 'text' | 'html',
  of: { readonly stateFolder: string; readonly socketPath: string },
) => Promise<string>

export interface WeeklyReportOptions {
  /** Whose it is. */
  readonly host: string
  /** Keeps when it was sent last, for a week is longer than many a machine runs. */
  readonly path: string
  readonly print: (as: 'text' | 'html') => Promise<string>
  readonly send: (message: Message) => void
  readonly log: Log
  readonly now: () => Instant
}

/** On Monday, when people have come to work. */
const WEEKDAY = 1
const HOUR = 6
const AGAIN_MS = HOUR_MS
const MODE = 0o600

/** Sends the report once a week, on the first Monday after the last one; late where nobody was there to send it. */
export class WeeklyReport {
  readonly #options: WeeklyReportOptions
  #lastAt: Instant | undefined
  /** Not before; after one that could not be made. */
  #notBefore = 0
  #isBusy = false

  constructor(options: WeeklyReportOptions) {
    this.#options = options
  }

  /** To be called now and then, as long as somebody wants it. */
  async look(): Promise<void> {
    const { now } = this.#options
    const at = now()
    this.#lastAt ??= this.#readLast()
    // Of the week before the first start there is nothing to tell. Nor is a time believed that is still to come.
    if (this.#lastAt === undefined || this.#lastAt > at) this.#keepLast(at)
    else if (at >= Math.max(mondayAfter(this.#lastAt), this.#notBefore) && !this.#isBusy) {
      this.#isBusy = true
      await this.#make(at)
      this.#isBusy = false
    }
  }

  async #make(at: Instant): Promise<void> {
    const { host, print, send, log } = this.#options
    try {
      const text = await print('text')
      const html = await print('html')
      send({ subject: `log2table on ${host}: the week`, text, html, isUrgent: false })
      this.#keepLast(at)
    } catch (error) {
      this.#notBefore = at + AGAIN_MS
      log.warning('the weekly report cannot be made, and is tried again in an hour', { error: (error as Error).message })
    }
  }

  #readLast(): Instant | undefined {
    try {
      const at = Date.parse(readFileSync(this.#options.path, 'utf8').trim())
      return Number.isNaN(at) ? undefined : at
    } catch {
      return undefined
    }
  }

  #keepLast(at: Instant): void {
    const { path, log } = this.#options
    this.#lastAt = at
    try {
      writeFileSync(`${path}.new`, `${isoTime(at)}\n`, { mode: MODE })
      renameSync(`${path}.new`, path)
    } catch (error) {
      log.warning(`${path}: when the last report was sent cannot be kept: ${(error as Error).message}`)
    }
  }
}

/** The first Monday morning after that, by local time. */
export function mondayAfter(at: Instant): Instant {
  const monday = new Date(at)
  monday.setHours(HOUR, 0, 0, 0)
  monday.setDate(monday.getDate() + ((WEEKDAY + 7 - monday.getDay()) % 7))
  if (monday.getTime() <= at) monday.setDate(monday.getDate() + 7)
  return monday.getTime()
}
