import type { TableSpec } from '../firewall/firewall.ts'

export interface NftablesOptions {
  /** Greatest number of addresses of each family. Default 1,048,576. */
  readonly size?: number
}

/** Sets of nftables in a table of our own, with a rule at prerouting that drops what comes from their addresses. */
export function nftables(options: NftablesOptions = {}): TableSpec {
  return { kind: 'nftables', options: { ...options } }
}

/** No firewall: what would be added and deleted is only shown. */
export function dryRun(): TableSpec {
  return { kind: 'dryRun', options: {} }
}
