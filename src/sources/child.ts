import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process'
import { delimiter } from 'node:path'
import type { Readable } from 'node:stream'
import { formatDuration } from '../base/duration.ts'
import { reasonOf } from './open-file.ts'
import type { SourceContext } from './source.ts'
import { Rarely, StderrLines } from './stderr.ts'

/** How long it takes until a program that ended is started again: doubled each time, up to the greatest. */
const RESTART_MS_MIN = 100
const RESTART_MS_MAX = 30_000
/** One that lived so long has worked: the next pause is the shortest again. */
const STABLE_MS = 10_000
const STANDARD_FOLDERS = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** A program has ended, and all that it wrote has been read. */
export interface ChildEnd {
  /** Its exit status; null where a signal ended it or it could not be started. */
  readonly status: number | null
  /** In words: `exit status 1`, `SIGKILL`, `no such program`. */
  readonly how: string
  /** What it said last on standard error; empty where it said nothing. */
  readonly lastSaid: string
}

export interface ChildOptions {
  /** Takes a line that it says on standard error, where that is an answer; one that is not taken goes to our log. */
  readonly hears?: (line: string) => boolean
  /** It is ended by SIGTERM, so that it can say its last words, and also where we are killed: at once, not when it next writes. */
  readonly endsWithUs?: boolean
}

/**
 * Runs a program (the arguments) as the shell's own process, beside one that waits for the end of descriptor 3, which we hold
 * open and never write to. No text of anybody's is in it.
 */
const WATCHED = ['sh', '-c', '{ read -r _ <&3; kill -s TERM $$; } >/dev/null 2>&1 & exec "$@" 3<&-', 'sh'] as const
const NO_SUCH_PROGRAM = 127

/**
 * When a program that ended is started again: after a pause, which grows from one to the next. It says so; not again and again
 * where the reason is the same.
 */
export class Restarts {
  readonly #log: string
  readonly #context: Pick<SourceContext, 'say'>
  #startedAt = 0
  #pauseMs = RESTART_MS_MIN
  #timer: NodeJS.Timeout | undefined
  #saidWhy = ''

  constructor(log: string, context: Pick<SourceContext, 'say'>) {
    this.#log = log
    this.#context = context
  }

