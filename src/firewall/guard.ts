import { formatNetwork, type Network, overlaps } from '../base/address.ts'
import { addressSet } from '../base/address-set.ts'
import type { ProtectedNetwork } from '../core/model.ts'

/** Says why a network must not be banned, in words; undefined where it may. */
export type Guard = (network: Network) => string | undefined

/** A ban is refused where it covers, or lies in, anything that is protected. */
export function guard(protectedNetworks: readonly ProtectedNetwork[]): Guard {
  const all = addressSet(protectedNetworks.map(({ network }) => network))
  return (network) => {
    if (!all.overlaps(network)) return undefined
    const reason = protectedNetworks.find((candidate) => overlaps(candidate.network, network))!
    return protectedInWords(reason.network, reason.because)
  }
}

export function protectedInWords(network: Network, because: string): string {
  return `${formatNetwork(network)} is protected: ${because}`
}
