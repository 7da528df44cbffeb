import { parseAddress } from '../../src/base/address.ts'

/** Writes captures and the packets in them, byte by byte as the formats say, and as wrong as a test wants them. */

export interface CaptureOptions {
  readonly linkType?: number
  readonly isBigEndian?: boolean
  readonly hasNanoseconds?: boolean
  readonly snapLength?: number
}

/** A packet in a capture; `length` where more was on the wire than was kept. */
export interface Captured {
  /** Milliseconds since 1970, with fractions. */
  readonly at: number
  readonly bytes: Buffer
  readonly length?: number
}

export const PFLOG = 117
export const NFLOG = 239
export const RAW = 101
export const ETHERNET = 1

/** pcap-savefile(5). */
export function pcap(packets: readonly Captured[], options: CaptureOptions = {}): Buffer {
  return Buffer.concat([pcapHeader(options), ...packets.map((packet) => pcapRecord(packet, options))])
}

export function pcapHeader({
  linkType = PFLOG,
  isBigEndian = false,
  hasNanoseconds = false,
  snapLength = 65_535,
}: CaptureOptions = {}): Buffer {
  const { u16, u32 } = order(isBigEndian)
  return Buffer.concat([
    u32(hasNanoseconds ? 0xa1b23c4d : 0xa1b2c3d4),
    u16(2),
    u16(4),
    u32(0),
    u32(0),
    u32(snapLength),
    u32(linkType),
  ])
}

export function pcapRecord(
  { at, bytes, length = bytes.length }: Captured,
  { isBigEndian = false, hasNanoseconds = false }: CaptureOptions = {},
): Buffer {
  const { u32 } = order(isBigEndian)
  const seconds = Math.floor(at / 1000)
  const micros = Math.round((at - seconds * 1000) * 1000)
  return Buffer.concat([u32(seconds), u32(hasNanoseconds ? micros * 1000 : micros), u32(bytes.length), u32(length), bytes])
}

/** draft-ietf-opsawg-pcapng: a section, an interface, a packet block for each; `kind` says which. */
export function pcapng(
  packets: readonly Captured[],
  { linkType = PFLOG, isBigEndian = false, hasNanoseconds = false, snapLength = 65_535 }: CaptureOptions = {},
  kind: 'enhanced' | 'simple' | 'old' = 'enhanced',
): Buffer {
  const { u16, u32 } = order(isBigEndian)
  const block = (type: number, ...parts: Buffer[]) => {
    const body = padded(Buffer.concat(parts))
    return Buffer.concat([u32(type), u32(body.length + 12), body, u32(body.length + 12)])
  }
  const resolution = hasNanoseconds ? [u16(9), u16(1), Buffer.from([9, 0, 0, 0]), u16(0), u16(0)] : []
  const comment = block(0x0bad, Buffer.from('a block of a type that nobody knows'))
  return Buffer.concat([
    block(0x0a0d0d0a, u32(0x1a2b3c4d), u16(1), u16(0), u32(0xffffffff), u32(0xffffffff)),
    block(1, u16(linkType), u16(0), u32(snapLength), ...resolution),
    comment,
    ...packets.map(({ at, bytes, length = bytes.length }) => {
      if (kind === 'simple') return block(3, u32(length), bytes)
      const units = BigInt(Math.round(at * 1000)) * (hasNanoseconds ? 1000n : 1n)
      const rest = [u32(Number(units >> 32n)), u32(Number(units & 0xffffffffn)), u32(bytes.length), u32(length), bytes]
      return kind === 'enhanced' ? block(6, u32(0), ...rest) : block(2, u16(0), u16(0xffff), ...rest)
    }),
  ])
}

/** What pf says of a packet, in numbers, and the system whose net/if_pflog.h lays it out. */
export interface PfHeader {
  /** See src/capture/pflog.ts for what each length stands for. */
  readonly length?: 45 | 61 | 69 | 100
  readonly family?: number
  readonly action?: number
  readonly reason?: number
  readonly interface?: string
  readonly ruleset?: string
  readonly rule?: number
  readonly subrule?: number
  readonly direction?: number
  readonly translatedFamily?: number
}

export function pfHeader({
  length = 61,
  family = 2,
  action = 1,
  reason = 0,
  interface: name = 'vtnet0',
  ruleset = '',
  rule = 1,
  subrule = 0xffffffff,
  direction = 1,
  translatedFamily = family,
}: PfHeader = {}): Buffer {
  const { u32 } = order(true)
  const header = Buffer.concat([
    Buffer.from([length, family, action, reason]),
    Buffer.from(name.padEnd(16, '\0')),
    Buffer.from(ruleset.padEnd(16, '\0')),
    u32(rule),
    u32(subrule),
  ])
  if (length === 45) return padded(Buffer.concat([header, Buffer.from([direction])]))
  // User and process: none, as pf writes it.
  const ids = Buffer.concat([u32(0xffffffff), u32(0xffffffff), u32(0), u32(0)])
  const rest = length === 100 ? Buffer.concat([Buffer.from([0, translatedFamily, 0]), Buffer.alloc(36)]) : Buffer.alloc(0)
  const common = Buffer.concat([header, ids, Buffer.from([direction]), rest])
  if (length === 69) return padded(Buffer.concat([padded(common), u32(77), Buffer.alloc(1)]))
  return padded(common)
}