  /** The program is being started. */
  begin(): void {
    clearTimeout(this.#timer)
    this.#startedAt = performance.now()
  }

  hasWritten(): void {
    this.#saidWhy = ''
  }

  again(why: string, start: () => void): void {
    if (performance.now() - this.#startedAt >= STABLE_MS) {
      this.#pauseMs = RESTART_MS_MIN
      this.#saidWhy = ''
    }
    const pauseMs = this.#pauseMs
    this.#pauseMs = Math.min(2 * pauseMs, RESTART_MS_MAX)
    if (why !== this.#saidWhy) this.#context.say('warning', `${this.#log}: ${why}; started again in ${formatDuration(pauseMs)}`)
    this.#saidWhy = why
    this.#timer = setTimeout(start, pauseMs)
  }

  cancel(): void {
    clearTimeout(this.#timer)
  }
}

/** A program that runs here, or at the reader's. */
export interface Program
  extends Pick<Child, 'waitingFor' | 'waitingBytes' | 'start' | 'startAgain' | 'read' | 'signal' | 'kill' | 'close'> {
  readonly isByReader?: boolean
}

/**
 * A program whose standard output is a log. What is not read here stays in the pipe, so the program waits. It has a process
 * group of its own, which is killed as a whole: when its leader has ended, and at `close`. Its standard error goes to our
 * own log, in bounds. No shell; of the environment nothing but PATH, the language C and the zone UTC.
 */
export class Child {
  readonly #context: SourceContext
  readonly #endsWithUs: boolean
  #process: ChildProcess | undefined
  #stdout: Readable | undefined
  #end: ChildEnd | undefined
  readonly #restarts: Restarts
  #isClosed = false
  /** Why it does not run; undefined while it does. */
  waitingFor: string | undefined
  readonly #stderr: StderrLines

  constructor(log: string, context: SourceContext, { hears = () => false, endsWithUs = false }: ChildOptions = {}) {
    this.#context = context
    this.#endsWithUs = endsWithUs
    this.#restarts = new Restarts(log, context)
    const rarely = new Rarely((message) => context.say('warning', message))
    this.#stderr = new StderrLines((line) => {
      if (!hears(line)) rarely.say(`${log}: it says: ${line}`)
    })
  }

  /** Bytes that it wrote and that are here, but were not read yet. */
  get waitingBytes(): number {
    return this.#stdout?.readableLength ?? 0
  }

  start(argv: readonly string[]): void {
    this.#restarts.begin()
    const [program = '', ...args] = this.#endsWithUs ? [...WATCHED, ...argv] : argv
    const path = process.env.PATH ? `${process.env.PATH}${delimiter}${STANDARD_FOLDERS}` : STANDARD_FOLDERS
    const env = { PATH: path, LC_ALL: 'C', TZ: 'UTC' }
    this.waitingFor = undefined
    let child: ChildProcess
    try {
      const stdio: StdioOptions = ['ignore', 'pipe', 'pipe', this.#endsWithUs ? 'pipe' : 'ignore']
      child = spawn(program, args, { env, cwd: '/', detached: true, stdio })
    } catch (error) {
      setImmediate(() => this.#finish({ status: null, how: `${program}: ${reasonOf(error)}`, lastSaid: '' }))
      return
    }
    this.#process = child
    // Neither is there where no descriptors are left.
    this.#stdout = child.stdout ?? undefined
    this.#stderr.begin()
    child.stdout?.on('readable', () => this.#context.onReady()).on('error', () => {})
    child.stderr?.on('data', (chunk: Buffer) => this.#stderr.take(chunk)).on('error', () => {})
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (child.pid !== undefined) return
      const how = error.code === 'ENOENT' ? `${program}: no such program` : `${program}: ${reasonOf(error)}`
      this.#finish({ status: null, how, lastSaid: '' })
    })
    // What outlives its leader would hold the pipe open, and write to nobody.
    child.once('exit', () => {
      signalGroup(child, 'SIGKILL')
      child.stdio[3]?.destroy()
    })
    child.once('close', (status, signal) => {
      if (child !== this.#process || child.pid === undefined) return
      this.#stderr.end()
      const isMissing = this.#endsWithUs && status === NO_SUCH_PROGRAM
      const how = isMissing ? `${argv[0]}: no such program` : (signal ?? `exit status ${status}`)
      this.#finish({ status, how, lastSaid: isMissing ? '' : this.#stderr.last })
    })
  }

  /** Starts it after a pause, and says so; see `Restarts`. */
  startAgain(why: string, argv: () => readonly string[]): void {
    this.#restarts.again(why, () => {
      if (!this.#isClosed) this.start(argv())
    })
  }

  /** What it wrote next; then, once, that it has ended; undefined where there is nothing yet. */
  read(): Buffer | ChildEnd | undefined {
    if (this.#isClosed) return undefined
    const chunk = this.#stdout?.read() as Buffer | null | undefined
    if (chunk) {
      this.#restarts.hasWritten()
      return chunk
    }
    const end = this.#end
    this.#end = undefined
    return end
  }

  /** Asks it for something; false where none runs. */
  signal(name: NodeJS.Signals): boolean {
    return this.#process?.kill(name) ?? false
  }

  /** Ends it, and forgets what it wrote. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    const child = this.#process
    this.#process = undefined
    this.#stdout = undefined
    this.#end = undefined
    if (!child) return
    signalGroup(child, signal)
    child.stdout?.destroy()
    child.stderr?.destroy()
  }

  close(): void {
    this.#isClosed = true
    this.#restarts.cancel()
    this.kill(this.#endsWithUs ? 'SIGTERM' : 'SIGKILL')
  }

  #finish(end: ChildEnd): void {
    this.#end = end
    this.waitingFor = end.lastSaid === '' ? `ended: ${end.how}` : `ended: ${end.how}: ${end.lastSaid}`
    this.#process = undefined
    if (!this.#isClosed) this.#context.onReady()
  }
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // the group has ended already
  }
}
