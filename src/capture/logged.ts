import type { CaptureRecord } from './format.ts'
import type { LoggedPacket } from './logged-packet.ts'
import { decodeNflog } from './nflog.ts'
import { decodeIp } from './packet.ts'
import { decodePflog } from './pflog.ts'

/** LINKTYPE_ numbers; 12 and 14 are what some systems write for raw IP. */
const linkType = { ethernet: 1, raw: [12, 14, 101, 228, 229], pflog: 117, nflog: 239 } as const

/** The IP packet in a record; undefined where there is none that can be understood. */
export function decodeRecord(record: CaptureRecord): LoggedPacket | undefined {
  const { at, bytes, isDoubtful } = record
  switch (record.linkType) {
    case linkType.pflog: {
      const log = decodePflog(bytes)
      const packet = log && decodeIp(bytes.subarray(log.packetAt))
      return packet && { at, pf: log.by, netfilter: undefined, packet, isDoubtful }
    }
    case linkType.nflog: {
      const log = decodeNflog(bytes, record.isLittleEndian)
      const packet = log && decodeIp(log.packet)
      return packet && { at, pf: undefined, netfilter: log.by, packet, isDoubtful }
    }
    default: {
      const packet = decodeIp(ipOf(record))
      return packet && { at, pf: undefined, netfilter: undefined, packet, isDoubtful }
    }
  }
}

const IPV4 = 0x0800
const IPV6 = 0x86dd
/** 802.1Q, 802.1ad and what came before it: two bytes of tag, then the type of what follows. */
const VLAN: ReadonlySet<number> = new Set([0x8100, 0x88a8, 0x9100])
const TAGS_MAX = 8

function ipOf({ linkType: type, bytes }: CaptureRecord): Buffer {
  if ((linkType.raw as readonly number[]).includes(type)) return bytes
  const none = bytes.subarray(0, 0)
  if (type !== linkType.ethernet) return none
  for (let at = 12, tags = 0; at + 2 <= bytes.length && tags <= TAGS_MAX; at += 4, tags++) {
    const ethertype = bytes.readUInt16BE(at)
    if (VLAN.has(ethertype)) continue
    const ip = bytes.subarray(at + 2)
    const version = ip.length > 0 ? ip[0]! >> 4 : 0
    return (ethertype === IPV4 && version === 4) || (ethertype === IPV6 && version === 6) ? ip : none
  }
  return none
}
