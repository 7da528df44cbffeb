import { jsonLine } from '../base/escape.ts'
import type { Log } from '../base/log.ts'
import { decisionRecord } from '../core/decision-record.ts'
import type { RunDecision } from '../core/model.ts'
import type { Runner } from '../firewall/runner.ts'
import type { Commands } from '../parameters/commands-json.ts'

/** How many commands of rules run at once; the next waits for one of them to end. */
const RUNNING_MAX = 4
/** How many wait; more are not run, and that is said. */
export const WAITING_MAX = 1_000

/**
 * Runs the commands that rules ask for: each once at most, in their order, with the rights of this process. The argv is
 * that of commands.json, in which `{address}` stands for the address, our own canonical text; what came from a log is in
 * the line of JSON that the command gets on its standard input, and nowhere else.
 */
export class CommandRuns {
  readonly #run: Runner
  readonly #log: Log
  readonly #waiting: (() => Promise<void>)[] = []
  #running = 0
  /** Decisions that were not carried out, because too many waited. */
  dropped = 0

  constructor({ run, log }: { readonly run: Runner; readonly log: Log }) {
    this.#run = run
    this.#log = log
  }

  get waiting(): number {
    return this.#waiting.length
  }

  carryOut(decision: RunDecision, commands: Commands): void {
    const { command, rule, address } = decision
    const argv = commands.get(command)
    if (!argv) {
      const known = [...commands.keys()].join(', ') || 'none'
      this.#log.warning(`rule ${rule} asks for a command that commands.json does not have`, { command, known })
      return
    }
    if (this.#waiting.length >= WAITING_MAX) {
      if (this.dropped++ % WAITING_MAX === 0) {
        this.#log.warning(`${WAITING_MAX} commands of rules wait to be run; what comes now is not run`, { command, rule })
      }
      return
    }
    this.#waiting.push(async () => {
      const { status, stderr, trouble } = await this.#run({
        argv: argv.map((word) => word.replaceAll('{address}', address)),
        stdin: `${jsonLine(decisionRecord(decision))}\n`,
      })
      if (status === 0) return
      const said = stderr.trim().split('\n')[0]
      this.#log.warning(`the command ${command} of rule ${rule} failed`, { argv: argv.join(' '), status, trouble, said })
    })
    this.#next()
  }

  #next(): void {
    if (this.#running >= RUNNING_MAX) return
    const start = this.#waiting.shift()
    if (!start) return
    this.#running++
    void start().finally(() => {
      this.#running--
      this.#next()
    })
  }
}
