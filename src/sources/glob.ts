import { lstatSync, type Stats, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { LINGER_MS } from './file.ts'
import { FileOrReader, type FileOrReaderOptions } from './file-or-reader.ts'
import { isForbidden, NO_SUCH_FILE } from './open-file.ts'
import { isOwnOutput } from './own-output.ts'
import type { ListedFile } from './reader-link.ts'
import { originalsOf } from './rotation.ts'
import type { LogsContext, OpenLogs, Source } from './source.ts'
import { expandGlob } from './wildcards.ts'

/** How often is looked for new files: listing a folder costs more than looking at a file. */
const EXPAND_MS = 1_000
/** How many files one glob may follow; more are told and left out. */
const FILES_MAX = 1_000

export interface GlobOptions extends FileOrReaderOptions {
  /** How often is looked for new files; 0 for never, then somebody calls `expand`. */
  readonly expandMs?: number
}

/**
 * Follows every file that matches, also those that come while we run: these from their start. A file is followed once, under
 * one name, whatever links to it; a rotated file (`access.log.1`, `access-20240131.log`) belongs to the log that it was, and
 * is none of its own. A file that has been gone for a minute is let go.
 */
export class GlobLogs implements OpenLogs {
  readonly key: string
  readonly #context: LogsContext
  readonly #options: GlobOptions
  readonly #sources = new Map<string, Source>()
  /** Names that were seen to mean a file which is followed under another name, and which one. */
  readonly #aliases = new Map<string, string>()
  /** When a followed file was first seen to be gone. */
  readonly #goneAt = new Map<string, number>()
  /** Names whose file was read to its end and let go: what comes there next is new. */
  readonly #left = new Set<string>()
  #isFirst = true
  #hasReaderFound = false
  #isClosed = false
  #hasSaidTooMany = false
  readonly #timer: NodeJS.Timeout | undefined

  constructor(pattern: string, context: LogsContext, options: GlobOptions = {}) {
    this.key = pattern
    this.#context = context
    this.#options = options
    this.expand()
    this.#isFirst = false
    const { expandMs = EXPAND_MS } = options
    if (expandMs > 0) this.#timer = setInterval(() => this.expand(), expandMs)
  }

  get sources(): readonly Source[] {
    return [...this.#sources.values()]
  }

  get waitingFor(): string | undefined {
    return this.#sources.size === 0 ? 'no file matches' : undefined
  }

  /** Takes in the files that are new, and lets those go that have been gone for long. */
  expand(): void {
    this.#letGo()
    const found = this.#found()
    const names = new Set(found.map(({ path }) => path))
    for (const path of this.#aliases.keys()) if (!names.has(path)) this.#aliases.delete(path)
    for (const file of found) {
      const { path, dev, ino } = file
      if (this.#sources.has(path)) continue
      const inode = `${dev}:${ino}`
      if (this.#aliases.get(path) === inode) continue
      if (this.sources.some((source) => source.follows?.(file))) this.#aliases.set(path, inode)
      else if (isOwnOutput(file)) {
        this.#aliases.set(path, inode)
        this.#context.say('warning', `${path} is what log2table writes itself, and is not followed`)
      } else if (this.#context.isFollowed(file)) {
        this.#aliases.set(path, inode)
        this.#context.say('warning', `${path} is followed for another key of logs already, and not for "${this.key}"`)
      } else if (this.#sources.size < FILES_MAX) this.#open(path)
      else this.#sayTooMany()
    }
  }

  /** Also those in folders that are closed to us, where there is a reader. */
  #found(): readonly ListedFile[] {
    const { reader } = this.#options
    let isClosed = false
    const found = filesOf(this.key, () => (isClosed = true))
    if (!reader || !isClosed) return found
    const names = new Set(found.map(({ path }) => path))
    return [...found, ...reader.files(this.key, () => this.#expandAgain()).filter(({ path }) => !names.has(path))]
  }

  /** The reader has found others. What it finds first was there before us. */
  #expandAgain(): void {
    if (this.#isClosed) return
    this.#isFirst = !this.#hasReaderFound
    this.#hasReaderFound = true
    this.expand()
    this.#isFirst = false
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#timer)
    for (const source of this.#sources.values()) source.close()
    this.#sources.clear()
  }

  #open(path: string): void {
    const { startAt, ...options } = this.#options
    const { say, now } = this.#context
    const position = this.#left.has(path) ? undefined : this.#context.positionOf(path)
    const onReady = () => {
      const source = this.#sources.get(path)
      if (source) this.#context.onReady(source)
    }
    const isNew = !this.#isFirst
    const source = new FileOrReader(
      path,
      { position, onReady, say, now: () => now() },
      { ...options, ...(isNew ? { isNew } : startAt !== undefined && { startAt }) },
    )
    this.#left.delete(path)
    this.#sources.set(path, source)
    this.#context.onOpened(source)
    this.#context.onReady(source)
  }

  #letGo(): void {
    const now = this.#context.now()
    for (const [path, source] of this.#sources) {
      const { reason, behindBytes } = source.state
      if (reason !== NO_SUCH_FILE || behindBytes > 0 || statOf(path)) {
        this.#goneAt.delete(path)
        continue
      }
      const goneAt = this.#goneAt.get(path) ?? now
      this.#goneAt.set(path, goneAt)
      if (now - goneAt < LINGER_MS) continue
      this.#goneAt.delete(path)
      this.#sources.delete(path)
      this.#left.add(path)
      this.#context.onClosed(source)
      source.close()
    }
  }

  #sayTooMany(): void {
    if (this.#hasSaidTooMany) return
    this.#hasSaidTooMany = true
    this.#context.say('warning', `${this.key}: more than ${FILES_MAX} files match; only the first ${FILES_MAX} are followed`)
  }
}

/** Regular files that match and are no rotated ones; those that are no links first. `onClosed` is called where a folder is closed to us. */
export function filesOf(pattern: string, onClosed: () => void = () => {}): ListedFile[] {
  const onUnreadable = (error: unknown) => {
    if (isForbidden(error)) onClosed()
  }
  const paths = new Set(expandGlob(pattern, onUnreadable))
  const files: ListedFile[] = []
  for (const path of paths) {
    if (originalsOf(basename(path)).some((original) => paths.has(join(dirname(path), original)))) continue
    const stat = statOf(path, onUnreadable)
    if (!stat?.isFile()) continue
    const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false
    files.push({ path, dev: stat.dev, ino: stat.ino, isLink })
  }
  return files.sort((a, b) => Number(a.isLink) - Number(b.isLink))
}

function statOf(path: string, onUnreadable: (error: unknown) => void = () => {}): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    onUnreadable(error)
    return undefined
  }
}
