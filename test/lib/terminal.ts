import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { promisify } from 'node:util'
import { program } from './programs.ts'
import { Running } from './running.ts'
import { waitFor } from './wait-for.ts'

/** For `needs`. */
export const TERMINAL_PROGRAMS = ['tmux', 'setpriv'] as const

export interface TerminalOptions {
  /** What runs in it. */
  readonly argv: readonly string[]
  readonly columns?: number
  readonly rows?: number
  /** Beside our own environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

/** What the program has made of its terminal. */
export interface TerminalState {
  /** It shows a screen of its own, and what was there before comes back after it. */
  readonly isAlternate: boolean
  readonly isCursorVisible: boolean
  readonly hasEnded: boolean
  /** Of a program that has ended; null where a signal ended it. */
  readonly status: number | null
}

const START_MS_MAX = 10_000
const UNTIL_MS_MAX = 20_000
const execute = promisify(execFile)

/** Opens a terminal of 80 columns and 24 rows in which a program runs; it is closed when the test is over. */
export async function openTerminal(
  t: TestContext,
  { argv, columns = 80, rows = 24, env = {}, cwd = process.cwd() }: TerminalOptions,
): Promise<Terminal> {
  const folder = mkdtempSync(join(tmpdir(), 'log2table-terminal-'))
  const socket = join(folder, 'tmux')
  // In the foreground: it ends with us, and whatever runs in it ends with it.
  const server = new Running([program('tmux'), '-S', socket, '-f', '/dev/null', '-u', '-D'], { env: { LC_ALL: 'C.UTF-8' } })
  t.after(async () => {
    server.signal('SIGTERM')
    await server.end()
    rmSync(folder, { recursive: true, force: true })
  })
  const terminal = new Terminal(socket, server)
  await waitFor(
    () => `tmux is there\n${server.output}`,
    START_MS_MAX,
    () => existsSync(socket) || server.hasEnded,
  )
  const settings = ['status off', 'remain-on-exit on', 'remain-on-exit-format ', 'default-terminal screen-256color']
  for (const setting of [...settings, 'escape-time 0', 'history-limit 5000']) {
    const [name, value] = setting.split(' ') as [string, string]
    await terminal.ask('set-option', '-g', name, value)
  }
  const variables = Object.entries({ LC_ALL: 'C.UTF-8', ...env }).map(([name, value]) => `${name}=${value}`)
  const size = ['-x', String(columns), '-y', String(rows)]
  await terminal.ask('new-session', '-d', ...size, '-c', cwd, '--', 'env', ...variables, ...argv)
  return terminal
}

/** A terminal of a fixed size: keys go in, what a person would see comes out. */
export class Terminal {
  readonly #socket: string
  readonly #server: Running

  constructor(socket: string, server: Running) {
    this.#socket = socket
    this.#server = server
  }

  /** Types a text as it stands. */
  async type(text: string): Promise<void> {
    await this.ask('send-keys', '-l', '--', text)
  }

  /** Presses keys by their names: `Enter`, `Down`, `Escape`, `C-c`, `q`. */
  async press(...keys: readonly string[]): Promise<void> {
    await this.ask('send-keys', '--', ...keys)
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.ask('resize-window', '-x', String(columns), '-y', String(rows))
  }

  /** What is seen now: a line for each row down to the last that holds anything, without spaces at its end. */
  async screen(): Promise<string> {
    return trimmed(await this.ask('capture-pane', '-p'))
  }

  /** The same with the escape sequences of colours and the like. */
  async styledScreen(): Promise<string> {
    return trimmed(await this.ask('capture-pane', '-p', '-e'))
  }

  /** All lines that were seen, those that have left the screen at its top too. */
  async history(): Promise<string> {
    return trimmed(await this.ask('capture-pane', '-p', '-S', '-'))
  }

  /** The first screen that is as wanted; fails, with the one that is seen then, where none is in time. */
  async until(wanted: RegExp | ((screen: string) => boolean), withinMs = UNTIL_MS_MAX): Promise<string> {
    let seen = ''
    const isWanted = wanted instanceof RegExp ? (screen: string) => wanted.test(screen) : wanted
    await waitFor(
      () => `a screen with ${wanted}; there is\n${seen}`,
      withinMs,
      async () => {
        seen = await this.screen()
        return isWanted(seen)
      },
    )
    return seen
  }

  async state(): Promise<TerminalState> {
    const format = '#{alternate_on},#{cursor_flag},#{pane_dead},#{pane_dead_status},#{pane_dead_signal}'
    const [alternate, cursor, dead, status, signal] = (await this.ask('display-message', '-p', format)).trim().split(',')
    // Its end of the terminal may be closed before it is known how it ended, and of that tmux misses the signal at times.
    const hasEnded = Boolean(status || signal)
    if (dead === '1' && !hasEnded) this.#server.signal('SIGCHLD')
    return {
      isAlternate: alternate === '1',
      isCursorVisible: cursor === '1',
      hasEnded,
      status: status ? Number(status) : null,
    }
  }

  /** Waits until the program has ended, and gives its exit status. */
  async ended(withinMs = UNTIL_MS_MAX): Promise<number | null> {
    let state = await this.state()
    let seen = ''
    await waitFor(
      () => `the program has ended; there is ${JSON.stringify(state)}\n${seen}`,
      withinMs,
      async () => {
        seen = await this.screen()
        state = await this.state()
        return state.hasEnded
      },
    )
    return state.status
  }

  /** Has tmux do something else, in the words of its manual. */
  async ask(...words: readonly string[]): Promise<string> {
    const { stdout } = await execute(program('tmux'), ['-S', this.#socket, '-N', '-u', ...words])
    return stdout
  }
}

function trimmed(screen: string): string {
  return screen.replaceAll(/[ \t]+$/gm, '').replace(/\n*$/, '\n')
}
