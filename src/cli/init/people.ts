import { contains, formatNetwork, parseAddress, sourceNetwork, sourceOf } from '../../base/address.ts'
import { alwaysProtected, sshPeersOf } from '../../firewall/protected.ts'
import type { Site } from './site.ts'

/**
 * From where somebody is logged in now: whoever started us, and who else `who` shows. Of an IPv6 address its network, since its
 * last half changes from day to day.
 */
export async function findPeople(site: Site, sshConnection: string | undefined): Promise<readonly string[]> {
  const peers = sshPeersOf({ SSH_CONNECTION: sshConnection }).map(({ network }) => network.address)
  const others = hostsOfWho((await site.ask('who'))?.stdout ?? '').flatMap((host) => parseAddress(host) ?? [])
  const strangers = [...peers, ...others].filter((address) => !alwaysProtected.some(({ network }) => contains(network, address)))
  return [...new Set(strangers.map((address) => formatNetwork(sourceNetwork(sourceOf(address)))))]
}

/** The hosts at the ends of `who`'s lines: `root pts/0 2026-11-21 10:00 (203.0.113.5)`, `(203.0.113.5 via mosh [123])`. */
export function hostsOfWho(text: string): readonly string[] {
  return [...text.matchAll(/\(([^()\s]+)[^()]*\)[ \t]*$/gm)].map(([, host]) => host!)
}
