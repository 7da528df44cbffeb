import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { exitStatus } from '../../src/base/exit-status.ts'
import { bansIn, type Count, countEvidence, rowsOf } from './chaos-count.ts'
import { configurationOf, databaseOf, type Setting, writeParameters } from './chaos-daemon.ts'
import { type Failing, readTrace, standIn, straceArguments, type Target } from './chaos-fail-faults.ts'
import { differences } from './chaos-kill.ts'
import { lineOf } from './chaos-lines.ts'
import { createNamespace, NAMESPACE_PROGRAMS, type Namespace } from './namespace.ts'
import { program } from './programs.ts'
import { RUNNING_PROGRAMS, Running } from './running.ts'

/** For `needs`. */
export const FAIL_PROGRAMS = [...NAMESPACE_PROGRAMS, ...RUNNING_PROGRAMS, 'nft', 'strace']

/**
 * `first start`: there is no database yet. `restart`: a daemon ended well, its log was rotated twice meanwhile, and the
 * machine was started again, so that its tables are empty.
 */
export type Scene = 'first start' | 'restart'
export const scenes: readonly Scene[] = ['first start', 'restart']

/** Each line is a ban: so many lines are of addresses of their own. */
const THRESHOLD = 1

/**
 * The lines of a scene, each number the last of its part: some are written before the daemon, some while it is down, the others
 * while it runs, in these steps.
 */
const [BEFORE, COMPRESSED, ROTATED, DOWN] = [10, 12, 14, 18]
const [STEP, LATE, NEXT, LAST] = [20, 22, 24, 26]

/** How long a step is waited for before the next one comes anyhow. */
const STEP_MS = 1_500
/** How long all has time to be well again. The slowest is a fault that comes back at four tries of a program, after ever longer pauses. */
const RECOVERY_MS = 30_000
const AWAY_MS = 700
/** Of a daemon that does not start and says why; whoever looks after it starts it again. */
const REFUSALS: readonly number[] = [exitStatus.no, exitStatus.unavailable, exitStatus.notPermitted, exitStatus.configuration]

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const hurry = fileURLToPath(new URL('chaos-fail-hurry.ts', import.meta.url))

/** How a run went. */
export interface Outcome {
  /**
   * Nothing to be seen of the fault, or said and over, or not started with a reason and well at the next start. `kept aside`:
   * SQLite took an error of reading for damage, so that the evidence is in two files now.
   */
  readonly kind: 'unnoticed' | 'told' | 'kept aside' | 'refused to start' | 'not reached' | 'failed'
  readonly faults: readonly string[]
  /** What the daemon said, and what was done to it. */
  readonly report: string
  /** How often each call was made. */
  readonly counts: ReadonlyMap<string, number>
}

/** A place where scenes are played, one after the other: a folder and a network of its own. */
export class Stage {
  readonly #t: TestContext
  readonly #setting: Setting
  readonly #namespace: Namespace
  readonly #truth = new Map<number, { readonly position: number; readonly line: string }>()
  #offset = 0

  private constructor(t: TestContext, folder: string, namespace: Namespace) {
    this.#t = t
    this.#namespace = namespace
    this.#setting = { folder, log: join(folder, 'logs/app.log'), namespace }
  }

