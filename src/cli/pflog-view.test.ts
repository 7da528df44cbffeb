import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { icmp, ip, NFLOG, nflogHeader, type PfHeader, pcap, pfHeader, RAW, tcp, udp } from '../../test/lib/pcap-writer.ts'
import type { LoggedPacket } from '../capture/logged-packet.ts'
import { PacketLines } from '../capture/packet-lines.ts'
import { PacketCounts, Tally } from './pflog-counts.ts'
import { PacketView } from './pflog-view.ts'

const at = 1_700_000_000_000
const from = { source: '203.0.113.9', destination: '192.0.2.25' }
const six = { source: '2001:db8::9', destination: '2001:db8::25' }
const syn = (to: number, ends = from) => ip({ ...ends, protocol: 6, payload: tcp({ from: 41_854, to }) })
const ofPf = (packet: Buffer, header: PfHeader = {}) => ({
  at,
  bytes: Buffer.concat([pfHeader({ family: packet[0]! >> 4 === 6 ? 24 : 2, ...header }), packet]),
})

function packetsOf(capture: Buffer): readonly LoggedPacket[] {
  const packets: LoggedPacket[] = []
  new PacketLines().take(capture, (_line, packet) => packets.push(packet))
  return packets
}

/** What a terminal shows of them, all of one time unless `times` says otherwise. */
function shown(
  packets: readonly LoggedPacket[],
  { width = 140, hasColour = false, times = [] as readonly string[] } = {},
): readonly string[] {
  const view = new PacketView({ write() {}, isTerminal: true, width, hasColour, closed: new Promise(() => {}) })
  const text = packets.map((packet, i) => view.lines(times[i] ?? '2026-11-21T10:00:00.123456+01:00', packet)).join('')
  return text.trimEnd().split('\n')
}

describe('packets on a terminal', () => {
  it('stand in columns, with ports by their names', () => {
    const packets = packetsOf(
      pcap([
        ofPf(syn(6379), { rule: 12, interface: 'vlan10.2' }),
        ofPf(ip({ ...from, protocol: 17, payload: udp(53, 8081, Buffer.alloc(40)) }), { action: 0, direction: 2 }),
        ofPf(ip({ ...from, protocol: 1, payload: icmp(8, 0, 0x10002) }), { reason: 2, ruleset: 'ban/ssh', subrule: 3 }),
        ofPf(syn(22, six)),
        ofPf(syn(23)),
      ]),
    )
    assert.deepEqual(shown(packets), [
      'TIME      ACTION     ON        RULE  PROTO  FROM                   TO                     WHAT',
      '2026-11-21',
      '10:00:00  block in   vlan10.2  12    tcp    203.0.113.9:41854      192.0.2.25:redis       S',
      '10:00:00  pass out   vtnet0    1     udp    203.0.113.9:domain     192.0.2.25:8081        40 bytes',
      '10:00:00  block in   vtnet0    1.ban/ssh.3  icmp   203.0.113.9            192.0.2.25             echo request, id 1, seq 2, 2(fragment)',
      '10:00:00  block in   vtnet0    1            tcp    [2001:db8::9]:41854    [2001:db8::25]:ssh     S',
      '10:00:00  block in   vtnet0    1            tcp    203.0.113.9:41854      192.0.2.25:telnet      S',
    ])
  })

  it('say what the rule of a group says, and of a capture of an interface nothing', () => {
    const logged = packetsOf(pcap([{ at, bytes: nflogHeader(syn(445)) }], { linkType: NFLOG }))
    assert.match(
      shown(logged).at(-1)!,
      /^10:00:00 {2}refused {4}#2 {7}group 5 {2}tcp {4}203\.0\.113\.9:41854 {6}192\.0\.2\.25:smb {9}S$/,
    )
    const captured = packetsOf(pcap([{ at, bytes: syn(445) }], { linkType: RAW }))
    assert.match(shown(captured, { hasColour: true }).at(-1)!, /^10:00:00 {2}- {10}- {8}- {5}tcp {4}203/)
  })

  it('are coloured by what was done to them, where there is colour', () => {
    const packets = packetsOf(pcap([ofPf(syn(23)), ofPf(syn(23), { action: 0 }), ofPf(syn(23), { action: 8 })]))
    const [red, green, yellow] = shown(packets, { hasColour: true }).slice(2)
    assert.ok(red!.startsWith('10:00:00  \x1b[31mblock in \x1b[39m  vtnet0'), red)
    assert.ok(green!.startsWith('10:00:00  \x1b[32mpass in  \x1b[39m  vtnet0'), green)
    assert.ok(yellow!.startsWith('10:00:00  \x1b[33mrdr in   \x1b[39m  vtnet0'), yellow)
    assert.ok(!shown(packets).join('').includes('\x1b'))
  })

  it('are no wider than it', () => {
    const lines = shown(packetsOf(pcap([ofPf(syn(23, six))])), { width: 60 })
    assert.ok(lines.every((line) => line.length <= 60))
    assert.ok(lines.at(-1)!.endsWith('…'))
  })

  it('have the day above them, again when it is another', () => {
    const packets = packetsOf(pcap([ofPf(syn(23)), ofPf(syn(23)), ofPf(syn(23))]))
    const times = ['2026-11-21T23:59:58.000000+01:00', '2026-11-21T23:59:59.000000+01:00', '2026-11-22T00:00:00.000000+01:00']
    const starts = shown(packets, { times }).map((line) => line.split('  ')[0])
    assert.deepEqual(starts, ['TIME', '2026-11-21', '23:59:58', '23:59:59', '2026-11-22', '00:00:00'])
  })
})

describe('counts of packets', () => {
  it('are by source, port and rule, the most frequent first', () => {
    const counts = new PacketCounts()
    const other = { ...from, source: '198.51.100.7' }
    for (const packet of packetsOf(
      pcap([
        ofPf(syn(23)),
        ofPf(syn(23)),
        ofPf(syn(8081), { rule: 12 }),
        ofPf(syn(23, other)),
        ofPf(syn(22, six), { action: 0 }),
      ]),
    ))
      counts.add(packet)
    assert.deepEqual(counts.lines(10, 200), [
      '5 packets, 4 refused, of 3 sources',
      '',
      '   PACKETS  SOURCE           PACKETS  PORT              PACKETS  RULE',
      '         3  203.0.113.9            3  tcp 23 telnet           3  1 block in on vtnet0',
      '         1  198.51.100.7           1  tcp 22 ssh              1  1 pass in on vtnet0',
      '         1  2001:db8::9            1  tcp 8081                1  12 block in on vtnet0',
    ])
    assert.equal(counts.lines(1, 200).length, 4)
    assert.deepEqual(counts.record(1), {
      kind: 'top',
      packets: 5,
      blocked: 4,
      sources: [{ name: '203.0.113.9', packets: 3 }],
      ports: [{ name: 'tcp 23 telnet', packets: 3 }],
      rules: [{ name: '1 block in on vtnet0', packets: 3 }],
    })
  })

  it('keep what is frequent when there are more keys than they hold', () => {
    const tally = new Tally(100)
    for (let i = 0; i < 5000; i++) {
      tally.add(`forged ${i}`)
      if (i % 10 === 0) tally.add('scanner')
    }
    assert.ok(tally.size <= 100)
    assert.deepEqual(tally.top(1), [['scanner', 500]])
    assert.ok(tally.forgotten > 4000)
  })
})
