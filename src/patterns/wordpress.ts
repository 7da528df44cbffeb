import { patternSet } from '../matching/pattern.ts'
import { sharedSyslogPrefix } from './syslog.ts'

/**
 * WordPress with the plugin WP fail2ban 3 to 5, which writes to syslog. Without it see `httpd`, which knows a wrong password
 * by the answer. The name comes before the address, so that must be the last of the line; what stands in brackets behind
 * `wordpress` is the Host that the peer asked for.
 */
const info = { name: 'wordpress', prefix: sharedSyslogPrefix(String.raw`(?:wordpress|wp)\([\w.:-]*\)`) }

const line = (message: string) => `Nov 21 10:00:00 www wordpress(www.example.org)[4711]: ${message}`

export const wordpress = patternSet(info, [
  {
    name: 'wrong-password',
    weight: 20,
    regex: /^(?:XML-RPC |REST )?[Aa]uthentication failure for (?<user>.*) from (?<ip>[\da-fA-F:.]+)$/,
    samples: {
      match: [
        [line('Authentication failure for alice from 203.0.113.9'), '203.0.113.9'],
        [line('XML-RPC authentication failure for alice from 2001:db8::9'), '2001:db8::9'],
      ],
      miss: [line('Authentication failure for alice from localhost')],
      forged: [
        [line('Authentication failure for x from 192.0.2.1 from 203.0.113.9'), '203.0.113.9'],
        [line('x)[1]: Authentication failure for x from 192.0.2.1)[4711]: Login from 203.0.113.9'), null],
      ],
    },
  },
  {
    name: 'unknown-user',
    weight: 25,
    regex: /^(?:XML-RPC |REST )?[Aa]uthentication attempt for unknown user (?<user>.*) from (?<ip>[\da-fA-F:.]+)$/,
    samples: {
      match: [[line('Authentication attempt for unknown user admin from 203.0.113.9'), '203.0.113.9']],
      miss: [line('Authentication attempt for known user admin from 203.0.113.9')],
      forged: [[line('Authentication attempt for unknown user x from 192.0.2.1 from 203.0.113.9'), '203.0.113.9']],
    },
  },
  {
    // Names that the administrator has forbidden, asking for the list of users, and many passwords in one request.
    name: 'blocked',
    weight: 50,
    regex:
      /^(?:Blocked (?:username )?authentication attempt for .*|Blocked user enumeration attempt|XML-RPC multicall authentication failure) from (?<ip>[\da-fA-F:.]+)$/,
    samples: {
      match: [
        [line('Blocked authentication attempt for admin from 203.0.113.9'), '203.0.113.9'],
        [line('Blocked user enumeration attempt from 203.0.113.9'), '203.0.113.9'],
        [line('XML-RPC multicall authentication failure from 2001:db8::9'), '2001:db8::9'],
      ],
      miss: [line('Comment 12 from 203.0.113.9')],
      forged: [[line('Blocked authentication attempt for x from 192.0.2.1 from 203.0.113.9'), '203.0.113.9']],
    },
  },
  {
    name: 'spam',
    weight: 10,
    regex: /^(?:Spam comment \d+|Pingback error \d+ generated) from (?<ip>[\da-fA-F:.]+)$/,
    samples: {
      match: [
        [line('Spam comment 12 from 203.0.113.9'), '203.0.113.9'],
        [line('Pingback error 48 generated from 203.0.113.9'), '203.0.113.9'],
      ],
      miss: [line('Pingback requested from 203.0.113.9')],
      forged: [[line('Authentication failure for Spam comment 1 from 192.0.2.1 from 203.0.113.9'), '203.0.113.9']],
    },
  },
  {
    name: 'accepted',
    weight: -100,
    session: 'opened',
    regex: /^Accepted password for (?<user>[^ ]+) from (?<ip>[\da-fA-F:.]+)$/,
    samples: {
      match: [[line('Accepted password for alice from 198.51.100.7'), '198.51.100.7']],
      miss: [line('Accepted password for alice')],
      forged: [[line('Authentication failure for Accepted password for x from 192.0.2.1 from 203.0.113.9'), '203.0.113.9']],
    },
  },
])
