import { bigEndian, type CaptureFormat, type Held, littleEndian, type Order, PACKET_BYTES_MAX } from './format.ts'

/** The start of a section header (draft-ietf-opsawg-pcapng): type, length, and the number that tells the byte order. */
const PCAPNG_HEADER_BYTES = 12

const SECTION = 0x0a0d0d0a
const BYTE_ORDER = 0x1a2b3c4d
const INTERFACE = 1
const OLD_PACKET = 2
const SIMPLE_PACKET = 3
const PACKET = 6
/** Of the types above: the fewest bytes, its two lengths included. */
const fewestBytes: Readonly<Record<number, number>> = {
  [SECTION]: 28,
  [INTERFACE]: 20,
  [OLD_PACKET]: 32,
  [SIMPLE_PACKET]: 16,
  [PACKET]: 32,
}
/** Longer ones are taken for damage. */
const BLOCK_BYTES_MAX = 2 ** 24
const INTERFACES_MAX = 1024

/** True where the bytes are the start of a section header. */
export function isPcapng(bytes: Buffer): boolean {
  return bytes.readUInt32BE(0) === SECTION && orderOf(bytes, 8) !== undefined
}

interface Interface {
  readonly linkType: number
  readonly snapLength: number
  readonly unitsPerSecond: number
  readonly offsetSeconds: number
}

export class Pcapng implements CaptureFormat {
  readonly headBytes = PCAPNG_HEADER_BYTES
  #order: Order = littleEndian
  #interfaces: Interface[] = []
  /** A simple packet has no time: it counts as of the packet before. */
  #lastAt = 0

  sizeOf(bytes: Buffer, at: number): number | undefined {
    const isSection = bytes.readUInt32BE(at) === SECTION
    const order = isSection ? orderOf(bytes, at + 8) : this.#order
    if (!order) return undefined
    const size = order.u32(bytes, at + 4)
    const fewest = isSection ? fewestBytes[SECTION]! : (fewestBytes[order.u32(bytes, at)] ?? 12)
    return size < fewest || size > BLOCK_BYTES_MAX || size % 4 !== 0 ? undefined : size
  }

  plausibleSizeOf(bytes: Buffer, at: number): number | undefined {
    const isKnown = bytes.readUInt32BE(at) === SECTION || this.#order.u32(bytes, at) in fewestBytes
    const size = isKnown ? this.sizeOf(bytes, at) : undefined
    return size !== undefined && size <= PACKET_BYTES_MAX ? size : undefined
  }

  read(bytes: Buffer, at: number, size: number): Held | 'other' | 'bad' | 'lost' {
    if (bytes.readUInt32BE(at) === SECTION) {
      const order = orderOf(bytes, at + 8)!
      if (order.u32(bytes, at + size - 4) !== size || order.u16(bytes, at + 12) !== 1) return 'lost'
      this.#order = order
      this.#interfaces = []
      return 'other'
    }
    const order = this.#order
    if (order.u32(bytes, at + size - 4) !== size) return 'lost'
    switch (order.u32(bytes, at)) {
      case INTERFACE:
        return this.#addInterface(bytes, at, size)
      case PACKET:
        return this.#packet(bytes, at, size, this.#interfaces[order.u32(bytes, at + 8)])
      case OLD_PACKET:
        return this.#packet(bytes, at, size, this.#interfaces[order.u16(bytes, at + 8)])
      case SIMPLE_PACKET:
        return this.#simplePacket(bytes, at, size)
      default:
        return 'other'
    }
  }

  #addInterface(bytes: Buffer, at: number, size: number): 'other' | 'bad' {
    if (this.#interfaces.length === INTERFACES_MAX) return 'bad'
    const order = this.#order
    let unitsPerSecond = 1e6
    let offsetSeconds = 0
    const end = at + size - 4
    for (let option = at + 16; option + 4 <= end; ) {
      const code = order.u16(bytes, option)
      const length = order.u16(bytes, option + 2)
      const value = option + 4
      if (code === 0 || value + length > end) break
      if (code === 9 && length === 1) unitsPerSecond = unitsOf(bytes[value]!)
      else if (code === 14 && length === 8) offsetSeconds = this.#secondsAt(bytes, value)
      option = value + Math.ceil(length / 4) * 4
    }
    const snapLength = order.u32(bytes, at + 12) || PACKET_BYTES_MAX
    this.#interfaces.push({ linkType: order.u16(bytes, at + 8), snapLength, unitsPerSecond, offsetSeconds })
    return 'other'
  }

  /** A signed number of 64 bits; those that no date has come out wrong, and harm nobody. */
  #secondsAt(bytes: Buffer, at: number): number {
    return Number(this.#order.isLittleEndian ? bytes.readBigInt64LE(at) : bytes.readBigInt64BE(at))
  }

  #packet(bytes: Buffer, at: number, size: number, from: Interface | undefined): Held | 'bad' {
    if (!from) return 'bad'
    const order = this.#order
    const kept = order.u32(bytes, at + 20)
    const length = order.u32(bytes, at + 24)
    if (kept > size - 32 || kept > PACKET_BYTES_MAX || length < kept) return 'bad'
    const units = order.u32(bytes, at + 12) * 2 ** 32 + order.u32(bytes, at + 16)
    this.#lastAt = (units / from.unitsPerSecond + from.offsetSeconds) * 1000
    return this.#held(bytes.subarray(at + 28, at + 28 + kept), length, from)
  }

  #simplePacket(bytes: Buffer, at: number, size: number): Held | 'bad' {
    const from = this.#interfaces[0]
    if (!from) return 'bad'
    const length = this.#order.u32(bytes, at + 8)
    const kept = Math.min(length, from.snapLength)
    if (kept > size - 16 || kept > PACKET_BYTES_MAX) return 'bad'
    return this.#held(bytes.subarray(at + 12, at + 12 + kept), length, from)
  }

  #held(bytes: Buffer, length: number, { linkType }: Interface): Held {
    return { at: this.#lastAt, linkType, isLittleEndian: this.#order.isLittleEndian, bytes, length }
  }
}

function orderOf(bytes: Buffer, at: number): Order | undefined {
  return [littleEndian, bigEndian].find(({ u32 }) => u32(bytes, at) === BYTE_ORDER)
}

/** if_tsresol: a power of ten, or of two where the highest bit is set. */
function unitsOf(resolution: number): number {
  return resolution & 0x80 ? 2 ** (resolution & 0x7f) : 10 ** resolution
}
