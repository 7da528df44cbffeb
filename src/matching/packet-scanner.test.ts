import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  ETHERNET,
  ethernet,
  type IpOptions,
  icmp,
  ip,
  NFLOG,
  nflogHeader,
  type PfHeader,
  pcap,
  pfHeader,
  tcp,
  udp,
} from '../../test/lib/pcap-writer.ts'
import { formatAddress } from '../base/address.ts'
import type { LoggedPacket } from '../capture/logged-packet.ts'
import { PacketLines } from '../capture/packet-lines.ts'
import { portScan } from '../patterns/port-scan.ts'
import type { Feed, Pattern } from './pattern.ts'
import { scannerOf } from './scanner-of.ts'

const feeds: readonly Feed[] = [{ rule: 'hackers', patterns: portScan }]

/** What the lines and packets of a capture come to. */
function found(capture: Buffer, using = feeds): string[] {
  const lines: string[] = []
  const packets: LoggedPacket[] = []
  new PacketLines().take(capture, (line, packet) => {
    lines.push(`${line}\n`)
    packets.push(packet)
  })
  const hits: string[] = []
  const scanner = scannerOf(using)
  scanner.scan(
    Buffer.from(lines.join('')),
    {
      match: ({ pattern, address, groups, start, end, feed, times }) => {
        assert.equal(
          `${lines.join('').slice(start, end)}\n`,
          lines.find((_, i) => lines.slice(0, i).join('').length === start),
        )
        const cost = times === 0 ? ' for nothing' : ''
        const target = pattern.distinct === undefined ? '' : ` ${groups[pattern.distinct]}`
        hits.push(`${using[feed]!.rule} ${pattern.name} ${formatAddress(address!)}${target}${cost}`)
      },
      repeated: () => assert.fail(),
    },
    packets,
  )
  assert.equal(scanner.counts.lines, packets.length)
  return hits
}

const at = 1_700_000_000_000
const ofPf = (packet: Buffer, header: PfHeader = {}) => ({
  at,
  bytes: Buffer.concat([pfHeader({ family: packet[0]! >> 4 === 6 ? 24 : 2, ...header }), packet]),
})
const over = (protocol: number, payload: Buffer, more: Partial<IpOptions> = {}) =>
  ip({ source: '203.0.113.9', destination: '192.0.2.25', protocol, payload, ...more })
const foundInPf = (packet: Buffer, header: PfHeader = {}) => found(pcap([ofPf(packet, header)]))
const syn = (port: number) => tcp({ from: 40_000, to: port })
const six = { source: '2001:db8::9', destination: '2001:db8::25' }

