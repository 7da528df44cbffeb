import { type Address, bitsOf, maskAddress, type Network, sourceNetwork } from '../base/address.ts'

/** The widest networks that are ever banned without a person having asked for it. */
const WIDEST_BITS = { ipv4: 24, ipv6: 48 } as const

/** The widest network that may be banned for what a source did. */
export function neighbourhoodOf(source: Address): Network {
  const bits = typeof source === 'number' ? WIDEST_BITS.ipv4 : WIDEST_BITS.ipv6
  return { address: maskAddress(source, bits), bits }
}

/**
 * The narrowest network around a source that holds at least so many of the offenders (distinct sources, itself among them);
 * undefined where even the widest does not.
 */
export function guiltyPrefix(source: Address, offenders: readonly Address[], offendersMin: number): Network | undefined {
  const { bits: widest } = neighbourhoodOf(source)
  // How many leading bits each shares with the source, most first: the one in place `offendersMin` says how far to go.
  const shared = offenders.map((offender) => sharedBits(source, offender)).sort((a, b) => b - a)
  const bits = Math.min(shared[offendersMin - 1] ?? -1, sourceNetwork(source).bits)
  return bits < widest ? undefined : { address: maskAddress(source, bits), bits }
}

/** How many leading bits two addresses have in common; -1 where they are not of one family. */
function sharedBits(a: Address, b: Address): number {
  if (typeof a === 'number') return typeof b === 'number' ? Math.clz32(a ^ b) : -1
  if (typeof b === 'number') return -1
  const different = a ^ b
  return different === 0n ? bitsOf(a) : bitsOf(a) - different.toString(2).length
}
