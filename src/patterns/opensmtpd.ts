import { patternSet } from '../matching/pattern.ts'
import { stamp } from './syslog.ts'

/**
 * OpenSMTPD 6.4 to 7.7: smtpd in syslog, in the words of smtp_session.c.
 *
 * Only the line of the connection has an address; all others are tied to it by the session's number, which smtpd makes.
 * What the peer says (user, command) stands in lines without an address, so it can frame nobody.
 *
 * Compared with the words in the program itself, 6.8.0.
 */
const info = { name: 'opensmtpd', prefix: new RegExp(String.raw`${stamp}smtpd(?:\[\d+\])?: (?<session>[\da-f]{16}) smtp `) }

const line = (message: string) => `Nov 21 10:00:00 mx smtpd[4711]: 9a8b7c6d5e4f3a2b smtp ${message}`
/** A line behind the one of its connection. */
const then = (message: string, address = '203.0.113.9') =>
  `${line(`connected address=${address} host=client.example.org`)}\n${line(message)}`

export const opensmtpd = patternSet(info, [
  {
    name: 'connected',
    weight: 0,
    regex: /^connected address=\[?(?<ip>[\da-fA-F:.]+)\]? host=/,
    samples: {
      match: [
        [line('connected address=203.0.113.9 host=<unknown>'), '203.0.113.9'],
        [line('connected address=[2001:db8::9] host=client.example.org'), '2001:db8::9'],
      ],
      miss: [line('connected address=local host=mx.example.org')],
      forged: [
        [
          then(
            'failed-command command="connected address=192.0.2.1 host=x" result="500 5.5.1 Invalid command: Command unrecognized"',
          ),
          null,
        ],
      ],
    },
  },
  {
    name: 'auth-failed',
    weight: 20,
    regex: /^authentication user=(?<user>.*) result=permfail$/,
    samples: {
      match: [[then('authentication user=admin result=permfail'), '203.0.113.9']],
      miss: [line('authentication user=admin result=tempfail')],
      forged: [[then('authentication user=x address=192.0.2.1 host=y result=permfail'), '203.0.113.9']],
    },
  },
  {
    // No passwords are taken there, or only within TLS.
    name: 'auth-not-offered',
    weight: 20,
    once: 'session',
    regex: /^failed-command command="AUTH .*" result="50[23] 5\.5\.1 Invalid command: /i,
    samples: {
      match: [
        [then('failed-command command="AUTH LOGIN" result="503 5.5.1 Invalid command: Command not supported"'), '203.0.113.9'],
      ],
      miss: [line('failed-command command="AUTH PLAIN (...)" result="535 Authentication failed"')],
      forged: [[then('failed-command command="AUTH 192.0.2.1" result="503 5.5.1 Invalid command: x"'), '203.0.113.9']],
    },
  },
  {
    // A name that is not here, or a relay for others.
    name: 'recipient-refused',
    weight: 5,
    distinct: 'to',
    regex: /^failed-command command="RCPT TO:(?<to>.*)" result="550 (?:5\.\d\.\d )?Invalid recipient/i,
    samples: {
      match: [
        [then('failed-command command="RCPT TO:<b@example.org>" result="550 Invalid recipient: <b@example.org>"'), '203.0.113.9'],
      ],
      miss: [line('failed-command command="RCPT TO:<b@example.org>" result="451 Try again later"')],
      forged: [[then('failed-command command="RCPT TO:<192.0.2.1>" result="550 Invalid recipient: <192.0.2.1>"'), '203.0.113.9']],
    },
  },
  {
    // HTTP and the like, or all commands at once.
    name: 'not-smtp',
    weight: 25,
    once: 'session',
    regex:
      /^(?:bad-input result="500 5\.\d\.\d (?:Invalid command: (?:Pipelining not supported|Command unrecognized)|(?:Invalid command: )?(?:Command l|L)ine too long)|failed-command command="(?:GET|POST|HEAD|OPTIONS|CONNECT) )/,
    samples: {
      match: [
        [then('bad-input result="500 5.5.1 Invalid command: Pipelining not supported"'), '203.0.113.9'],
        [then('bad-input result="500 5.0.0 Line too long"'), '203.0.113.9'],
        [then('failed-command command="GET / HTTP/1.1" result="500 5.5.1 Invalid command: Command unrecognized"'), '203.0.113.9'],
      ],
      miss: [line('failed-command command="HELP" result="500 5.5.1 Invalid command: Command unrecognized"')],
      forged: [[then('failed-command command="GET /?from=192.0.2.1 HTTP/1.1" result="500 x"'), '203.0.113.9']],
    },
  },
  {
    name: 'accepted',
    weight: -100,
    session: 'opened',
    regex: /^authentication user=(?<user>\S+) result=ok$/,
    samples: {
      match: [[then('authentication user=alice result=ok', '198.51.100.7'), '198.51.100.7']],
      miss: [line('authentication user=x result=ok result=permfail')],
      forged: [[then('authentication user=x result=ok result=permfail'), '203.0.113.9']],
    },
  },
  {
    name: 'disconnected',
    weight: 0,
    session: 'closed',
    regex: /^disconnected +reason=(?:[\w-]+$|"io-error: )/,
    samples: {
      match: [
        [then('disconnected reason=quit'), '203.0.113.9'],
        [then('disconnected  reason=disconnect'), '203.0.113.9'],
        [then('disconnected reason="io-error: Connection reset by peer"'), '203.0.113.9'],
      ],
      miss: [line('disconnected reason=')],
      forged: [[then('failed-command command="disconnected reason=quit" result="500 x"'), null]],
    },
  },
])