  static async build(t: TestContext): Promise<Stage> {
    const folder = mkdtempSync(join(tmpdir(), 'log2table-fail-'))
    const namespace = await createNamespace()
    const stage = new Stage(t, folder, namespace)
    t.after(async () => {
      await namespace.close()
      rmSync(folder, { recursive: true })
    })
    writeParameters(stage.#setting, THRESHOLD)
    for (const scene of scenes) await stage.#prepare(scene)
    return stage
  }

  /** Plays a scene in which some calls fail; without `failing` the calls on `target` are counted. */
  async play(scene: Scene, target: Target, failing?: Failing): Promise<Outcome> {
    await this.#restore(scene, failing)
    const said: string[] = []
    const faults: string[] = []
    let refused = false
    let daemon = this.#start(failing?.fault === 'hang', target, failing)
    try {
      if (!(await isRunning(daemon))) {
        refused = true
        said.push(daemon.output)
        if (!REFUSALS.includes(daemon.status ?? -1)) faults.push(`it ended with status ${daemon.status} before it ran`)
        else if (!daemon.output.includes('log2table: ')) faults.push('it did not say why it does not start')
        daemon = this.#start(false)
        if (!(await isRunning(daemon))) throw new Error('it did not start after the fault')
      }
      await this.#writeOn(scene, daemon, faults)
      const isWell = async () => daemon.hasEnded || ((await this.#wrong()) === '' && !this.#isAway())
      for (const giveUpAt = Date.now() + RECOVERY_MS; !(await isWell()) && Date.now() < giveUpAt; ) await sleep(50)
      const wrong = await this.#wrong()
      if (wrong !== '') faults.push(`while it ran: ${wrong}`)
      daemon.signal('SIGTERM')
      const status = await daemon.end(RECOVERY_MS)
      if (status !== 0) faults.push(`it ended with status ${status}`)
    } catch (error) {
      faults.push((error as Error).message)
    } finally {
      daemon.signal('SIGKILL')
      await daemon.end()
    }
    said.push(daemon.output)
    const wrongAfter = await this.#wrong()
    if (wrongAfter !== '') faults.push(`after it ended: ${wrongAfter}`)
    const report = said
      .join('\n--\n')
      .split('\n')
      .filter((line) => !line.startsWith('{'))
      .join('\n')
    if (report.includes('our fault')) faults.push('it found a fault of its own')
    const { counts, injected } = this.#trace(target)
    const isTold = report.split('\n').some((line) => !/^(running |SIGTERM|ended; |$)/.test(line))
    const kindOf = (): Outcome['kind'] => {
      if (faults.length > 0) return 'failed'
      if (injected === 0) return 'not reached'
      if (refused) return 'refused to start'
      if (this.#asideEvidence() !== undefined) return 'kept aside'
      return isTold ? 'told' : 'unnoticed'
    }
    return { kind: kindOf(), faults, report, counts }
  }

  /** Makes what a scene begins with, and keeps a copy. */
  async #prepare(scene: Scene): Promise<void> {
    const { log } = this.#setting
    this.#clear()
    this.#write(log, 1, BEFORE)
    if (scene === 'restart') {
      const daemon = this.#start(false)
      await isRunning(daemon)
      await daemon.line(this.#banOf(BEFORE), { withinMs: RECOVERY_MS })
      daemon.signal('SIGTERM')
      await daemon.end()
      this.#write(log, BEFORE + 1, COMPRESSED)
      renameSync(log, `${log}.2`)
      execFileSync('gzip', [`${log}.2`])
      this.#write(log, COMPRESSED + 1, ROTATED)
      renameSync(log, `${log}.1`)
      this.#write(log, ROTATED + 1, DOWN)
    }
    const copy = this.#path(`copy of ${scene}`)
    mkdirSync(copy)
    for (const name of ['logs', 'state']) if (existsSync(this.#path(name))) this.#copy(this.#path(name), join(copy, name))
    writeFileSync(join(copy, 'truth'), JSON.stringify([...this.#truth]))
  }

  async #restore(scene: Scene, failing: Failing | undefined): Promise<void> {
    this.#clear()
    const copy = this.#path(`copy of ${scene}`)
    for (const name of ['logs', 'state']) if (existsSync(join(copy, name))) this.#copy(join(copy, name), this.#path(name))
    for (const [number, where] of JSON.parse(readFileSync(join(copy, 'truth'), 'utf8'))) this.#truth.set(number, where)
    const last = [...this.#truth.values()].at(-1)!
    this.#offset = last.position + last.line.length + 1
    await this.#namespace.run([program('nft'), 'flush', 'ruleset'])
    const isAbsent = failing?.fault === 'missing' && failing.first === 1
    const path = this.#path(isAbsent ? 'bin/nft.away' : 'bin/nft')
    writeFileSync(path, standIn(program('nft'), this.#path('calls'), failing))
    chmodSync(path, 0o755)
    if (isAbsent) mkdirSync(this.#path('calls/failed'))
  }

  #clear(): void {
    for (const name of ['logs', 'state', 'bin', 'calls', 'trace'])
      rmSync(this.#path(name), { recursive: true, force: true, maxRetries: 9 })
    for (const name of ['logs', 'bin', 'calls']) mkdirSync(this.#path(name))
    writeFileSync(this.#path('bin/nft'), standIn(program('nft'), this.#path('calls')), { mode: 0o755 })
    this.#truth.clear()
    this.#offset = 0
  }

  #copy(from: string, to: string): void {
    cpSync(from, to, { recursive: true, preserveTimestamps: true })
  }

  #start(isInAHurry: boolean, target?: Target, failing?: Failing): Running {
    const strace = target === undefined || target === 'firewall' ? [] : this.#strace(target, failing)
    const argv = [
      ...strace,
      ...[process.execPath, '--disable-warning=ExperimentalWarning', ...(isInAHurry ? ['--import', hurry] : []), main],
      ...['run', '--json', '--config', configurationOf(this.#setting)],
    ]
    const env = { PATH: `${this.#path('bin')}:${process.env.PATH}`, SSH_CONNECTION: '', LOG2TABLE_SOCKET: '' }
    const daemon = new Running(this.#namespace.inside(argv), { env })
    this.#t.after(() => daemon.signal('SIGKILL'))
    return daemon
  }

  #strace(target: Target, failing: Failing | undefined): string[] {
    const { log } = this.#setting
    const state = this.#path('state')
    const files = ['state.db', 'state.db-wal', 'state.db-shm', 'state.db-journal', 'log2table.lock'].map((name) =>
      join(state, name),
    )
    const logs = ['', '.1', '.2', '.2.gz', '.3.gz'].map((suffix) => log + suffix)
    const paths = target === 'log' ? [join(log, '..'), ...logs] : target === 'database' ? [state, ...files] : []
    return [program('strace'), ...straceArguments(target, paths, this.#path('trace'), failing)]
  }

  /** The part of the scene that is played while the daemon runs. */
  async #writeOn(scene: Scene, daemon: Running, faults: string[]): Promise<void> {
    const { log } = this.#setting
    const step = async (from: string, last: number) => {
      this.#write(from, this.#truth.size + 1, last)
      const banned = this.#banOf(last)
      const hasCome = () => daemon.lines.some(({ text }) => banned.test(text))
      for (const goOnAt = Date.now() + STEP_MS; !hasCome() && !daemon.hasEnded && Date.now() < goOnAt; ) await sleep(5)
      await this.#bringBack()
      if (daemon.hasEnded && faults.length === 0) faults.push(`it ended with status ${daemon.status}`)
    }
    if (scene === 'first start') return step(log, DOWN)
    await step(log, STEP)
    for (const [old, older] of [
      ['.2.gz', '.3.gz'],
      ['.1', '.2'],
      ['', '.1'],
    ])
      renameSync(log + old, log + older)
    await step(`${log}.1`, LATE)
    this.#offset = 0
    await step(log, NEXT)
    await step(log, LAST)
  }

  #write(path: string, first: number, last: number): void {
    if (!existsSync(path)) this.#offset = 0
    let text = ''
    for (let number = first; number <= last; number++) {
      const line = lineOf(number, Date.now())
      this.#truth.set(number, { position: this.#offset, line })
      this.#offset += line.length + 1
      text += `${line}\n`
    }
    appendFileSync(path, text)
  }

  #isAway(): boolean {
    return existsSync(this.#path('bin/nft.away'))
  }

  /** A program that was taken away is there again after a while. */
  async #bringBack(): Promise<void> {
    if (!this.#isAway()) return
    await sleep(AWAY_MS)
    renameSync(this.#path('bin/nft.away'), this.#path('bin/nft'))
  }

  /** What is not as it must be at the end; empty where all is. */
  async #wrong(): Promise<string> {
    await this.#bringBack()
    const parts: string[] = []
    const database = databaseOf(this.#setting)
    if (!existsSync(database)) return 'there is no database'
    let count: Count
    try {
      count = countEvidence(database, this.#truth)
    } catch (error) {
      return `the database cannot be read: ${(error as Error).message}`
    }
    const aside = this.#asideEvidence()?.counted ?? new Set()
    const lost = count.lost.filter((number) => !aside.has(number)).length
    const double = count.double + [...count.counted].filter((number) => aside.has(number)).length
    for (const [what, size] of Object.entries({ lost, double, wrong: count.wrong }))
      if (size > 0) parts.push(`${size} lines ${what}`)
    const banned = [...this.#truth.values()].map(({ line }) => addressIn(line))
    const deserved = differences(
      bansIn(database),
      banned.map((address) => `${address} ${THRESHOLD}`),
    )
    if (deserved !== '') parts.push(`bans: ${deserved}`)
    const twice = rowsOf(database, 'SELECT network FROM bans GROUP BY network HAVING count(*) > 1')
    if (twice.length > 0) parts.push(`${twice.length} banned twice`)
    if (parts.length > 0) return parts.join('; ')
    const ruleset = await this.#namespace.run([program('nft'), 'list', 'ruleset'])
    const held = differences(ruleset.match(/\b11\.\d+\.\d+\.\d+\b/g) ?? [], banned)
    if (held !== '') parts.push(`table: ${held}`)
    return parts.join('; ')
  }

  /** What is in a database that was taken for damaged; undefined where none was. */
  #asideEvidence(): Count | undefined {
    const aside = `${databaseOf(this.#setting)}.corrupt`
    return existsSync(aside) ? countEvidence(aside, this.#truth) : undefined
  }

  /** What the daemon says once it has banned for this line. */
  #banOf(number: number): RegExp {
    const address = addressIn(this.#truth.get(number)!.line)
    return new RegExp(`"kind":"ban","address":"${address.replaceAll('.', '\\.')}"`)
  }

  #trace(target: Target): ReturnType<typeof readTrace> {
    if (target !== 'firewall') return readTrace(existsSync(this.#path('trace')) ? readFileSync(this.#path('trace'), 'utf8') : '')
    const calls = readdirSync(this.#path('calls'))
    const hasFailed = calls.includes('failed')
    return { counts: new Map([['nft', calls.length - Number(hasFailed)]]), injected: Number(hasFailed) }
  }

  #path(name: string): string {
    return join(this.#setting.folder, name)
  }
}

function addressIn(line: string): string {
  return / from (\S+) refused$/.exec(line)![1]!
}

/** Until it has said so; false where it ended before. */
async function isRunning(daemon: Running): Promise<boolean> {
  try {
    await daemon.line(/^running /, { withinMs: RECOVERY_MS })
    return true
  } catch (error) {
    if (daemon.hasEnded) return false
    throw error
  }
}
