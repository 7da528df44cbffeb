import { formatNetwork, type Network, parseNetwork } from '../base/address.ts'
import type { Instant } from '../base/units.ts'
import type { Lifer } from './offenders.ts'

/** What pf counted of an entry of a table. */
export interface CountedEntry {
  readonly network: Network
  /** Packets from it and to it since then, passed or blocked. */
  readonly packets: number
  readonly clearedAt: Instant
}

/**
 * Reads what `pfctl -t NAME -vT show` prints. An entry without counters (its table was made without the word `counters`) is
 * left out: of it nothing is known.
 *
 *      203.0.113.9
 *     	Cleared:     Sat Nov 21 09:30:00 2026
 *     	In/Block:    [ Packets: 12                 Bytes: 720                ]
 */
export function parseCounters(text: string): readonly CountedEntry[] {
  const entries: { network: Network; packets: number | undefined; clearedAt: Instant | undefined }[] = []
  for (const line of text.split('\n')) {
    const cleared = /^\s+Cleared:\s+(\S.*)$/.exec(line)?.[1]
    const packets = /^\s+(?:In|Out)\/\w+:\s+\[ Packets: (\d+)\s/.exec(line)?.[1]
    const last = entries.at(-1)
    // In the words of ctime, by the local time of the machine that printed it.
    if (cleared !== undefined && last) last.clearedAt = Date.parse(cleared)
    else if (packets !== undefined && last) last.packets = (last.packets ?? 0) + Number(packets)
    else {
      const network = parseNetwork(line.trim())
      if (network) entries.push({ network, packets: undefined, clearedAt: undefined })
    }
  }
  return entries.flatMap(({ network, packets, clearedAt }) =>
    packets === undefined || clearedAt === undefined || Number.isNaN(clearedAt) ? [] : { network, packets, clearedAt },
  )
}

/**
 * Lifers as the firewall saw them: one of whom a packet was counted may have sent it just `now`; one of whom none was counted
 * was silent since the counting began, and nobody knows what was before. The others stay as they are.
 */
export function countedLifers(lifers: readonly Lifer[], counted: readonly CountedEntry[], now: Instant): readonly Lifer[] {
  const entries = new Map(counted.map((entry) => [formatNetwork(entry.network), entry]))
  return lifers.map((lifer) => {
    const entry = entries.get(formatNetwork(lifer.ban.network))
    return entry ? { ...lifer, lastAt: entry.packets > 0 ? now : Math.max(lifer.lastAt, entry.clearedAt) } : lifer
  })
}
