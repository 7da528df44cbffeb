import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { configurationFolder } from './configuration-folder.ts'
import { createNamespace, NAMESPACE_PROGRAMS, type Namespace } from './namespace.ts'
import { needs, program } from './programs.ts'
import { type Ended, Running, runToEnd } from './running.ts'
import { waitFor } from './wait-for.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** Users that own nothing else; they need no name. */
export const KEEPER_UID = 65_532
export const ENGINE_UID = 65_533
export const READER_UID = 65_531

const WAIT_MS_MAX = 30_000

export interface ProcessesOptions {
  /** Stands before the rest of parameters.ts. */
  readonly parameters?: string
  readonly isTraced?: boolean
  /** Only root may read the log; commands.json lets the reader. */
  readonly isLogClosed?: boolean
  /** Where they run; else in one of their own. */
  readonly namespace?: Namespace
}

/** Why keeper, engine and reader cannot be run as users of their own here; false where they can. */
export function noProcesses(): false | string {
  if (process.getuid?.() !== 0) return 'needs root, to become other users'
  return needs([...NAMESPACE_PROGRAMS, 'nft', 'setpriv', 'systemd-socket-activate'])
}

/**
 * Keeper, engine and reader as their systemd units run them: users of their own, sockets that were made for keeper and reader,
 * the one right to change the firewall for the one and to read files for the other, none for the engine, no way to get another.
 * In a network of their own with a real nftables.
 */
export class Processes {
  readonly folder: string
  readonly namespace: Namespace
  readonly #runs: Running[] = []
  /** System calls are written down, by whom they are made. */
  #isTraced = false
  /** The engine knows of a reader. */
  #hasReader = false
  keeper!: Running
  engine!: Running
  reader!: Running

