import { type Address, lastAddress, type Network } from './address.ts'

/** Which networks an address is in, or overlap another network: sorted ranges and a binary search, made once. */
export interface AddressSet {
  /** Number of ranges after joining those that touch. */
  readonly size: number
  has(address: Address): boolean
  /** True when any address of the network is in the set. */
  overlaps(network: Network): boolean
}

/** A set of networks, IPv4 and IPv6 together; overlapping ones are joined. */
export function addressSet(networks: Iterable<Network>): AddressSet {
  const v4: [number, number][] = []
  const v6: [bigint, bigint][] = []
  for (const network of networks) {
    const last = lastAddress(network)
    if (typeof network.address === 'number') v4.push([network.address, last as number])
    else v6.push([network.address, last as bigint])
  }
  const ranges4 = joined(v4, 1)
  const ranges6 = joined(v6, 1n)
  const covers = (first: Address, last: Address) =>
    typeof first === 'number' ? anyBetween(ranges4, first, last as number) : anyBetween(ranges6, first, last as bigint)
  return {
    size: ranges4.length + ranges6.length,
    has: (address) => covers(address, address),
    overlaps: (network) => covers(network.address, lastAddress(network)),
  }
}

function joined<N extends number | bigint>(ranges: [N, N][], one: N): [N, N][] {
  ranges.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0))
  const result: [N, N][] = []
  for (const [first, last] of ranges) {
    const previous = result.at(-1)
    if (previous && first <= (previous[1] as number) + (one as number)) {
      if (last > previous[1]) previous[1] = last
    } else result.push([first, last])
  }
  return result
}

function anyBetween<N extends number | bigint>(ranges: readonly (readonly [N, N])[], first: N, last: N): boolean {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ranges[middle]![1] < first) low = middle + 1
    else high = middle
  }
  return low < ranges.length && ranges[low]![0] <= last
}
