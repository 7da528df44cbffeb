import { type ChildProcess, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { program } from './programs.ts'

/** For `needs`. */
export const RUNNING_PROGRAMS = ['setpriv'] as const

/** A line of a program, and when it was read (ms, as `performance.now` counts). */
export interface OutputLine {
  readonly at: number
  readonly text: string
  readonly from: 'stdout' | 'stderr'
}

export interface RunningOptions {
  /** Beside our own environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly onLine?: (line: OutputLine) => void
}

/** How long a program that was asked to end has before it is killed. */
const END_MS_MAX = 5_000

/** The folders of a test are closed to all other users; configuration of its own may be run as root there. */
export const AS_ROOT = { LOG2TABLE_USER: 'root' }

/** Whatever becomes of a test, what it started does not outlive it. */
const DIE_WITH_US = ['--pdeathsig', 'KILL', '--']

/** A program that goes on running, with its output line by line; what is written to its standard input is up to the test. */
export class Running {
  readonly #argv: readonly string[]
  readonly #child: ChildProcess
  readonly #ended: Promise<void>
  readonly lines: OutputLine[] = []
  /** Null as long as it runs, and where a signal ended it. */
  status: number | null = null
  hasEnded = false

  constructor(argv: readonly string[], { env, onLine }: RunningOptions = {}) {
    this.#argv = argv
    this.#child = spawn(program('setpriv'), [...DIE_WITH_US, ...argv], {
      stdio: 'pipe',
      env: { ...AS_ROOT, ...process.env, ...env },
    })
    this.#child.stdin!.on('error', () => {})
    for (const from of ['stdout', 'stderr'] as const) {
      let rest = ''
      this.#child[from]!.setEncoding('utf8').on('data', (text: string) => {
        const at = performance.now()
        const texts = (rest + text).split('\n')
        rest = texts.pop()!
        for (const one of texts) {
          const line = { at, text: one, from }
          this.lines.push(line)
          onLine?.(line)
        }
      })
    }
    this.#ended = new Promise<void>((resolve) => {
      this.#child.on('error', (error) => {
        this.lines.push({ at: performance.now(), text: error.message, from: 'stderr' })
        resolve()
      })
      this.#child.on('close', (status) => {
        this.status = status
        resolve()
      })
    }).then(() => {
      this.hasEnded = true
    })
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** All that it has printed so far. */
  get output(): string {
    return this.lines.map(({ text }) => text).join('\n')
  }

  /** The first line that matches; fails where none has come in time, or can come any more. */
  async line(pattern: RegExp, { withinMs, after = 0 }: { withinMs: number; after?: number }): Promise<OutputLine> {
    const began = performance.now()
    for (;;) {
      const found = this.lines.slice(after).find(({ text }) => pattern.test(text))
      if (found) return found
      if (this.hasEnded) throw new Error(`${this.#argv.join(' ')} ended before it said ${pattern}:\n${this.output}`)
      if (performance.now() - began > withinMs) throw new Error(`no ${pattern} within ${withinMs} ms in:\n${this.output}`)
      await Promise.race([sleep(5), this.#ended])
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Gives it something on its standard input. */
  write(bytes: Uint8Array): void {
    this.#child.stdin!.write(bytes)
  }

  /** Closes its standard input: the end of a program that waits for that. */
  closeInput(): void {
    this.#child.stdin!.end()
  }

  /** Resolves to its exit status once it has ended by itself, or null where it had to be killed. */
  async end(withinMs: number = END_MS_MAX): Promise<number | null> {
    const late = new AbortController()
    await Promise.race([this.#ended, sleep(withinMs, undefined, { signal: late.signal }).catch(() => {})])
    late.abort()
    if (!this.hasEnded) this.#child.kill('SIGKILL')
    await this.#ended
    return this.status
  }
}

/** What a program printed, and how it ended. */
export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end. */
export async function runToEnd(
  argv: readonly string[],
  { env, withinMs }: { env?: RunningOptions['env']; withinMs: number },
): Promise<Ended> {
  const running = new Running(argv, env ? { env } : {})
  running.closeInput()
  const status = await running.end(withinMs)
  const textOf = (wanted: OutputLine['from']) =>
    running.lines.flatMap(({ from, text }) => (from === wanted ? `${text}\n` : [])).join('')
  return { status, stdout: textOf('stdout'), stderr: textOf('stderr') }
}
