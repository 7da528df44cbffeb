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

function spec(kind: string, { file, ...options }: FileOption): TableSpec {
  return { kind, options, ...(file !== undefined && { file }) }
}

export interface NftablesOptions extends FileOption {
  /** Greatest number of addresses of each family. Default 1,048,576. */
  readonly size?: number
}

/** Sets of nftables in a table of our own, with a rule at prerouting that drops what comes from their addresses. */
export function nftables(options: NftablesOptions = {}): TableSpec {
  return spec('nftables', options)
}

export interface IpsetOptions extends FileOption {
  /** Greatest number of addresses of each family. Default 1,048,576. */
  readonly size?: number
}

/** Sets of ipset, with a chain in the table `raw` of iptables and ip6tables that drops what comes from their addresses. */
export function ipset(options: IpsetOptions = {}): TableSpec {
  return spec('ipset', options)
}

export interface PfOptions extends FileOption {
  /** The anchor that the table is in, and the rule that blocks it. Default: the main ruleset. */
  readonly anchor?: string
  /** Whether the open connections of an address are cut when it is banned. Default true. */
  readonly killStates?: boolean
}

/** A table of pf. The rule that blocks it is yours: `block in quick from <NAME> to any`, before other rules of pf.conf. */
export function pf(options: PfOptions = {}): TableSpec {
  return spec('pf', options)
}

/** No firewall: what would be added and deleted is only shown. */
export function dryRun(options: FileOption = {}): TableSpec {
  return spec('dryRun', options)
}
