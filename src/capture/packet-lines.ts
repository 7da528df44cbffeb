import { localTime } from '../base/local-time.ts'
import type { Instant } from '../base/units.ts'
import { decodeRecord } from './logged.ts'
import type { LoggedPacket } from './logged-packet.ts'
import { type CaptureCounts, CaptureReader } from './reader.ts'
import { packetText } from './text.ts'

/** Turns a capture into text, a line for each packet, led by its time: `2026-11-21T10:00:00.123456+01:00 rule 1/0(match): ...` */
export class PacketLines {
  readonly #reader = new CaptureReader()
  /** Records in which no packet could be found. */
  #notUnderstood = 0
  #lastSecond = Number.NaN
  #lastTime = ''

  get counts(): CaptureCounts & { readonly notUnderstood: number } {
    return { ...this.#reader.counts, notUnderstood: this.#notUnderstood }
  }

  /** The bytes begin like no capture. */
  get isNoCapture(): boolean {
    return this.#reader.isNoCapture
  }

  /** How much of a record is there that is not whole. */
  get restBytes(): number {
    return this.#reader.restBytes
  }

  /** The next bytes of the capture; `tell` is called for each packet in them. What it is told is valid until it returns. */
  take(bytes: Buffer, tell: (line: string, packet: LoggedPacket) => void): void {
    this.#reader.take(bytes, (record) => {
      const packet = decodeRecord(record)
      if (packet) tell(`${this.#timeOf(packet.at)} ${packetText(packet)}`, packet)
      else this.#notUnderstood++
    })
  }

  /** With microseconds. The last second is kept, as most packets are of it. */
  #timeOf(at: Instant): string {
    const micros = Math.round(at * 1000)
    const second = Math.floor(micros / 1e6)
    if (second !== this.#lastSecond) {
      this.#lastSecond = second
      // A date beyond those that have a name comes from a damaged capture.
      this.#lastTime = localTime(second * 1000 <= DATE_MAX ? second * 1000 : DATE_MAX)
    }
    const fraction = String(micros - second * 1e6).padStart(6, '0')
    return `${this.#lastTime.slice(0, CLOCK_LENGTH)}.${fraction}${this.#lastTime.slice(CLOCK_LENGTH)}`
  }
}

const CLOCK_LENGTH = '2026-11-21T10:00:00'.length
const DATE_MAX = Date.parse('9999-12-30T00:00:00Z')
