import { patternSet } from '../matching/pattern.ts'
import { bait, port } from './packets.ts'
import { stamp } from './syslog.ts'

/**
 * FreeBSD 12 to 15: what ipfw's `log` writes (ip_fw_log.c), `net.inet.ip.fw.verbose=1`. It does not say the flags of TCP, so
 * a refused packet may be the rest of an honest connection: little counts but the ports where nobody calls by mistake.
 * See packets.ts.
 */
const info = {
  name: 'ipfw',
  prefix: new RegExp(String.raw`${stamp}kernel: (?:\[\d+\] )?ipfw: \d+ (?:Deny|Reject|Reset|Unreach \d+) `),
}

const address = String.raw`\[?(?<ip>[\da-fA-F:.]+)\]?:\d+`
const packet = (protocol: string, to: string) =>
  new RegExp(String.raw`^${protocol} ${address} \[?[\da-fA-F:.]+\]?:${to} in via [\w.]+$`)

const line = (message: string) => `Nov 21 10:00:00 gw kernel: ipfw: 65000 Deny ${message}`

export const ipfw = patternSet(info, [
  {
    name: 'blocked',
    weight: 5,
    spoofable: true,
    distinct: 'port',
    regex: packet('(?:TCP|UDP)', port),
    samples: {
      match: [
        [line('TCP 203.0.113.9:40000 192.0.2.25:8081 in via em0'), '203.0.113.9'],
        [line('UDP [2001:db8::9]:40000 [2001:db8::25]:1900 in via vlan10.2'), '2001:db8::9'],
      ],
      miss: [line('TCP 192.0.2.25:40000 203.0.113.9:80 out via em0'), line('ICMP:8.0 203.0.113.9 192.0.2.25 in via em0')],
      forged: [['Nov 21 10:00:00 gw su: kernel: ipfw: 1 Deny TCP 192.0.2.1:5 192.0.2.25:23 in via em0', null]],
    },
  },
  {
    name: 'bait-port',
    weight: 20,
    spoofable: true,
    regex: packet('TCP', bait),
    samples: {
      match: [[line('TCP 203.0.113.9:40000 192.0.2.25:23 in via em0'), '203.0.113.9']],
      miss: [line('TCP 203.0.113.9:23 192.0.2.25:40000 in via em0')],
      forged: [[line('TCP 203.0.113.9:5 192.0.2.1:5 192.0.2.25:23 in via em0'), null]],
    },
  },
])
