import type { Network } from '../base/address.ts'
import type { Instant } from '../base/units.ts'
import type { Entry } from '../core/model.ts'

/** A command to be run as it stands: no shell, text only through standard input. */
export interface Command {
  /** Name of the program and its arguments. */
  readonly argv: readonly string[]
  readonly stdin?: string
}

/** What a command said, whatever its end. */
export interface CommandResult {
  /** Exit status; null where a signal ended it or it was never started. */
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  /** Why there is no status: `killed after 10s`, `no such program`, `printed more than 64 MiB`. */
  readonly trouble?: string
}

/** A table as the parameters file declares it: where its entries go. Made by `pf()`, `nftables()` and so on. */
export interface TableSpec {
  readonly kind: string
  readonly options: Readonly<Record<string, unknown>>
}

/** A declared table. */
export interface Table extends TableSpec {
  /** As the user calls it: letters, digits, `_` and `-`. */
  readonly name: string
}

/**
 * How one firewall is spoken to: words only, no I/O, no clock. Every command is safe to run again. Lists of commands are
 * run in order; the first that fails ends the list.
 */
export interface Dialect {
  readonly kind: string
  /** Greatest number of entries to give to one `add` or `delete`. */
  readonly batchMax: number
  /** Creates what must exist (table, set, rule), and leaves what is there already as it is. */
  setUp(table: Table): readonly Command[]
  /** Says by its exit status, without listing entries, whether all that `setUp` makes is there. */
  check(table: Table): Command
  /** Reads the answer of `check`: undefined where all is well, else what is missing in a few words. */
  missing(table: Table, result: CommandResult): string | undefined
  /** Puts entries in, or gives those that are in already their new end. */
  add(table: Table, entries: readonly Entry[], now: Instant): readonly Command[]
  /** Takes entries out; one that is not in is no error. */
  delete(table: Table, networks: readonly Network[]): readonly Command[]
  list(table: Table): readonly Command[]
  /** The entries that `list` printed (the outputs of its commands, in order). Throws where the text is not understood. */
  present(table: Table, outputs: readonly string[], now: Instant): readonly Entry[]
  /** Removes what `setUp` made. For `panic` and uninstalling; stopping never does it. */
  tearDown(table: Table): readonly Command[]
  /** What a failure means and what to do about it, in one sentence, where the dialect knows. */
  explain(table: Table, result: CommandResult): string | undefined
}
