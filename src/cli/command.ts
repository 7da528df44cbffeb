import type { Command as Syntax } from 'commander'
import type { ExitStatus } from '../base/exit-status.ts'

/**
 * One command of the program: a file of `commands/` that exports one such constant, and an entry of `commands/index.ts`
 * that gives it its name and summary. It never ends the process: it returns its exit status, or throws a `UserError`.
 *
 * `Args` is what `declare` declares as arguments, in their order (a variadic one is an array), `Options` its options.
 */
export interface Command<Args extends readonly unknown[] = readonly unknown[], Options extends object = object> {
  /** Declares arguments and options in commander's words. `-h, --help` and the global options are there already. */
  declare?(syntax: Syntax): void
  /**
   * Shown by `log2table help NAME` after the options: what to know, examples, exit statuses. Sentences are wrapped to fit,
   * indented lines stay as they are.
   */
  readonly help?: string
  /** Goes on when nobody reads its output any more; all others end quietly then, as `log2table bans | head` should. */
  readonly outlivesItsOutput?: true
  run(args: Args, options: Options, io: Io): ExitStatus | Promise<ExitStatus>
}

/** All that a command may touch of the process it runs in, so that a test can be one. */
export interface Io {
  readonly stdin: NodeJS.ReadableStream
  readonly stdout: Output
  readonly stderr: Output
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where the daemon listens: `--socket`, LOG2TABLE_SOCKET, or the platform's own place. */
  readonly socketPath: string
  /** The wall clock. */
  now(): number
}

/** Standard output or standard error. */
export interface Output {
  /** Writes as it stands: what a stranger wrote goes through `escapeText` first. */
  write(text: string): void
  readonly isTerminal: boolean
  /** Columns of the terminal; undefined where there is none, and then nothing is cut. */
  readonly width: number | undefined
  /** Its rows; undefined where there is none, or it does not say. */
  readonly height?: number | undefined
  /** A terminal that may be given colour: NO_COLOR is unset, TERM is not `dumb`. */
  readonly hasColour: boolean
  /** Settles when it cannot be written to any more: nobody reads it, the disk is full. What is written after that goes nowhere. */
  readonly closed: Promise<void>
}

/** Declared by every command that prints: `syntax.option(...jsonOption)`. */
export const jsonOption = ['--json', 'print one JSON object a line'] as const

export interface JsonOption {
  readonly json?: boolean
}