  static async create(t: TestContext, more?: ProcessesOptions): Promise<Processes> {
    const namespace = more?.namespace ?? (await createNamespace())
    t.after(() => namespace.close())
    const scene = new Processes(t, namespace, more?.parameters ?? '')
    scene.#isTraced = more?.isTraced ?? false
    if (more?.isLogClosed) scene.closeLog()
    t.after(async () => {
      for (const run of scene.#runs) run.signal('SIGKILL')
      for (const run of scene.#runs) await run.end()
      if (!(t as TestContext & { readonly passed: boolean }).passed)
        t.diagnostic(
          scene.#runs
            .map(({ lines }) => lines.flatMap(({ from, text }) => (from === 'stderr' ? text : [])).join('\n'))
            .join('\n--\n'),
        )
    })
    return scene
  }

  private constructor(t: TestContext, namespace: Namespace, parameters: string) {
    this.namespace = namespace
    this.folder = configurationFolder(t, {})
    chmodSync(this.folder, 0o755)
    for (const name of ['etc', 'keeper', 'reader', 'logs', 'state', 'run']) mkdirSync(this.path(name), { mode: 0o755 })
    for (const name of ['state', 'run']) chownSync(this.path(name), ENGINE_UID, ENGINE_UID)
    mkdirSync(this.path('kept-by-keeper'), { mode: 0o755 })
    chownSync(this.path('kept-by-keeper'), KEEPER_UID, KEEPER_UID)
    for (const uid of [KEEPER_UID, READER_UID]) {
      writeFileSync(this.#traceOf(uid), '')
      chownSync(this.#traceOf(uid), uid, uid)
    }
    for (const name of ['etc', 'keeper', 'reader', 'logs']) chmodSync(this.path(name), 0o755)
    this.log([])
    this.configure(parameters)
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  /** Writes parameters.ts; `more` stands before the rest of it. */
  configure(more: string, table = 'bad_ip', options = ''): void {
    writeFileSync(
      this.path('etc/parameters.ts'),
      `import { Hackers, nftables, parameters } from 'log2table'
${more}
export default parameters({
  stateFolder: '${this.path('state')}',
  control: '${this.path('run/control.sock')}',
  tables: { ${table}: nftables(${options}) },
  rules: { hackers: new Hackers({ table: '${table}' }) },
  logs: { '${this.logPath}': { hackers: [{ name: 'bad', regex: /^bad (?<ip>\\S+) \\d+$/, weight: 50 }] } },
})
`,
      { mode: 0o644 },
    )
  }

  get logPath(): string {
    return this.path('logs/app.log')
  }

  log(lines: readonly string[]): void {
    appendFileSync(this.logPath, lines.map((line) => `${line}\n`).join(''), { mode: 0o644 })
  }

  /** From now on the log is root's alone, and the reader may read it. */
  closeLog(): void {
    chmodSync(this.logPath, 0o600)
    this.allowReader([this.path('logs')])
  }

  /** Renames the log to `app.log-N`, a number that grows, and begins another with the same mode. */
  rotateLog(number: number): void {
    const { mode } = statSync(this.logPath)
    renameSync(this.logPath, `${this.logPath}-${String(number).padStart(6, '0')}`)
    writeFileSync(this.logPath, '', { mode: mode & 0o777 })
  }

  /** What commands.json lets the reader read. */
  allowReader(logs: readonly string[]): void {
    writeFileSync(this.path('etc/commands.json'), JSON.stringify({ logs }), { mode: 0o644 })
  }

  /** The socket is there when it returns; the keeper is started with the first who connects. */
  async startKeeper(): Promise<void> {
    const rights = ['--inh-caps=-all,+net_admin', '--ambient-caps=-all,+net_admin', '--bounding-set=-all,+net_admin']
    this.keeper = await this.#activated('keeper', [...this.#as(KEEPER_UID, ...rights), 'keeper', ...this.#keeperFolders()])
  }

  /** The same for the reader; `more` are rights beside the one to read any file. */
  async startReader(more: readonly string[] = []): Promise<void> {
    const all = ['-all', ...['dac_read_search', ...more].map((right) => `+${right}`)].join()
    const rights = [`--inh-caps=${all}`, `--ambient-caps=${all}`, `--bounding-set=${all}`]
    this.#hasReader = true
    this.reader = await this.#activated('reader', [...this.#as(READER_UID, ...rights), 'reader', '--config', this.path('etc')])
  }

  async #activated(name: 'keeper' | 'reader', argv: readonly string[]): Promise<Running> {
    const socket = this.path(`${name}/${name}.sock`)
    rmSync(socket, { force: true })
    const running = this.#start([program('systemd-socket-activate'), '-l', socket, ...argv])
    await waitFor('the socket', WAIT_MS_MAX, () => existsSync(socket))
    chownSync(socket, ENGINE_UID, ENGINE_UID)
    chmodSync(socket, 0o600)
    return running
  }

  #keeperFolders(): readonly string[] {
    return ['--config', this.path('etc'), '--state', this.path('kept-by-keeper')]
  }

  /** `log2table panic`, with the firewall's program. */
  panic(...args: readonly string[]): Promise<Ended> {
    const path = `PATH=${join(program('nft'), '..')}:${process.env.PATH}`
    return this.asRoot(['env', path, ...this.log2table('panic', ...this.#keeperFolders(), ...args)])
  }

  startEngine(): void {
    this.engine = this.#start(this.engineArgv())
  }

  async engineRuns(): Promise<void> {
    await this.engine.line(/^running /, { withinMs: WAIT_MS_MAX })
  }

  engineArgv(): readonly string[] {
    const join = ['--keeper', this.path('keeper/keeper.sock'), '--accepted', this.path('state/accepted')]
    if (this.#hasReader) join.push('--reader', this.path('reader/reader.sock'))
    return [...this.#as(ENGINE_UID, '--bounding-set=-all'), 'run', '--json', '--config', this.path('etc'), ...join]
  }

  /** `run` as root starts it: one process that is the keeper, and starts the other. */
  startAsRoot(...more: readonly string[]): Running {
    const accepted = ['--accepted', this.path('state/accepted')]
    return this.#start(
      this.log2table('run', '--json', '--config', this.path('etc'), '--user', String(ENGINE_UID), ...accepted, ...more),
    )
  }

  /** Ends them at once, with no chance to do anything. */
  async kill(...which: readonly ('keeper' | 'engine' | 'reader')[]): Promise<void> {
    for (const one of which) this[one].signal('SIGKILL')
    for (const one of which) await this[one].end()
  }

  /** Runs a command of log2table beside them, as root. */
  run(...args: readonly string[]): Promise<Ended> {
    return this.asRoot(this.log2table(...args))
  }

  log2table(...args: readonly string[]): readonly string[] {
    return [process.execPath, '--disable-warning=ExperimentalWarning', main, '--socket', this.path('run/control.sock'), ...args]
  }

  asRoot(argv: readonly string[]): Promise<Ended> {
    return runToEnd(this.namespace.inside(argv), { withinMs: WAIT_MS_MAX })
  }

  /** Names of the system calls that were made by that user's process and its children. */
  systemCalls(uid: number): ReadonlySet<string> {
    const lines = readFileSync(this.#traceOf(uid), 'latin1').split('\n')
    return new Set(lines.flatMap((line) => /^\d+ +(\w+)\(/.exec(line)?.[1] ?? []))
  }

  #traceOf(uid: number): string {
    return this.path(`run/trace-${uid}`)
  }

  async #json(...args: readonly string[]): Promise<readonly Record<string, unknown>[]> {
    const { stdout } = await this.run(...args, '--json')
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
  }

  /** Who is banned, by the engine's account. */
  async banned(): Promise<readonly string[]> {
    return (await this.#json('bans')).map(({ address }) => String(address))
  }

  async table(): Promise<{
    readonly state: string
    readonly reason: string | null
    readonly queued: number
    readonly enforced: number
  }> {
    const [status] = await this.#json('status')
    return (status?.tables as never[])?.[0] ?? { state: 'not running', reason: null, queued: 0, enforced: 0 }
  }

  /** When the firewall holds what it must. */
  async isRight(): Promise<void> {
    await waitFor('the table is right', WAIT_MS_MAX, async () => {
      const { state, queued } = await this.table()
      return state === 'enforcing' && queued === 0
    })
  }

  /** What the firewall itself holds. */
  async held(): Promise<readonly string[]> {
    const ruleset = await this.namespace.run([program('nft'), 'list', 'ruleset'])
    return ruleset.match(/\b(?:11|192)\.\d+\.\d+\.\d+\b/g) ?? []
  }

  /** A command with no more rights than the engine has. */
  asEngine(argv: readonly string[], uid: number = ENGINE_UID): Promise<Ended> {
    const rights = ['--reuid', String(uid), '--regid', String(uid), '--clear-groups', '--bounding-set=-all', '--no-new-privs']
    return runToEnd(this.namespace.inside([program('setpriv'), ...rights, '--', ...argv]), { withinMs: WAIT_MS_MAX })
  }

  #as(uid: number, ...rights: readonly string[]): readonly string[] {
    const user = ['--reuid', String(uid), '--regid', String(uid), '--clear-groups', '--no-new-privs']
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', main]
    const strace = this.#isTraced ? [program('strace'), '-D', '-f', '-qq', '-o', this.#traceOf(uid)] : []
    return [program('setpriv'), ...user, ...rights, '--', ...strace, ...node]
  }

  #start(argv: readonly string[]): Running {
    const PATH = `${join(program('nft'), '..')}:${process.env.PATH}`
    const run = new Running(this.namespace.inside(argv), {
      env: { PATH, SSH_CONNECTION: '', LOG2TABLE_SOCKET: '', LOG2TABLE_USER: '', NODE_DISABLE_COMPILE_CACHE: '1' },
    })
    this.#runs.push(run)
    return run
  }
}
