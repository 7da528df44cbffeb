import { patternSet } from '../matching/pattern.ts'
import { syslogPrefix } from './syslog.ts'

/**
 * Sendmail 8.14 to 8.18: srvrsmtp.c, its check_* rulesets, and what LogLevel 9 and above writes of authentication.
 *
 * A client is `name [address]`, with `IPv6:` before an IPv6 address and `(may be forged)` behind a name that does not fit. A
 * user stands before it: so the line must end there. A recipient too, but in angle brackets and without blanks. One process
 * serves one client.
 *
 * Compared with the words in the program itself, 8.17.1.
 */
const info = {
  name: 'sendmail',
  prefix: syslogPrefix('sendmail|sm-mta|sm-msp|sm-acceptingconnections', String.raw`(?:[\dA-Za-z]{12,20}: )?`),
}

const client = String.raw`(?:[\w.-]+)? ?\[(?:IPv6:)?(?<ip>[\da-fA-F:.]+)\](?: \(may be forged\))?`

/** The true client is followed by the reason; one behind which another would come is none. */
const rest = String.raw`[^[]*(?:\[[\da-fA-F:.]+\])?$`

const line = (message: string) => `Nov 21 10:00:00 mx sm-mta[4711]: 26L08MRrS02541: ${message}`
const auth = 'AUTH failure (LOGIN): authentication failure (-13) SASL(-13): authentication failure: checkpass failed'

