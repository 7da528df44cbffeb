import { formatAddress } from '../base/address.ts'
import { icmp6Words, icmpWords } from '../capture/icmp-text.ts'
import type { LoggedPacket, Packet } from '../capture/logged-packet.ts'
import { reasonWords } from '../capture/pflog.ts'
import { flagsText, ruleWords } from '../capture/text.ts'
import type { Output } from './command.ts'
import { cut, paint } from './output.ts'
import { portName } from './pflog-ports.ts'

/** What the columns begin with; each grows with what it must hold, so that lines stay aligned. */
const columns = [
  ['TIME', 8],
  ['ACTION', 9],
  ['ON', 7],
  ['RULE', 4],
  ['PROTO', 5],
  ['FROM', 21],
  ['TO', 21],
  ['WHAT', 0],
] as const
/** Of `2026-11-21` and `10:00:00` in a time. */
const DAY_LENGTH = 10
const CLOCK_LENGTH = 8
const GAP = '  '

/** Packets for a person at a terminal: a line for each in aligned columns, under a header, and one for each new day. */
export class PacketView {
  readonly #output: Output
  readonly #widths: number[] = columns.map(([, width]) => width)
  #day = ''

  constructor(output: Output) {
    this.#output = output
  }

  /** The line of a packet, or more, with their line feeds; `time` is ISO 8601 as the machine has it. */
  lines(time: string, logged: LoggedPacket): string {
    const day = time.slice(0, DAY_LENGTH)
    const rest = cellsOf(logged)
    const cells = [time.slice(DAY_LENGTH + 1, DAY_LENGTH + 1 + CLOCK_LENGTH), ...rest]
    for (const [i, cell] of cells.entries()) this.#widths[i] = Math.max(this.#widths[i]!, cell.length)
    const header = this.#day === '' ? `${paint(this.#output, 'bold', this.#line(columns.map(([title]) => title)))}\n` : ''
    const newDay = day === this.#day ? '' : `${paint(this.#output, 'bold', day)}\n`
    this.#day = day
    return `${header}${newDay}${this.#painted(this.#line(cells), logged)}\n`
  }

  #line(cells: readonly string[]): string {
    return cut(cells.map((cell, i) => cell.padEnd(this.#widths[i]!)).join(GAP), this.#output.width)
  }

  /** With what was done to the packet in a colour. */
  #painted(line: string, { pf, netfilter }: LoggedPacket): string {
    if (!pf && !netfilter) return line
    const colour = pf?.action === 'block' ? 'red' : pf?.action === 'pass' ? 'green' : 'yellow'
    const start = this.#widths[0]! + GAP.length
    const end = start + this.#widths[1]!
    return `${line.slice(0, start)}${paint(this.#output, colour, line.slice(start, end))}${line.slice(end)}`
  }
}

function cellsOf(logged: LoggedPacket): readonly string[] {
  const { packet } = logged
  const { source, destination, transport } = packet
  const hasPorts = transport?.kind === 'tcp' || transport?.kind === 'udp'
  const ends = hasPorts
    ? [
        endWords(source, portName(transport.kind, transport.sourcePort)),
        endWords(destination, portName(transport.kind, transport.destinationPort)),
      ]
    : [formatAddress(source), formatAddress(destination)]
  return [...logCells(logged), protocolWord(packet), ...ends, whatWords(logged)]
}

/** Action and direction, interface, rule. */
function logCells({ pf, netfilter }: LoggedPacket): readonly [string, string, string] {
  if (pf) return [`${pf.action} ${pf.direction}`, pf.interface, ruleWords(pf)]
  if (!netfilter) return ['-', '-', '-']
  const { prefix, inInterface, outInterface, group } = netfilter
  const number = inInterface ?? outInterface
  return [prefix.trim() || 'logged', number === undefined ? '-' : `#${number}`, `group ${group}`]
}

function endWords(address: Packet['source'], port: string): string {
  const text = formatAddress(address)
  return typeof address === 'number' ? `${text}:${port}` : `[${text}]:${port}`
}

function protocolWord({ transport, protocol }: Packet): string {
  const known: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp' }
  return transport?.kind ?? known[protocol] ?? String(protocol)
}

function whatWords({ packet: { transport, fragment, payloadBytes }, pf, isDoubtful }: LoggedPacket): string {
  const words: string[] = []
  if (transport?.kind === 'tcp') words.push(flagsText(transport.flags))
  else if (transport?.kind === 'icmp') words.push(icmpWords(transport))
  else if (transport?.kind === 'icmp6') words.push(icmp6Words(transport))
  if (fragment && fragment.offset > 0) words.push('fragment')
  const bytes = transport?.kind === 'tcp' || transport?.kind === 'udp' ? transport.dataBytes : transport ? 0 : payloadBytes
  if (bytes > 0) words.push(`${bytes} bytes`)
  if (pf && pf.reason !== 0) words.push(reasonWords(pf.reason))
  if (isDoubtful) words.push('behind damage')
  return words.join(', ')
}
