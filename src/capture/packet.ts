import type { Fragment, Icmp, Packet, Tcp, Transport, Udp } from './logged-packet.ts'

export const tcpFlag = { fin: 1, syn: 2, rst: 4, push: 8, ack: 16, urgent: 32, ece: 64, cwr: 128 } as const

const ICMP = 1
const TCP = 6
const UDP = 17
const ICMP6 = 58

/** The same bytes, to be read as numbers. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** The IPv4 or IPv6 packet that the bytes begin with; undefined where they begin with none. */
export function decodeIp(bytes: Buffer): Packet | undefined {
  if (bytes.length === 0) return undefined
  const version = bytes[0]! >> 4
  return version === 4 ? decodeIPv4(bytes) : version === 6 ? decodeIPv6(bytes) : undefined
}

function decodeIPv4(bytes: Buffer): Packet | undefined {
  if (bytes.length < 20) return undefined
  const headerBytes = (bytes[0]! & 15) * 4
  // A packet that the network card is to cut has no length yet.
  const totalBytes = u16(bytes, 2) || bytes.length
  if (headerBytes < 20 || headerBytes > totalBytes || headerBytes > bytes.length) return undefined
  const word = u16(bytes, 6)
  const offset = (word & 0x1fff) * 8
  const hasMore = (word & 0x2000) !== 0
  const fragment = offset > 0 || hasMore ? { offset, hasMore } : undefined
  const protocol = bytes[9]!
  const payloadBytes = totalBytes - headerBytes
  return {
    source: u32(bytes, 12),
    destination: u32(bytes, 16),
    protocol,
    fragment,
    transport: offset > 0 ? undefined : decodeTransport(bytes, headerBytes, payloadBytes, protocol, 4),
    payloadBytes,
  }
}

/** Extension headers that have their own length in units of 8 bytes behind the first: hop-by-hop, routing, destination, mobility, HIP, shim6. */
const extensions: ReadonlySet<number> = new Set([0, 43, 60, 135, 139, 140])
const FRAGMENT = 44
const AUTHENTICATION = 51

function decodeIPv6(bytes: Buffer): Packet | undefined {
  if (bytes.length < 40) return undefined
  let protocol = bytes[6]!
  // 0 is a jumbogram, or a packet that the network card is to cut.
  const end = 40 + (u16(bytes, 4) || bytes.length - 40)
  let at = 40
  let fragment: Fragment | undefined
  let isWhole = true
  // Each header is eight bytes at least, so this ends with the bytes.
  for (;;) {
    const isKnown = extensions.has(protocol) || protocol === FRAGMENT || protocol === AUTHENTICATION
    if (!isKnown || !isWhole) break
    if (at + 8 > bytes.length || at + 8 > end) {
      isWhole = false
      break
    }
    const next = bytes[at]!
    let length = 8
    if (protocol === FRAGMENT) {
      const word = u16(bytes, at + 2)
      fragment = { offset: word & 0xfff8, hasMore: (word & 1) !== 0 }
    } else length = protocol === AUTHENTICATION ? (bytes[at + 1]! + 2) * 4 : (bytes[at + 1]! + 1) * 8
    if (at + length > end) {
      isWhole = false
      break
    }
    at += length
    protocol = next
    if (fragment && fragment.offset > 0) isWhole = false
  }
  return {
    source: u128(bytes, 8),
    destination: u128(bytes, 24),
    protocol,
    fragment,
    transport: isWhole ? decodeTransport(bytes, at, end - at, protocol, 6) : undefined,
    payloadBytes: end - at,
  }
}

function decodeTransport(
  bytes: Buffer,
  at: number,
  payloadBytes: number,
  protocol: number,
  family: 4 | 6,
): Transport | undefined {
  const kept = Math.min(bytes.length - at, payloadBytes)
  if (protocol === TCP) return decodeTcp(bytes, at, kept, payloadBytes)
  if (protocol === UDP) return decodeUdp(bytes, at, kept, payloadBytes)
  if (protocol === (family === 4 ? ICMP : ICMP6)) return decodeIcmp(bytes, at, kept, family)
  return undefined
}

function decodeTcp(bytes: Buffer, at: number, kept: number, payloadBytes: number): Tcp | undefined {
  if (kept < 20) return undefined
  const headerBytes = (bytes[at + 12]! >> 4) * 4
  if (headerBytes < 20 || headerBytes > payloadBytes) return undefined
  return {
    kind: 'tcp',
    sourcePort: u16(bytes, at),
    destinationPort: u16(bytes, at + 2),
    flags: bytes[at + 13]!,
    sequence: u32(bytes, at + 4),
    acknowledged: u32(bytes, at + 8),
    window: u16(bytes, at + 14),
    urgent: u16(bytes, at + 18),
    options: bytes.subarray(at + 20, at + Math.min(headerBytes, kept)),
    optionBytes: headerBytes - 20,
    dataBytes: payloadBytes - headerBytes,
  }
}

function decodeUdp(bytes: Buffer, at: number, kept: number, payloadBytes: number): Udp | undefined {
  if (kept < 8) return undefined
  // 0 is a jumbogram; of a first fragment it is the length of all of them.
  const length = u16(bytes, at + 4) || payloadBytes
  if (length < 8) return undefined
  return { kind: 'udp', sourcePort: u16(bytes, at), destinationPort: u16(bytes, at + 2), dataBytes: length - 8 }
}

function decodeIcmp(bytes: Buffer, at: number, kept: number, family: 4 | 6): Icmp | undefined {
  if (kept < 4) return undefined
  return {
    kind: family === 4 ? 'icmp' : 'icmp6',
    type: bytes[at]!,
    code: bytes[at + 1]!,
    rest: kept < 8 ? undefined : u32(bytes, at + 4),
    body: bytes.subarray(at + Math.min(kept, 8), at + kept),
  }
}

function u16(bytes: Buffer, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!
}

function u32(bytes: Buffer, at: number): number {
  return bytes[at]! * 0x1000000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!)
}

function u128(bytes: Buffer, at: number): bigint {
  return (bytes.readBigUInt64BE(at) << 64n) | bytes.readBigUInt64BE(at + 8)
}
