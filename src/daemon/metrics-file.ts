import { chmodSync, renameSync, writeFileSync } from 'node:fs'
import type { Log } from '../base/log.ts'

/** For whoever collects it, as a user of its own; whatever our umask is. */
const MODE = 0o644

/** A file that others read at any time: it is always whole, and never older than it says. */
export class MetricsFile {
  readonly #log: Log
  /** Why it cannot be written, in which file. */
  #hindrance: string | undefined

  constructor(log: Log) {
    this.#log = log
  }

  /** Why it could not be written, as a trouble of the daemon. */
  get trouble(): string | undefined {
    return this.#hindrance
  }

  write(path: string, text: string): void {
    try {
      writeFileSync(`${path}.new`, text)
      chmodSync(`${path}.new`, MODE)
      renameSync(`${path}.new`, path)
      this.#hindrance = undefined
    } catch (error) {
      const hindrance = `metrics cannot be written to ${path}: ${(error as Error).message}`
      if (hindrance !== this.#hindrance) this.#log.warning(hindrance)
      this.#hindrance = hindrance
    }
  }
}
