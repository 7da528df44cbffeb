import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { formatDuration } from '../base/duration.ts'
import { SECOND_MS } from '../base/units.ts'
import { runFileStep } from './file-step.ts'
import type { Command, CommandResult, Named, NamedCommand, Step } from './firewall.ts'

/** Runs one step to its end, whatever that is; never throws. */
export type Runner = (step: Step) => Promise<CommandResult>

export interface RunnerOptions {
  /** Folders of programs, as in PATH; before the standard ones. */
  readonly path?: string | undefined
  /** What steps call by name; asked at each, since commands.json may be loaded again. */
  readonly named?: () => Named
  readonly timeoutMs?: number
  readonly stdoutBytesMax?: number
  /** How much of standard error is kept; what comes after it is thrown away. */
  readonly stderrBytesMax?: number
  /** Ends what is running and refuses what comes after. */
  readonly signal?: AbortSignal
}

/** How long a command may take that says nothing else. */
const COMMAND_TIMEOUT_MS = 10 * SECOND_MS
/** How long a command that was asked to end (SIGTERM) has before it is ended (SIGKILL). */
export const KILL_AFTER_MS = 500
const STDOUT_BYTES_MAX = 64 * 1024 * 1024
const STDERR_BYTES_MAX = 64 * 1024
/** What no shell reads as anything else: words for `via` are read by one where ssh is in it. */
const PLAIN_WORD = /^[\w@%+=:,./-]+$/
const STANDARD_FOLDERS = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * A runner of commands: an argv list and no shell, a process group of its own that ends as a whole, limits for time and
 * output, and an environment in which nothing but PATH, the language C and the zone UTC is set.
 */
