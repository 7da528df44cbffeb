import { formatAddress } from '../base/address.ts'
import type { Icmp, Packet } from './logged-packet.ts'
import { bufferOf, decodeIp } from './packet.ts'

/** What ICMP says, in tcpdump's words and without the length. An error names the place that could not be reached, never a caller. */
export function icmpWords(icmp: Icmp): string {
  const { type, code, rest } = icmp
  const low = rest === undefined ? undefined : rest & 0xffff
  if (rest === undefined) return `type-#${type}`
  switch (type) {
    case 0:
    case 8:
      return `echo ${type === 8 ? 'request' : 'reply'}, id ${rest >>> 16}, seq ${low}`
    case 3:
      return unreachableWords(code, rest, decodeIp(bufferOf(icmp.body)))
    case 5: {
      const words = ['redirect %s to net', 'redirect %s to host', 'redirect-tos %s to net', 'redirect-tos %s to host'][code]
      const about = decodeIp(bufferOf(icmp.body))
      return words && about
        ? `${words.replace('%s', formatAddress(about.destination))} ${formatAddress(rest)}`
        : `redirect-#${code}`
    }
    case 11:
      return ['time exceeded in-transit', 'ip reassembly time exceeded'][code] ?? `time exceeded-#${code}`
    case 12:
      return `parameter problem - octet ${rest >>> 24}`
    case 13:
    case 14:
      return `time stamp ${type === 13 ? 'query' : 'reply'} id ${rest >>> 16} seq ${low}`
    default:
      return icmpNames[type] ?? `type-#${type}`
  }
}

const icmpNames: Readonly<Record<number, string>> = {
  4: 'source quench',
  9: 'router advertisement',
  10: 'router solicitation',
  15: 'information request',
  16: 'information reply',
  17: 'address mask request',
  18: 'address mask reply',
}

/** By code; `%s` is where the packet was going. */
const unreachable: Readonly<Record<number, string>> = {
  0: 'net %s unreachable',
  1: 'host %s unreachable',
  5: '%s unreachable - source route failed',
  6: 'net %s unreachable - unknown',
  7: 'host %s unreachable - unknown',
  8: '%s unreachable - source host isolated',
  9: 'net %s unreachable - admin prohibited',
  10: 'host %s unreachable - admin prohibited',
  11: 'net %s unreachable - tos prohibited',
  12: 'host %s unreachable - tos prohibited',
  13: 'host %s unreachable - admin prohibited filter',
  14: 'host %s unreachable - host precedence violation',
  15: 'host %s unreachable - precedence cutoff',
}

function unreachableWords(code: number, rest: number, about: Packet | undefined): string {
  if (!about) return `unreachable-#${code}`
  const to = formatAddress(about.destination)
  if (code === 2) return `${to} protocol ${about.protocol} unreachable`
  if (code === 3) return `${to} ${portWords(about)} unreachable`
  if (code === 4) return `${to} unreachable - need to frag${(rest & 0xffff) > 0 ? ` (mtu ${rest & 0xffff})` : ''}`
  return unreachable[code]?.replace('%s', to) ?? `${to} unreachable - #${code}`
}

/** `udp port 53`. */
function portWords({ transport, protocol }: Packet): string {
  return transport?.kind === 'tcp' || transport?.kind === 'udp'
    ? `${transport.kind} port ${transport.destinationPort}`
    : `protocol ${protocol} port`
}

/** The same of ICMPv6. */
export function icmp6Words(icmp: Icmp): string {
  const { type, code, rest } = icmp
  const body = bufferOf(icmp.body)
  if (rest === undefined) return `unknown icmp6 type (${type})`
  switch (type) {
    case 1:
      return `destination unreachable, ${unreachable6Words(code, decodeIp(body))}`
    case 2:
      return `packet too big, mtu ${rest}`
    case 3: {
      const about = decodeIp(body)
      if (code === 0) return `time exceeded in-transit${about ? ` for ${formatAddress(about.destination)}` : ''}`
      return code === 1 ? 'time exceeded in-transit (reassembly)' : `time exceeded in-transit, unknown code (${code})`
    }
    case 4:
      return `parameter problem, ${['erroneous', 'next header', 'option'][code] ?? `code-#${code}`} - octet ${rest}`
    case 128:
    case 129:
      return `echo ${type === 128 ? 'request' : 'reply'}, id ${rest >>> 16}, seq ${rest & 0xffff}`
    case 135:
    case 136: {
      const words = type === 135 ? 'neighbor solicitation' : 'neighbor advertisement'
      if (body.length < 16) return words
      const target = (body.readBigUInt64BE(0) << 64n) | body.readBigUInt64BE(8)
      return `${words}, ${type === 135 ? 'who has' : 'tgt is'} ${formatAddress(target)}`
    }
    default:
      return icmp6Names[type] ?? `unknown icmp6 type (${type})`
  }
}

const icmp6Names: Readonly<Record<number, string>> = {
  130: 'multicast listener query',
  131: 'multicast listener report',
  132: 'multicast listener done',
  133: 'router solicitation',
  134: 'router advertisement',
  137: 'redirect',
  143: 'multicast listener report v2',
}

const unreachable6: Readonly<Record<number, string>> = {
  0: 'unreachable route %s',
  1: 'unreachable prohibited %s',
  2: 'beyond scope %s',
  3: 'unreachable address %s',
}

function unreachable6Words(code: number, about: Packet | undefined): string {
  if (!about) return `unreachable-#${code}`
  const to = formatAddress(about.destination)
  if (code === 4) return `unreachable port, ${to} ${portWords(about)}`
  return unreachable6[code]?.replace('%s', to) ?? `unknown unreach code (${code})`
}
