import { patternSet } from '../matching/pattern.ts'
import { syslogPrefix } from './syslog.ts'

/**
 * Postfix 2.10 to 3.10: smtpd (also as submission and smtps) and postscreen, in the words of smtpd.c, smtpd_check.c,
 * smtpd_sasl_glue.c, postscreen.c and of POSTSCREEN_README.
 *
 * The client is `name[address]` right behind the verb, its name checked by Postfix to be made of letters, digits, dots and
 * hyphens; all that the peer says (sender, recipient, helo, commands) stands behind it. A process of smtpd serves one
 * client at a time, so that its id is the session until `disconnect`. What postscreen says is never `once`.
 *
 * Compared with the words in the program itself, 3.7.11.
 */
const info = {
  name: 'postfix',
  prefix: syslogPrefix(String.raw`postfix[\w-]*(?:\/[\w-]+)*\/(?:smtpd|postscreen)`, '(?:warning: )?'),
}

const line = (message: string) => `Nov 21 10:00:00 mx postfix/smtpd[4711]: ${message}`
const screened = (message: string) => `Nov 21 10:00:00 mx postfix/postscreen[815]: ${message}`
const rejected = (client: string, reason: string) =>
  `NOQUEUE: reject: RCPT from ${client}: ${reason}; from=<a@example.net> to=<b@example.org> proto=ESMTP helo=<c>`

