import type { KeptFile, TableSpec } from '../firewall/firewall.ts'

/**
 * A text file that holds those who are in a table for life, one a line with its date and reason: what pf loads at boot with
 * `table <blockips> persist file "/etc/blockips"`. Its path stands under this name in commands.json, in "files".
 */
export function keptFile(name: string): KeptFile {
  return { keptFile: name }
}

interface FileOption {
  /** Where those who are in it for life are kept, too. */
  readonly file?: KeptFile
}

interface CutOption {
  /** Whether the open connections of an address are cut when it is banned. Default true. */
  readonly cut?: boolean
}

interface ViaOption {
  /**
   * The words before every command, by their name in commands.json ("via"), such as `["/usr/bin/ssh", "fw1", "doas"]`: the table
   * is then that of another host.
   */
  readonly via?: string
}

function spec(kind: string, { file, ...options }: FileOption): TableSpec {
  return { kind, options, ...(file !== undefined && { file }) }
}

export interface NftablesOptions extends FileOption, ViaOption, CutOption {
  /** Greatest number of addresses of each family. Default 1,048,576. */
  readonly size?: number
}

/** Sets of nftables in a table of our own, with a rule at prerouting that drops what comes from their addresses. */
export function nftables(options: NftablesOptions = {}): TableSpec {
  return spec('nftables', options)
}

export interface IpsetOptions extends FileOption, ViaOption, CutOption {
  /** Greatest number of addresses of each family. Default 1,048,576. */
  readonly size?: number
}

/** Sets of ipset, with a chain in the table `raw` of iptables and ip6tables that drops what comes from their addresses. */
export function ipset(options: IpsetOptions = {}): TableSpec {
  return spec('ipset', options)
}

export interface PfOptions extends FileOption, ViaOption {
  /** The anchor that the table is in, and the rule that blocks it. Default: the main ruleset. */
  readonly anchor?: string
  /** Whether the open connections of an address are cut when it is banned. Default true. */
  readonly killStates?: boolean
}

/** A table of pf. The rule that blocks it is yours: `block in quick from <NAME> to any`, before other rules of pf.conf. */
export function pf(options: PfOptions = {}): TableSpec {
  return spec('pf', options)
}

export interface IpfwOptions extends FileOption, ViaOption {
  /** Where to put the rule that blocks the table; its number must be free. Default: the rule is yours. */
  readonly rule?: number
}

/** A table of ipfw. The rule that blocks it is yours, or is put at a number: `deny ip from table(NAME) to any in`. */
export function ipfw(options: IpfwOptions = {}): TableSpec {
  return spec('ipfw', options)
}

/** A table of npf. Both it and the rule that blocks it are yours, in npf.conf: `table <NAME> type lpm`, `block in final from <NAME>`. */
export function npf(options: FileOption & ViaOption = {}): TableSpec {
  return spec('npf', options)
}

/**
 * Blackhole routes of Linux, where there is no firewall: nothing is sent to those who are banned, so no connection comes about.
 * Their packets still arrive.
 */
export function route(options: FileOption & ViaOption & CutOption = {}): TableSpec {
  return spec('route', options)
}

/** The same on OpenBSD, FreeBSD and NetBSD. One table of this kind a machine. */
export function bsdRoute(options: FileOption & ViaOption = {}): TableSpec {
  return spec('bsdRoute', options)
}

export interface AddressFileOptions extends FileOption {
  /**
   * A line for 192.0.2.1: `plain` is `192.0.2.1`; `deny` is `deny 192.0.2.1;`, for nginx to include; `geo` is `192.0.2.1 1;`, for a
   * block `geo` of nginx to include. Default `plain`.
   */
  readonly form?: 'plain' | 'deny' | 'geo'
  /** The command that is run after a change, by its name in commands.json. */
  readonly after?: string
}

/** A file of addresses, by its name in commands.json ("files"). */
export function addressFile(name: string, options: AddressFileOptions = {}): TableSpec {
  const made = spec('addressFile', options)
  return { ...made, options: { file: name, ...made.options } }
}

export interface CommandsOptions extends FileOption {
  /** Puts addresses in. This and the others are names of commands of commands.json. */
  readonly add: string
  /** Takes them out. */
  readonly delete: string
  /** Prints all that are in, one a line. Default: what it was told counts as what is in. */
  readonly list?: string
  /** Takes all out, for `panic`. Default: those that it was told are deleted. */
  readonly flush?: string
}

/** Commands of commands.json, for what has no function of its own here. */
export function commands(options: CommandsOptions): TableSpec {
  return spec('commands', options)
}

/** No firewall: what would be added and deleted is only shown. */
export function dryRun(options: FileOption = {}): TableSpec {
  return spec('dryRun', options)
}
