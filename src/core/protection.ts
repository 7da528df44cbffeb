import { type Address, formatNetwork, type Network, overlaps } from '../base/address.ts'
import { type AddressSet, addressSet } from '../base/address-set.ts'
import type { ProtectedNetwork, ProtectFact } from './model.ts'

/** What must not be banned: the user's ignore list, and what would lock somebody out. */
export class Protection {
  #ignored: AddressSet = addressSet([])
  #ignoredNetworks: readonly Network[] = []
  #protected: AddressSet = addressSet([])
  #protectedNetworks: readonly ProtectedNetwork[] = []
  /** Why nobody may be banned at all. */
  suspended: string | undefined

  replace({ ignored, protected: networks, suspended }: Omit<ProtectFact, 'kind' | 'at'>): void {
    this.suspended = suspended
    this.#ignoredNetworks = ignored
    this.#ignored = addressSet(ignored)
    this.#protectedNetworks = networks
    this.#protected = addressSet(networks.map(({ network }) => network))
  }

  isIgnored(address: Address): boolean {
    return this.#ignored.has(address)
  }

  /** Why this network must not be banned, or undefined where it may. */
  refusal(network: Network): string | undefined {
    if (this.#ignored.overlaps(network)) {
      return `on the ignore list (${formatNetwork(this.#ignoredNetworks.find((one) => overlaps(one, network))!)})`
    }
    if (this.#protected.overlaps(network)) return this.#protectedNetworks.find((one) => overlaps(one.network, network))!.because
    return undefined
  }
}
