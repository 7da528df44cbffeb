import { formatAddress } from '../../src/base/address.ts'
import type { Random } from './chaos-random.ts'
import { icmp, ip, type PfHeader, pfHeader, tcp, udp } from './pcap-writer.ts'

/**
 * Packets of all kinds that are whole and right, as their senders may write them. Plain ones are of TCP and UDP, with no
 * extension headers, and to ports of which tcpdump does not know what is spoken there.
 */
export function randomPacket(random: Random, { isPlain = false } = {}): Buffer {
  const below = (count: number) => Math.floor(random() * count)
  const oneOf = <T>(values: readonly T[]) => values[below(values.length)]!
  const bytes = (count: number) => Buffer.from(Array.from({ length: count }, () => below(256)))
  const is6 = random() < 0.4
  const address = () => (is6 ? randomIPv6(random) : formatAddress(below(2 ** 32)))
  const port = () =>
    isPlain
      ? oneOf([8081, 3389, 1433, 9200])
      : oneOf([below(65_536), 22, 53, 80, 123, 137, 443, 500, 514, 1900, 3389, 5060, 5353, 6379])
  const [source, destination] = [address(), address()]
  const fragment = !isPlain && random() < 0.1 ? { offset: oneOf([0, 0, 1 + below(100)]), hasMore: true } : undefined
  const extensions = [...Array(!isPlain && random() < 0.2 ? 1 + below(3) : 0)].map(() => {
    const type = oneOf([0, 60, 43])
    const units = type === 43 ? 0 : below(3)
    // Padding as options have it; a routing header of type 4 with no segments.
    const rest =
      type === 43 ? Buffer.from([0, 4, 0, 0, 0, 0, 0]) : Buffer.from([units, 1, units * 8 + 4, ...Array(units * 8 + 4).fill(0)])
    return [type, rest] as const
  })
  // A hop-by-hop header is the first, or none.
  extensions.sort(([a], [b]) => a - b)
  const seen = extensions.filter(([type], i) => type !== 0 || i === 0)
  const options = is6 || random() < 0.9 ? Buffer.alloc(0) : Buffer.alloc(4 * (1 + below(10)), 1)
  const kind = oneOf(isPlain ? (['tcp', 'udp'] as const) : (['tcp', 'tcp', 'tcp', 'udp', 'udp', 'icmp', 'other'] as const))
  const data = bytes(below(60))
  const payloads = {
    tcp: () => ({
      protocol: 6,
      payload: tcp({
        from: port(),
        to: port(),
        flags: random() < 0.5 ? 2 : below(256),
        sequence: below(2 ** 32),
        acknowledged: below(2 ** 32),
        window: below(65_536),
        urgent: below(65_536),
        options: oneOf([
          Buffer.alloc(0),
          Buffer.from('020405b40402080a000000010000000201030307', 'hex'),
          Buffer.from('020405b4', 'hex'),
          Buffer.from('0101050a0000000100000002', 'hex'),
        ]),
        data: random() < 0.5 ? Buffer.alloc(0) : data,
      }),
    }),
    udp: () => ({ protocol: 17, payload: udp(port(), port(), data) }),
    icmp: () => {
      const about = ip({ source: destination, destination: source, protocol: 17, payload: udp(port(), port(), data) })
      const type = is6 ? oneOf([1, 2, 3, 128, 128, 129, 135]) : oneOf([0, 3, 5, 8, 8, 11, 13])
      return {
        protocol: is6 ? 58 : 1,
        payload: icmp(type, below(5), below(2 ** 32), Buffer.concat([about, Buffer.alloc(20)])),
      }
    },
    other: () => ({ protocol: oneOf([47, 50, 99, 132, 253]), payload: bytes(40) }),
  }
  return ip({ source, destination, ...payloads[kind](), options, extensions: is6 ? seen : [], ...(fragment && { fragment }) })
}

function randomIPv6(random: Random): string {
  const groups = Array.from({ length: 8 }, () => (random() < 0.4 ? '0' : Math.floor(random() * 65_536).toString(16)))
  // Of 2000::/3, where hosts have theirs.
  groups[0] = (0x2000 + Math.floor(random() * 0x2000)).toString(16)
  return groups.join(':')
}

/** The packet as pf logs it, on some system. */
export function randomPfLog(random: Random, packet: Buffer): Buffer {
  const below = (count: number) => Math.floor(random() * count)
  const oneOf = <T>(values: readonly T[]) => values[below(values.length)]!
  const header: PfHeader = {
    length: oneOf([61, 61, 69, 100]),
    family: packet[0]! >> 4 === 4 ? 2 : oneOf([24, 28, 30]),
    action: oneOf([0, 1, 1, 1, 1, 4, 8, 10]),
    reason: oneOf([0, 0, 0, 1, 2, 8, 10]),
    interface: oneOf(['vtnet0', 'em0', 'vlan10.2', 'igb1.400']),
    rule: below(3000),
    direction: oneOf([1, 1, 1, 2]),
    ...(random() < 0.2 && { ruleset: 'ban/ssh', subrule: below(20) }),
  }
  return Buffer.concat([pfHeader(header), packet])
}
