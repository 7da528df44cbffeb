import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { PATTERN, THRESHOLD } from './chaos-lines.ts'
import type { Namespace } from './namespace.ts'
import { program } from './programs.ts'
import { AS_ROOT } from './running.ts'

const main = new URL('../../src/cli/main.ts', import.meta.url).pathname

/** What a daemon of the chaos tests is given. */
export interface Setting {
  /** Of this run alone; its parameters are written by `writeParameters`. */
  readonly folder: string
  readonly log: string
  /** Where the firewall is; a dry run without it. */
  readonly namespace?: Namespace
}

export const databaseOf = ({ folder }: Setting): string => join(folder, 'state/state.db')
export const configurationOf = ({ folder }: Setting): string => join(folder, 'etc')

export function writeParameters(setting: Setting, threshold = THRESHOLD): void {
  const dialect = setting.namespace ? 'nftables' : 'dryRun'
  mkdirSync(configurationOf(setting), { recursive: true, mode: 0o755 })
  writeFileSync(
    join(configurationOf(setting), 'parameters.ts'),
    `import { ${dialect}, Hackers, parameters } from 'log2table'

export default parameters({
  stateFolder: '${join(setting.folder, 'state')}',
  control: '${join(setting.folder, 'control.sock')}',
  tables: { bad_ip: ${dialect}() },
  rules: { hackers: new Hackers({ table: 'bad_ip', threshold: ${threshold}, window: '1d', ban: '7d' }) },
  logs: { '${setting.log}': { hackers: [${PATTERN}] } },
})
`,
  )
}

/** A running daemon: the very process that `bin/log2table run` becomes. It does not outlive the test. */
export class RunningDaemon {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  stdout = ''
  stderr = ''

  constructor(t: TestContext, setting: Setting) {
    const command = [
      ...[process.execPath, '--disable-warning=ExperimentalWarning', main],
      ...['run', '--json', '--config', configurationOf(setting)],
    ]
    const argv = setting.namespace?.inside(command) ?? command
    const PATH = setting.namespace ? `${join(program('nft'), '..')}:${process.env.PATH}` : process.env.PATH
    this.#child = spawn(argv[0]!, argv.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], env: { ...AS_ROOT, ...process.env, PATH } })
    this.#ended = once(this.#child, 'close')
    t.after(() => this.#child.kill('SIGKILL'))
    this.#child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
    })
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text
    })
  }

  get isRunning(): boolean {
    return this.stderr.includes('running ')
  }

  /** Until it has said that it is running, or that time is over. */
  async started(withinMs: number): Promise<void> {
    const giveUpAt = Date.now() + withinMs
    while (!this.isRunning && Date.now() < giveUpAt && this.#child.exitCode === null) await sleep(2)
  }

  /** Ends it at once, with no chance to do anything about it. Throws where it had ended by itself. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
    if (this.#child.signalCode !== 'SIGKILL') throw new Error(`the daemon ended by itself: ${this.stderr}`)
  }

  /** Asks it to end; throws where it does not end well. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#ended
    if (this.#child.exitCode !== 0) throw new Error(`the daemon ended badly: ${this.#child.exitCode} ${this.stderr}`)
  }
}
