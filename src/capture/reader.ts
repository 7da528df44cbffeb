import { type CaptureFormat, type CaptureRecord, PACKET_BYTES_MAX } from './format.ts'
import { PCAP_HEADER_BYTES, pcapFormat } from './pcap.ts'
import { isPcapng, Pcapng } from './pcapng.ts'

/** What a reader counts. */
export interface CaptureCounts {
  /** Records that were told. */
  records: number
  /** Records that contradict themselves, or are too long: passed over. */
  bad: number
  /** Bytes that were no records. */
  skippedBytes: number
  /** How often records were found again after such bytes. */
  resyncs: number
}

/** So many records must follow one another before one is believed after damage. */
const CHAIN_LENGTH = 3
const nothing = Buffer.alloc(0)

/** True where bytes begin as a capture does; of too few nobody can tell. */
export function isCapture(bytes: Buffer): boolean {
  return bytes.length >= PCAP_HEADER_BYTES && (isPcapng(bytes) || pcapFormat(bytes) !== undefined)
}

/**
 * Reads a capture, pcap or pcapng, from whatever pieces it comes in. It keeps no more than a few records. Bytes that are no
 * records are counted and passed over, to where several records follow one another again; these are doubtful from then on
 * (see CaptureRecord). Nothing in a capture makes it throw.
 */
export class CaptureReader {
  readonly counts: CaptureCounts = { records: 0, bad: 0, skippedBytes: 0, resyncs: 0 }
  #format: CaptureFormat | undefined
  #rest: Buffer = nothing
  /** Of a record that is passed over. */
  #bytesToPass = 0
  #isLost = false
  #isDoubtful = false
  #isNoCapture = false

  /** The bytes begin like no capture: none of them is read. */
  get isNoCapture(): boolean {
    return this.#isNoCapture
  }

  /** How much of a record is there that is not whole. */
  get restBytes(): number {
    return this.#rest.length
  }

  /** The next bytes; `tell` is called for each record that is whole now. */
  take(chunk: Buffer, tell: (record: CaptureRecord) => void): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const end = this.#readAll(bytes, tell)
    // A copy: the chunk may be its owner's to use again.
    this.#rest = end === bytes.length ? nothing : Buffer.from(bytes.subarray(end))
  }

  /** How far the bytes could be read. */
  #readAll(bytes: Buffer, tell: (record: CaptureRecord) => void): number {
    let at = 0
    for (;;) {
      if (this.#bytesToPass > 0) {
        const passed = Math.min(this.#bytesToPass, bytes.length - at)
        this.#bytesToPass -= passed
        at += passed
      }
      if (this.#isNoCapture) {
        this.counts.skippedBytes += bytes.length - at
        return bytes.length
      }
      if (!this.#format) {
        const headerBytes = this.#open(bytes)
        if (headerBytes === undefined) return at
        at += headerBytes
        continue
      }
      if (this.#isLost) at = this.#seek(bytes, at, this.#format)
      if (this.#isLost || bytes.length - at < this.#format.headBytes) return at
      const size = this.#format.sizeOf(bytes, at)
      if (size === undefined) at += this.#lose()
      else if (size > PACKET_BYTES_MAX + 64) {
        this.counts.bad++
        this.#bytesToPass = size
      } else {
        if (bytes.length - at < size) return at
        at += this.#readOne(bytes, at, size, this.#format, tell)
      }
    }
  }

  /** The length of the file header; undefined where more must be seen. */
  #open(bytes: Buffer): number | undefined {
    if (bytes.length < PCAP_HEADER_BYTES) return undefined
    if (isPcapng(bytes)) {
      this.#format = new Pcapng()
      return 0
    }
    this.#format = pcapFormat(bytes)
    this.#isNoCapture = this.#format === undefined
    return this.#format ? PCAP_HEADER_BYTES : 0
  }

  /** How many bytes are dealt with. */
  #readOne(bytes: Buffer, at: number, size: number, format: CaptureFormat, tell: (record: CaptureRecord) => void): number {
    const held = format.read(bytes, at, size)
    if (held === 'lost') return this.#lose()
    if (held === 'bad') this.counts.bad++
    else if (held !== 'other') {
      this.counts.records++
      // Written out, as this is done for every packet and spreading is slow.
      const { at: time, linkType, isLittleEndian, bytes: kept, length } = held
      tell({ at: time, linkType, isLittleEndian, bytes: kept, length, isDoubtful: this.#isDoubtful })
    }
    return size
  }

  /** Where records begin again, or where the search goes on with the bytes that come next. */
  #seek(bytes: Buffer, from: number, format: CaptureFormat): number {
    let at = from
    let chain = chainAt(bytes, at, format)
    while (chain === 'broken') chain = chainAt(bytes, ++at, format)
    this.counts.skippedBytes += at - from
    if (chain === 'whole') {
      this.#isLost = false
      this.counts.resyncs++
    }
    return at
  }

  /** What begins here is no record. */
  #lose(): number {
    this.#isLost = true
    this.#isDoubtful = true
    this.counts.skippedBytes++
    return 1
  }
}

/** Whether records follow one another from here; `open` where the bytes end too early to say. */
function chainAt(bytes: Buffer, from: number, format: CaptureFormat): 'whole' | 'broken' | 'open' {
  let at = from
  for (let i = 0; i < CHAIN_LENGTH; i++) {
    if (bytes.length - at < format.headBytes) return 'open'
    const size = format.plausibleSizeOf(bytes, at)
    if (size === undefined) return 'broken'
    at += size
  }
  return 'whole'
}
