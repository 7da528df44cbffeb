import { patternSet } from '../matching/pattern.ts'
import { stamp } from './syslog.ts'

/**
 * NSD 3.2 to 4.10, file and syslog. Names in its lines are written as DNS does, with `\032` for a blank, so that none can
 * pass for more than one word. A zone transfer comes by TCP; what the rate limit says is of UDP, whose source may be forged.
 *
 * Compared with the words in the program itself, 4.6.1.
 */
const info = {
  name: 'nsd',
  prefix: new RegExp(String.raw`(?:^\[[\d. :-]+\] |${stamp})nsd\[\d+\]: (?:(?:info|notice|warning|error): )?`),
}

const line = (message: string) => `[2026-11-21 10:00:00.562] nsd[4711]: info: ${message}`

export const nsd = patternSet(info, [
  {
    name: 'transfer-refused',
    weight: 25,
    regex: /^[ai]xfr for (?:zone )?\S+ from (?:client )?(?<ip>[\da-fA-F:.]+) refused, no acl matches\.?$/,
    samples: {
      match: [
        [line('axfr for example.org. from 203.0.113.9 refused, no acl matches'), '203.0.113.9'],
        [
          '[1795255200] nsd[4711]: info: axfr for zone example.org. from client 2001:db8::9 refused, no acl matches.',
          '2001:db8::9',
        ],
      ],
      miss: [line('axfr for example.org. from 203.0.113.9')],
      forged: [[line('axfr for x.from.192.0.2.1.refused,. from 203.0.113.9 refused, no acl matches'), '203.0.113.9']],
    },
  },
  {
    name: 'rate-limit',
    weight: 10,
    spoofable: true,
    regex: /^ratelimit block \S+ type \S+(?: \S+)? target [\da-fA-F:.]+\/\d+ query (?<ip>[\da-fA-F:.]+) \S+$/,
    samples: {
      match: [[line('ratelimit block example.org. type any target 203.0.113.0/24 query 203.0.113.9 TYPE255'), '203.0.113.9']],
      miss: [line('ratelimit unblock example.org. type any target 203.0.113.0/24 query 203.0.113.9 TYPE255')],
      forged: [
        [line('ratelimit block query\\032192.0.2.1. type any target 203.0.113.0/24 query 203.0.113.9 TYPE255'), '203.0.113.9'],
      ],
    },
  },
])
