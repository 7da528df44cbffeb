import { patternSet } from '../matching/pattern.ts'
import { bait, baitPorts, port } from './packets.ts'

/**
 * Packets that pf refused, or Linux where a rule logs to an NFLOG group: as such (`pflog:pflog0`, `nflog:5`), or as text,
 * lines led by a date, then the packet in the words of tcpdump (4.x on FreeBSD and Linux, and OpenBSD's own), as
 * `log2table pflog` and pfasciilogd write them. Numeric (`-n`) and with the rule (`-e`). See packets.ts.
 *
 * A new port, of whatever machine, costs 10; the same again, which may be a packet sent twice, a tenth.
 */
const info = {
  name: 'pflog',
  prefix:
    /^(?:\d{4}-\d\d-\d\d[T ][\d:.,]+ ?(?:Z|[+-]\d\d:?\d\d)?|[A-Z][a-z]{2} [ \d]\d [\d:.]+) (?:\d+\.\d+ )?(?:rule [\w./:@-]+\(match\):? (?:\[[^\]]*\] )?block in on [\w.]+|nflog \d+: [^:]*): /,
}

/** The port is behind the last dot; an address of four numbers has none (ICMP). */
const address = String.raw`(?<ip>\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|[\da-fA-F]*:[\da-fA-F:]+)\.\d+`
const start = `^(?:IP6? )?${address} > `
const to = (which: string) => String.raw`(?<target>[\da-fA-F:.]+\.${which}): `
/** SYN alone, perhaps with the bits of ECN; OpenBSD writes the letters with the numbers behind. */
const opens = String.raw`(?:Flags \[S[EW]{0,2}\]|S[WE]{0,2} (?:\[[^\]]*\] )?\d+:\d+\(0\) (?:win|\[))`

const line = (packet: string) => `2026-11-21T10:00:00.123456+01:00 rule 12/0(match): block in on vlan10.2: ${packet}`

export const pflog = patternSet(info, [
  {
    name: 'blocked-connection',
    weight: 10,
    spoofable: true,
    distinct: 'target',
    packet: { kind: 'syn' },
    regex: new RegExp(start + to(port) + opens),
    samples: {
      match: [
        [line('203.0.113.9.40000 > 192.0.2.25.8081: Flags [S], seq 1, win 1024, length 0'), '203.0.113.9'],
        [line('2001:db8::9.40000 > 2001:db8::25.8081: Flags [SEW], seq 1, win 64240, length 0'), '2001:db8::9'],
        [
          '2026-11-21T10:00:00+0100 rule 3/(match) block in on em0: 203.0.113.9.40000 > 192.0.2.25.8081: S 1:1(0) win 1024',
          '203.0.113.9',
        ],
      ],
      miss: [
        line('203.0.113.9.40000 > 192.0.2.25.8081: Flags [P.], seq 1:9, ack 1, win 1024, length 8'),
        line('203.0.113.9.443 > 192.0.2.25.40000: Flags [S.], seq 1, ack 2, win 1024, length 0'),
        line('203.0.113.9 > 192.0.2.25: ICMP echo request, id 1, seq 1, length 64'),
      ],
      forged: [
        [line('203.0.113.9 > 192.0.2.25: ICMP 192.0.2.1.5 > 192.0.2.25.23: Flags [S]'), null],
        [line('121.224.77 > 192.0.2.25.23: Flags [S], seq 1'), null],
      ],
    },
  },
  {
    name: 'bait-port',
    weight: 20,
    spoofable: true,
    distinct: 'target',
    packet: { kind: 'syn', ports: baitPorts },
    regex: new RegExp(start + to(bait) + opens),
    samples: {
      match: [[line('203.0.113.9.40000 > 192.0.2.25.6379: Flags [S], seq 1, win 1024, length 0'), '203.0.113.9']],
      miss: [line('203.0.113.9.6379 > 192.0.2.25.40000: Flags [S.], seq 1, ack 2, win 1024, length 0')],
      forged: [[line('203.0.113.9 > 192.0.2.25: ICMP 192.0.2.25 udp port 192.0.2.1.5 > 192.0.2.25.23: Flags [S]'), null]],
    },
  },
  {
    name: 'blocked-datagram',
    weight: 10,
    spoofable: true,
    distinct: 'target',
    packet: { kind: 'udp' },
    regex: new RegExp(String.raw`${start}${to(port)}(?:UDP, length \d+|udp \d+)`),
    samples: {
      match: [[line('203.0.113.9.40000 > 192.0.2.25.1900: UDP, length 94'), '203.0.113.9']],
      miss: [line('203.0.113.9.40000 > 192.0.2.25.1900: Flags [S], seq 1')],
      forged: [[line('203.0.113.9 > 192.0.2.25: ICMP 192.0.2.1.5 > 192.0.2.25.1900: UDP, length 94'), null]],
    },
  },
  {
    name: 'blocked-ping',
    weight: 10,
    spoofable: true,
    distinct: 'target',
    packet: { kind: 'echo' },
    regex:
      /^(?:IP6? )?(?<ip>\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}|[\da-fA-F]*:[\da-fA-F:]+) > (?<target>[\da-fA-F:.]+): (?:ICMP6?,? echo request|icmp6?: echo request)/,
    samples: {
      match: [
        [line('203.0.113.9 > 192.0.2.25: ICMP echo request, id 1, seq 1, length 64'), '203.0.113.9'],
        [line('2001:db8::9 > 2001:db8::25: ICMP6, echo request, id 1, seq 1, length 64'), '2001:db8::9'],
        [
          '2026-11-21T10:00:00.123456+01:00 nflog 5: refused: IP 203.0.113.9 > 192.0.2.25: ICMP echo request, id 1, seq 1, length 64',
          '203.0.113.9',
        ],
      ],
      miss: [line('203.0.113.9 > 192.0.2.25: ICMP echo reply, id 1, seq 1, length 64')],
      forged: [[line('121.224.77 > 192.0.2.25: ICMP echo request, id 1, seq 1, length 64'), null]],
    },
  },
])
