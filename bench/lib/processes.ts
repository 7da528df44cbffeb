import { type ChildProcess, spawn } from 'node:child_process'
import { open, readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** Bytes are characters, dates are in UTC; log2table runs on the Node that runs this, also as root: its folders are open to nobody else. */
const environment = { LOG2TABLE_USER: 'root', ...process.env, TZ: 'UTC', LC_ALL: 'C', LOG2TABLE_NODE: process.execPath }

/**
 * Runs a program to its end and gives the seconds; a status other than 0 or 1 is an error. Its output is read and thrown
 * away: grep stops at the first match where it sees that it writes to /dev/null.
 */
export async function secondsOf(
  argv: readonly string[],
  { stdin, env }: { stdin?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<number> {
  const input = stdin === undefined ? undefined : await open(stdin)
  const start = process.hrtime.bigint()
  const child = spawn(argv[0]!, argv.slice(1), {
    stdio: [input?.fd ?? 'ignore', 'pipe', 'pipe'],
    env: { ...environment, ...env },
  })
  child.stdout!.resume()
  let complaint = ''
  child.stderr!.on('data', (text) => {
    complaint = `${complaint}${text}`.slice(-2000)
  })
  const status = await new Promise((resolve, reject) => child.on('error', reject).on('close', resolve))
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  await input?.close()
  if (status !== 0 && status !== 1) throw new Error(`${argv.join(' ')} ended with status ${status}: ${complaint}`)
  return seconds
}

/** A program that goes on running, its output kept for the case that it ends by itself. */
export class Running {
  readonly #child: ChildProcess
  #output = ''
  readonly #ended: Promise<void>
  hasEnded = false

  constructor(argv: readonly string[], { env, onLine }: { env?: NodeJS.ProcessEnv; onLine?(line: string): void } = {}) {
    this.#child = spawn(argv[0]!, argv.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...environment, ...env },
    })
    let rest = ''
    const onData = (data: Buffer) => {
      const lines = `${rest}${data}`.split('\n')
      rest = lines.pop()!
      for (const line of lines) onLine?.(line)
      this.#output = `${this.#output}${data}`.slice(-4000)
    }
    this.#child.stdout!.on('data', onData)
    this.#child.stderr!.on('data', onData)
    this.#ended = new Promise((resolve) => this.#child.on('error', () => resolve()).on('close', () => resolve()))
    this.#ended.then(() => {
      this.hasEnded = true
    })
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** What it printed last. */
  get output(): string {
    return this.#output
  }

  /** Ends it at once, with no chance to do anything about it. */
  async kill(): Promise<void> {
    if (this.hasEnded) throw new Error(`it had ended by itself: ${this.#output}`)
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  async stop(): Promise<void> {
    if (!this.hasEnded) this.#child.kill('SIGTERM')
    await Promise.race([this.#ended, sleep(10_000, undefined, { ref: false })])
    if (!this.hasEnded) this.#child.kill('SIGKILL')
    await this.#ended
  }
}

/** Asks again and again until the answer is yes; the milliseconds that it took, or undefined where that was too long. */
export async function waitFor(
  isSo: () => boolean | Promise<boolean>,
  { withinMs, everyMs = 10 }: { withinMs: number; everyMs?: number },
) {
  const start = performance.now()
  while (!(await isSo())) {
    if (performance.now() - start > withinMs) return undefined
    await sleep(everyMs)
  }
  return performance.now() - start
}

/** The processor time that a process and all its children have taken so far, in seconds. Linux only. */
export async function cpuSecondsOf(pid: number): Promise<number> {
  const TICKS_A_SECOND = 100
  let ticks = 0
  for (const one of await family(pid)) {
    const text = await readFile(`/proc/${one}/stat`, 'utf8').catch(() => '')
    // The program's name stands in brackets and may hold anything; user time and system time are the 12th and 13th behind it.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0)
  }
  return ticks / TICKS_A_SECOND
}

/** Memory of a process and all its children, in bytes: resident, and with shared pages shared out fairly. Linux only. */
export async function memoryOf(pid: number): Promise<{ readonly rss: number; readonly pss: number; readonly processes: number }> {
  let [rss, pss, processes] = [0, 0, 0]
  for (const one of await family(pid)) {
    const text = await readFile(`/proc/${one}/smaps_rollup`, 'utf8').catch(() => '')
    if (text === '') continue
    processes++
    rss += Number(/^Rss:\s+(\d+)/m.exec(text)?.[1]) * 1024
    pss += Number(/^Pss:\s+(\d+)/m.exec(text)?.[1]) * 1024
  }
  return { rss, pss, processes }
}

/** Sends a signal to a process and all its children. Linux only. */
export async function signalAll(pid: number, signal: NodeJS.Signals): Promise<void> {
  for (const one of await family(pid)) process.kill(one, signal)
}

async function family(pid: number): Promise<number[]> {
  const members = [pid]
  for (let i = 0; i < members.length; i++) {
    for (const task of await readdir(`/proc/${members[i]}/task`).catch(() => [])) {
      const children = await readFile(`/proc/${members[i]}/task/${task}/children`, 'utf8').catch(() => '')
      members.push(...children.split(' ').filter(Boolean).map(Number))
    }
  }
  return members
}
