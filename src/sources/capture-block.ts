import type { Instant } from '../base/units.ts'
import type { LoggedPacket } from '../capture/logged-packet.ts'
import type { PacketLines } from '../capture/packet-lines.ts'
import type { Block } from './source.ts'

/** The packets that end in the next bytes of a capture, each with its line of text (ASCII); undefined where there are none. */
export function packetBlock(
  lines: PacketLines,
  bytes: Buffer,
): Required<Pick<Block, 'bytes' | 'packets' | 'timeOf'>> | undefined {
  const packets: LoggedPacket[] = []
  const starts: number[] = []
  let text = ''
  lines.take(bytes, (line, packet) => {
    starts.push(text.length)
    packets.push(packet)
    text += `${line}\n`
  })
  if (packets.length === 0) return undefined
  // Only lines that score are asked for their time.
  let times: Map<number, Instant> | undefined
  const timeOf = (start: number) => {
    times ??= new Map(starts.map((one, i) => [one, Math.floor(packets[i]!.at)]))
    return times.get(start)
  }
  return { bytes: Buffer.from(text, 'latin1'), packets, timeOf }
}