/** linux/netfilter/nfnetlink_log.h, as libpcap keeps it. */
export function nflogHeader(
  packet: Buffer,
  {
    group = 5,
    prefix = 'refused ',
    hook = 1,
    inInterface = 2 as number | undefined,
    outInterface = undefined as number | undefined,
    isBigEndian = false,
  } = {},
): Buffer {
  const { u16 } = order(isBigEndian)
  const big = order(true)
  const attribute = (type: number, value: Buffer) => padded(Buffer.concat([u16(value.length + 4), u16(type), value]))
  return Buffer.concat([
    Buffer.from([packet[0]! >> 4 === 6 ? 10 : 2, 0]),
    big.u16(group),
    attribute(1, Buffer.concat([big.u16(packet[0]! >> 4 === 6 ? 0x86dd : 0x0800), Buffer.from([hook, 0])])),
    attribute(10, Buffer.from(`${prefix}\0`)),
    ...(inInterface === undefined ? [] : [attribute(4, big.u32(inInterface))]),
    ...(outInterface === undefined ? [] : [attribute(5, big.u32(outInterface))]),
    attribute(9, packet),
  ])
}

/** A frame with as many VLAN tags as asked for. */
export function ethernet(packet: Buffer, tags: readonly number[] = []): Buffer {
  const { u16 } = order(true)
  return Buffer.concat([
    Buffer.from('020000000001020000000002', 'hex'),
    ...tags.flatMap((tag) => [u16(0x8100), u16(tag)]),
    u16(packet[0]! >> 4 === 6 ? 0x86dd : 0x0800),
    packet,
  ])
}

export interface IpOptions {
  readonly source: string
  readonly destination: string
  readonly protocol: number
  readonly payload: Buffer
  /** IPv4: in units of 8 bytes. */
  readonly fragment?: { readonly offset: number; readonly hasMore: boolean }
  /** IPv4 options, padded to a multiple of 4. */
  readonly options?: Buffer
  /** IPv6 extension headers: the type of each, and its bytes without the one for the next. */
  readonly extensions?: readonly (readonly [type: number, rest: Buffer])[]
}

export function ip({
  source,
  destination,
  protocol,
  payload,
  fragment,
  options = Buffer.alloc(0),
  extensions = [],
}: IpOptions): Buffer {
  const { u16, u32 } = order(true)
  if (!source.includes(':')) {
    const optionBytes = padded(options)
    const header = Buffer.concat([
      Buffer.from([0x45 + optionBytes.length / 4, 0]),
      u16(20 + optionBytes.length + payload.length),
      u16(4321),
      u16((fragment?.offset ?? 0) | (fragment?.hasMore ? 0x2000 : 0)),
      Buffer.from([64, protocol, 0, 0]),
      u32(parseAddress(source) as number),
      u32(parseAddress(destination) as number),
      optionBytes,
    ])
    return Buffer.concat([withChecksum(header, 10), payload])
  }
  const chain: (readonly [number, Buffer])[] = [...extensions]
  if (fragment) {
    const word = (fragment.offset << 3) | (fragment.hasMore ? 1 : 0)
    chain.push([44, Buffer.concat([Buffer.from([0]), u16(word), u32(99)])])
  }
  const types = [...chain.map(([type]) => type), protocol]
  const headers = chain.map(([, rest], i) => Buffer.concat([Buffer.from([types[i + 1]!]), rest]))
  const body = Buffer.concat([...headers, payload])
  return Buffer.concat([u32(0x60000000), u16(body.length), Buffer.from([types[0]!, 64]), ipv6(source), ipv6(destination), body])
}

export interface TcpOptions {
  readonly from: number
  readonly to: number
  readonly flags?: number
  readonly sequence?: number
  readonly acknowledged?: number
  readonly window?: number
  readonly urgent?: number
  readonly options?: Buffer
  readonly data?: Buffer
}

export function tcp({
  from,
  to,
  flags = 2,
  sequence = 1,
  acknowledged = 0,
  window = 1024,
  urgent = 0,
  options = Buffer.alloc(0),
  data = Buffer.alloc(0),
}: TcpOptions): Buffer {
  const { u16, u32 } = order(true)
  const optionBytes = padded(options)
  return Buffer.concat([
    u16(from),
    u16(to),
    u32(sequence),
    u32(acknowledged),
    Buffer.from([(5 + optionBytes.length / 4) << 4, flags]),
    u16(window),
    u16(0),
    u16(urgent),
    optionBytes,
    data,
  ])
}

export function udp(from: number, to: number, data: Buffer = Buffer.alloc(0)): Buffer {
  const { u16 } = order(true)
  return Buffer.concat([u16(from), u16(to), u16(8 + data.length), u16(0), data])
}

/** With a right checksum, as tcpdump remarks on others; ICMPv6's needs the addresses, and is left out. */
export function icmp(type: number, code: number, rest: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const { u16, u32 } = order(true)
  return withChecksum(Buffer.concat([Buffer.from([type, code]), u16(0), u32(rest), body]), 2)
}

function withChecksum(bytes: Buffer, at: number): Buffer {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i]! << 8) + (bytes[i + 1] ?? 0)
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  bytes.writeUInt16BE(~sum & 0xffff, at)
  return bytes
}

function ipv6(text: string): Buffer {
  const address = parseAddress(text)
  return Buffer.from(BigInt(address!).toString(16).padStart(32, '0'), 'hex')
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)])
}

function order(isBigEndian: boolean) {
  const write = (size: 2 | 4) => (value: number) => {
    const bytes = Buffer.alloc(size)
    if (isBigEndian) bytes.writeUIntBE(value, 0, size)
    else bytes.writeUIntLE(value, 0, size)
    return bytes
  }
  return { u16: write(2), u32: write(4) }
}
