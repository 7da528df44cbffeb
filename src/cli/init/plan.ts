import type { FirewallKind } from './firewalls.ts'
import type { FoundLog } from './logs.ts'
import type { FoundProxy } from './proxies.ts'
import type { System } from './site.ts'

/** What the files to be written shall say. */
export interface Plan {
  readonly system: System
  readonly firewall: FirewallKind
  /** Addresses and networks that are never banned. */
  readonly ignore: readonly string[]
  readonly proxies: readonly FoundProxy[]
  readonly logs: readonly FoundLog[]
  /** Folders of logs that the engine cannot read, and its reader only where commands.json says so. */
  readonly readerFolders: readonly string[]
  /** Who comes back again and again is proposed for life. */
  readonly hasLifers: boolean
}

/** A file to be written, by its name in the configuration folder. */
export interface PlannedFile {
  readonly name: string
  readonly text: string
}

export const TABLE = 'bad_ip'
export const LIFERS = 'blockips'
export const LIFERS_FILE = '/etc/blockips'

export const systemNames: Readonly<Record<System, string>> = {
  openbsd: 'OpenBSD',
  freebsd: 'FreeBSD',
  netbsd: 'NetBSD',
  linux: 'Linux',
}

/** Lifers get a table of their own, but where there can be one only. */
export function hasTableForLife({ firewall, hasLifers }: Pick<Plan, 'firewall' | 'hasLifers'>): boolean {
  return hasLifers && firewall !== 'bsdRoute'
}

/** They stand in a text file too where root's keeper can write it, and pf loads it at boot. */
export function keepsFile({ firewall, hasLifers }: Pick<Plan, 'firewall' | 'hasLifers'>): boolean {
  return hasLifers && firewall === 'pf'
}
