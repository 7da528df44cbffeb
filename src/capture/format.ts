import type { Instant } from '../base/units.ts'

/** One record of a capture: a packet as it was kept, with its link-layer header. */
export interface CaptureRecord {
  /** With fractions, as fine as the capture has them. */
  readonly at: Instant
  /** One of tcpdump.org's LINKTYPE_ numbers. */
  readonly linkType: number
  /** The capture's numbers are little-endian; those of NFLOG headers in it are too. */
  readonly isLittleEndian: boolean
  /** What was kept of the packet. Valid until the reader is given more. */
  readonly bytes: Buffer
  /** How long the packet was, which may be more than was kept. */
  readonly length: number
  /**
   * Bytes before it in this capture were none: what follows damage may have been chosen by whoever sent a packet that the
   * damage cut open. Good enough to show, not to act on.
   */
  readonly isDoubtful: boolean
}

/** The most that is kept of a packet; libpcap's MAXIMUM_SNAPLEN. */
export const PACKET_BYTES_MAX = 262_144

/** How the records of one kind of capture lie in its bytes. */
export interface CaptureFormat {
  /** How many bytes `sizeOf` must see. */
  readonly headBytes: number
  /** How long the record is that begins here, the head included; undefined where none can begin. */
  sizeOf(bytes: Buffer, at: number): number | undefined
  /** What it holds; `other` where that is no packet (it may change how the next are read), `bad` where it contradicts itself, `lost` where it is no record. */
  read(bytes: Buffer, at: number, size: number): Held | 'other' | 'bad' | 'lost'
  /** As `sizeOf`, but believing much less; for finding the way back after damage. */
  plausibleSizeOf(bytes: Buffer, at: number): number | undefined
}

export type Held = Omit<CaptureRecord, 'isDoubtful'>

/** Numbers in the byte order of a capture. */
export interface Order {
  readonly isLittleEndian: boolean
  u16(bytes: Buffer, at: number): number
  u32(bytes: Buffer, at: number): number
}

export const littleEndian: Order = {
  isLittleEndian: true,
  u16: (bytes, at) => bytes.readUInt16LE(at),
  u32: (bytes, at) => bytes.readUInt32LE(at),
}

export const bigEndian: Order = {
  isLittleEndian: false,
  u16: (bytes, at) => bytes.readUInt16BE(at),
  u32: (bytes, at) => bytes.readUInt32BE(at),
}
