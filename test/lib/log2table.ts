import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { TestContext } from 'node:test'
import type { DecisionRecord } from '../../src/core/decision-record.ts'
import type { StatusReport } from '../../src/daemon/control-protocol.ts'
import type { Namespace } from './namespace.ts'
import { program } from './programs.ts'
import { type Ended, Running, runToEnd } from './running.ts'

const command = resolve(import.meta.dirname, '../../bin/log2table')

const IMPORTS = `import { Hackers, nftables, parameters } from 'log2table'
import { portScan, sshd } from 'log2table/patterns'

`

const START_MS_MAX = 10_000
const COMMAND_MS_MAX = 30_000

export interface Log2tableOptions {
  readonly namespace: Namespace
  /** For its configuration, state and socket; an empty one. */
  readonly folder: string
  /** The text of parameters.ts, but for `stateFolder`. */
  readonly parameters: string
}

/** What @types/node does not know of yet. */
type Outcome = TestContext & { readonly passed: boolean }

/** The daemon as it is run, and the commands that speak to it, all in a namespace. What it said is shown where a test fails. */
export class Log2table {
  readonly #namespace: Namespace
  readonly #folder: string
  readonly #env: Readonly<Record<string, string>>
  readonly #daemon: readonly string[]
  /** Each time that it was started. */
  readonly #runs: Running[] = []

  constructor(t: TestContext, { namespace, folder, parameters }: Log2tableOptions) {
    this.#namespace = namespace
    this.#folder = folder
    this.#env = {
      // nft may be an unpacked one.
      PATH: `${join(program('nft'), '..')}:${process.env.PATH}`,
      LOG2TABLE_NODE: process.execPath,
      LOG2TABLE_SOCKET: join(folder, 'control.sock'),
      SSH_CONNECTION: '',
      TZ: 'UTC',
    }
    this.#daemon = ['run', '--json', '--config', join(folder, 'etc')]
    mkdirSync(join(folder, 'etc'))
    this.configure(parameters)
    t.after(async () => {
      await this.kill()
      if (!(t as Outcome).passed) t.diagnostic(`log2table said:\n${this.said.join('\n')}`)
    })
  }

  /** Writes the configuration anew; the daemon is not told. */
  configure(parameters: string): void {
    const text = `${IMPORTS}export default parameters({\n  stateFolder: '${this.#folder}/state',\n${parameters}})\n`
    writeFileSync(join(this.#folder, 'etc/parameters.ts'), text)
  }

  async start(): Promise<void> {
    this.#runs.push(new Running(this.#argv(this.#daemon), { env: this.#env }))
    await this.#current.line(/^running /, { withinMs: START_MS_MAX })
  }

  /** One that is not expected to stay: a second instance. */
  async startAnother(): Promise<Ended> {
    return runToEnd(this.#argv(this.#daemon), { env: this.#env, withinMs: START_MS_MAX })
  }

  /** Loads its configuration and does nothing with it. */
  check(): Promise<Ended> {
    return this.run('check', '--config', join(this.#folder, 'etc'))
  }

  /** Ends it as an administrator does, and gives its exit status. */
  stop(): Promise<number | null> {
    this.#current.signal('SIGTERM')
    return this.#current.end()
  }

  /** Ends it without a chance to do anything. */
  async kill(): Promise<void> {
    this.#runs.at(-1)?.signal('SIGKILL')
    await this.#runs.at(-1)?.end()
  }

  hangUp(): void {
    this.#current.signal('SIGHUP')
  }

  /** Runs `log2table ARGUMENT...` beside it. */
  run(...args: readonly string[]): Promise<Ended> {
    return runToEnd(this.#argv(args), { env: this.#env, withinMs: COMMAND_MS_MAX })
  }

  /** What `log2table status` knows. */
  async status(): Promise<StatusReport> {
    return JSON.parse((await this.run('status', '--json')).stdout)
  }

  /** All that it has said since it was first started, decisions as JSON. */
  get said(): readonly string[] {
    return this.#runs.flatMap(({ lines }) => lines.map(({ text }) => text))
  }

  /** What it has decided since it was first started. */
  get decisions(): readonly DecisionRecord[] {
    return this.#runs.flatMap(({ lines }) => lines.filter(({ from }) => from === 'stdout').map(({ text }) => JSON.parse(text)))
  }

  #argv(args: readonly string[]): readonly string[] {
    return this.#namespace.inside([command, ...args])
  }

  get #current(): Running {
    return this.#runs.at(-1)!
  }
}
