import { bigEndian, type CaptureFormat, type Held, littleEndian, type Order, PACKET_BYTES_MAX } from './format.ts'

/** The file header of pcap-savefile(5), written by libpcap since 0.4: magic, version 2.4, zone, accuracy, snap length, link type. */
export const PCAP_HEADER_BYTES = 24

const MICROSECONDS = 0xa1b2c3d4
const NANOSECONDS = 0xa1b23c4d
const RECORD_HEAD_BYTES = 16
/** Records on the way back after damage are not further than this from the last good one. */
const PLAUSIBLE_SECONDS = 86_400

/** The format that a file header announces, undefined where it is none of pcap's. */
export function pcapFormat(bytes: Buffer): CaptureFormat | undefined {
  for (const order of [littleEndian, bigEndian]) {
    const magic = order.u32(bytes, 0)
    if (magic !== MICROSECONDS && magic !== NANOSECONDS) continue
    if (order.u16(bytes, 4) !== 2 || order.u16(bytes, 6) !== 4) return undefined
    const snapLength = order.u32(bytes, 16)
    return new Pcap({
      order,
      unitsPerSecond: magic === NANOSECONDS ? 1e9 : 1e6,
      snapLength: snapLength > 0 && snapLength < PACKET_BYTES_MAX ? snapLength : PACKET_BYTES_MAX,
      // The upper bits say whether frames end with a checksum.
      linkType: order.u32(bytes, 20) & 0xffff,
    })
  }
  return undefined
}

interface PcapHeader {
  readonly order: Order
  readonly unitsPerSecond: 1e6 | 1e9
  readonly snapLength: number
  readonly linkType: number
}

class Pcap implements CaptureFormat {
  readonly headBytes = RECORD_HEAD_BYTES
  readonly #header: PcapHeader
  #lastSecond: number | undefined

  constructor(header: PcapHeader) {
    this.#header = header
  }

  sizeOf(bytes: Buffer, at: number): number | undefined {
    const { order, unitsPerSecond } = this.#header
    const kept = order.u32(bytes, at + 8)
    return kept > PACKET_BYTES_MAX || order.u32(bytes, at + 4) >= unitsPerSecond ? undefined : RECORD_HEAD_BYTES + kept
  }

  read(bytes: Buffer, at: number, size: number): Held | 'bad' {
    const { order, unitsPerSecond, linkType } = this.#header
    const seconds = order.u32(bytes, at)
    const length = order.u32(bytes, at + 12)
    if (length < size - RECORD_HEAD_BYTES) return 'bad'
    this.#lastSecond = seconds
    return {
      at: seconds * 1000 + order.u32(bytes, at + 4) / (unitsPerSecond / 1000),
      linkType,
      isLittleEndian: order.isLittleEndian,
      bytes: bytes.subarray(at + RECORD_HEAD_BYTES, at + size),
      length,
    }
  }

  plausibleSizeOf(bytes: Buffer, at: number): number | undefined {
    const { order, snapLength } = this.#header
    const size = this.sizeOf(bytes, at)
    if (size === undefined) return undefined
    const kept = size - RECORD_HEAD_BYTES
    const length = order.u32(bytes, at + 12)
    if (kept === 0 || kept > snapLength || length < kept || length > PACKET_BYTES_MAX) return undefined
    const last = this.#lastSecond
    return last === undefined || Math.abs(order.u32(bytes, at) - last) <= PLAUSIBLE_SECONDS ? size : undefined
  }
}
