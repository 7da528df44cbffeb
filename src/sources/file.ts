import { type Stats, statSync } from 'node:fs'
import type { Json } from '../base/units.ts'
import type { Piece } from '../lines/framing.ts'
import { type Generation, type Mark, openGeneration } from './generation.ts'
import { watchFile } from './hints.ts'
import { isForbidden, NO_SUCH_FILE, type OpenFile, reasonOf, Unreadable } from './open-file.ts'
import { type Sibling, siblingsOf } from './rotation.ts'
import type { Block, FileIdentity, Source, SourceContext, SourceState } from './source.ts'

export interface FileOptions {
  /** Where to begin where there is no position: with what is in the file already, or with what is written from now on. */
  readonly startAt?: 'start' | 'end'
  /** The file has come into being while we were watching: its lines count by their arrival. */
  readonly isNew?: boolean
  /** How often the file is looked at, whatever hints say; 0 for never, then somebody calls `poll`. */
  readonly pollMs?: number
  /** The longest line, where it is another than for all logs. */
  readonly lineBytesMax?: number
  /** Opens what is read, where not every file may be. */
  readonly openFile?: OpenFile
  /** A file or folder of this log is not for this user to read; called each time that it is tried. */
  readonly onForbidden?: () => void
}

const POLL_MS = 250
/**
 * A file that was rotated away is kept open this long and read when it grows: the program that writes it learns of the
 * rotation later than we do, and servers with several processes go on with the old file for a while.
 */
export const LINGER_MS = 60_000
/** How many files of one log are open at once: the one that is written, and rotated ones. */
const OPEN_FILES_MAX = 8
/**
 * How long a file or folder is waited for that cannot be read, before it counts as not being there: a shortage of descriptors
 * passes, a right that is missing may stay so.
 */
const PATIENCE_MS = 10_000
/** How often rotated files are looked at, at most, until none was renamed meanwhile. */
const LOOKS_MAX = 20
/** How many files that were read to their end are remembered. */
const FINISHED_MAX = 64
const nothing = new Uint8Array(0)

/**
 * What is committed: the files that were open, the oldest first, and how far each was read. None where the log was not there
 * yet: what comes is then read from its start, also when it came while we were down.
 */
interface Position {
  readonly files: readonly Mark[]
}

/**
 * Follows the file of one name through rotations of every kind. It never trusts a name: it keeps the descriptor, and knows
 * a file by device, inode, head and the bytes before the place where it was left.
 *
 * Renamed, or deleted and made again: the old file is read to its end, then the next one, and so for each that was rotated
 * between two looks; the old one is kept open for a minute and read when it grows. Only then its last line counts without a
 * line feed. Emptied (copytruncate): the rest is read from the copy where there is one, then the file from its start. At
 * start the file that was being read is looked for among the rotated ones, plain and .gz, and read to its end first.
 *
 * The first `read()` is the caller's to make; later ones follow `onReady`.
 */
export class FileSource implements Source {
  readonly log: string
  readonly #context: SourceContext
  readonly #startAt: 'start' | 'end'
  readonly #generationOptions: { readonly onReady: () => void; readonly lineBytesMax?: number; readonly openFile?: OpenFile }
  readonly #onForbidden: () => void
  /** What was there when the source was opened. */
  #atOpen: Pick<Stats, 'dev' | 'ino' | 'size'> | undefined
  /** Open files, the oldest first; the last is the one being written, or on the way to it. */
  readonly #files: Generation[] = []
  /** The last ones that were read to their end, so that they are not taken for unread ones. */
  readonly #finished: Mark[] = []
  /** Compressed files that looked like the one that was sought, and were not. */
  readonly #others = new Set<string>()
  #sought: readonly Mark[] = []
  /** What could not be read when it was tried last, by its path, and since when. */
  readonly #unreadableSince = new Map<string, number>()
  /** A file that was being read is lost: rotated ones that are no younger were read before it. */
  #lost: Mark | undefined
  /** The place where we begin is to be committed, before any line. */
  #hasMoved = false
  #waitingFor: string | undefined
  #overlongLines = 0
  #lostBytes = 0
  #isDecompressing = false
  #isClosed = false
  #endHints = () => {}
  readonly #timer: NodeJS.Timeout | undefined

