import { type Address, bitsOf, lastAddress, maskAddress, type Network } from '../base/address.ts'

/** The fewest networks that together are the range from `first` to `last`, both included and of one family. */
export function networksBetween(first: Address, last: Address): readonly Network[] {
  const networks: Network[] = []
  for (let from = first; from <= last; ) {
    let bits: number = bitsOf(from)
    while (bits > 0 && maskAddress(from, bits - 1) === from && lastAddress({ address: from, bits: bits - 1 }) <= last) bits--
    const network = { address: from, bits }
    networks.push(network)
    const end = lastAddress(network)
    from = typeof end === 'number' ? end + 1 : end + 1n
  }
  return networks
}