describe('a refused packet', () => {
  it('counts by what it asked for, each port of each machine for itself', () => {
    assert.deepEqual(
      found(
        pcap([
          ofPf(over(6, syn(8081))),
          ofPf(over(6, syn(23))),
          ofPf(over(17, udp(5, 1900))),
          ofPf(over(1, icmp(8, 0, 1))),
          ofPf(over(6, tcp({ from: 1, to: 8081, flags: 0xc2 }), six)),
          ofPf(over(17, udp(5, 1900), six)),
          ofPf(over(58, icmp(128, 0, 1), six)),
        ]),
      ),
      [
        'hackers pflog/blocked-connection 203.0.113.9 192.0.2.25.8081',
        'hackers pflog/bait-port 203.0.113.9 192.0.2.25.23',
        'hackers pflog/blocked-datagram 203.0.113.9 192.0.2.25.1900',
        'hackers pflog/blocked-ping 203.0.113.9 192.0.2.25',
        'hackers pflog/blocked-connection 2001:db8::9 2001:db8::25.8081',
        'hackers pflog/blocked-datagram 2001:db8::9 2001:db8::25.1900',
        'hackers pflog/blocked-ping 2001:db8::9 2001:db8::25',
      ],
    )
  })

  it('is what Linux logs to a group, but for what goes out', () => {
    const capture = (hook: number) => pcap([{ at, bytes: nflogHeader(over(6, syn(8081)), { hook }) }], { linkType: NFLOG })
    for (const hook of [0, 1, 2]) assert.equal(found(capture(hook)).length, 1)
    for (const hook of [3, 4]) assert.deepEqual(found(capture(hook)), [])
  })

  it('is not what pf let pass, or what goes out, or what was captured on an interface', () => {
    assert.deepEqual(foundInPf(over(6, syn(23)), { action: 0 }), [])
    assert.deepEqual(foundInPf(over(6, syn(23)), { direction: 2 }), [])
    assert.deepEqual(found(pcap([{ at, bytes: ethernet(over(6, syn(23))) }], { linkType: ETHERNET })), [])
  })

  it('costs nothing where one of our own tables refused it, as the anchor or the prefix says', () => {
    const isFree = (hits: readonly string[]) => {
      assert.equal(hits.length, 1)
      return hits[0]!.endsWith(' for nothing')
    }
    assert.ok(isFree(foundInPf(over(6, syn(23)), { ruleset: 'log2table', subrule: 0 })))
    assert.ok(isFree(foundInPf(over(1, icmp(8, 0, 1)), { ruleset: 'log2table/bad', subrule: 0 })))
    assert.ok(!isFree(foundInPf(over(6, syn(23)), { ruleset: 'log2tables', subrule: 0 })))
    const capture = (prefix: string) => pcap([{ at, bytes: nflogHeader(over(6, syn(8081)), { prefix }) }], { linkType: NFLOG })
    for (const prefix of ['log2table', 'log2table: ', 'log2table bad_ip ']) assert.ok(isFree(found(capture(prefix))), prefix)
    assert.ok(!isFree(found(capture('refused by log2table '))))
  })

  it('that honest peers send when we have forgotten their connection counts nothing', () => {
    for (let flags = 0; flags < 64; flags++) {
      const hits = foundInPf(over(6, tcp({ from: 40_000, to: 8081, flags })))
      assert.equal(hits.length, flags === 2 ? 1 : 0, `flags ${flags}`)
    }
    for (const type of [0, 3, 4, 5, 11, 13]) assert.deepEqual(foundInPf(over(1, icmp(type, 0, 1))), [])
    for (const type of [1, 2, 3, 129, 133, 134, 135, 136]) assert.deepEqual(foundInPf(over(58, icmp(type, 0, 1), six)), [])
    assert.deepEqual(foundInPf(over(6, syn(23), { fragment: { offset: 10, hasMore: false } })), [])
  })

  it('is held against nobody who cannot be banned alone: no address yet, the link, multicast, an IPv4 address inside of IPv6', () => {
    for (const source of ['0.0.0.0', '127.0.0.1', '224.0.0.1', '255.255.255.255']) {
      assert.deepEqual(foundInPf(over(17, udp(68, 67), { source })), [], source)
    }
    for (const source of ['::', '::1', 'fe80::1', 'ff02::1', '::203.0.113.9']) {
      assert.deepEqual(foundInPf(over(17, udp(5, 53), { ...six, source })), [], source)
    }
    // ::ffff:203.0.113.9, as its bytes are on the wire.
    const packet = over(17, udp(5, 53), { ...six, source: '::ffff:0' })
    packet.write('00000000000000000000ffffcb007109', 8, 'hex')
    assert.deepEqual(foundInPf(packet), [])
  })

  it('that was sent to all is how neighbours find each other', () => {
    for (const destination of ['255.255.255.255', '224.0.0.251', '239.255.255.250']) {
      assert.deepEqual(foundInPf(over(17, udp(5353, 5353), { destination })), [])
    }
    assert.deepEqual(foundInPf(over(17, udp(5353, 5353), { ...six, destination: 'ff02::fb' })), [])
  })

  it('behind damage in its capture is shown, and counts nothing', () => {
    const good = pcap(Array.from({ length: 4 }, () => ofPf(over(6, syn(23)))))
    const damaged = Buffer.concat([good, Buffer.alloc(99, 0xee), good.subarray(24)])
    assert.equal(found(damaged).length, 4)
  })

  it('is seen as text by patterns without a condition, and by all rules', () => {
    const own: Pattern = {
      name: 'vlan',
      regex: /^\S+ rule \S+ block in on vlan10\.2: (?<ip>\d+\.\d+\.\d+\.\d+)\.\d+ > /,
      weight: 5,
    }
    const using = [
      { rule: 'hackers', patterns: portScan },
      { rule: 'other', patterns: [own] },
    ]
    assert.deepEqual(found(pcap([ofPf(over(6, syn(8081)), { interface: 'vlan10.2' })]), using), [
      'hackers pflog/blocked-connection 203.0.113.9 192.0.2.25.8081',
      'other vlan 203.0.113.9',
    ])
  })
})

describe('the same packet as text', () => {
  it('comes to the same', () => {
    const lines: string[] = []
    const capture = pcap([ofPf(over(6, syn(8081))), ofPf(over(17, udp(5, 1900), six)), ofPf(over(1, icmp(8, 0, 1)))])
    new PacketLines().take(capture, (line) => lines.push(`${line}\n`))
    const hits: string[] = []
    scannerOf(feeds).scan(Buffer.from(lines.join('')), {
      match: ({ pattern, address, groups }) =>
        hits.push(`hackers ${pattern.name} ${formatAddress(address!)} ${groups[pattern.distinct!]}`),
      repeated: () => assert.fail(),
    })
    assert.deepEqual(hits, found(capture))
    assert.equal(hits.length, 3)
  })
})
