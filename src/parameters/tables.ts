import type { TableSpec } from '../firewall/firewall.ts'

export interface NftablesOptions {
  /** Greatest number of addresses of each family. Default 1,048,576. */
  readonly size?: number
}

/** Sets of nftables in a table of our own, with a rule at prerouting that drops what comes from their addresses. */
export function nftables(options: NftablesOptions = {}): TableSpec {
  return { kind: 'nftables', options: { ...options } }
}

export interface IpsetOptions {
  /** Greatest number of addresses of each family. Default 1,048,576. */
  readonly size?: number
}

/** Sets of ipset, with a chain in the table `raw` of iptables and ip6tables that drops what comes from their addresses. */
export function ipset(options: IpsetOptions = {}): TableSpec {
  return { kind: 'ipset', options: { ...options } }
}

export interface PfOptions {
  /** The anchor that the table is in, and the rule that blocks it. Default: the main ruleset. */
  readonly anchor?: string
  /** Whether the open connections of an address are cut when it is banned. Default true. */
  readonly killStates?: boolean
}

/** A table of pf. The rule that blocks it is yours: `block in quick from <NAME> to any`, before other rules of pf.conf. */
export function pf(options: PfOptions = {}): TableSpec {
  return { kind: 'pf', options: { ...options } }
}

/** No firewall: what would be added and deleted is only shown. */
export function dryRun(): TableSpec {
  return { kind: 'dryRun', options: {} }
}