export function createRunner(options: RunnerOptions = {}): Runner {
  const { timeoutMs = COMMAND_TIMEOUT_MS, stdoutBytesMax = STDOUT_BYTES_MAX, stderrBytesMax = STDERR_BYTES_MAX, signal } = options
  const path = options.path ? `${options.path}${delimiter}${STANDARD_FOLDERS}` : STANDARD_FOLDERS
  const env = { PATH: path, LC_ALL: 'C', TZ: 'UTC' }
  const found = new Map<string, string>()

  const runOne = (command: Command): Promise<CommandResult> =>
    new Promise((resolve) => {
      const never = (trouble: string) => resolve(notRun(trouble))
      if (signal?.aborted) return never('not run: shutting down')
      const [name = '', ...args] = command.argv
      const file = found.get(name) ?? lookUp(name, path)
      if (file === undefined) return never('no such program')
      found.set(name, file)

      let child: ChildProcess
      try {
        child = spawn(file, args, { argv0: name, env, cwd: '/', detached: true, stdio: 'pipe' })
      } catch (error) {
        return never(`cannot be started: ${(error as Error).message}`)
      }
      if (!child.stdout) {
        // No descriptor was left for its pipes; the error is told later, and nothing else.
        child.once('error', ({ message }) => never(`cannot be started: ${message}`))
        return
      }

      let trouble: string | undefined
      let killTimer: NodeJS.Timeout | undefined
      const stop = (because: string, first: NodeJS.Signals = 'SIGTERM') => {
        if (trouble !== undefined) return
        trouble = because
        killGroup(child, first)
        // What outlives the leader and holds its pipes would keep us waiting, so the group is ended in any case.
        killTimer = setTimeout(() => {
          killGroup(child, 'SIGKILL')
          child.stdout?.destroy()
          child.stderr?.destroy()
        }, KILL_AFTER_MS)
      }
      const limitMs = command.timeoutMs ?? timeoutMs
      const timer = setTimeout(() => stop(`killed after ${formatDuration(limitMs)}`), limitMs)
      const onAbort = () => stop('killed: shutting down')
      signal?.addEventListener('abort', onAbort, { once: true })

      const tooMuch = (bytesMax: number) => stop(`printed more than ${formatBytes(bytesMax)}`, 'SIGKILL')
      const stdout = collect(child.stdout, stdoutBytesMax, stdoutBytesMax, tooMuch)
      const stderr = collect(child.stderr!, stderrBytesMax, stdoutBytesMax, tooMuch)
      // A program that does not read its input to the end says so by its exit status, not by EPIPE.
      child.stdin!.on('error', () => {})
      child.stdin!.end(command.stdin ?? '')

      const end = (status: number | null, because?: string) => {
        clearTimeout(timer)
        clearTimeout(killTimer)
        signal?.removeEventListener('abort', onAbort)
        // Nothing of the group may stay behind, also when its leader ended well in time after being asked.
        if (trouble !== undefined) killGroup(child, 'SIGKILL')
        const why = trouble ?? because
        resolve({
          status: why === undefined ? status : null,
          stdout: stdout(),
          stderr: stderr(),
          ...(why !== undefined && { trouble: why }),
        })
      }
      child.once('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') found.delete(name)
        if (child.pid === undefined)
          end(null, error.code === 'ENOENT' ? 'no such program' : `cannot be started: ${error.message}`)
      })
      child.once('close', (status, killedBy) => end(status, killedBy ? `ended by ${killedBy}` : undefined))
    })

  async function runCommand({ via, ...command }: Command): Promise<CommandResult> {
    const prefix = via === undefined ? [] : options.named?.().via.get(via)
    if (!prefix) return notRun(`commands.json names no via "${via}"`)
    const odd =
      via === undefined ? undefined : [...command.argv, ...(command.unless ?? [])].find((word) => !PLAIN_WORD.test(word))
    if (odd !== undefined) return notRun(`not run through "${via}": a shell on the way could take "${odd}" for something else`)
    if (command.unless) {
      const answer = await runOne({ argv: [...prefix, ...command.unless] })
      if (answer.status === 0) return answer
    }
    const result = await runOne({ ...command, argv: [...prefix, ...command.argv] })
    const said = `${result.stderr}${result.stdout}`
    const isDone = result.status !== null && command.alreadyDone?.some((text) => said.includes(text))
    return isDone ? { ...result, status: 0 } : result
  }

  async function runNamed({ command, table, addresses, ...rest }: NamedCommand): Promise<CommandResult> {
    const template = options.named?.().commands.get(command)
    if (!template) return notRun(`commands.json names no command "${command}"`)
    const argvFor = (address: string) =>
      template.map((word) => word.replaceAll('{table}', table).replaceAll('{address}', address))
    if (!addresses) return await runOne({ ...rest, argv: argvFor('') })
    if (!template.some((word) => word.includes('{address}')))
      return await runOne({ ...rest, argv: argvFor(''), stdin: addresses.map((address) => `${address}\n`).join('') })
    let last = DONE
    for (const address of addresses) {
      last = await runOne({ ...rest, argv: argvFor(address) })
      if (last.status !== 0) break
    }
    return last
  }

  /** One after the other: two that change the same file must not do it at once. */
  let filesDone: Promise<unknown> = Promise.resolve()

  return async (step) => {
    if ('argv' in step) return await runCommand(step)
    if ('command' in step) return await runNamed(step)
    const file = options.named?.().files.get(step.file)
    if (file === undefined) return notRun(`commands.json names no file "${step.file}"`)
    const done = filesDone.then(() => runFileStep(file, step))
    filesDone = done
    return await done
  }
}

const DONE: CommandResult = { status: 0, stdout: '', stderr: '' }

function notRun(trouble: string): CommandResult {
  return { status: null, stdout: '', stderr: '', trouble }
}

/** The first executable file of that name in the folders of the path. */
function lookUp(name: string, path: string): string | undefined {
  const candidates = isAbsolute(name)
    ? [name]
    : path
        .split(delimiter)
        .filter(isAbsolute)
        .map((folder) => join(folder, name))
  return candidates.find((file) => {
    try {
      accessSync(file, constants.X_OK)
      return statSync(file).isFile()
    } catch {
      return false
    }
  })
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return
  try {
    process.kill(-child.pid, signal)
  } catch {
    // the group has ended already
  }
}

/** Keeps the first bytes that a stream says; the function it returns gives the text. */
function collect(
  stream: NodeJS.ReadableStream,
  keptMax: number,
  bytesMax: number,
  tooMuch: (bytesMax: number) => void,
): () => string {
  const chunks: Buffer[] = []
  let bytes = 0
  stream.on('data', (chunk: Buffer) => {
    if (bytes < keptMax) chunks.push(chunk.subarray(0, keptMax - bytes))
    bytes += chunk.length
    if (bytes > bytesMax) tooMuch(bytesMax)
  })
  stream.on('error', () => {})
  return () => Buffer.concat(chunks).toString('utf8')
}

function formatBytes(bytes: number): string {
  return bytes % (1024 * 1024) === 0 ? `${bytes / (1024 * 1024)} MiB` : `${bytes / 1024} KiB`
}
