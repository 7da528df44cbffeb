import type { Address } from '../base/address.ts'
import type { Instant } from '../base/units.ts'

/** A packet of a capture, with what the firewall that logged it says of it. */
export interface LoggedPacket {
  readonly at: Instant
  /** Undefined in a capture of an interface. */
  readonly pf: PfLog | undefined
  readonly netfilter: NfLog | undefined
  readonly packet: Packet
  /** See CaptureRecord. */
  readonly isDoubtful: boolean
}

/** What pf wrote in front of a packet that it logged. */
export interface PfLog {
  /** The rule of the main ruleset, or the anchor's rule there. */
  readonly rule: number
  /** The anchor's name, cut to 15 bytes, and the rule in it. */
  readonly ruleset: string
  readonly subrule: number | undefined
  /** PFRES_MATCH and its like; see `reasonWords`. */
  readonly reason: number
  readonly action: string
  readonly direction: string
  readonly interface: string
}

/** What Linux wrote in front of a packet that a rule logged to an NFLOG group. */
export interface NfLog {
  readonly group: number
  /** What the rule says before the packet: `log prefix "..."`. */
  readonly prefix: string
  readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting' | undefined
  /** The numbers of the interfaces that it came in by and is to go out by. */
  readonly inInterface: number | undefined
  readonly outInterface: number | undefined
}

/** What an IP packet says, as far as it was kept. Every field comes from bytes that were there. */
export interface Packet {
  readonly source: Address
  readonly destination: Address
  /** The protocol behind the IP headers, as IANA numbers it. */
  readonly protocol: number
  readonly fragment: Fragment | undefined
  /** Undefined where it is a later fragment, of another protocol, cut off, or contradicts itself. */
  readonly transport: Transport | undefined
  /** Bytes behind the IP headers, as these say. */
  readonly payloadBytes: number
}

export interface Fragment {
  /** In bytes. */
  readonly offset: number
  readonly hasMore: boolean
}

export type Transport = Tcp | Udp | Icmp

export interface Tcp {
  readonly kind: 'tcp'
  readonly sourcePort: number
  readonly destinationPort: number
  /** The bits as they stand: FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32, ECE 64, CWR 128. */
  readonly flags: number
  readonly sequence: number
  readonly acknowledged: number
  readonly window: number
  readonly urgent: number
  /** As they stand, and as far as they were kept. Valid as long as the bytes of the capture. */
  readonly options: Uint8Array
  readonly optionBytes: number
  readonly dataBytes: number
}

export interface Udp {
  readonly kind: 'udp'
  readonly sourcePort: number
  readonly destinationPort: number
  readonly dataBytes: number
}

export interface Icmp {
  readonly kind: 'icmp' | 'icmp6'
  readonly type: number
  readonly code: number
  /** The four bytes behind the checksum: identifier and sequence number, or whatever the type has there. */
  readonly rest: number | undefined
  /** What follows them: of an error, the packet that it is about. Valid as long as the bytes of the capture. */
  readonly body: Uint8Array
}
