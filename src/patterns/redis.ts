import { patternSet } from '../matching/pattern.ts'

/**
 * Redis 7.2 to 8, and Valkey (Redis 7.0 tells the same without the address). They write down no wrong password and no refused client; what is told is a web page or a
 * scanner that speaks HTTP, and TLS that fails.
 */
const info = { name: 'redis', prefix: /^\d+:[MSCX] \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d{3} [#*.-] / }

const line = (message: string) => `4711:M 21 Nov 2026 10:00:00.123 # ${message}`
const attack =
  'Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. This is likely due to an attacker attempting to use Cross Protocol Scripting to compromise your Redis instance.'

export const redis = patternSet(info, [
  {
    // Browsers are made to do so by other sites, but not from the internet: who gets here by HTTP looks for open doors.
    name: 'http',
    weight: 50,
    regex:
      /^Possible SECURITY ATTACK detected\. It looks like somebody is sending POST or Host: commands to (?:Redis|Valkey)\. [^[]*Connection from \[?(?<ip>[\da-fA-F:.]+)\]?:\d+ aborted\.$/,
    samples: {
      match: [
        [line(`${attack} Connection from 203.0.113.9:50022 aborted.`), '203.0.113.9'],
        [line(`${attack} Connection from 2001:db8::9:50022 aborted.`), '2001:db8::9'],
        [line(`${attack} Connection from [2001:db8::9]:50022 aborted.`), '2001:db8::9'],
      ],
      miss: [line(`${attack} Connection aborted.`)],
      forged: [[line(`Client 192.0.2.1:5 said: ${attack} Connection from 192.0.2.1:5 aborted.`), null]],
    },
  },
  {
    // Also a client that does not know our certificate.
    name: 'tls-failed',
    weight: 5,
    regex: /^Error accepting a client connection: .*\(addr=\[?(?<ip>[\da-fA-F:.]+)\]?:\d+ laddr=[^ ()]+\)$/,
    unforgeable: "behind the address stands only the server's own",
    samples: {
      match: [
        [
          line(
            'Error accepting a client connection: error:0A00010B:SSL routines::wrong version number (addr=203.0.113.9:5 laddr=198.51.100.1:6379)',
          ),
          '203.0.113.9',
        ],
      ],
      miss: [line('Error accepting a client connection: (null)')],
      forged: [
        [
          line('Error accepting a client connection: (addr=192.0.2.1:5 laddr=x) (addr=203.0.113.9:5 laddr=198.51.100.1:6379)'),
          '203.0.113.9',
        ],
      ],
    },
  },
])
