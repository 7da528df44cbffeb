import { formatAddress } from '../base/address.ts'
import { icmp6Words, icmpWords } from './icmp-text.ts'
import type { LoggedPacket, Packet, PfLog, Tcp } from './logged-packet.ts'
import { bufferOf } from './packet.ts'
import { reasonWords } from './pflog.ts'

/**
 * A packet in the words of tcpdump -n -e -S (4.99) for pflog, without its time:
 *
 *     rule 1/0(match): block in on vtnet0: 203.0.113.9.41854 > 192.0.2.25.6379: Flags [S], seq 1, win 1024, length 0
 *
 * It differs where tcpdump makes it hard to see who called where: IPv6 extension headers and the mark of a first fragment
 * are left out, and what a packet carries is not looked into (`UDP, length 40` for a DNS query too). Of an NFLOG packet it
 * says the rule's prefix, without one that it came through a group, and of others only the family.
 */
export function packetText(logged: LoggedPacket): string {
  return `${logWords(logged)}${ipWords(logged.packet)}`
}

function logWords({ pf, netfilter, packet }: LoggedPacket): string {
  if (pf) return `rule ${ruleWords(pf)}/${reasonWords(pf.reason)}: ${pf.action} ${pf.direction} on ${pf.interface}: `
  const family = typeof packet.source === 'number' ? 'IP' : 'IP6'
  return netfilter ? `nflog ${netfilter.group}: ${netfilter.prefix.trim()}: ${family} ` : `${family} `
}

/** `1`, or `1.anchor.0`. */
export function ruleWords({ rule, ruleset, subrule }: PfLog): string {
  return subrule === undefined ? `${rule}` : `${rule}.${ruleset}.${subrule}`
}

function ipWords(packet: Packet): string {
  const { source, destination, transport, payloadBytes, fragment, protocol } = packet
  const [from, to] = [formatAddress(source), formatAddress(destination)]
  if (transport) {
    switch (transport.kind) {
      case 'tcp':
        return `${from}.${transport.sourcePort} > ${to}.${transport.destinationPort}: ${tcpWords(transport)}`
      case 'udp':
        return `${from}.${transport.sourcePort} > ${to}.${transport.destinationPort}: UDP, length ${transport.dataBytes}`
      case 'icmp':
        return `${from} > ${to}: ICMP ${icmpWords(transport)}, length ${payloadBytes}`
      case 'icmp6':
        return `${from} > ${to}: ICMP6, ${icmp6Words(transport)}, length ${payloadBytes}`
    }
  }
  if (fragment && fragment.offset > 0) {
    const words = typeof source === 'number' ? `ip-proto-${protocol}` : `frag (${fragment.offset}|${payloadBytes})`
    return `${from} > ${to}: ${words}`
  }
  return `${from} > ${to}: ${cutWords[protocol] ?? `ip-proto-${protocol} ${payloadBytes}`}`
}

/** What it is, where its header is cut off or contradicts itself. */
const cutWords: Readonly<Record<number, string>> = { 6: '[|tcp]', 17: '[|udp]' }

/** In the order of their bits. */
const flagLetters = 'FSRP.UEW'

/** Letters of flags, `S` or `SEW`; `none` where there are none. */
export function flagsText(flags: number): string {
  let text = ''
  for (let bit = 0; bit < 8; bit++) if (flags & (1 << bit)) text += flagLetters[bit]
  return text || 'none'
}

const SYN_FIN_RST = 7
const ACK = 16
const URGENT = 32

function tcpWords({ flags, sequence, acknowledged, window, urgent, options, optionBytes, dataBytes }: Tcp): string {
  let text = `Flags [${flagsText(flags)}]`
  if (dataBytes > 0) text += `, seq ${sequence}:${(sequence + dataBytes) % 2 ** 32}`
  else if (flags & SYN_FIN_RST) text += `, seq ${sequence}`
  if (flags & ACK) text += `, ack ${acknowledged}`
  text += `, win ${window}`
  if (flags & URGENT) text += `, urg ${urgent}`
  if (optionBytes > 0) text += `, options [${optionWords(bufferOf(options), optionBytes)}]`
  return `${text}, length ${dataBytes}`
}

function optionWords(options: Buffer, optionBytes: number): string {
  const words: string[] = []
  for (let at = 0; at < options.length; ) {
    const kind = options[at]!
    if (kind <= 1) {
      words.push(kind === 0 ? 'eol' : 'nop')
      if (kind === 0) return words.join(',')
      at++
      continue
    }
    const length = options[at + 1] ?? 0
    if (length < 2 || at + length > optionBytes) return [...words, '[bad opt]'].join(',')
    if (at + length > options.length) break
    words.push(optionWord(kind, options.subarray(at + 2, at + length)))
    at += length
  }
  if (options.length < optionBytes) words.push('[|tcp]')
  return words.join(',')
}

function optionWord(kind: number, value: Buffer): string {
  const { length } = value
  if (kind === 2 && length === 2) return `mss ${value.readUInt16BE(0)}`
  if (kind === 3 && length === 1) return `wscale ${value[0]}`
  if (kind === 4 && length === 0) return 'sackOK'
  if (kind === 5 && length > 0 && length % 8 === 0) {
    let text = `sack ${length / 8} `
    for (let at = 0; at < length; at += 8) text += `{${value.readUInt32BE(at)}:${value.readUInt32BE(at + 4)}}`
    return text
  }
  if (kind === 8 && length === 8) return `TS val ${value.readUInt32BE(0)} ecr ${value.readUInt32BE(4)}`
  return `unknown-${kind}${length > 0 ? ` 0x${value.toString('hex')}` : ''}`
}
