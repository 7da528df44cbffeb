import { type Address, formatNetwork, type Network, overlaps, parseAddress } from '../base/address.ts'
import { type AddressSet, addressSet } from '../base/address-set.ts'
import type { Json } from '../base/units.ts'
import type { ProtectedNetwork, ProtectFact } from './model.ts'

/** What must not be banned: the user's ignore list, and what would lock somebody out. */
export class Protection {
  #ignored: AddressSet = addressSet([])
  #ignoredNetworks: readonly Network[] = []
  #protected: AddressSet = addressSet([])
  #protectedNetworks: readonly ProtectedNetwork[] = []
  #proxies: AddressSet = addressSet([])
  /** Why nobody may be banned at all. */
  suspended: string | undefined

  replace({ ignored, protected: networks, proxies = [], suspended }: Omit<ProtectFact, 'kind' | 'at'>): void {
    this.suspended = suspended
    this.#ignoredNetworks = ignored
    this.#ignored = addressSet(ignored)
    this.#protectedNetworks = networks
    this.#protected = addressSet(networks.map(({ network }) => network))
    this.#proxies = addressSet(proxies)
  }

  isIgnored(address: Address): boolean {
    return this.#ignored.has(address)
  }

  /**
   * Whose a line is: the one whose address it has, or, where that is a proxy, whom it says to have forwarded (the value of
   * `X-Forwarded-For`). Each proxy adds whom it saw to the end; what stands before the last who is no proxy of ours is the
   * word of a stranger. Undefined where that cannot be known.
   */
  clientOf(address: Address, forwarded: Json | undefined): Address | undefined {
    if (!this.#proxies.has(address)) return address
    if (typeof forwarded !== 'string') return undefined
    for (const hop of forwarded.split(',').reverse()) {
      const client = parseAddress(hop.trim())
      if (client === undefined || !this.#proxies.has(client)) return client
    }
    return undefined
  }

  /** Why this network must not be banned, or undefined where it may. */
  refusal(network: Network): string | undefined {
    if (this.#ignored.overlaps(network)) {
      return `on the ignore list (${formatNetwork(this.#ignoredNetworks.find((one) => overlaps(one, network))!)})`
    }
    if (this.#proxies.overlaps(network)) return 'a proxy'
    if (this.#protected.overlaps(network)) return this.#protectedNetworks.find((one) => overlaps(one.network, network))!.because
    return undefined
  }
}
