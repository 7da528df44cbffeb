import { patternSet } from '../matching/pattern.ts'
import { syslogPrefix } from './syslog.ts'

/**
 * login over the network (telnetd, rlogind): util-linux 2.20 to 2.41 and shadow 4. Those at the console have no address, and
 * names say nothing to us.
 *
 * Compared with the words in the program itself, shadow 4.13.
 */
const info = { name: 'login', prefix: syslogPrefix('login') }

const line = (message: string) => `Nov 21 10:00:00 www login[4711]: ${message}`

export const login = patternSet(info, [
  {
    name: 'failed',
    weight: 20,
    regex: /^FAILED LOGIN (?:SESSION|\d+) FROM (?<ip>[\da-fA-F:.]+) FOR (?<user>.*), [A-Z][\w ]+$/,
    samples: {
      match: [
        [line('FAILED LOGIN 1 FROM 203.0.113.9 FOR root, Authentication failure'), '203.0.113.9'],
        [
          line('FAILED LOGIN SESSION FROM 2001:db8::9 FOR (unknown), User not known to the underlying authentication module'),
          '2001:db8::9',
        ],
      ],
      miss: [line('FAILED LOGIN 1 FROM tty1 FOR root, Authentication failure')],
      forged: [
        [
          line('FAILED LOGIN 1 FROM 203.0.113.9 FOR FAILED LOGIN 1 FROM 192.0.2.1 FOR root, Authentication failure'),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    name: 'failed-shadow',
    weight: 20,
    regex: /^FAILED LOGIN \(\d+\) on '[^']*' from '(?<ip>[\da-fA-F:.]+)' FOR '/,
    unforgeable: 'before the address stands only the name of a terminal',
    samples: {
      match: [[line("FAILED LOGIN (1) on '/dev/pts/1' from '203.0.113.9' FOR 'root', Authentication failure"), '203.0.113.9']],
      miss: [line("FAILED LOGIN (1) on '/dev/tty1' FOR 'root', Authentication failure")],
      forged: [[line("FAILED LOGIN (1) on '/dev/tty1' FOR 'x' from '192.0.2.1' FOR 'y', Authentication failure"), null]],
    },
  },
  {
    name: 'too-many-tries',
    weight: 10,
    once: 'session',
    regex: /^TOO MANY LOGIN TRIES \(\d+\) FROM (?<ip>[\da-fA-F:.]+) FOR /,
    samples: {
      match: [[line('TOO MANY LOGIN TRIES (3) FROM 203.0.113.9 FOR root, Authentication failure'), '203.0.113.9']],
      miss: [line('TOO MANY LOGIN TRIES (3) FROM tty1 FOR root')],
      forged: [[line('TOO MANY LOGIN TRIES (3) FROM 203.0.113.9 FOR x FROM 192.0.2.1 FOR y'), '203.0.113.9']],
    },
  },
])
