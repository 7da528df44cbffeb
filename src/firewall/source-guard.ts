import { type Address, type Network, overlapping, sourceNetwork, sourceOf } from '../base/address.ts'
import { type AddressSet, addressSet } from '../base/address-set.ts'
import { protectedInWords } from './guard.ts'

/** A guard of sources that come and go, one by one. */
export class SourceGuard {
  readonly #because: string
  readonly #sources = new Set<Address>()
  /** All of them, for networks that are wider than a source; made when there is one. */
  #all: AddressSet | undefined

  constructor(because: string) {
    this.#because = because
  }

  get size(): number {
    return this.#sources.size
  }

  has(source: Address): boolean {
    return this.#sources.has(source)
  }

  add(source: Address): void {
    this.#sources.add(source)
    this.#all = undefined
  }

  delete(source: Address): void {
    this.#sources.delete(source)
    this.#all = undefined
  }

  /** See `Guard`. */
  refusal(network: Network): string | undefined {
    if (network.bits < sourceNetwork(sourceOf(network.address)).bits) {
      this.#all ??= addressSet(Array.from(this.#sources, sourceNetwork))
      if (!this.#all.overlaps(network)) return undefined
    }
    const source = overlapping(network, this.#sources)
    return source === undefined ? undefined : protectedInWords(sourceNetwork(source), this.#because)
  }
}
