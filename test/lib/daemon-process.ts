import { appendFileSync, chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { DecisionRecord } from '../../src/core/decision-record.ts'
import { log2table, type Seen } from '../cli/session.ts'
import { configurationFolder } from './configuration-folder.ts'
import { type Ended, type OutputLine, Running, runToEnd } from './running.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/** What its types do not tell of a test. */
type Outcome = TestContext & { readonly passed: boolean }

/** However busy the machine is; what is waited for is asked for all the time. */
const WAIT_MS_MAX = 20_000

export interface DaemonProcessOptions {
  /** The dialect of its one table. */
  readonly dialect?: 'dryRun' | 'nftables'
  /** The same command, to be run elsewhere or with other rights. */
  readonly around?: (argv: readonly string[]) => readonly string[]
}

/** The pattern of whoever misbehaves. */
export const BAD = "{ name: 'bad', regex: /^bad (?<ip>\\S+)$/, weight: 50 }"

/**
 * `log2table run` as a child, with a folder of its own: `etc` with a configuration, `app.log`, `other.log`, `state`,
 * `run/control.sock`, and `bin`, where it looks for programs first. Two lines `bad ADDRESS` are a ban of an hour.
 * What it prints is given with `FOLDER` for that folder.
 */
export class DaemonProcess {
  readonly folder: string
  readonly #dialect: string
  readonly #around: (argv: readonly string[]) => readonly string[]
  /** Each time that it was started. */
  readonly #runs: Running[] = []

  constructor(t: TestContext, { dialect = 'dryRun', around = (argv) => argv }: DaemonProcessOptions = {}) {
    // Before the folder is removed.
    t.after(async () => {
      await this.kill()
      if (!(t as Outcome).passed) t.diagnostic(`the daemon said:\n${this.#runs.map(({ output }) => output).join('\n--\n')}`)
    })
    this.folder = configurationFolder(t, {})
    this.#dialect = dialect
    this.#around = around
    for (const name of ['etc', 'bin', 'state']) mkdirSync(this.path(name), { mode: 0o755 })
    this.configure()
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  /**
   * Writes parameters.ts; `logs` are the patterns of each as they are written there, `more` goes into it as it is, and what it
   * needs is among `imports`. The daemon is not told.
   */
  configure({
    more = '',
    stateFolder = this.path('state'),
    imports = [] as readonly string[],
    logs = { 'app.log': [BAD], 'other.log': [BAD] } as Readonly<Record<string, readonly string[]>>,
  } = {}): void {
    const entries = Object.entries(logs).map(([name, patterns]) => `'${this.path(name)}': { hackers: [${patterns.join(', ')}] },`)
    writeFileSync(
      this.path('etc/parameters.ts'),
      `import { ${[this.#dialect, 'Hackers', 'parameters', ...imports].join(', ')} } from 'log2table'

export default parameters({
  stateFolder: '${stateFolder}',
  control: '${this.path('run/control.sock')}',
  tables: { bad_ip: ${this.#dialect}() },
  rules: { hackers: new Hackers({ table: 'bad_ip' }) },
  logs: {
    ${entries.join('\n    ')}
  },
  ${more}
})
`,
    )
    chmodSync(this.path('etc/parameters.ts'), 0o644)
  }

  /** A program that the daemon finds before any other of that name; it takes the place of one that is there. */
  provide(name: string, script: string): void {
    const file = this.path(`bin/${name}`)
    writeFileSync(`${file}.new`, `#!/bin/sh\n${script}\n`)
    chmodSync(`${file}.new`, 0o755)
    renameSync(`${file}.new`, file)
  }

  async start(...args: readonly string[]): Promise<void> {
    this.#runs.push(new Running(this.#argv(['run', '--json', '--config', this.path('etc'), ...args]), { env: this.#env }))
    await this.says(/^running /)
  }

  /** Runs it to its end: one that does not start, or not for long. */
  async startInVain(...args: readonly string[]): Promise<Ended> {
    const argv = this.#argv(['run', '--json', '--config', this.path('etc'), ...args])
    const { status, stdout, stderr } = await runToEnd(argv, { env: this.#env, withinMs: WAIT_MS_MAX })
    return { status, stdout: this.#masked(stdout), stderr: this.#masked(stderr) }
  }

  /** Asks it to end, and gives its exit status. */
  stop(): Promise<number | null> {
    this.#current.signal('SIGTERM')
    return this.#current.end(WAIT_MS_MAX)
  }

  async kill(): Promise<void> {
    this.#runs.at(-1)?.signal('SIGKILL')
    await this.#runs.at(-1)?.end()
  }

  hangUp(): void {
    this.#current.signal('SIGHUP')
  }

  /** Lets these addresses misbehave as often as a ban takes. */
  misbehave(...addresses: readonly string[]): void {
    appendFileSync(this.path('app.log'), addresses.map((address) => `bad ${address}\n`.repeat(2)).join(''))
  }

  /** Waits for the ban of an address to be decided. */
  async bans(address: string): Promise<void> {
    await this.says(new RegExp(`"kind":"ban","address":"${address.replaceAll('.', '\\.')}"`))
  }

  /** Waits for a line of its output since it was started last. */
  async says(pattern: RegExp): Promise<string> {
    const { text } = await this.#current.line(pattern, { withinMs: WAIT_MS_MAX })
    return this.#masked(text)
  }

  /** What it has said on standard error since it was started last, but for that it runs. */
  get said(): readonly string[] {
    return this.#lines('stderr').filter((text) => !text.startsWith('running '))
  }

  /** What it has decided since it was started last. */
  get decisions(): readonly DecisionRecord[] {
    return this.#lines('stdout').map((text) => JSON.parse(text))
  }

  /** Runs another command that speaks to it; words are parted by spaces. */
  async run(line: string): Promise<Seen> {
    const seen = await log2table(line, { env: { LOG2TABLE_SOCKET: this.path('run/control.sock') }, now: Date.now() })
    return { ...seen, stdout: this.#masked(seen.stdout), stderr: this.#masked(seen.stderr) }
  }

  /** Who is banned, by its own account. */
  async banned(): Promise<readonly string[]> {
    const { stdout } = await this.run('bans --json')
    return stdout.split('\n').flatMap((line) => (line === '' ? [] : JSON.parse(line).address))
  }

  /** Its exit status of `status`, and the troubles that it tells. */
  async troubles(): Promise<{ readonly status: number; readonly troubles: readonly string[] }> {
    const { status, stdout } = await this.run('status --json')
    return { status, troubles: JSON.parse(stdout).troubles }
  }

  #argv(args: readonly string[]): readonly string[] {
    return this.#around([process.execPath, '--disable-warning=ExperimentalWarning', main, ...args])
  }

  get #env(): Readonly<Record<string, string>> {
    return { PATH: this.path('bin'), SSH_CONNECTION: '', LOG2TABLE_SOCKET: '' }
  }

  get #current(): Running {
    return this.#runs.at(-1)!
  }

  #lines(wanted: OutputLine['from']): readonly string[] {
    return this.#current.lines.flatMap(({ from, text }) => (from === wanted ? [this.#masked(text)] : []))
  }

  #masked(text: string): string {
    return text.replaceAll(this.folder, 'FOLDER')
  }
}
