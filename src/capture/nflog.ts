import { bigEndian, littleEndian } from './format.ts'
import type { NfLog } from './logged-packet.ts'

const HEADER_BYTES = 4
/** NFULA_ of linux/netfilter/nfnetlink_log.h. */
const attribute = { packetHeader: 1, inInterface: 4, outInterface: 5, payload: 9, prefix: 10 } as const
const hooks = ['prerouting', 'input', 'forward', 'output', 'postrouting'] as const

/**
 * LINKTYPE_NFLOG: family, version 0, the group (big-endian), then attributes: their length (its own four bytes included) and
 * type in the byte order of the machine that captured, the value, zeros up to a multiple of 4. One of them is the packet,
 * from its IP header on. Linux 2.6.14 and later.
 */
export function decodeNflog(bytes: Buffer, isLittleEndian: boolean): { readonly by: NfLog; readonly packet: Buffer } | undefined {
  if (bytes.length < HEADER_BYTES || bytes[1] !== 0) return undefined
  const { u16 } = isLittleEndian ? littleEndian : bigEndian
  let prefix = ''
  let hook: NfLog['hook']
  let inInterface: number | undefined
  let outInterface: number | undefined
  let packet: Buffer | undefined
  for (let at = HEADER_BYTES; at + 4 <= bytes.length; ) {
    const length = u16(bytes, at)
    if (length < 4) return undefined
    // The last one, the packet, may have been cut off.
    const value = bytes.subarray(at + 4, Math.min(at + length, bytes.length))
    const type = u16(bytes, at + 2) & 0x7fff
    if (type === attribute.payload) packet = value
    else if (type === attribute.prefix) prefix = textOf(value)
    else if (type === attribute.packetHeader && value.length >= 3) hook = hooks[value[2]!]
    else if (type === attribute.inInterface && value.length >= 4) inInterface = value.readUInt32BE(0)
    else if (type === attribute.outInterface && value.length >= 4) outInterface = value.readUInt32BE(0)
    at += (length + 3) & ~3
  }
  if (!packet) return undefined
  return { by: { group: bytes.readUInt16BE(2), prefix, hook, inInterface, outInterface }, packet }
}

function textOf(value: Buffer): string {
  const end = value.indexOf(0)
  return value.toString('latin1', 0, end < 0 ? value.length : end).replace(/[^\x20-\x7e]/g, '?')
}
