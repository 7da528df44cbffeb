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
  /** What it says where there was nothing left to do, any of these: then its failure is none, and it counts as done. */
  readonly alreadyDone?: readonly string[]
  /** The words before it, by their name in commands.json, such as those of ssh to another host. */
  readonly via?: string
  /** How long it may take where the runner's own limit is too short, as for the listing of a large table. */
  readonly timeoutMs?: number
}

/** What commands.json gives names to; who decides may say these names, and nothing else. */
export interface Named {
  /** Programs with their arguments. */
  readonly commands: ReadonlyMap<string, readonly string[]>
  /** Absolute paths of files that we may write. */
  readonly files: ReadonlyMap<string, string>
  /** Words to be put before a command. */
  readonly via: ReadonlyMap<string, readonly string[]>
  /** Tables that may be used, by kind of firewall, as `Dialect.sharedName` has them; of a kind that is not there, see `tableRefusal`. */
  readonly tables?: ReadonlyMap<string, readonly string[]>
}

/**
 * A command of commands.json, by its name. Each word of it may hold `{address}` and `{table}`. With `{address}` it is run once
 * for each address; without, once, and gets all addresses on standard input, one a line.
 */
export interface NamedCommand {
  readonly command: string
  readonly table: string
  /** Undefined where none belong to it: then it is run once. */
  readonly addresses?: readonly string[]
  readonly timeoutMs?: number
}

/**
 * Something done with a file of lines, by its name in commands.json. `look` prints its path where it is there, `read` the
 * whole file, and `test` ends with status 0 where all these lines are in it. `add` and `delete` leave other lines as they are,
 * and put the new file in the place of the old one in one step; where nothing changes, nothing is written. To add makes a
 * file that is not there.
 */
export interface FileStep {
  readonly file: string
  readonly verb: 'look' | 'read' | 'test' | 'add' | 'delete'
  readonly lines: readonly string[]
}

/** What a dialect wants done. */
export type Step = Command | NamedCommand | FileStep

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
 * How one firewall is spoken to: words only, no I/O, no clock. Every step is safe to run again. Lists of steps are
 * run in order; the first that fails ends the list.
 */
export interface Dialect<S extends Step = Step> {
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
  /** What it is called among tables of others; undefined where all that we make there has a name of our own. */
  sharedName?(table: Table): string
  /** What it says by names of commands.json. Undefined where it needs none. */
  names?(table: Table): { readonly [K in keyof Named]?: readonly string[] }
  /** Creates what must exist (table, set, rule), repairs what is there, and leaves the entries in it. */
  setUp(table: Table): readonly S[]
  /** Looks, without listing entries, at all that `setUp` makes. Fails only where the firewall cannot be asked. */
  check(table: Table): readonly S[]
  /** Reads the answers of `check`: undefined where all is well, else what is missing in a few words. */
  missing(table: Table, results: readonly CommandResult[]): string | undefined
  /**
   * What the table needs to block and `setUp` cannot make, such as a rule in the user's own configuration, from the answers of
   * `check`: what is wrong and what to do, in one sentence. Undefined where all is well.
   */
  unmet?(table: Table, results: readonly CommandResult[]): string | undefined
  /** Puts entries in that are not in. */
  add(table: Table, entries: readonly Entry[], now: Instant): readonly S[]
  /** Gives entries that are in their new end, without a moment in which they are out. Undefined where `add` does it. */
  renew?(table: Table, entries: readonly Entry[], now: Instant): readonly S[]
  /** Takes entries out; one that is not in is no error. */
  delete(table: Table, networks: readonly Network[]): readonly S[]
  /**
   * Cuts the open connections of networks that have just been put in, where the table alone does not end them. Every step is
   * run, whatever became of the one before, and none of them holds anything up.
   */
  cut?(table: Table, networks: readonly Network[]): readonly S[]
  /** Ends with status 0 only where all these networks are in; changes nothing. Undefined where only a listing can tell. */
  probe?(table: Table, networks: readonly Network[]): S
  /** Undefined where the firewall cannot be asked: then what it was told counts as what it holds. */
  list?(table: Table): readonly S[] | undefined
  /** The entries that `list` printed (the outputs of its commands, in order). Throws where the text is not understood. */
  present(table: Table, outputs: readonly string[], now: Instant): readonly Entry[]
  /** The set that an entry (its canonical text) is in, where a table has several, each with room of its own. */
  setOf?(key: string): string
  /** How many entries there is room for, by set, from the answers of `check`. Undefined where nobody tells. */
  limits?(table: Table, results: readonly CommandResult[]): ReadonlyMap<string, number>
  /**
   * True for a network that the firewall refuses while another one such lies around it or inside it (intervals of nft): it
   * is given the widest only. Undefined where entries may overlap.
   */
  excludes?(network: Network): boolean
  /**
   * Removes what `setUp` made, and with it all entries; where there are no steps for that, the entries that are known are
   * deleted. Every step is run, whatever became of the one before. For `panic`; stopping never does it.
   */
  tearDown(table: Table): readonly S[]
  /** What a failure means, where the dialect knows. */
  explain(table: Table, result: CommandResult): Explanation | undefined
}
