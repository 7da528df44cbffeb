import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as written from '../../test/lib/pcap-writer.ts'
import { decodeRecord } from './logged.ts'
import { packetText } from './text.ts'

const { ETHERNET, ethernet, ip, NFLOG, nflogHeader, PFLOG, pfHeader, RAW, tcp, udp, icmp } = written
const source = '203.0.113.9'
const destination = '192.0.2.25'
const source6 = '2001:db8::9'
const destination6 = '2001:db8::25'
const syn = tcp({ from: 41_854, to: 6379 })
const over4 = (protocol: number, payload: Buffer, more: Partial<written.IpOptions> = {}) =>
  ip({ source, destination, protocol, payload, ...more })
const over6 = (protocol: number, payload: Buffer, more: Partial<written.IpOptions> = {}) =>
  ip({ source: source6, destination: destination6, protocol, payload, ...more })

/** What we say of a record, or undefined. */
function textOf(bytes: Buffer, linkType: number = PFLOG, isLittleEndian = true): string | undefined {
  const logged = decodeRecord({ at: 0, linkType, isLittleEndian, bytes, length: bytes.length, isDoubtful: false })
  return logged && packetText(logged)
}
const pf = (packet: Buffer, header: written.PfHeader = {}) => textOf(Buffer.concat([pfHeader(header), packet]))
const tail = '203.0.113.9.41854 > 192.0.2.25.6379: Flags [S], seq 1, win 1024, length 0'
const tail6 = '2001:db8::9.41854 > 2001:db8::25.6379: Flags [S], seq 1, win 1024, length 0'

describe('the header of a pf log', () => {
  const systems: readonly (readonly [system: string, length: 45 | 61 | 69 | 100, family6: number])[] = [
    ['OpenBSD 3.4 to 3.8', 45, 24],
    ['FreeBSD 5.3 to 6', 45, 28],
    ['OpenBSD 3.9 to 4.8, NetBSD', 61, 24],
    ['FreeBSD 7 to 13.0, DragonFly', 61, 28],
    ['macOS', 61, 30],
    ['FreeBSD 13.1 and later', 69, 28],
    ['OpenBSD 4.9 and later', 100, 24],
  ]
  for (const [system, length, family6] of systems) {
    it(`is understood as ${system} writes it`, () => {
      const header = { length, rule: 12, interface: 'vlan10.2', direction: 2 } as const
      assert.equal(pf(over4(6, syn), header), `rule 12/0(match): block out on vlan10.2: ${tail}`)
      assert.equal(pf(over6(6, syn), { ...header, family: family6 }), `rule 12/0(match): block out on vlan10.2: ${tail6}`)
    })
  }

  it('names the rule of an anchor', () => {
    assert.match(pf(over4(6, syn), { rule: 3, ruleset: 'ban/ssh', subrule: 7 })!, /^rule 3\.ban\/ssh\.7\/0\(match\): /)
  })

  it('may be of one family and the packet of the other where OpenBSD translated it', () => {
    assert.ok(pf(over6(6, syn), { length: 100, family: 2, translatedFamily: 24 })!.endsWith(tail6))
    assert.equal(pf(over6(6, syn), { length: 100, family: 2, translatedFamily: 2 }), undefined)
  })

  it('that contradicts the packet behind it, or is none, gives no packet', () => {
    assert.equal(pf(over6(6, syn), { family: 2 }), undefined)
    assert.equal(pf(over4(6, syn), { family: 9 }), undefined)
    const bytes = Buffer.concat([pfHeader(), over4(6, syn)])
    for (const length of [0, 1, 44, 50, 60, 200, 255]) {
      bytes[0] = length
      assert.equal(textOf(bytes), undefined, `length ${length}`)
    }
    for (let length = 0; length < 64 + 20; length++)
      assert.equal(textOf(Buffer.concat([pfHeader(), over4(6, syn)]).subarray(0, length)), undefined)
  })

  it('cannot put strange characters into our text', () => {
    assert.match(pf(over4(6, syn), { interface: 'a: \n1.2.3.4 >' })!, / on a:\?\?1\.2\.3\.4\?\?: 203/)
  })
})

describe('an NFLOG header', () => {
  const text = `nflog 5: refused: IP ${tail}`
  it('is understood in both byte orders', () => {
    assert.equal(textOf(nflogHeader(over4(6, syn)), NFLOG), text)
    assert.equal(textOf(nflogHeader(over4(6, syn), { isBigEndian: true }), NFLOG, false), text)
    assert.equal(textOf(nflogHeader(over6(6, syn)), NFLOG), `nflog 5: refused: IP6 ${tail6}`)
  })
  it('tells hook, interfaces and prefix', () => {
    const bytes = nflogHeader(over4(6, syn), { hook: 2, inInterface: 3, outInterface: 4, prefix: 'dropped' })
    const logged = decodeRecord({ at: 0, linkType: NFLOG, isLittleEndian: true, bytes, length: bytes.length, isDoubtful: false })
    assert.deepEqual(logged!.netfilter, { group: 5, prefix: 'dropped', hook: 'forward', inInterface: 3, outInterface: 4 })
  })
  it('with an attribute that is no longer than nothing gives no packet', () => {
    const bytes = nflogHeader(over4(6, syn))
    bytes.writeUInt16LE(3, 4)
    assert.equal(textOf(bytes, NFLOG), undefined)
  })
})

