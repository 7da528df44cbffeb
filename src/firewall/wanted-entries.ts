import { type Address, formatNetwork, type Network, networkOf } from '../base/address.ts'
import { addressSet } from '../base/address-set.ts'
import type { Entry } from '../core/model.ts'
import type { KeyedNetwork } from './request.ts'

/** What a table must hold, by canonical text. */
export class WantedEntries extends Map<string, Entry> {
  /** How many there are of each length. */
  readonly #lengths = { ipv4: new Uint32Array(33), ipv6: new Uint32Array(129) }

  override set(key: string, entry: Entry): this {
    if (!this.has(key)) this.#lengthsOf(entry.network.address)[entry.network.bits]!++
    return super.set(key, entry)
  }

  override delete(key: string): boolean {
    const entry = this.get(key)
    if (entry) this.#lengthsOf(entry.network.address)[entry.network.bits]!--
    return super.delete(key)
  }

  override clear(): void {
    super.clear()
    for (const lengths of Object.values(this.#lengths)) lengths.fill(0)
  }

  /**
   * The entries that overlap any of these networks. There may be a million: those around a network are looked up by their lengths, and
   * all are gone through, once, only where some are narrower than a network.
   */
  overlapping(networks: readonly Network[]): readonly KeyedNetwork[] {
    if (networks.some((network) => this.#hasNarrower(network))) {
      const asked = addressSet(networks)
      return [...this].flatMap(([key, { network }]) => (asked.overlaps(network) ? [{ key, network }] : []))
    }
    const found = new Map<string, Network>()
    for (const network of networks) for (const [key, around] of this.#around(network)) found.set(key, around)
    return Array.from(found, ([key, network]) => ({ key, network }))
  }

  *#around({ address, bits }: Network): Generator<readonly [key: string, around: Network]> {
    const lengths = this.#lengthsOf(address)
    for (let wider = 0; wider <= bits; wider++) {
      if (lengths[wider] === 0) continue
      const around = networkOf(address, wider)
      const key = formatNetwork(around)
      if (this.has(key)) yield [key, around]
    }
  }

  #hasNarrower({ address, bits }: Network): boolean {
    return this.#lengthsOf(address)
      .subarray(bits + 1)
      .some((count) => count > 0)
  }

  #lengthsOf(address: Address): Uint32Array {
    return typeof address === 'number' ? this.#lengths.ipv4 : this.#lengths.ipv6
  }
}
