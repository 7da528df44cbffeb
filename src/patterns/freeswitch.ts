import { patternSet } from '../matching/pattern.ts'
import { stamp } from './syslog.ts'

/**
 * FreeSWITCH 1.2 to 1.10: mod_sofia's lines (sofia_reg.c), in its own file and in syslog.
 *
 * SIP comes by UDP as a rule: all of it may be forged. User and domain are the peer's words and stand before the address:
 * so the line must end there.
 */
const info = {
  name: 'freeswitch',
  prefix: new RegExp(
    String.raw`(?:${stamp}freeswitch\[\d+\]: (?:\d{4}-)?\d\d-\d\d|^(?:\d{4}-)?\d\d-\d\d) \d\d:\d\d:\d\d\.\d{6} (?:\d+\.\d+% )?\[(?:WARN|WARNING|NOTICE|ERR)\] (?:\[SOFIA\] )?\[?sofia_reg\.c:\d+\]? `,
  ),
}

const line = (message: string) => `2026-11-21 10:00:00.767815 99.10% [WARNING] sofia_reg.c:1478 ${message}`

export const freeswitch = patternSet(info, [
  {
    name: 'auth-failed',
    weight: 20,
    spoofable: true,
    regex: /^SIP auth failure \([A-Z]+\) on sofia profile '[^']*' for \[(?<user>.*)\] from ip (?<ip>[\da-fA-F:.]+)$/,
    samples: {
      match: [
        [line("SIP auth failure (INVITE) on sofia profile 'internal' for [100@192.0.2.25] from ip 203.0.113.9"), '203.0.113.9'],
        [
          "Nov 21 10:00:00 pbx freeswitch[4711]: 2026-11-21 10:00:00.150982 [WARNING] sofia_reg.c:1720 SIP auth failure (REGISTER) on sofia profile 'x' for [y@::1] from ip 2001:db8::9",
          '2001:db8::9',
        ],
      ],
      miss: [line("SIP auth challenge (INVITE) on sofia profile 'internal' for [100@192.0.2.25] from ip 203.0.113.9")],
      forged: [
        [
          line("SIP auth failure (INVITE) on sofia profile 'internal' for [x@y] from ip 192.0.2.1] from ip 203.0.113.9"),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    name: 'unknown-user',
    weight: 25,
    spoofable: true,
    regex: /^Can't find user \[(?<user>.*)\] from (?<ip>[\da-fA-F:.]+)$/,
    samples: {
      match: [[line("Can't find user [1001@192.0.2.25] from 203.0.113.9"), '203.0.113.9']],
      miss: [line("Can't find user [1001@192.0.2.25]")],
      forged: [[line("Can't find user [x@y] from 192.0.2.1] from 203.0.113.9"), '203.0.113.9']],
    },
  },
  {
    // The first step of each login, good ones too.
    name: 'challenge',
    weight: 0,
    spoofable: true,
    regex: /^SIP auth challenge \([A-Z]+\) on sofia profile '[^']*' for \[.*\] from ip (?<ip>[\da-fA-F:.]+)$/,
    samples: {
      match: [
        [
          line("SIP auth challenge (REGISTER) on sofia profile 'internal' for [100@192.0.2.25] from ip 203.0.113.9"),
          '203.0.113.9',
        ],
      ],
      miss: [line("SIP auth failure (REGISTER) on sofia profile 'internal' for [100@192.0.2.25] from ip 203.0.113.9")],
      forged: [
        [
          line("SIP auth challenge (INVITE) on sofia profile 'internal' for [x] from ip 192.0.2.1] from ip 203.0.113.9"),
          '203.0.113.9',
        ],
      ],
    },
  },
])