export const sendmail = patternSet(info, [
  {
    name: 'auth-failed',
    weight: 20,
    regex: new RegExp(String.raw`^AUTH failure \([\w-]+\): [^=]*(?:, user=(?<user>.*))?, relay=${client}$`),
    samples: {
      match: [
        [line(`${auth}, user=info, relay=client.example.org [203.0.113.9] (may be forged)`), '203.0.113.9'],
        [line(`${auth}, relay=[IPv6:2001:db8::9]`), '2001:db8::9'],
      ],
      miss: [line(`${auth}, user=info, relay=client.example.org`)],
      forged: [[line(`${auth}, user=x, relay=[192.0.2.1], relay=[203.0.113.9]`), '203.0.113.9']],
    },
  },
  {
    // Sendmail counts for itself; it says so from the fourth AUTH or the like on.
    name: 'smtp-attack',
    weight: 50,
    once: 'session',
    regex: new RegExp(String.raw`^${client}: possible SMTP attack: command=[\w ]+, count=\d+$`),
    samples: {
      match: [
        [line('[203.0.113.9]: possible SMTP attack: command=AUTH, count=5'), '203.0.113.9'],
        [
          line('client.example.org [IPv6:2001:db8::9] (may be forged): possible SMTP attack: command=AUTH, count=6'),
          '2001:db8::9',
        ],
      ],
      miss: [line('[203.0.113.9]: possible SMTP attack')],
      forged: [
        [line(`${auth}, user=[192.0.2.1]: possible SMTP attack: command=AUTH, count=5, relay=[203.0.113.9]`), '203.0.113.9'],
      ],
    },
  },
  {
    name: 'relay-denied',
    weight: 25,
    regex: new RegExp(
      String.raw`^ruleset=check_rcpt, arg1=<[^<>\s"]*>, relay=${client}, reject=\d{3} [\d.]+ <[^<>\s"]*>\.\.\. Relaying denied${rest}`,
    ),
    samples: {
      match: [
        [
          line(
            'ruleset=check_rcpt, arg1=<b@example.com>, relay=[203.0.113.9], reject=550 5.7.1 <b@example.com>... Relaying denied',
          ),
          '203.0.113.9',
        ],
      ],
      miss: [
        line('ruleset=check_rcpt, arg1=<b@example.org>, relay=[203.0.113.9], reject=550 5.1.1 <b@example.org>... User unknown'),
      ],
      forged: [
        [
          line(
            'ruleset=check_rcpt, arg1=<a>, relay=[192.0.2.1], reject=550 5.7.1 <b>... Relaying denied>, relay=[203.0.113.9], reject=550 5.7.1 x... Relaying denied',
          ),
          null,
        ],
        [
          line(
            'ruleset=check_rcpt, arg1=<"a, relay=[192.0.2.1], reject=550 5.7.1 <x>... Relaying denied"@b>, relay=[203.0.113.9], reject=550 5.7.1 x... Relaying denied',
          ),
          null,
        ],
      ],
    },
  },
  {
    // Unknown names, senders that cannot be, and those on a list.
    name: 'rejected',
    weight: 5,
    distinct: 'to',
    regex: new RegExp(
      String.raw`^ruleset=check_(?:rcpt|mail), arg1=(?<to><[^<>\s"]*>), relay=${client}, reject=\d{3} [\d.]+ <[^<>\s"]*>\.\.\. (?:User unknown|Domain of sender address|Rejected: |Fix reverse DNS)${rest}`,
    ),
    samples: {
      match: [
        [
          line(
            'ruleset=check_rcpt, arg1=<b@example.org>, relay=client.example.org [203.0.113.9], reject=550 5.1.1 <b@example.org>... User unknown',
          ),
          '203.0.113.9',
        ],
      ],
      miss: [line('ruleset=check_rcpt, arg1=<b@example.org>, relay=[203.0.113.9], reject=451 4.7.1 Greylisting in action')],
      forged: [
        [
          line(
            'ruleset=check_rcpt, arg1=<"a, relay=[192.0.2.1], reject=550 5.1.1 <x>... User unknown"@b>, relay=[203.0.113.9], reject=550 5.1.1 x... User unknown',
          ),
          null,
        ],
      ],
    },
  },
  {
    name: 'rate-limit',
    weight: 10,
    regex: new RegExp(
      String.raw`^ruleset=check_relay, arg1=[^\s,]*, arg2=[^\s,]*, relay=${client}, reject=421 4\.3\.2 (?:Connection rate limit exceeded|Too many open connections)\.$`,
    ),
    samples: {
      match: [
        [
          line(
            'ruleset=check_relay, arg1=[203.0.113.9], arg2=203.0.113.9, relay=[203.0.113.9], reject=421 4.3.2 Connection rate limit exceeded.',
          ),
          '203.0.113.9',
        ],
      ],
      miss: [line('ruleset=check_relay, arg1=x, arg2=203.0.113.9, relay=[203.0.113.9], discard')],
      forged: [
        [
          line(
            'ruleset=check_relay, arg1=x, relay=[192.0.2.1], arg2=y, relay=[203.0.113.9], reject=421 4.3.2 Too many open connections.',
          ),
          null,
        ],
      ],
    },
  },
  {
    // Spoke before it was greeted, or asked who is here.
    name: 'not-mail',
    weight: 25,
    once: 'session',
    regex: new RegExp(String.raw`^rejecting commands from ${client} due to pre-greeting traffic after \d+ seconds$`),
    samples: {
      match: [
        [
          line('rejecting commands from client.example.org [203.0.113.9] due to pre-greeting traffic after 0 seconds'),
          '203.0.113.9',
        ],
      ],
      miss: [line('rejecting connections on daemon MTA: load average: 30')],
      forged: [[line('rejecting commands from x [192.0.2.1] [203.0.113.9] due to pre-greeting traffic after 0 seconds'), null]],
    },
  },
  {
    name: 'name-asked',
    weight: 10,
    regex: new RegExp(String.raw`^${client}: (?:EXPN|VRFY|expn|vrfy) .* \[rejected\]$`),
    samples: {
      match: [[line('[203.0.113.9]: VRFY root [rejected]'), '203.0.113.9']],
      miss: [line('[203.0.113.9]: VRFY root')],
      forged: [[line('[203.0.113.9]: VRFY [192.0.2.1]: VRFY root [rejected]'), '203.0.113.9']],
    },
  },
  {
    // Came, said little and went; monitors do.
    name: 'no-mail',
    weight: 2,
    regex: new RegExp(String.raw`^${client} did not issue MAIL\/EXPN\/VRFY\/ETRN during connection to `),
    samples: {
      match: [
        [
          line('client.example.org [203.0.113.9] (may be forged) did not issue MAIL/EXPN/VRFY/ETRN during connection to MTA'),
          '203.0.113.9',
        ],
      ],
      miss: [line('lost input channel from [203.0.113.9] to MTA after rcpt')],
      forged: [
        [
          line('[203.0.113.9]: VRFY [192.0.2.1] did not issue MAIL/EXPN/VRFY/ETRN during connection to x [rejected]'),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    name: 'accepted',
    weight: -100,
    session: 'opened',
    regex: new RegExp(String.raw`^AUTH=server, relay=${client}, authid=(?<user>\S+), mech=[\w-]+, bits=\d+$`),
    samples: {
      match: [[line('AUTH=server, relay=client.example.org [198.51.100.7], authid=alice, mech=PLAIN, bits=0'), '198.51.100.7']],
      miss: [line('AUTH=client, relay=mx.example.net., mech=PLAIN, bits=0')],
      forged: [
        [
          line(`${auth}, user=AUTH=server, relay=[192.0.2.1], authid=alice, mech=PLAIN, bits=0, relay=[203.0.113.9]`),
          '203.0.113.9',
        ],
      ],
    },
  },
])
