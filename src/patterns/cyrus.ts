import { patternSet } from '../matching/pattern.ts'
import { syslogPrefix } from './syslog.ts'

/**
 * Cyrus IMAP 2.3 to 3.10: imapd, pop3d, timsieved, nntpd and httpd, under the names that cyrus.conf gives them, in the words
 * of imapd.c and its like.
 *
 * The client is `name [address]` right behind the verb, its name as DNS has it; mechanism, user and reason stand behind it.
 *
 * Compared with the words in the program itself, 3.6.1.
 */
const info = {
  name: 'cyrus',
  prefix: syslogPrefix(String.raw`(?:cyrus\/)?(?:imaps?|imapd|pop3s?|pop3d|sieve|timsieved|nntps?|nntpd|https?|httpd)`),
}

const client = String.raw`(?:[\w.-]+)? ?\[(?:IPv6:)?(?<ip>[\da-fA-F:.]+)\] `

const line = (message: string) => `Nov 21 10:00:00 mx cyrus/imap[4711]: ${message}`

export const cyrus = patternSet(info, [
  {
    name: 'bad-login',
    weight: 20,
    regex: new RegExp(`^badlogin: ${client}`),
    samples: {
      match: [
        [
          line('badlogin: client.example.org [203.0.113.9] plaintext info SASL(-13): authentication failure: checkpass failed'),
          '203.0.113.9',
        ],
        [
          'Nov 21 10:00:00 mx pop3d[4711]: badlogin: [2001:db8::9] plain [SASL(-13): user not found: user: x property: y not found in sasldb]',
          '2001:db8::9',
        ],
      ],
      miss: [line('login: client.example.org [203.0.113.9] alice plaintext User logged in')],
      forged: [
        [
          line('badlogin: client.example.org [203.0.113.9] plaintext badlogin: x [192.0.2.1] plaintext y SASL(-13): z'),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    name: 'accepted',
    weight: -100,
    session: 'opened',
    regex: new RegExp(String.raw`^login: ${client}(?<user>\S+) [\w+-]+ User logged in(?:$| )`),
    samples: {
      match: [
        [line('login: client.example.org [198.51.100.7] alice plaintext+TLS User logged in SESSIONID=<x>'), '198.51.100.7'],
      ],
      miss: [line('badlogin: client.example.org [203.0.113.9] plaintext login: SASL(-13): x')],
      forged: [
        [
          line('badlogin: h [203.0.113.9] plaintext login: h [192.0.2.1] alice plaintext User logged in SASL(-13): x'),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    name: 'logged-out',
    weight: 0,
    session: 'closed',
    regex: /^USAGE (?<user>\S+) user: [\d.]+ sys: [\d.]+$/,
    samples: {
      match: [
        [
          `${line('login: client.example.org [198.51.100.7] alice plaintext+TLS User logged in')}\n${line('USAGE alice user: 0.010000 sys: 0.000000')}`,
          '198.51.100.7',
        ],
      ],
      miss: [line('USAGE')],
      forged: [[line('badlogin: h [203.0.113.9] plaintext USAGE alice user: 0.0 sys: 0.0 SASL(-13): x'), '203.0.113.9']],
    },
  },
])
