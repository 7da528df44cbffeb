import { closeSync, constants, fchmodSync, openSync, writeSync } from 'node:fs'
import type { Log } from '../base/log.ts'
import { reasonOf } from '../sources/open-file.ts'

/** Readable by the group that newsyslog and logrotate give it to, and by nobody else. */
const MODE = 0o640
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOCTTY

/**
 * A log file that we write: made when it is missing, opened anew when it was rotated. What cannot be written (the disk is
 * full) is kept, to be tried again: whoever writes asks `isBlocked` and waits.
 */
export class TextLog {
  readonly #path: string
  readonly #log: Log
  #fd: number
  /** What could not be written yet. */
  #pending: Uint8Array = nothing
  #hasSaid = false

  /** Throws where the file cannot be opened. */
  constructor(path: string, log: Log) {
    this.#path = path
    this.#log = log
    this.#fd = openLog(path)
  }

  get isBlocked(): boolean {
    return this.#pending.length > 0
  }

  /** Lines that are here and not in the file. */
  get unwrittenLines(): number {
    return this.#pending.reduce((count, byte) => count + Number(byte === LINE_FEED), 0)
  }

  /** Only while it is not blocked. */
  write(lines: Uint8Array): void {
    this.#pending = lines
    this.retry()
  }

  retry(): void {
    try {
      while (this.#pending.length > 0) this.#pending = this.#pending.subarray(writeSync(this.#fd, this.#pending))
      if (this.#hasSaid) this.#log.info(`${this.#path}: can be written again`)
      this.#hasSaid = false
    } catch (error) {
      if (!this.#hasSaid) this.#log.error(`${this.#path}: ${reasonOf(error)}; what comes waits until it can be written`)
      this.#hasSaid = true
    }
  }

  /** The file was renamed: goes on in a new one of the same name. Where that cannot be opened, in the old one. */
  reopen(): void {
    try {
      const fd = openLog(this.#path)
      closeSync(this.#fd)
      this.#fd = fd
      this.#log.info(`${this.#path}: opened again`)
    } catch (error) {
      this.#log.error(`${this.#path}: cannot be opened again, the old file is written on: ${reasonOf(error)}`)
    }
  }

  close(): void {
    closeSync(this.#fd)
  }
}

const nothing = new Uint8Array(0)
const LINE_FEED = 10

function openLog(path: string): number {
  try {
    const fd = openSync(path, APPEND | constants.O_EXCL, MODE)
    // Whatever umask we were started with.
    fchmodSync(fd, MODE)
    return fd
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return openSync(path, APPEND, MODE)
  }
}