export const postfix = patternSet(info, [
  {
    name: 'sasl-failed',
    weight: 20,
    regex: /^[\w.-]+\[(?<ip>[\da-fA-F:.]+)\](?::\d+)?: SASL [\w-]+ authentication failed(?:$|:)/,
    samples: {
      match: [
        [line('warning: unknown[203.0.113.9]: SASL LOGIN authentication failed: UGFzc3dvcmQ6'), '203.0.113.9'],
        [line('warning: client.example.org[2001:db8::9]: SASL PLAIN authentication failed:'), '2001:db8::9'],
        [
          'Nov 21 10:00:00 mx postfix/submission/smtpd[4711]: warning: unknown[203.0.113.9]:50022: SASL LOGIN authentication failed: (reason unavailable), sasl_username=info@example.org',
          '203.0.113.9',
        ],
      ],
      miss: [line('warning: SASL authentication failure: Password verification failed')],
      forged: [
        [line('warning: unknown[203.0.113.9]: SASL x[192.0.2.1]: SASL LOGIN authentication failed: y'), null],
        [
          line(
            'warning: unknown[203.0.113.9]: SASL LOGIN authentication failed: x, sasl_username=unknown[192.0.2.1]: SASL LOGIN authentication failed: y',
          ),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    // Our own trouble, not a wrong password.
    name: 'sasl-out-of-order',
    weight: 0,
    regex:
      /^[\w.-]+\[(?<ip>[\da-fA-F:.]+)\](?::\d+)?: SASL [\w-]+ authentication failed: (?:Connection lost to authentication server|Temporary authentication failure)/,
    samples: {
      match: [
        [
          line('warning: unknown[203.0.113.9]: SASL LOGIN authentication failed: Connection lost to authentication server'),
          '203.0.113.9',
        ],
      ],
      miss: [line('warning: unknown[203.0.113.9]: SASL LOGIN authentication failed: authentication failure')],
      forged: [
        [
          line(
            'warning: unknown[203.0.113.9]: SASL LOGIN authentication failed: Connection lost to authentication server, sasl_username=x[192.0.2.1]',
          ),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    // Looking for an open relay; an honest client does so only where its password was forgotten.
    name: 'relay-denied',
    weight: 25,
    regex:
      /^\w+: reject: RCPT from [\w.-]+\[(?<ip>[\da-fA-F:.]+)\](?::\d+)?: [45]\d\d [\d.]+ (?:<[^>]*>: )?Relay access denied; /,
    samples: {
      match: [
        [line(rejected('unknown[203.0.113.9]', '554 5.7.1 <b@example.org>: Relay access denied')), '203.0.113.9'],
        [line(rejected('client.example.org[2001:db8::9]', '454 4.7.1 <b@example.org>: Relay access denied')), '2001:db8::9'],
      ],
      miss: [line('warning: Relay access denied; unknown[203.0.113.9]')],
      forged: [
        [line(rejected('unknown[203.0.113.9]', '554 5.7.1 <x[192.0.2.1]: 554 5.7.1>: Relay access denied')), '203.0.113.9'],
      ],
    },
  },
  {
    // Whoever guesses names; a list of old addresses has a few as well, so it takes twenty different ones in an hour.
    name: 'unknown-recipient',
    weight: 5,
    distinct: 'to',
    regex:
      /^\w+: reject: (?:RCPT|VRFY) from [\w.-]+\[(?<ip>[\da-fA-F:.]+)\](?::\d+)?: [45]\d\d [\d.]+ (?:<(?<to>[^>]*)>)?[^:]{0,2}: Recipient address rejected: (?:User unknown|undeliverable address)/,
    samples: {
      match: [
        [
          line(
            rejected(
              'unknown[203.0.113.9]',
              '550 5.1.1 <b@example.org>: Recipient address rejected: User unknown in local recipient table',
            ),
          ),
          '203.0.113.9',
        ],
        [
          line(
            rejected(
              'mail.example.net[2001:db8::9]',
              '550 5.1.1 <b@example.org>: Recipient address rejected: undeliverable address: x',
            ),
          ),
          '2001:db8::9',
        ],
      ],
      miss: [line(rejected('unknown[203.0.113.9]', '450 4.2.0 <b@example.org>: Recipient address rejected: Greylisted'))],
      forged: [
        [
          line(rejected('unknown[203.0.113.9]', '550 5.1.1 <x[192.0.2.1]: 550>: Recipient address rejected: User unknown')),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    name: 'greylisted',
    weight: 0,
    regex:
      /^\w+: reject: RCPT from [\w.-]+\[(?<ip>[\da-fA-F:.]+)\](?::\d+)?: 4\d\d [\d.]+ <[^>]*>: Recipient address rejected: (?:Greylist|Service is unavailable|Try again later|unverified address)/i,
    samples: {
      match: [
        [
          line(rejected('mail.example.net[203.0.113.9]', '450 4.2.0 <b@example.org>: Recipient address rejected: Greylisted')),
          '203.0.113.9',
        ],
      ],
      miss: [line(rejected('unknown[203.0.113.9]', '550 5.1.1 <b@example.org>: Recipient address rejected: User unknown'))],
      forged: [
        [
          line(rejected('unknown[203.0.113.9]', '450 4.2.0 <[192.0.2.1]>: Recipient address rejected: Greylisted')),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    // A list of known senders of spam, or postscreen's sum of several.
    name: 'listed',
    weight: 10,
    regex:
      /^\w+: reject: (?:RCPT|CONNECT) from (?:[\w.-]+)?\[(?<ip>[\da-fA-F:.]+)\](?::\d+)?: [45]\d\d [\d.]+ Service (?:unavailable|currently unavailable); (?:Client host|client) \[/,
    samples: {
      match: [
        [
          line(
            rejected('unknown[203.0.113.9]', '554 5.7.1 Service unavailable; Client host [203.0.113.9] blocked using bl.example'),
          ),
          '203.0.113.9',
        ],
        [
          screened(
            rejected('[2001:db8::9]:50022', '550 5.7.1 Service unavailable; client [2001:db8::9] blocked using bl.example'),
          ),
          '2001:db8::9',
        ],
      ],
      miss: [line(rejected('unknown[203.0.113.9]', '450 4.3.2 Service currently unavailable'))],
      forged: [
        [
          line(
            rejected('unknown[203.0.113.9]', '554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example'),
          ),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    // No name, a wrong greeting, a sender that cannot be: mostly spam, and now and then a badly kept server, which tries on.
    name: 'refused',
    weight: 5,
    once: 'session',
    regex:
      /^\w+: (?:milter-)?reject: (?:[A-Z]{4,8}|END-OF-MESSAGE) from [\w.-]+\[(?<ip>[\da-fA-F:.]+)\](?::\d+)?: [45]\d\d [\d.]+ (?:<[^>]*>)?[ :]{0,2}(?:Client host|Helo command|Sender address|Data command|Command) rejected/,
    samples: {
      match: [
        [
          line(rejected('unknown[203.0.113.9]', '450 4.7.25 Client host rejected: cannot find your hostname, [203.0.113.9]')),
          '203.0.113.9',
        ],
        [
          line(rejected('unknown[2001:db8::9]', '504 5.5.2 <x>: Helo command rejected: need fully-qualified hostname')),
          '2001:db8::9',
        ],
        [
          line(rejected('unknown[203.0.113.9]', '450 4.1.8 <a@example.net>: Sender address rejected: Domain not found')),
          '203.0.113.9',
        ],
      ],
      miss: [line(rejected('unknown[203.0.113.9]', '550 5.1.1 <b@example.org>: Recipient address rejected: User unknown'))],
      forged: [
        [
          line(rejected('unknown[203.0.113.9]', '504 5.5.2 <x[192.0.2.1]: 450 4.7.1 >: Helo command rejected: Host not found')),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    // A server made of commands sent in one go, or of HTTP: no mail server does so.
    name: 'not-smtp',
    weight: 25,
    once: 'session',
    regex:
      /^(?:(?:improper command pipelining|too many errors) after [A-Z-]+|non-SMTP command) from [\w.-]+\[(?<ip>[\da-fA-F:.]+)\](?::\d+)?(?::|$)/,
    samples: {
      match: [
        [line('improper command pipelining after EHLO from unknown[203.0.113.9]: QUIT'), '203.0.113.9'],
        [line('too many errors after RCPT from unknown[2001:db8::9]'), '2001:db8::9'],
        [line('warning: non-SMTP command from unknown[203.0.113.9]: GET / HTTP/1.1'), '203.0.113.9'],
      ],
      miss: [line('timeout after DATA from mail.example.net[203.0.113.9]')],
      forged: [[line('improper command pipelining after EHLO from unknown[203.0.113.9]: x from y[192.0.2.1]'), '203.0.113.9']],
    },
  },
  {
    // anvil's limits, sixty connections a minute or what the administrator made of it.
    name: 'rate-limit',
    weight: 25,
    regex:
      /^(?:Connection rate|Connection concurrency|New TLS session rate|AUTH command rate|Recipient address rate) limit exceeded: \d+ from [\w.-]+\[(?<ip>[\da-fA-F:.]+)\](?::\d+)? for service /,
    samples: {
      match: [
        [line('warning: Connection rate limit exceeded: 61 from unknown[203.0.113.9] for service smtp'), '203.0.113.9'],
        [line('warning: AUTH command rate limit exceeded: 11 from unknown[2001:db8::9] for service submission'), '2001:db8::9'],
      ],
      miss: [line('warning: Message delivery request rate limit exceeded: 11 from unknown[203.0.113.9] for service smtp')],
      forged: [[line('warning: Connection rate limit exceeded: 61 from [192.0.2.1] x[203.0.113.9] for service smtp'), null]],
    },
  },
  {
    // A password was asked for and the client went away, perhaps for want of a certificate it likes.
    name: 'gave-up',
    weight: 10,
    once: 'session',
    regex: /^(?:lost connection|timeout) after AUTH from [\w.-]+\[(?<ip>[\da-fA-F:.]+)\](?::\d+)?$/,
    samples: {
      match: [[line('lost connection after AUTH from unknown[203.0.113.9]'), '203.0.113.9']],
      miss: [line('lost connection after DATA (1024 bytes) from unknown[203.0.113.9]')],
      forged: [[line('improper command pipelining after lost connection after AUTH from x[192.0.2.1]'), null]],
    },
  },
  {
    // Monitors look at the port, and TLS fails for many reasons.
    name: 'lost',
    weight: 0,
    regex:
      /^(?:lost connection|timeout) after (?:CONNECT|STARTTLS|EHLO|HELO|UNKNOWN) from [\w.-]+\[(?<ip>[\da-fA-F:.]+)\](?::\d+)?$/,
    samples: {
      match: [[line('lost connection after CONNECT from unknown[203.0.113.9]'), '203.0.113.9']],
      miss: [line('lost connection after AUTH from unknown[203.0.113.9]')],
      forged: [
        [
          line('improper command pipelining after NOOP from unknown[203.0.113.9]: after CONNECT from x[192.0.2.1]'),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    // Spoke before it was greeted, or sent what is no SMTP.
    name: 'postscreen-protocol',
    weight: 25,
    regex:
      /^(?:PREGREET \d+ after [\d.]+|NON-SMTP COMMAND|COMMAND (?:PIPELINING|TIME LIMIT|COUNT LIMIT|LENGTH LIMIT)|BARE NEWLINE) from \[(?<ip>[\da-fA-F:.]+)\]:\d+(?:$|:| after )/,
    samples: {
      match: [
        [screened(String.raw`PREGREET 14 after 0.08 from [203.0.113.9]:50022: EHLO ylmf-pc\r\n`), '203.0.113.9'],
        [screened('COMMAND COUNT LIMIT from [2001:db8::9]:50022 after RCPT'), '2001:db8::9'],
        [screened('NON-SMTP COMMAND from [203.0.113.9]:50022 after CONNECT: GET / HTTP/1.0'), '203.0.113.9'],
      ],
      miss: [screened('PASS NEW [203.0.113.9]:50022'), screened('CONNECT from [203.0.113.9]:50022 to [192.0.2.25]:25')],
      forged: [[screened('PREGREET 20 after 0 from [203.0.113.9]:5: PREGREET 1 after 0 from [192.0.2.1]:5: x'), '203.0.113.9']],
    },
  },
  {
    // A server that was told to come again goes as well.
    name: 'postscreen-hangup',
    weight: 2,
    regex: /^HANGUP after [\d.]+ from \[(?<ip>[\da-fA-F:.]+)\]:\d+ in tests (?:before|after) SMTP handshake$/,
    samples: {
      match: [[screened('HANGUP after 1.2 from [203.0.113.9]:50022 in tests before SMTP handshake'), '203.0.113.9']],
      miss: [screened('DISCONNECT [203.0.113.9]:50022')],
      forged: [[screened('PREGREET 9 after 0 from [203.0.113.9]:5: HANGUP after 1 from [192.0.2.1]:5 in tests'), '203.0.113.9']],
    },
  },
  {
    name: 'accepted',
    weight: -100,
    session: 'opened',
    regex:
      /^\w+: client=[\w.-]+\[(?<ip>[\da-fA-F:.]+)\](?::\d+)?, sasl_method=[\w-]+, sasl_username=(?<user>[^,]+)(?:$|, sasl_sender=)/,
    samples: {
      match: [
        [line('4F1A2B3C4D: client=unknown[198.51.100.7], sasl_method=PLAIN, sasl_username=alice@example.org'), '198.51.100.7'],
      ],
      miss: [line('4F1A2B3C4D: client=mail.example.net[198.51.100.7]')],
      forged: [
        [
          line('improper command pipelining after NOOP from unknown[203.0.113.9]: 4F1A: client=x[192.0.2.1], sasl_method=PLAIN'),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    name: 'disconnected',
    weight: 0,
    session: 'closed',
    regex: /^disconnect from [\w.-]+\[(?<ip>[\da-fA-F:.]+)\](?::\d+)?(?:$| [a-z]+=)/,
    samples: {
      match: [[line('disconnect from unknown[203.0.113.9] ehlo=1 auth=0/1 quit=1 commands=2/3'), '203.0.113.9']],
      miss: [line('connect from unknown[203.0.113.9]')],
      forged: [
        [line('improper command pipelining after NOOP from unknown[203.0.113.9]: disconnect from x[192.0.2.1]'), '203.0.113.9'],
      ],
    },
  },
])
