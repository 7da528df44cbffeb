import { patternSet } from '../matching/pattern.ts'
import { stamp } from './syslog.ts'

/**
 * PostgreSQL 9.6 to 18 with the usual `log_line_prefix` (`%m [%p] `, and Debian's `%m [%p] %q%u@%d `) and messages in
 * English. A refused password does not say where it came from; set `log_connections = on`, and the line that tells of the
 * connection gives the address to all others of its process.
 *
 * Names may hold anything, Debian writes them before the message, and they are 63 bytes at most.
 *
 * Compared with the words in the program itself, 15.20.
 */
const info = {
  name: 'postgresql',
  prefix: new RegExp(
    String.raw`(?:${stamp}postgres(?:ql)?(?:\[\d+\])?: (?:\[\d+-\d+\] )?|^)\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{3})? [A-Z][\w+/-]* \[(?<session>\d+)\](?::)? (?:[^ ]+@[^ ]+ )?(?:FATAL|LOG|ERROR): +`,
  ),
}

const line = (message: string, who = '') => `2026-11-21 10:00:00.123 UTC [4711] ${who}${message}`
const connected = `${line('LOG:  connection received: host=203.0.113.9 port=50022')}\n`
const other = `${line('LOG:  connection received: host=192.0.2.1 port=50022').replace('4711', '4712')}\n`

export const postgresql = patternSet(info, [
  {
    name: 'connected',
    weight: 0,
    regex: /^connection received: host=(?<ip>[\da-fA-F:.]+) port=\d+$/,
    samples: {
      match: [
        [line('LOG:  connection received: host=203.0.113.9 port=50022'), '203.0.113.9'],
        [line('LOG:  connection received: host=2001:db8::9 port=50022', '[unknown]@[unknown] '), '2001:db8::9'],
      ],
      miss: [line('LOG:  connection received: host=[local]')],
      forged: [
        [line('FATAL:  no', 'x@y LOG:  connection received: host=192.0.2.1 port=5@db '), null],
        [line('LOG:  statement: connection received: host=192.0.2.1 port=5', 'alice@shop '), null],
      ],
    },
  },
  {
    // By default libpq asks twice, with TLS and without, so that each typo gives two such lines.
    name: 'wrong-password',
    weight: 10,
    regex: /^(?:password|SCRAM|LDAP|PAM|RADIUS|GSSAPI|Peer|Ident|certificate) authentication failed for user "(?<user>.*)"$/,
    samples: {
      match: [
        [`${connected}${other}${line('FATAL:  password authentication failed for user "postgres"')}`, '203.0.113.9'],
        [`${connected}${line('FATAL:  PAM authentication failed for user "a"', 'a@shop ')}`, '203.0.113.9'],
      ],
      miss: [line('ERROR:  permission denied for table x')],
      forged: [
        [`${other}${connected}${line('FATAL:  password authentication failed for user "host=192.0.2.1 port=5"')}`, '203.0.113.9'],
      ],
    },
  },
  {
    name: 'unknown-user',
    weight: 25,
    regex: /^role "(?<user>.*)" does not exist$/,
    samples: {
      match: [[`${connected}${line('FATAL:  role "admin" does not exist')}`, '203.0.113.9']],
      miss: [`${connected}${line('FATAL:  database "x" does not exist')}`],
      forged: [[`${other}${connected}${line('FATAL:  role "host=192.0.2.1" does not exist')}`, '203.0.113.9']],
    },
  },
  {
    // Twice as well.
    name: 'not-allowed',
    weight: 10,
    regex:
      /^(?:no pg_hba\.conf entry for|pg_hba\.conf rejects connection for) host "(?<ip>[\da-fA-F:.]+)", user "(?<user>[^"]*)", database "[^"]*"(?:, (?:no encryption|SSL encryption|GSS encryption|SSL o(?:n|ff)))?$/,
    samples: {
      match: [
        [
          line('FATAL:  no pg_hba.conf entry for host "203.0.113.9", user "postgres", database "postgres", no encryption'),
          '203.0.113.9',
        ],
        [
          line('FATAL:  pg_hba.conf rejects connection for host "2001:db8::9", user "a", database "b", SSL off', 'a@b '),
          '2001:db8::9',
        ],
      ],
      miss: [line('FATAL:  no pg_hba.conf entry for host "[local]", user "a", database "b", no encryption')],
      forged: [
        [line('FATAL:  x', 'x@y FATAL:  no pg_hba.conf entry for host "192.0.2.1", user "a", database "b", SSL off@db '), null],
        [
          line(
            'FATAL:  no pg_hba.conf entry for host "203.0.113.9", user "x", database "y" host "192.0.2.1", user "a", database "b"',
          ),
          null,
        ],
      ],
    },
  },
  {
    name: 'garbage',
    weight: 20,
    regex: /^(?:invalid length of startup packet|unsupported frontend protocol [\d.]+: server supports .*)$/,
    samples: {
      match: [
        [`${connected}${line('LOG:  invalid length of startup packet')}`, '203.0.113.9'],
        [`${connected}${line('FATAL:  unsupported frontend protocol 65363.19778: server supports 3.0 to 3.2')}`, '203.0.113.9'],
      ],
      miss: [`${connected}${line('LOG:  incomplete startup packet')}`],
      forged: [[`${other}${line('LOG:  invalid length of startup packet')}`, null]],
    },
  },
  {
    name: 'accepted',
    weight: -100,
    session: 'opened',
    regex: /^connection authorized: user=(?<user>[^ ]+) (?:database|application_name)=/,
    samples: {
      match: [[`${connected}${line('LOG:  connection authorized: user=shop database=shop SSL enabled')}`, '203.0.113.9']],
      miss: [line('LOG:  connection authenticated: identity="shop" method=md5')],
      forged: [[`${other}${connected}${line('LOG:  connection authorized: user=x database=192.0.2.1')}`, '203.0.113.9']],
    },
  },
  {
    // With `log_disconnections = on`.
    name: 'closed',
    weight: 0,
    session: 'closed',
    regex: /^disconnection: session time: [\d:.]+ user=.* database=.* host=(?<ip>[\da-fA-F:.]+) port=\d+$/,
    samples: {
      match: [
        [
          line(
            'LOG:  disconnection: session time: 0:00:01.234 user=shop database=shop host=203.0.113.9 port=50022',
            'shop@shop ',
          ),
          '203.0.113.9',
        ],
      ],
      miss: [line('LOG:  disconnection: session time: 0:00:01.234 user=shop database=shop host=[local]')],
      forged: [
        [
          line(
            'LOG:  disconnection: session time: 0:00:01.234 user=x host=192.0.2.1 port=5 database=y host=203.0.113.9 port=50022',
          ),
          '203.0.113.9',
        ],
      ],
    },
  },
])
