import { type Address, formatAddress } from '../base/address.ts'
import type { LoggedPacket, Packet } from '../capture/logged-packet.ts'
import { tcpFlag } from '../capture/packet.ts'
import { type Found, tellInOrder } from './json-scanner.ts'
import type { Feed, PacketCondition, Pattern } from './pattern.ts'
import type { Findings, Match, ScanCounts, Scanner } from './scanner.ts'

type ScannerOf = (feeds: readonly Feed[]) => Scanner

/**
 * Adds patterns with a condition on packets to a scanner of lines. In a log of packets these are judged by the packet's
 * fields and never by its text; all other patterns see the text. Logs without such patterns cost nothing.
 */
export function withPackets(scannerOf: ScannerOf): ScannerOf {
  return (feeds) =>
    feeds.some(({ patterns }) => patterns.some(({ packet }) => packet)) ? new PacketScanner(feeds, scannerOf) : scannerOf(feeds)
}

class PacketScanner implements Scanner {
  readonly #feeds: readonly Feed[]
  readonly #scannerOf: ScannerOf
  /** For lines of text. A log is of text or of packets, so there is mostly one of these two. */
  #ofText: Scanner | undefined
  /** For the text of packets: the patterns without a condition. */
  #ofPackets: Scanner | undefined
  #packets = 0

  constructor(feeds: readonly Feed[], scannerOf: ScannerOf) {
    this.#feeds = feeds
    this.#scannerOf = scannerOf
  }

  get counts(): ScanCounts {
    const sum = { lines: this.#packets, overlong: 0, withoutAddress: 0 }
    if (this.#ofText) sum.lines += this.#ofText.counts.lines
    for (const { counts } of this.#all()) {
      sum.overlong += counts.overlong
      sum.withoutAddress += counts.withoutAddress
    }
    return sum
  }

  get costs() {
    return this.#all().flatMap(({ costs }) => costs)
  }

  get quarantined() {
    return this.#all().flatMap(({ quarantined }) => quarantined)
  }

  release(pattern: Pattern): void {
    for (const scanner of this.#all()) scanner.release(pattern)
  }

  scan(block: Uint8Array, findings: Findings, packets?: readonly LoggedPacket[]): void {
    if (!packets) {
      this.#ofText ??= this.#scannerOf(this.#feeds)
      this.#ofText.scan(block, findings)
      return
    }
    this.#packets += packets.length
    this.#ofPackets ??= this.#scannerOf(
      this.#feeds.map((feed) => ({ ...feed, patterns: feed.patterns.filter(({ packet }) => !packet) })),
    )
    const found: Found[] = []
    this.#ofPackets.scan(block, {
      match: (match) => found.push({ start: match.start, match }),
      repeated: () => {},
    })
    let start = 0
    for (const packet of packets) {
      const end = block.indexOf(LINE_FEED, start)
      for (const match of this.#matches(packet, start, end)) found.push({ start, match })
      start = end + 1
    }
    tellInOrder(found, this.#feeds, findings)
  }

  /** All patterns that the packet matches. */
  #matches(logged: LoggedPacket, start: number, end: number): readonly Match[] {
    const asked = askedBy(logged)
    if (!asked) return []
    const { address, kind, port, groups, times } = asked
    return this.#feeds.flatMap(({ patterns }, feed) =>
      patterns
        .filter(({ packet }) => packet?.kind === kind && (!packet.ports || packet.ports.includes(port)))
        .map((pattern) => ({ feed, pattern, start, end, address, session: undefined, times, groups })),
    )
  }

  #all(): readonly Scanner[] {
    return [this.#ofText, this.#ofPackets].filter((scanner) => scanner !== undefined)
  }
}

const LINE_FEED = 10

/** What a packet asked for that was refused, and who asked; undefined where it is to be held against nobody. */
interface Asked {
  readonly address: Address
  readonly kind: PacketCondition['kind']
  /** -1 of a ping. */
  readonly port: number
  readonly groups: Match['groups']
  /** 0 where one of our own tables refused it: that costs nothing, and shows that somebody still knocks. */
  readonly times: 0 | 1
}

function askedBy(logged: LoggedPacket): Asked | undefined {
  const { packet, isDoubtful } = logged
  if (isDoubtful || !wasRefused(logged) || !isCaller(packet.source) || !isHost(packet.destination)) return undefined
  const { source: address, destination, transport } = packet
  const times = isOwn(logged) ? 0 : 1
  switch (transport?.kind) {
    case 'tcp':
    case 'udp': {
      const kind = transport.kind === 'udp' ? 'udp' : (transport.flags & ~ECN) === tcpFlag.syn ? 'syn' : undefined
      const port = transport.destinationPort
      const groups = { port: String(port), target: `${formatAddress(destination)}.${port}` }
      return kind && { address, kind, port, groups, times }
    }
    case 'icmp':
    case 'icmp6': {
      if (transport.type !== (transport.kind === 'icmp' ? ECHO : ECHO6)) return undefined
      return { address, kind: 'echo', port: -1, groups: { target: formatAddress(destination) }, times }
    }
    default:
      return undefined
  }
}

const ECN = tcpFlag.ece | tcpFlag.cwr
const ECHO = 8
const ECHO6 = 128

/** pf says it; what a rule logs to an NFLOG group is refused, as that is what the group is for. What goes out is our own. */
function wasRefused({ pf, netfilter }: LoggedPacket): boolean {
  if (pf) return pf.action === 'block' && pf.direction === 'in'
  return netfilter !== undefined && netfilter.hook !== 'output' && netfilter.hook !== 'postrouting'
}

/**
 * Refused because its sender is in one of our tables, where the name of the anchor or the prefix of the rule says so. Where
 * it does not, the core knows whom it has banned; this also holds while the firewall has not let somebody go yet.
 */
function isOwn({ pf, netfilter }: LoggedPacket): boolean {
  return /^log2table\b/.test(pf?.ruleset ?? netfilter?.prefix ?? '')
}

/**
 * Somebody who can be banned. Not: those who have no address yet (0.0.0.0, ::), loopback, multicast and broadcast, addresses
 * of the link (their /64 is also that of the router), and IPv4 inside of IPv6, which would be another's address.
 */
function isCaller(source: Packet['source']): boolean {
  if (typeof source === 'number') {
    const first = source >>> 24
    return first > 0 && first !== 127 && first < 224
  }
  return source >> 125n === GLOBAL || source >> 121n === UNIQUE_LOCAL
}

/** 2000::/3 and fc00::/7. */
const GLOBAL = 1n
const UNIQUE_LOCAL = 0x7en

/** One machine: what is sent to many is how neighbours find each other. */
function isHost(destination: Packet['destination']): boolean {
  return typeof destination === 'number' ? destination >>> 24 < 224 : destination >> 120n !== 0xffn
}
