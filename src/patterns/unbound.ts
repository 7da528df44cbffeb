import { patternSet } from '../matching/pattern.ts'
import { stamp } from './syslog.ts'

/**
 * Unbound 1.9 to 1.22, file and syslog: refusals (`verbosity: 4`, or `log-replies: yes`) and `ip-ratelimit`.
 *
 * All of it comes by UDP, where the source is easily forged, and who is refused is seldom the one who asked.
 *
 * Compared with the words in the program itself, 1.17.1.
 */
const info = {
  name: 'unbound',
  prefix: new RegExp(String.raw`(?:^\[\d+\] |${stamp})unbound\[\d+(?::\d+)?\]:? (?:\[\d+:\d+\] )?(?:info|notice): `),
}

const line = (message: string) => `[1795255200] unbound[4711:0] info: ${message}`

export const unbound = patternSet(info, [
  {
    name: 'refused',
    weight: 5,
    spoofable: true,
    regex: /^refused query from ip[46] (?<ip>[\da-fA-F:.]+) port \d+ \(len \d+\)$/,
    samples: {
      match: [
        [line('refused query from ip4 203.0.113.9 port 50022 (len 16)'), '203.0.113.9'],
        ['Nov 21 10:00:00 ns unbound[4711]: [4711:0] info: refused query from ip6 2001:db8::9 port 5 (len 28)', '2001:db8::9'],
      ],
      miss: [line('203.0.113.9 example.net. A IN')],
      forged: [[line('203.0.113.9 refused\\032query\\032from\\032ip4\\032192.0.2.1. A IN'), null]],
    },
  },
  {
    name: 'reply-refused',
    weight: 5,
    spoofable: true,
    regex: /^(?<ip>[\da-fA-F:.]+) \S+ [A-Z\d]+ [A-Z\d]+ REFUSED [\d.]+ \d+ \d+$/,
    samples: {
      match: [[line('203.0.113.9 example.net. A IN REFUSED 0.000000 1 29'), '203.0.113.9']],
      miss: [line('203.0.113.9 example.net. A IN NOERROR 0.000000 1 45')],
      forged: [[line('203.0.113.9 192.0.2.1\\032x. A IN REFUSED 0.000000 1 29'), '203.0.113.9']],
    },
  },
  {
    name: 'rate-limit',
    weight: 20,
    spoofable: true,
    regex: /^ip_ratelimit exceeded (?<ip>[\da-fA-F:.]+) \d+/,
    samples: {
      match: [
        [line('ip_ratelimit exceeded 203.0.113.9 1000 example.net. A IN'), '203.0.113.9'],
        ['[1795255200] unbound[4711:0] notice: ip_ratelimit exceeded 2001:db8::9 1000(cookie) (no query name)', '2001:db8::9'],
      ],
      miss: [line('ratelimit exceeded example.net. 1000 query www.example.net. A IN from 203.0.113.9')],
      forged: [[line('ip_ratelimit exceeded 203.0.113.9 1000 ip_ratelimit.exceeded.192.0.2.1. A IN'), '203.0.113.9']],
    },
  },
])