describe('a packet', () => {
  const raw = (packet: Buffer) => textOf(packet, RAW)

  it('lies behind as many VLAN tags as there are', () => {
    for (const tags of [[], [7], [7, 8]]) assert.equal(textOf(ethernet(over4(6, syn), tags), ETHERNET), `IP ${tail}`)
    assert.equal(textOf(ethernet(over4(6, syn), Array(20).fill(7)), ETHERNET), undefined)
    assert.equal(textOf(Buffer.from('ffffffffffff0200000000010806000108000604', 'hex'), ETHERNET), undefined)
  })

  it('has its ports behind IPv4 options and IPv6 extension headers', () => {
    assert.equal(raw(over4(6, syn, { options: Buffer.from('0101010183070401020304', 'hex') })), `IP ${tail}`)
    const hop = [0, Buffer.from('00050200000100', 'hex')] as const
    const destinationOptions = [60, Buffer.from('01010c000000000000000000000000', 'hex')] as const
    const authentication = [51, Buffer.from('0400000000000100000002aaaaaaaaaaaaaaaaaaaaaaaa'.slice(0, 46), 'hex')] as const
    for (const extensions of [[hop], [hop, destinationOptions], [destinationOptions, authentication]]) {
      assert.equal(raw(over6(6, syn, { extensions })), `IP6 ${tail6}`)
    }
  })

  it('that is a later fragment has no ports, whatever stands at their place', () => {
    assert.equal(raw(over4(6, syn, { fragment: { offset: 3, hasMore: true } })), 'IP 203.0.113.9 > 192.0.2.25: ip-proto-6')
    assert.equal(raw(over6(6, syn, { fragment: { offset: 3, hasMore: false } })), 'IP6 2001:db8::9 > 2001:db8::25: frag (24|20)')
    assert.equal(raw(over4(6, syn, { fragment: { offset: 0, hasMore: true } })), `IP ${tail}`)
  })

  it('of TCP has its flags in the order of their bits', () => {
    const flags = (bits: number) => /Flags \[(.*?)\]/.exec(raw(over4(6, tcp({ from: 1, to: 2, flags: bits })))!)![1]
    assert.deepEqual([0, 2, 18, 24, 25, 194, 255].map(flags), ['none', 'S', 'S.', 'P.', 'FP.', 'SEW', 'FSRP.UEW'])
  })

  it('that carries an ICMP error tells of the host that cannot be reached, never of a caller', () => {
    const about = ip({ source: destination, destination: '198.51.100.7', protocol: 17, payload: udp(5, 53) })
    assert.equal(
      raw(over4(1, icmp(3, 3, 0, about))),
      'IP 203.0.113.9 > 192.0.2.25: ICMP 198.51.100.7 udp port 53 unreachable, length 36',
    )
    assert.equal(raw(over4(1, icmp(8, 0, 0x10002))), 'IP 203.0.113.9 > 192.0.2.25: ICMP echo request, id 1, seq 2, length 8')
  })

  it('of which too little is there has no ports', () => {
    const packet = over4(6, syn)
    for (let length = 20; length < 40; length++) {
      assert.equal(raw(packet.subarray(0, length)), 'IP 203.0.113.9 > 192.0.2.25: [|tcp]', `${length} bytes`)
    }
    for (let length = 0; length < 20; length++) assert.equal(raw(packet.subarray(0, length)), undefined)
  })

  it('with a header that is longer than the packet, or shorter than a header, is not understood', () => {
    for (const first of [0x44, 0x40, 0x4f, 0x55, 0x05]) {
      const packet = over4(6, syn.subarray(0, 8))
      packet[0] = first
      assert.equal(raw(packet), undefined)
    }
  })

  it('that says it is shorter than its header is not understood', () => {
    for (const total of [1, 19]) {
      const packet = over4(6, syn)
      packet.writeUInt16BE(total, 2)
      assert.equal(raw(packet), undefined)
    }
  })

  it('of which the TCP header says it is shorter than any, or longer than the packet, has no ports', () => {
    for (const words of [0, 4, 6, 15]) {
      const payload = Buffer.from(syn)
      payload[12] = words << 4
      assert.equal(raw(over4(6, payload)), 'IP 203.0.113.9 > 192.0.2.25: [|tcp]', `${words} words`)
    }
  })
})
