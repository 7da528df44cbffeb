import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/** Canonical text of an address, an IPv4 one in IPv6's clothes as IPv4; undefined for what is no strict address. */
export function canonicalAddress(text: string): string | undefined {
  if (isIP(text) === 0 || text.includes('%')) return undefined
  return ipaddr.process(text).toString()
}

/** What is scored and banned: the address, or the /64 of an IPv6 address. */
export function sourceOfAddress(address: string): string {
  const parsed = ipaddr.parse(address)
  if (parsed.kind() === 'ipv4') return address
  const network = new ipaddr.IPv6([...(parsed as ipaddr.IPv6).parts.slice(0, 4), 0, 0, 0, 0])
  return `${network.toRFC5952String()}/64`
}

/** Nobody's address: what such a line says is passed over. */
export function isMulticast(address: string): boolean {
  return ipaddr.parse(address).range() === 'multicast'
}

/** What is never banned on any machine. */
export function isProtected(address: string): boolean {
  const ranges = ['loopback', 'unspecified', 'linkLocal', 'broadcast']
  return ranges.includes(ipaddr.parse(address).range()) || sourceOfAddress(address) === '::/64'
}
