import { formatAddress } from '../base/address.ts'
import type { Json } from '../base/units.ts'
import type { LoggedPacket } from '../capture/logged-packet.ts'
import { ruleWords } from '../capture/text.ts'
import { alignedLines, count, number } from './output.ts'
import { portName } from './pflog-ports.ts'

/**
 * So many keys are counted of each kind. Whoever forges senders can send more; then the lesser half is forgotten, and begins
 * anew if it comes again: what is frequent keeps its count.
 */
const KEYS_MAX = 50_000
/** As wide as ten million. */
const COUNT_WIDTH = 10

/** Counts how often each of many keys came, in bounded memory. */
export class Tally {
  readonly #counts = new Map<string, number>()
  readonly #keysMax: number
  /** How many keys were forgotten, some perhaps more than once. */
  forgotten = 0

  constructor(keysMax = KEYS_MAX) {
    this.#keysMax = keysMax
  }

  get size(): number {
    return this.#counts.size
  }

  add(key: string): void {
    const before = this.#counts.get(key)
    if (before === undefined && this.#counts.size >= this.#keysMax) this.#forgetHalf()
    this.#counts.set(key, (before ?? 0) + 1)
  }

  /** The most frequent, in the order of their counts. */
  top(most: number): readonly (readonly [key: string, count: number])[] {
    return this.#sorted().slice(0, most)
  }

  #sorted(): (readonly [string, number])[] {
    return [...this.#counts].sort(([a, countA], [b, countB]) => countB - countA || (a < b ? -1 : 1))
  }

  #forgetHalf(): void {
    for (const [key] of this.#sorted().slice(Math.floor(this.#keysMax / 2))) {
      this.#counts.delete(key)
      this.forgotten++
    }
  }
}

/** Who called, what for, and which rule said so: counts of packets, for `--top`. */
export class PacketCounts {
  readonly #sources = new Tally()
  readonly #ports = new Tally()
  readonly #rules = new Tally()
  packets = 0
  #blocked = 0

  add({ packet, pf, netfilter }: LoggedPacket): void {
    this.packets++
    if (pf?.action === 'block' || netfilter) this.#blocked++
    this.#sources.add(formatAddress(packet.source))
    this.#ports.add(portWords(packet))
    if (pf) this.#rules.add(`${ruleWords(pf)} ${pf.action} ${pf.direction} on ${pf.interface}`)
    else if (netfilter) this.#rules.add(`group ${netfilter.group} ${netfilter.prefix.trim()}`.trimEnd())
  }

  /** The most frequent of each, side by side under their titles, after a line with the sums. */
  lines(rowsMax: number, width: number | undefined): readonly string[] {
    const [sources, ports, rules] = [this.#sources, this.#ports, this.#rules].map((tally) => tally.top(rowsMax))
    const rows = Array.from({ length: Math.max(sources!.length, ports!.length, rules!.length) }, (_, i) =>
      [sources, ports, rules].flatMap((top) => [
        top![i] ? number(top![i][1]).padStart(COUNT_WIDTH) : '',
        top![i] ? top![i][0] : '',
      ]),
    )
    const packets = 'PACKETS'.padStart(COUNT_WIDTH)
    return [this.#sums(), '', ...alignedLines([packets, 'SOURCE', packets, 'PORT', packets, 'RULE'], rows, width)]
  }

  record(most: number): Json {
    const list = (tally: Tally) => tally.top(most).map(([name, packets]) => ({ name, packets }))
    return {
      kind: 'top',
      packets: this.packets,
      blocked: this.#blocked,
      sources: list(this.#sources),
      ports: list(this.#ports),
      rules: list(this.#rules),
    }
  }

  #sums(): string {
    const { size, forgotten } = this.#sources
    const sources = `${count(size, 'source')}${forgotten > 0 ? ' and more that came rarely' : ''}`
    return `${count(this.packets, 'packet')}, ${number(this.#blocked)} refused, of ${sources}`
  }
}

/** `tcp redis 6379`, `udp 8081`, `icmp echo`. */
function portWords({ transport, protocol }: LoggedPacket['packet']): string {
  switch (transport?.kind) {
    case 'tcp':
    case 'udp': {
      const { kind, destinationPort } = transport
      const name = portName(kind, destinationPort)
      return name === String(destinationPort) ? `${kind} ${name}` : `${kind} ${destinationPort} ${name}`
    }
    case 'icmp':
    case 'icmp6':
      return `${transport.kind} type ${transport.type}`
    default:
      return `protocol ${protocol}`
  }
}
