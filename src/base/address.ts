/**
 * An IP address as a number: IPv4 from 0 to 2^32-1 as a JavaScript number, IPv6 from 0 to 2^128-1 as a bigint.
 * The type tells the family; two equal addresses are `===`, so they serve as keys of a Map.
 */
export type Address = number | bigint

/** An address and how many of its leading bits count: 32 or 128 for a single address. Host bits are zero. */
export interface Network {
  readonly address: Address
  readonly bits: number
}

/** IPv6 is scored and banned by /64: whoever has one address of it has them all. */
export const SOURCE_BITS_IPV6 = 64

const IPV4_MAPPED = 0xffffn

/**
 * The address that a text stands for; undefined for everything but the strict forms.
 *
 * IPv4 is four decimal numbers without leading zeros (`010.1.1.1` is 8.1.1.1 to some tools, so it is nothing to us).
 * IPv6 is RFC 4291 text; `::ffff:192.0.2.1` becomes IPv4; a zone id (`fe80::1%eth0`) is refused.
 */
export function parseAddress(text: string): Address | undefined {
  return text.includes(':') ? parseIPv6(text) : parseIPv4(text)
}

function parseIPv4(text: string): number | undefined {
  const length = text.length
  if (length < 7 || length > 15) return undefined
  let address = 0
  let octet = -1
  let dots = 0
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i)
    if (c >= 48 && c <= 57) {
      if (octet === 0) return undefined // a leading zero
      octet = octet < 0 ? c - 48 : octet * 10 + (c - 48)
      if (octet > 255) return undefined
    } else if (c === 46) {
      if (octet < 0 || ++dots > 3) return undefined
      address = address * 256 + octet
      octet = -1
    } else return undefined
  }
  return dots === 3 && octet >= 0 ? address * 256 + octet : undefined
}

function parseIPv6(text: string): Address | undefined {
  if (text.length > 45) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const left = groupsOf(halves[0]!, halves.length === 1)
  const right = halves.length === 2 ? groupsOf(halves[1]!, true) : []
  if (!left || !right) return undefined
  const missing = 8 - left.length - right.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  let address = 0n
  for (const group of left) address = (address << 16n) | BigInt(group)
  address <<= BigInt(16 * missing)
  for (const group of right) address = (address << 16n) | BigInt(group)
  return address >> 32n === IPV4_MAPPED ? Number(address & 0xffffffffn) : address
}

/** The 16-bit groups of one side of `::`; only the last side may end in dotted IPv4. */
function groupsOf(side: string, mayEndInIPv4: boolean): number[] | undefined {
  if (side === '') return []
  const parts = side.split(':')
  const groups: number[] = []
  for (const [i, part] of parts.entries()) {
    if (part.includes('.')) {
      const v4 = mayEndInIPv4 && i === parts.length - 1 ? parseIPv4(part) : undefined
      if (v4 === undefined) return undefined
      groups.push(v4 >>> 16, v4 & 0xffff)
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined
      groups.push(Number.parseInt(part, 16))
    }
  }
  return groups.length <= 8 ? groups : undefined
}

/** The one text of an address: dotted quad, or RFC 5952. Only this text may reach a firewall. */
export function formatAddress(address: Address): string {
  if (typeof address === 'number') {
    return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`
  }
  const groups: string[] = []
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(((address >> shift) & 0xffffn).toString(16))
  const { start, length } = longestZeros(groups)
  if (length < 2) return groups.join(':')
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`
}

function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  for (let i = 0; i < groups.length; i++) {
    let end = i
    while (groups[end] === '0') end++
    if (end - i > best.length) best = { start: i, length: end - i }
    i = Math.max(i, end - 1)
  }
  return best
}

/** How many bits an address of this family has. */
export function bitsOf(address: Address): 32 | 128 {
  return typeof address === 'number' ? 32 : 128
}

/** The address with all but its first `bits` bits zero. */
export function maskAddress(address: Address, bits: number): Address {
  if (typeof address === 'number') return bits === 0 ? 0 : (address & (-1 << (32 - bits))) >>> 0
  const hostBits = BigInt(128 - bits)
  return (address >> hostBits) << hostBits
}

/** The last address of a network. */
export function lastAddress(network: Network): Address {
  const { address, bits } = network
  if (typeof address === 'number') return address + 2 ** (32 - bits) - 1
  return address + (1n << BigInt(128 - bits)) - 1n
}

/** A network from an address and a length; host bits are cut off. */
export function networkOf(address: Address, bits: number = bitsOf(address)): Network {
  return { address: maskAddress(address, bits), bits }
}

/**
 * `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`; undefined where the address is not strict, the length is out of range,
 * or host bits are set (`192.0.2.7/24` may mean either, so it means nothing).
 */
export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/')
  if (slash < 0) {
    const address = parseAddress(text)
    return address === undefined ? undefined : networkOf(address)
  }
  const address = parseAddress(text.slice(0, slash))
  const length = text.slice(slash + 1)
  // The length of ::ffff:192.0.2.0/120 would be one of IPv6, the address is one of IPv4.
  if (typeof address === 'number' && text.includes(':')) return undefined
  if (address === undefined || !/^(?:0|[1-9]\d{0,2})$/.test(length)) return undefined
  const bits = Number(length)
  if (bits > bitsOf(address) || maskAddress(address, bits) !== address) return undefined
  return { address, bits }
}

/** Canonical text: the address alone when all bits count, else with its length. */
export function formatNetwork(network: Network): string {
  const text = formatAddress(network.address)
  return network.bits === bitsOf(network.address) ? text : `${text}/${network.bits}`
}

export function contains(network: Network, address: Address): boolean {
  return typeof network.address === typeof address && maskAddress(address, network.bits) === network.address
}

export function overlaps(a: Network, b: Network): boolean {
  return a.bits <= b.bits ? contains(a, b.address) : contains(b, a.address)
}

/** What points are added up for: an IPv4 address, or the /64 of an IPv6 address (as its first address). */
export function sourceOf(address: Address): Address {
  return typeof address === 'number' ? address : maskAddress(address, SOURCE_BITS_IPV6)
}

/** The network that a ban of a source covers: a /32, or a /64. */
export function sourceNetwork(source: Address): Network {
  return { address: source, bits: typeof source === 'number' ? 32 : SOURCE_BITS_IPV6 }
}

/** Sources that come and go: a `Set` of them, or a `Map`. */
export interface Sources {
  has(source: Address): boolean
  keys(): Iterable<Address>
}

/** One of these sources that is in a network, or around it; undefined where there is none. All are looked at only for a network that is wider than a source. */
export function overlapping(network: Network, sources: Sources): Address | undefined {
  const source = sourceOf(network.address)
  if (network.bits >= sourceNetwork(source).bits) return sources.has(source) ? source : undefined
  for (const one of sources.keys()) if (contains(network, one)) return one
  return undefined
}

/** Whether a network is no wider than a source. */
export function isSource({ address, bits }: Network): boolean {
  return bits === sourceNetwork(address).bits
}
