import { setTimeout as sleep } from 'node:timers/promises'
import { jsonLine } from '../../base/escape.ts'
import { type ExitStatus, exitStatus } from '../../base/exit-status.ts'
import { UserError } from '../../base/user-error.ts'
import type { ClimbingAnswer, DecisionAnswer, StatusAnswer } from '../../daemon/control-protocol.ts'
import { type Command, type Io, type JsonOption, jsonOption } from '../command.ts'
import { ask } from '../control-client.ts'
import { keyboardOf, openScreen } from '../screen.ts'
import { topPage, type View } from '../top-page.ts'

export interface TopOptions extends JsonOption {
  readonly once?: true
}

const ASK_EVERY_MS = 1_000
/** As many as a high terminal has rows for. */
const MOST = 50
/** A daemon that is started again answers before this; one that does not has ended. */
const SILENCE_MS_MAX = 10_000
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export const top: Command<[], TopOptions> = {
  declare: (syntax) => syntax.option('--once', 'print it once, as where there is no terminal').option(...jsonOption),
  help: `
Asks the daemon once a second: what is wrong, how many lines a second come in
from each log, how the tables stand, whose points have come nearest to a ban
and by what, and what was decided last. "q" or ^C ends it.

Without a terminal, and with --once or --json, it is printed once; lines a
second are not known then.

Exit status
  0   it was ended, or printed
  69  no daemon answers

Examples
  log2table top
  log2table top --json | jq -r 'select(.kind == "climbing") | .address'
`,
  async run(_, { once, json }, io) {
    if (once || json || !io.stdout.isTerminal) return printOnce(io, json)
    return await new LiveView(io, await viewOf(io)).ended
  },
}

async function printOnce(io: Io, json: boolean | undefined): Promise<ExitStatus> {
  const view = await viewOf(io)
  const records = [view.status, ...view.climbing, ...view.decisions]
  if (json) for (const record of records) io.stdout.write(`${jsonLine(record)}\n`)
  else io.stdout.write(`${topPage(view, { rates: new Map(), output: io.stdout }).join('\n')}\n`)
  return exitStatus.done
}

async function viewOf({ socketPath }: Pick<Io, 'socketPath'>): Promise<View> {
  let status: StatusAnswer | undefined
  const climbing: ClimbingAnswer[] = []
  const decisions: DecisionAnswer[] = []
  await ask(socketPath, { do: 'view', most: MOST }, (answer) => {
    switch (answer.kind) {
      case 'status':
        status = answer
        break
      case 'climbing':
        climbing.push(answer)
        break
      case 'ban':
      case 'unban':
      case 'refused':
      case 'notify':
      case 'run':
        decisions.push(answer)
    }
  })
  if (!status) throw new UserError(exitStatus.unavailable, `the daemon on ${socketPath} does not say how it is`)
  return { status, climbing, decisions }
}

/** The page on the terminal, until somebody ends it or the daemon is gone for good. */
class LiveView {
  readonly #io: Io
  #view: View
  #rates: ReadonlyMap<string, number> = new Map()
  /** Why there is no newer view, and since when. */
  #silence: { readonly because: UserError; readonly since: number } | undefined
  /** Settles when the terminal has been given back. */
  readonly ended: Promise<ExitStatus>

  constructor(io: Io, view: View) {
    this.#io = io
    this.#view = view
    this.ended = this.#show()
  }

  async #show(): Promise<ExitStatus> {
    const { stdin, stdout } = this.#io
    let end = () => {}
    const isEnded = new Promise<void>((resolve) => {
      end = resolve
    })
    const from = keyboardOf(stdin)
    const onKey = (key: string) => {
      if (key === 'q' || key === '^C') end()
    }
    const screen = openScreen({
      write: (text) => stdout.write(text),
      onResize: () => draw(),
      keys: from && { from, onKey },
    })
    const draw = () => screen.draw(this.#page())
    for (const signal of SIGNALS) process.once(signal, end)
    const over = new AbortController()
    try {
      draw()
      await Promise.race([isEnded, this.#goOn(draw, over.signal)])
      return exitStatus.done
    } finally {
      over.abort()
      for (const signal of SIGNALS) process.off(signal, end)
      screen.close()
    }
  }

  /** Rejects when the daemon is gone for good. */
  async #goOn(draw: () => void, over: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(ASK_EVERY_MS, undefined, { signal: over }).catch(() => {})
      if (over.aborted) return
      await this.#askAgain()
      draw()
    }
  }

  #page(): readonly string[] {
    const { stdout } = this.#io
    const { width, height } = stdout
    const silence = this.#silence?.because.message
    return topPage(this.#view, { rates: this.#rates, silence, output: { width, hasColour: stdout.hasColour }, height })
  }

  async #askAgain(): Promise<void> {
    try {
      const view = await viewOf(this.#io)
      this.#rates = ratesBetween(this.#view.status, view.status)
      this.#view = view
      this.#silence = undefined
    } catch (error) {
      if (!(error instanceof UserError) || error.status !== exitStatus.unavailable) throw error
      const now = this.#io.now()
      this.#silence = { because: error, since: this.#silence?.since ?? now }
      this.#rates = new Map()
      if (now - this.#silence.since > SILENCE_MS_MAX) throw error
    }
  }
}

/** Lines a second of the logs that both know, where it is the same daemon. */
function ratesBetween(before: StatusAnswer, after: StatusAnswer): ReadonlyMap<string, number> {
  if (before.pid !== after.pid || before.startedAt !== after.startedAt) return new Map()
  const seconds = (Date.parse(after.at) - Date.parse(before.at)) / 1_000
  const linesBefore = new Map(before.logs.map(({ log, lines }) => [log, lines]))
  const rates = after.logs.flatMap(({ log, lines }): readonly (readonly [string, number])[] => {
    const earlier = linesBefore.get(log)
    return earlier === undefined || seconds <= 0 ? [] : [[log, Math.max(0, lines - earlier) / seconds]]
  })
  return new Map(rates)
}
