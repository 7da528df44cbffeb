import { formatNetwork, type Network } from '../base/address.ts'
import type { Command, Table } from './firewall.ts'

/** What is tracked is deleted by two commands for each; of more than so many at once it is left to time out. */
const TRACKED_MAX = 8

/**
 * Cuts the open connections of networks on Linux. Their packets are dropped from now on in any case; this ends our own end
 * at once, with an error for the program (`ss -K`), and makes the kernel forget what it tracks and forwards (`conntrack -D`).
 * Either program may be missing, and conntrack ends with status 1 where there was nothing.
 */
export function cutConnections({ options }: Table, networks: readonly Network[]): readonly Command[] {
  if (options.cut === false || networks.length === 0) return []
  const texts = networks.map(formatNetwork)
  const peers = texts.flatMap((text, i) => [...(i === 0 ? [] : ['or']), 'dst', text])
  const tracked =
    texts.length > TRACKED_MAX ? [] : texts.flatMap((text) => ['-s', '-d'].map((end) => ['conntrack', '-D', end, text]))
  return [['ss', '-K', '-H', '-n', '-t', ...peers], ...tracked].map((argv) => ({ argv }))
}