  constructor(path: string, context: SourceContext, options: FileOptions = {}) {
    const { startAt = 'start', isNew = false, pollMs = POLL_MS, lineBytesMax, openFile, onForbidden = () => {} } = options
    this.log = path
    this.#generationOptions = {
      onReady: this.#onReady,
      ...(lineBytesMax !== undefined && { lineBytesMax }),
      ...(openFile && { openFile }),
    }
    this.#onForbidden = onForbidden
    this.#context = context
    this.#startAt = context.position === undefined ? startAt : 'start'
    this.#atOpen = isNew ? undefined : this.#attempt(() => statOf(path))
    this.#sought = this.#parsePosition(context.position)
    this.#attempt(() => this.#open())
    this.#hasMoved = context.position === undefined && (this.#files.length > 0 || this.#atOpen === undefined)
    if (pollMs === 0) return
    this.#timer = setInterval(() => this.poll(), pollMs)
    this.#watch()
  }

  get state(): SourceState {
    const waitingFor = this.#waitingFor
    return {
      kind: waitingFor === undefined ? 'reading' : 'waiting',
      ...(waitingFor !== undefined && { reason: waitingFor }),
      behindBytes: this.#files.reduce((sum, file) => sum + file.behindBytes, 0),
      overlongLines: this.#files.reduce((sum, file) => sum + file.overlongLines, this.#overlongLines),
      lostBytes: this.#lostBytes,
    }
  }

  /** Text of a compressed file is still to come. */
  get isCatchingUp(): boolean {
    return !this.#isClosed && this.#isDecompressing
  }

  /** One of the files that are open here, or are sought. */
  follows({ dev, ino }: FileIdentity): boolean {
    return [...this.#files, ...this.#sought].some((file) => file.dev === dev && file.ino === ino)
  }

  read(): Block | undefined {
    if (this.#isClosed) return undefined
    return this.#attempt(() => this.#read())
  }

  /** Looks whether anything has changed, and calls `onReady` where it has. The truth behind the hints. */
  poll(): boolean {
    const hasNews = !this.#isClosed && this.#attempt(() => this.#hasNews()) === true
    if (hasNews) this.#context.onReady()
    return hasNews
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#timer)
    this.#endHints()
    this.#closeFiles()
  }

  #read(): Block | undefined {
    for (;;) {
      if (this.#hasMoved) return this.#moved()
      if (this.#files.length === 0 && !this.#open()) return undefined
      const taken = this.#takeFirst()
      this.#isDecompressing = taken === 'later'
      if (taken === 'later') return undefined
      if (taken !== 'dry') return this.#block(taken.file, taken.piece)
      if (this.#files.length > 0 && !this.#goOn()) return undefined
    }
  }

  /** Lines of the oldest file that has some. */
  #takeFirst(): { readonly file: Generation; readonly piece: Piece } | 'dry' | 'later' {
    for (let i = 0; i < this.#files.length; ) {
      const file = this.#files[i]!
      const taken = file.take()
      if (typeof taken === 'object') return { file, piece: taken }
      if (taken === 'later') return 'later'
      if (taken === 'other') this.#seekAnother(file)
      else if (taken === 'rewritten') this.#startAgain(file)
      else if (i < this.#files.length - 1 && this.#isOver(file)) {
        const piece = file.isCopy ? undefined : file.takeLast()
        if (piece) return { file, piece }
        this.#finish(file)
      } else i++
    }
    return 'dry'
  }

  #block(file: Generation, { bytes, offset, isSkipped }: Piece): Block {
    const catchingUp = offset < file.catchUpTo
    return {
      bytes: isSkipped ? nothing : bytes,
      offset,
      writtenBy: catchingUp ? file.changedAt : this.#context.now(),
      catchingUp,
      position: this.#position(),
    }
  }

  #moved(): Block {
    this.#hasMoved = false
    const offset = this.#files.at(-1)?.mark.offset ?? 0
    return { bytes: nothing, offset, writtenBy: this.#context.now(), catchingUp: true, position: this.#position() }
  }

  #position(): Json {
    return { files: this.#files.map(({ mark }) => ({ ...mark })) }
  }

  /** All files are dry: opens the one that was written next. False where there is none. */
  #goOn(): boolean {
    const last = this.#files.at(-1)!
    // Looked at before the rotated ones: a rotation in between then shows the same file twice, and never leaves one out.
    const current = statOf(this.log)
    this.#waitingFor = current ? undefined : NO_SUCH_FILE
    if (!current || isSame(current, last)) return false
    const next = this.#nextAfter(last)
    const file = next ? this.#openCandidate(next) : this.#openCurrent(current)
    if (!file) return false
    last.supersededAt ??= this.#context.now()
    this.#add(file)
    return true
  }

  /** The oldest rotated file that is younger than this one; undefined where that is the current one. */
  #nextAfter(last: Generation): Sibling | undefined {
    const { mark } = last
    const siblings = this.#siblings().siblings.filter(({ isRotation }) => isRotation)
    let index = siblings.findIndex((sibling) => isSame(sibling, last))
    if (index < 0) index = siblings.findIndex((sibling) => this.#isFileOf(mark, sibling))
    const isLater = index < 0 ? (sibling: Sibling) => sibling.changedAt > mark.changedAt : () => true
    return siblings.slice(index + 1).find((sibling) => isLater(sibling) && this.#isUnread(sibling))
  }

  #isUnread(sibling: Sibling): boolean {
    const lost = this.#lost
    if (lost && (lost.offset > 0 ? sibling.changedAt <= lost.changedAt : sibling.changedAt < lost.changedAt)) return false
    // Of one that was empty there is nothing to know it by but its inode, which may be another's by now.
    const isFinished = (mark: Mark) => (mark.headBytes > 0 || sibling.size === 0) && this.#isFileOf(mark, sibling)
    return !this.#files.some((file) => isSame(file, sibling)) && !this.#finished.some(isFinished)
  }

  /** Opens the files of the position, or the current one where there is none. False while that cannot be. */
  #open(): boolean {
    if (this.#sought.length > 0) return this.#openSought(this.#sought)
    const current = statOf(this.log)
    if (!current) throw new Unreadable(NO_SUCH_FILE)
    const file = this.#openCurrent(current)
    if (!file) return false
    const { size } = this.#atOpen ?? {}
    if (this.#startAt === 'end' && size !== undefined && isSame(file, this.#atOpen)) {
      file.startAtEnd(Math.min(size, file.mark.size))
      this.#hasMoved = true
    }
    this.#add(file)
    return true
  }

  #openSought(marks: readonly Mark[]): boolean {
    const current = statOf(this.log)
    const missing: Mark[] = []
    for (const mark of marks) {
      const file = this.#findCopy(mark, current) ?? this.#find(mark)
      if (file) this.#add(file)
      else missing.push(mark)
    }
    const last = marks.at(-1)!
    if (missing.includes(last)) this.#lost = last
    if (this.#files.length === 0) {
      // What is not there may come: a file system that is not mounted yet, a right that is not given yet.
      if (!current) throw new Unreadable(NO_SUCH_FILE)
      const first = this.#siblings().siblings.find((sibling) => sibling.isRotation && this.#isUnread(sibling))
      const file = (first && this.#openCandidate(first)) ?? this.#openCurrent(current)
      if (!file) return false
      this.#add(file)
    }
    const unreadable = missing.length > 0 ? this.#siblings().unreadable : []
    this.#sought = []
    for (const mark of missing) this.#tellMissing(mark, mark === last, unreadable)
    return true
  }

  /** Says that a file is not to be found, unless it had been read to its end and another one after it was being read. */
  #tellMissing(mark: Mark, wasLast: boolean, unreadable: readonly string[]): void {
    const lost = mark.size - mark.offset
    this.#lostBytes += lost
    if (mark.offset === 0 || (!wasLast && lost === 0)) return
    const { path } = this.#files[0]!
    const maybe = unreadable.length > 0 ? ` (${unreadable.join(', ')} cannot be read: only gzip can)` : ''
    const what = `what was read of it up to byte ${mark.offset} is not in it any more, nor in a rotated file${maybe}`
    const next = path === this.log ? 'reading it from its start' : `going on with ${path}`
    this.#context.say('warning', `${this.log}: ${what}; ${lost > 0 ? `at least ${lost} bytes are lost; ` : ''}${next}`)
  }

  /** The file of a mark, under whatever name: by device and inode first, then by what is in it. Opened, at its place. */
  #find(mark: Mark): Generation | undefined {
    for (let looks = 0; looks < LOOKS_MAX; looks++) {
      const seen: Candidate[] = []
      for (const candidate of this.#candidates(mark)) {
        seen.push(candidate)
        if (this.#files.some((file) => isSame(file, candidate)) || this.#others.has(version(candidate))) continue
        const file = this.#openAt(mark, candidate)
        if (file) return file
      }
      // Where a name has come to mean another file meanwhile, ours may have gone by under another name.
      if (seen.every((candidate) => isSame(candidate, statOf(candidate.path)))) return undefined
    }
    throw new Unreadable('its rotated files are renamed faster than they can be looked at')
  }

  *#candidates(mark: Mark): Generator<Candidate> {
    const current = statOf(this.log)
    const own = current && { path: this.log, dev: current.dev, ino: current.ino, changedAt: current.mtimeMs, isGzip: false }
    // Most often it is this one, and the folder, which may not be ours to list, is not looked at.
    if (own && isSame(own, mark)) yield own
    const others: Candidate[] = this.#siblings().siblings.toReversed()
    if (own && !isSame(own, mark)) others.unshift(own)
    yield* others.sort((a, b) => Number(isSame(b, mark)) - Number(isSame(a, mark)))
  }

  /**
   * A file that was empty when it was left cannot be known by what is in it. Where it was written since, and rotated files were
   * made since, it was copied and emptied meanwhile: the oldest of them has what came first. (Not one that was there before and
   * has grown: its program goes on with it, and it was read.)
   */
  #findCopy(mark: Mark, current: Stats | undefined): Generation | undefined {
    if (mark.headBytes > 0 || !current || !isSame(current, mark) || current.mtimeMs === mark.changedAt) return undefined
    const { siblings } = this.#siblings()
    const isNew = ({ path, changedAt }: Sibling) => Math.min(changedAt, statOf(path)?.birthtimeMs ?? 0) > mark.changedAt
    const copy = siblings.find((one) => one.isRotation && isNew(one) && this.#isUnread(one))
    return copy && this.#openCandidate(copy)
  }

  /** Opens a file that may be the one of a mark; undefined where it is not. */
  #openAt(mark: Mark, candidate: Candidate): Generation | undefined {
    if (mark.head === '' && !isSame(candidate, mark)) return undefined
    let file: Generation | undefined
    try {
      file = this.#openCandidate(candidate)
      this.#unreadableSince.delete(candidate.path)
      if (file?.resume(mark)) return file
    } catch (error) {
      file?.close()
      if (!isReadError(error) || (candidate.path === this.log && isSame(candidate, mark))) throw error
      this.#bear(candidate.path, error)
      return undefined
    }
    file?.close()
    return undefined
  }

  #siblings(): ReturnType<typeof siblingsOf> {
    try {
      const found = siblingsOf(this.log)
      this.#unreadableSince.delete(this.log)
      return found
    } catch (error) {
      if (!isReadError(error)) throw error
      this.#bear(this.log, error)
      return { siblings: [], unreadable: [] }
    }
  }

  /** Throws while what cannot be read is to be waited for; returns once it is to be gone on without. */
  #bear(path: string, error: unknown): void {
    const now = this.#context.now()
    const since = this.#unreadableSince.get(path) ?? now
    this.#unreadableSince.set(path, since)
    if (now - since < PATIENCE_MS) throw new Unreadable(reasonOf(error), { cause: error })
  }

  #isFileOf(mark: Mark, candidate: Candidate): boolean {
    const file = this.#openAt(mark, candidate)
    file?.close()
    return file !== undefined
  }

  #openCurrent(expected: Stats): Generation | undefined {
    const file = openGeneration(this.log, { ...this.#generationOptions, isGzip: false, expected })
    if (file && isSame(file, this.#atOpen)) file.catchUpTo = this.#atOpen!.size
    return file
  }

  #openCandidate(candidate: Candidate): Generation | undefined {
    const file = openGeneration(candidate.path, { ...this.#generationOptions, isGzip: candidate.isGzip, expected: candidate })
    if (!file) return undefined
    if (candidate.path !== this.log) {
      file.catchUpTo = Number.POSITIVE_INFINITY
      file.supersededAt = Math.min(this.#context.now(), file.changedAt)
    } else if (isSame(file, this.#atOpen)) file.catchUpTo = this.#atOpen!.size
    return file
  }

  #add(file: Generation): void {
    this.#files.push(file)
    this.#waitingFor = undefined
    if (this.#timer) this.#watch()
  }

  #isOver(file: Generation): boolean {
    const isLong = this.#context.now() - (file.supersededAt ?? this.#context.now()) >= LINGER_MS
    return isLong || file.isGzip || file.isCopy || this.#files.length > OPEN_FILES_MAX
  }

  #finish(file: Generation): void {
    if (file.isCopy) this.#lostBytes += file.mark.size - file.mark.offset
    if (file.trouble)
      this.#context.say('warning', `${file.path}: ${file.trouble} after ${file.mark.offset} bytes of text; what was read counts`)
    this.#finished.push(file.mark)
    if (this.#finished.length > FINISHED_MAX) this.#finished.shift()
    this.#drop(file)
  }

  #drop(file: Generation): void {
    this.#overlongLines += file.overlongLines
    this.#files.splice(this.#files.indexOf(file), 1)
    // Its inode may be given to another file from now on.
    if (isSame(file, this.#atOpen)) this.#atOpen = undefined
    file.close()
  }

  /** The file was emptied or written anew. What was not read yet may be in the copy that was made before. */
  #startAgain(file: Generation): void {
    const { mark } = file
    if (file !== this.#files.at(-1)) {
      this.#drop(file)
      return
    }
    const copy = this.#find(mark)
    if (copy) {
      copy.isCopy = true
      this.#files.splice(this.#files.length - 1, 0, copy)
    } else this.#lostBytes += Math.max(0, file.drySize - mark.offset)
    file.restart(copy ? !copy.endsWithLineFeed() : file.endsInLine)
    this.#context.say(
      'info',
      `${this.log}: emptied or written anew; ${copy ? `reading the rest from ${copy.path}, then ` : ''}reading it from its start`,
    )
  }

  /** A compressed file began like the one that was sought, but went on otherwise. */
  #seekAnother(file: Generation): void {
    const { mark } = file
    this.#others.add(version(file))
    const another = this.#find(mark)
    const { unreadable } = this.#siblings()
    const index = this.#files.indexOf(file)
    this.#drop(file)
    if (another) this.#files.splice(index, 0, another)
    else if (this.#files.length === 0) this.#sought = [mark]
    else this.#tellMissing(mark, true, unreadable)
  }

  #hasNews(): boolean {
    if (this.#files.length === 0) return this.#open()
    const current = statOf(this.log)
    const last = this.#files.at(-1)!
    if (current && !isSame(current, last)) return true
    this.#waitingFor = current ? undefined : NO_SUCH_FILE
    if (last.hasNews(current)) return true
    return this.#files.some((file) => file !== last && (this.#isOver(file) || file.hasNews()))
  }

  /** Does what may fail for reasons outside: then the log is waited for, and its files are opened again. */
  #attempt<T>(act: () => T): T | undefined {
    try {
      return act()
    } catch (error) {
      this.#waitingFor = reasonOf(error)
      if (isForbidden(error)) this.#onForbidden()
      const isOpening = this.#sought.length > 0
      if (!(error instanceof Unreadable)) {
        if (!isSystemError(error)) throw error
        if (!isOpening) this.#sought = this.#files.map(({ mark }) => mark)
      } else if (!isOpening) return undefined
      this.#closeFiles()
      return undefined
    }
  }

  #closeFiles(): void {
    for (const file of [...this.#files]) this.#drop(file)
  }

  readonly #onReady = () => {
    if (!this.#isClosed) this.#context.onReady()
  }

  #watch(): void {
    this.#endHints()
    this.#endHints = watchFile(this.log, () => this.poll(), this.#context.say)
  }

  #parsePosition(position: Json | undefined): readonly Mark[] {
    if (position === undefined) return []
    if (isFilePosition(position)) return position.files
    this.#context.say('warning', `${this.log}: its stored position is not one of a file; reading it from its start`)
    return []
  }
}

type Candidate = Pick<Sibling, 'path' | 'dev' | 'ino' | 'isGzip' | 'changedAt'>
type Inode = Pick<Stats, 'dev' | 'ino'>

function isSame(a: Inode, b: Inode | undefined): boolean {
  return a.dev === b?.dev && a.ino === b.ino
}

function version({ dev, ino, changedAt }: Inode & { readonly changedAt: number }): string {
  return `${dev}:${ino}:${changedAt}`
}

/** Undefined where there is no such file. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    throw new Unreadable(reasonOf(error), { cause: error })
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}

function isReadError(error: unknown): boolean {
  return error instanceof Unreadable || isSystemError(error)
}

/** Whether it is a position of a file, whoever says so. */
export function isFilePosition(position: unknown): position is Position & Json {
  const files = (position as Position | null)?.files
  return Array.isArray(files) && files.every(isMark)
}

function isMark(mark: unknown): mark is Mark {
  const { dev, ino, offset, isInOverlongLine, head, headBytes, tail, size, changedAt } = (mark ?? {}) as Record<string, unknown>
  return (
    [dev, ino, size, changedAt].every(Number.isFinite) &&
    [offset, headBytes].every((count) => Number.isSafeInteger(count) && (count as number) >= 0) &&
    [head, tail].every((hash) => typeof hash === 'string') &&
    typeof isInOverlongLine === 'boolean'
  )
}
