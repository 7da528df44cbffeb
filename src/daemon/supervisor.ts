import { type ChildProcess, spawn } from 'node:child_process'
import { chownSync, lstatSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type ExitStatus, exitStatus } from '../base/exit-status.ts'
import type { Log } from '../base/log.ts'
import { type Instant, SECOND_MS } from '../base/units.ts'
import { UserError } from '../base/user-error.ts'
import { startKeeper } from './keeper-process.ts'
import { Pauses } from './pauses.ts'
import { readerOnDemand } from './reader-on-demand.ts'
import type { User } from './user.ts'

export interface SupervisorOptions {
  /** The program and arguments of an engine, but for those that join it to keeper and reader. */
  readonly engine: readonly string[]
  /** What more an engine is told that begins within the first so many milliseconds. */
  readonly atFirst?: { readonly args: readonly string[]; readonly ms: number } | undefined
  readonly user: User
  readonly keeperSocket: string
  /** The program and arguments of a reader, but for its socket. */
  readonly reader: readonly string[]
  readonly readerSocket: string
  /** Folders that are to belong to the engine's user. */
  readonly folders: readonly string[]
  /** Of commands.json. */
  readonly folder: string
  /** Of the keeper; see `KeeperProcessOptions`. */
  readonly keeperState: string
  readonly log: Log
  readonly now: () => Instant
}

/** How long an engine has to end before it is killed. */
const END_MS_MAX = 10 * SECOND_MS

/**
 * Root's half where there is no service manager that starts both: this process is the keeper, and starts the engine as a user
 * without rights, again and again until it is asked to end; and a reader, where a log is closed to that user. It runs no
 * configuration.
 */
export async function supervise(options: SupervisorOptions): Promise<ExitStatus> {
  const { user, keeperSocket, readerSocket, folders, folder, keeperState, log, now } = options
  let engine: ChildProcess | undefined
  /** The engine listens to signals. */
  let isHearing = false
  let hasHungUp = false
  const hangUp = () => {
    hasHungUp = !isHearing
    if (isHearing) engine?.kill('SIGHUP')
  }
  process.on('SIGHUP', hangUp)
  for (const one of folders) giveFolder(one, user)
  let hasBegun = false
  const keeper = await startKeeper({
    listen: { path: keeperSocket, owner: user },
    folder,
    state: keeperState,
    log,
    now,
    onBegin() {
      hasBegun = true
      isHearing = engine !== undefined
      if (hasHungUp) hangUp()
    },
  })
  const reader = await readerOnDemand({ reader: options.reader, socket: readerSocket, user, log })
  let isEnding = false
  let wakeUp = () => {}
  const end = (signal: NodeJS.Signals) => {
    if (isEnding) return
    isEnding = true
    log.info(`${signal}: ending`)
    engine?.kill('SIGTERM')
    const killing = setTimeout(() => engine?.kill('SIGKILL'), END_MS_MAX)
    killing.unref()
    wakeUp()
  }
  process.on('SIGINT', () => end('SIGINT'))
  process.on('SIGTERM', () => end('SIGTERM'))

  const pauses = new Pauses()
  const beganAt = performance.now()
  try {
    for (;;) {
      const startedAt = performance.now()
      const { args = [], ms = 0 } = options.atFirst ?? {}
      const more = startedAt - beganAt < ms ? args : []
      const { status, how } = await runEngine(options, more, (child) => (engine = child))
      engine = undefined
      isHearing = false
      if (isEnding) return exitStatus.done
      // What is wrong before anything was in force is for whoever started us; afterwards nobody looks any more.
      if (!hasBegun) return status
      const pauseMs = pauses.next(performance.now() - startedAt)
      log.error(`the engine ended (${how}); it is started again`, { inMs: pauseMs })
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pauseMs)
        wakeUp = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      if (isEnding) return exitStatus.done
    }
  } finally {
    reader.end()
    await keeper.close()
  }
}

/** It becomes the user by itself, before it reads anything: its groups, which give it the logs, come with that. */
function runEngine(
  { engine: [program = '', ...args], keeperSocket, readerSocket }: SupervisorOptions,
  more: readonly string[],
  onStarted: (child: ChildProcess) => void,
): Promise<{ readonly status: ExitStatus; readonly how: string }> {
  return new Promise((resolve) => {
    // A signal from a terminal goes to us alone, who pass it on; by the channel it sees that we are gone.
    const stdio = ['inherit', 'inherit', 'inherit', 'ipc'] as const
    const join = ['--keeper', keeperSocket, '--reader', readerSocket]
    const child = spawn(program, [...args, ...more, ...join], { stdio: [...stdio], detached: true })
    onStarted(child)
    child.once('error', ({ message }) => resolve({ status: exitStatus.software, how: message }))
    child.once('exit', (status, signal) =>
      resolve({ status: (status ?? exitStatus.software) as ExitStatus, how: signal ?? `exit status ${status}` }),
    )
  })
}

/** A folder that is root's, or not there yet, becomes the user's, with the files of ours that are in it. */
function giveFolder(folder: string, { uid, gid }: User): void {
  try {
    mkdirSync(folder, { mode: 0o750, recursive: true })
    const { uid: owner } = lstatSync(folder)
    if (owner === uid) return
    if (owner !== 0) throw new Error(`it belongs to user ${owner}`)
    // While it is root's, nobody else can have put a link there.
    for (const name of readdirSync(folder)) {
      const file = join(folder, name)
      const { isFile, nlink } = factsOf(file)
      if (isFile && nlink === 1) chownSync(file, uid, gid)
    }
    chownSync(folder, uid, gid)
  } catch (error) {
    throw new UserError(
      exitStatus.notPermitted,
      `${folder} cannot be given to user ${uid}: ${(error as Error).message}; make it, or let it belong to that user`,
    )
  }
}

function factsOf(file: string): { readonly isFile: boolean; readonly nlink: number } {
  const stats = lstatSync(file)
  return { isFile: stats.isFile(), nlink: stats.nlink }
}
