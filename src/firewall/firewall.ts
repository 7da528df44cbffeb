import type { Network } from '../base/address.ts'
import type { Instant } from '../base/units.ts'
import type { Entry } from '../core/model.ts'

/** A command to be run as it stands: no shell, text only through standard input. */
export interface Command {
  /** Name of the program and its arguments. */
  readonly argv: readonly string[]
  readonly stdin?: string
  /**
   * A question, as argv: where it ends with status 0 all is as it should be, and the command is not run. For what a program
   * can do twice but should once.
   */
  readonly unless?: readonly string[]
  /** How long it may take where the runner's own limit is too short, as for the listing of a large table. */
  readonly timeoutMs?: number
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
  /** The file that holds its entries for life, too: see `keptFile`. */
  readonly file?: KeptFile
}

/** A file that we keep, by its name in commands.json. */
export interface KeptFile {
  readonly keptFile: string
}

/** A declared table. */
export interface Table extends TableSpec {
  /** As the user calls it: letters, digits, `_` and `-`. */
  readonly name: string
}

/** What a failure means. */
export interface Explanation {
  /**
   * `full`: no room for more entries. `unusable`: nothing will work until a person acts. `entry`: one entry is to blame.
   * `clash`: what `setUp` makes is there already, of another kind, and must be torn down first.
   */
  readonly kind: 'full' | 'unusable' | 'entry' | 'clash'
  /** What it means and what to do about it, in one sentence. */
  readonly sentence: string
}

/**
 * How one firewall is spoken to: words only, no I/O, no clock. Every command is safe to run again. Lists of commands are
 * run in order; the first that fails ends the list.
 */
export interface Dialect {
  readonly kind: string
  /** Greatest number of entries to give to one `add`, `renew` or `delete`. */
  readonly batchMax: number
  /**
   * The longest time after which the firewall can end an entry by itself: a later end is asserted again before it.
   * Undefined where it cannot: entries stay until they are deleted.
   */
  readonly timeoutMsMax?: number
  /** What is wrong with the name or the options of a table; empty where nothing is. */
  faults(table: Table): readonly string[]
  /** Creates what must exist (table, set, rule), repairs what is there, and leaves the entries in it. */
  setUp(table: Table): readonly Command[]
  /** Looks, without listing entries, at all that `setUp` makes. Fails only where the firewall cannot be asked. */
  check(table: Table): readonly Command[]
  /** Reads the answers of `check`: undefined where all is well, else what is missing in a few words. */
  missing(table: Table, results: readonly CommandResult[]): string | undefined
  /**
   * What the table needs to block and `setUp` cannot make, such as a rule in the user's own configuration, from the answers of
   * `check`: what is wrong and what to do, in one sentence. Undefined where all is well.
   */
  unmet?(table: Table, results: readonly CommandResult[]): string | undefined
  /** Puts entries in that are not in. */
  add(table: Table, entries: readonly Entry[], now: Instant): readonly Command[]
  /** Gives entries that are in their new end, without a moment in which they are out. Undefined where `add` does it. */
  renew?(table: Table, entries: readonly Entry[], now: Instant): readonly Command[]
  /** Takes entries out; one that is not in is no error. */
  delete(table: Table, networks: readonly Network[]): readonly Command[]
  /** Ends with status 0 only where all these networks are in; changes nothing. Undefined where only a listing can tell. */
  probe?(table: Table, networks: readonly Network[]): Command
  /** Undefined where the firewall cannot be asked: then what it was told counts as what it holds. */
  list?(table: Table): readonly Command[]
  /** The entries that `list` printed (the outputs of its commands, in order). Throws where the text is not understood. */
  present(table: Table, outputs: readonly string[], now: Instant): readonly Entry[]
  /**
   * True for a network that the firewall refuses while another one such lies around it or inside it (intervals of nft): it
   * is given the widest only. Undefined where entries may overlap.
   */
  excludes?(network: Network): boolean
  /** Removes what `setUp` made. Every command is run, whatever became of the one before. For `panic`; stopping never does it. */
  tearDown(table: Table): readonly Command[]
  /** What a failure means, where the dialect knows. */
  explain(table: Table, result: CommandResult): Explanation | undefined
}
