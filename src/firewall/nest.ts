import { type Address, lastAddress, maskAddress, type Network } from '../base/address.ts'

/** Networks of which some may lie within others. */
export class Nest {
  /** By number of bits. The families need no division: a number is never equal to a bigint. */
  readonly #byBits = new Map<number, Set<Address>>()

  add({ address, bits }: Network): void {
    const same = this.#byBits.get(bits)
    if (same) same.add(address)
    else this.#byBits.set(bits, new Set([address]))
  }

  delete({ address, bits }: Network): void {
    const same = this.#byBits.get(bits)
    same?.delete(address)
    if (same?.size === 0) this.#byBits.delete(bits)
  }

  /** True when the nest has a wider network around this one. */
  covers({ address, bits }: Network): boolean {
    for (const [wider, addresses] of this.#byBits) {
      if (wider < bits && addresses.has(maskAddress(address, wider))) return true
    }
    return false
  }

  /** The narrower networks within this one. */
  *within(network: Network): Generator<Network> {
    const last = lastAddress(network)
    for (const [bits, addresses] of this.#byBits) {
      if (bits <= network.bits) continue
      for (const address of addresses) {
        if (typeof address === typeof last && address >= network.address && address <= last) yield { address, bits }
      }
    }
  }

  *all(): Generator<Network> {
    for (const [bits, addresses] of this.#byBits) for (const address of addresses) yield { address, bits }
  }

  get isEmpty(): boolean {
    return this.#byBits.size === 0
  }
}
