import { formatAddress } from '../base/address.ts'
import { isoTime, type Json } from '../base/units.ts'
import type { LoggedPacket, Packet, Transport } from './logged-packet.ts'
import { reasonWords } from './pflog.ts'
import { flagsText } from './text.ts'

/** A packet as `log2table pflog --json` prints it: what is not known is left out. */
export function packetRecord({ at, pf, netfilter, packet, isDoubtful }: LoggedPacket): Json {
  const { source, destination, protocol, fragment, transport } = packet
  return withoutUnknown({
    at: isoTime(Math.floor(at)),
    ...pf,
    reason: pf && reasonWords(pf.reason),
    ...netfilter,
    source: formatAddress(source),
    destination: formatAddress(destination),
    protocol: protocolName(packet),
    ...(fragment && { fragment: { ...fragment } }),
    ...(transport ? transportRecord(transport) : protocolName(packet) === 'other' ? { number: protocol } : {}),
    ...(isDoubtful && { doubtful: true }),
  })
}

function protocolName({ protocol, source, transport }: Packet): string {
  const known: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp', [typeof source === 'number' ? 1 : 58]: 'icmp' }
  return transport?.kind ?? known[protocol] ?? 'other'
}

function transportRecord(transport: Transport): Readonly<Record<string, Json>> {
  switch (transport.kind) {
    case 'tcp': {
      const { sourcePort, destinationPort, flags, dataBytes } = transport
      return { sourcePort, destinationPort, flags: flagsText(flags), dataBytes }
    }
    case 'udp': {
      const { sourcePort, destinationPort, dataBytes } = transport
      return { sourcePort, destinationPort, dataBytes }
    }
    default:
      return { type: transport.type, code: transport.code }
  }
}

function withoutUnknown(record: Readonly<Record<string, Json | undefined>>): Json {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined && value !== '')) as Json
}
