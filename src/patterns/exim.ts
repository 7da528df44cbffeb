import { patternSet } from '../matching/pattern.ts'
import { stamp } from './syslog.ts'

/**
 * Exim 4.80 to 4.98: main and reject log, or syslog, as chapter 53 of its specification describes them; the words are
 * those of smtp_in.c, acl.c, receive.c and host.c, and SA-Exim's where it is used.
 *
 * A client is `H=name (helo) [address]:port I=[ours]:port`. A helo may be anything where `helo_accept_junk_hosts` says so,
 * and could then end its bracket and go on with a whole line; but the true address follows, in square brackets. So none may
 * open behind the address that is taken: a line in which one does gives nothing.
 *
 * Compared with the words in the program itself, 4.96.
 */
const info = {
  name: 'exim',
  // In syslog its own date follows syslog's; then the process id and the message id, where they are logged.
  prefix: new RegExp(
    String.raw`(?:${stamp}exim4?(?:\[\d+\])?: (?:\d{4}-\d\d-\d\d [\d:.]+ )?|^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? (?:[+-]\d{4} )?(?:[\w.-]+ exim4?\[\d+\]: )?)(?:\[\d+\] )?(?:[\dA-Za-z]{6}-[\dA-Za-z]{6,11}-[\dA-Za-z]{2,4} )?`,
  ),
}

const client = String.raw`(?:[\w.-]+ )?(?:\([^()]*\) )?\[(?<ip>[\da-fA-F:.]+)\](?::\d+)?(?: I=\[[\da-fA-F:.]+\](?::\d+)?)?`
const rest = `[^[]*$`

const line = (message: string) => `2026-11-21 10:00:00 ${message}`

export const exim = patternSet(info, [
  {
    name: 'auth-failed',
    weight: 20,
    regex: new RegExp(
      String.raw`^[\w-]+ authenticator failed for (?:H=)?${client}(?: U=\S+)?: 535 Incorrect authentication data(?: \(set_id=(?<user>[^[]*)\))?${rest}`,
    ),
    samples: {
      match: [
        [
          line(
            'dovecot_login authenticator failed for client.example.org (User) [203.0.113.9]:50022: 535 Incorrect authentication data (set_id=info)',
          ),
          '203.0.113.9',
        ],
        [
          'Nov 21 10:00:00 mx exim[4711]: plain authenticator failed for (x) [2001:db8::9]:5 I=[2001:db8::25]:587: 535 Incorrect authentication data',
          '2001:db8::9',
        ],
        [
          '2026-11-21 10:00:00 +0100 [4711] login authenticator failed for ([192.0.2.1]) [203.0.113.9]: 535 Incorrect authentication data',
          '203.0.113.9',
        ],
      ],
      miss: [line('login authenticator failed for [203.0.113.9]: 435 Unable to authenticate at present (set_id=info): x')],
      forged: [
        [
          line(
            'login authenticator failed for (x) [192.0.2.1]: 535 Incorrect authentication data () [203.0.113.9]: 535 Incorrect authentication data',
          ),
          null,
        ],
        [line('login authenticator failed for (x) [203.0.113.9]: 535 Incorrect authentication data (set_id=[192.0.2.1])'), null],
      ],
    },
  },
  {
    // Exim says that it takes no passwords there, and they try nevertheless.
    name: 'auth-not-offered',
    weight: 25,
    regex: new RegExp(`^SMTP protocol error in "[Aa][Uu][Tt][Hh].*" H=${client} AUTH command used when not advertised$`),
    samples: {
      match: [
        [
          line(
            'SMTP protocol error in "AUTH LOGIN" H=(ylmf-pc) [203.0.113.9]:50022 I=[192.0.2.25]:25 AUTH command used when not advertised',
          ),
          '203.0.113.9',
        ],
      ],
      miss: [line('SMTP protocol error in "RCPT x" H=[203.0.113.9] x')],
      forged: [
        [
          line(
            'SMTP protocol error in "AUTH x" H=(a) [192.0.2.1] AUTH command used when not advertised" H=(b) [203.0.113.9] AUTH command used when not advertised',
          ),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    name: 'relay-denied',
    weight: 25,
    regex: new RegExp(
      String.raw`^H=${client} (?:X=\S+ (?:CV=\S+ )?)?(?:U=\S+ )?F=\S* rejected RCPT \S+: (?:relay not permitted|Relay(?:ing)? (?:not permitted|denied))${rest}`,
    ),
    samples: {
      match: [
        [
          line(
            'H=(x) [203.0.113.9]:50022 I=[192.0.2.25]:25 F=<a@example.net> rejected RCPT <b@example.com>: relay not permitted',
          ),
          '203.0.113.9',
        ],
      ],
      miss: [line('H=(x) [203.0.113.9] F=<a@example.net> rejected RCPT <b@example.org>: Unrouteable address')],
      forged: [
        [
          line(
            'H=(x) [192.0.2.1] F=<a> rejected RCPT <b>: relay not permitted) [203.0.113.9] F=<a> rejected RCPT <b>: relay not permitted',
          ),
          null,
        ],
      ],
    },
  },
  {
    // Names that are guessed, senders that cannot be, and those on a list.
    name: 'rejected',
    weight: 5,
    distinct: 'to',
    regex: new RegExp(
      String.raw`^H=${client} (?:X=\S+ (?:CV=\S+ )?)?(?:U=\S+ )?F=\S* (?:temporarily )?rejected (?:RCPT (?<to>\S+)|MAIL|DATA|after DATA)(?:: |$)${rest}`,
    ),
    samples: {
      match: [
        [
          line('H=client.example.org (x) [203.0.113.9] F=<a@example.net> rejected RCPT <b@example.org>: Unrouteable address'),
          '203.0.113.9',
        ],
        [
          line(
            '1UnmAw-0000ea-SE H=(x) [2001:db8::9]:5 I=[2001:db8::25]:25 F=<a@example.net> rejected after DATA: This message contains a virus',
          ),
          '2001:db8::9',
        ],
      ],
      miss: [line('H=(x) [203.0.113.9] Warning: Sender rate 2.0 / 1h')],
      forged: [
        [line('H=(x) [192.0.2.1] F=<a> rejected RCPT <b>: ) [203.0.113.9] F=<a> rejected RCPT <b>: Unrouteable address'), null],
      ],
    },
  },
  {
    name: 'sender-unverified',
    weight: 5,
    regex: new RegExp(String.raw`^H=${client} (?:X=\S+ (?:CV=\S+ )?)?sender verify fail for <[^>]*>(?:: |$)${rest}`),
    unforgeable: 'Exim refuses a HELO that holds a bracket (unless helo_allow_chars has one)',
    samples: {
      match: [[line('H=(x) [203.0.113.9] sender verify fail for <a@example.net>: Unrouteable address'), '203.0.113.9']],
      miss: [line('H=(x) [203.0.113.9] sender verify defer for <a@example.net>: host lookup did not complete')],
      forged: [[line('H=(x) [192.0.2.1] sender verify fail for <a>: ) [203.0.113.9] sender verify fail for <a>: x'), null]],
    },
  },
  {
    // Speaks before it is spoken to: HTTP, TLS on the wrong port, or what sends spam in one go.
    name: 'out-of-turn',
    weight: 25,
    regex: new RegExp(
      String.raw`^SMTP protocol synchronization error \([^()]*\): rejected (?:connection from|"[^"[]*") H=${client} (?:next )?input="${rest}`,
    ),
    samples: {
      match: [
        [
          line(
            String.raw`SMTP protocol synchronization error (input sent without waiting for greeting): rejected connection from H=[203.0.113.9]:50022 I=[192.0.2.25]:25 input="GET / HTTP/1.1\r\n"`,
          ),
          '203.0.113.9',
        ],
        [
          line(
            String.raw`SMTP protocol synchronization error (next input sent too soon: pipelining was not advertised): rejected "RSET" H=(x) [2001:db8::9] next input="QUIT\r\n"`,
          ),
          '2001:db8::9',
        ],
      ],
      miss: [line('SMTP protocol error in "x" H=[203.0.113.9] x')],
      forged: [
        [
          line(
            'SMTP protocol synchronization error (next input sent too soon: x): rejected "x" H=[192.0.2.1] next input="" H=(h) [203.0.113.9] next input="x"',
          ),
          null,
        ],
      ],
    },
  },
  {
    name: 'dropped',
    weight: 25,
    regex: new RegExp(
      String.raw`^SMTP (?:call|connection) from ${client} (?:dropped: too many (?:nonmail commands|syntax or protocol errors|unrecognized commands) \(last |closed by DROP in ACL$)${rest}`,
    ),
    samples: {
      match: [
        [
          line(
            'SMTP call from client.example.org [203.0.113.9]:50022 I=[192.0.2.25]:25 dropped: too many nonmail commands (last was "RSET")',
          ),
          '203.0.113.9',
        ],
        [
          line('SMTP call from [2001:db8::9] dropped: too many syntax or protocol errors (last command was "AUTH LOGIN")'),
          '2001:db8::9',
        ],
        [
          line('1ahr79-0006jK-G9 SMTP connection from (x) [203.0.113.9]:50022 I=[192.0.2.25]:25 closed by DROP in ACL'),
          '203.0.113.9',
        ],
      ],
      miss: [line('SMTP connection from [203.0.113.9] closed by QUIT')],
      forged: [
        [
          line(
            'SMTP call from (x) [192.0.2.1] dropped: too many nonmail commands (last ) [203.0.113.9] dropped: too many nonmail commands (last was "x")',
          ),
          null,
        ],
      ],
    },
  },
  {
    // Came, said little and went; monitors do.
    name: 'no-mail',
    weight: 2,
    regex: new RegExp(`^no MAIL in SMTP connection from ${client} [ADX]=${rest}`),
    samples: {
      match: [
        [
          line('[4711] no MAIL in SMTP connection from (x) [203.0.113.9]:50022 I=[192.0.2.25]:25 D=21s C=EHLO,STARTTLS'),
          '203.0.113.9',
        ],
      ],
      miss: [line('no MAIL in SMTP connection from (x) [203.0.113.9]')],
      forged: [[line('no MAIL in SMTP connection from (x) [192.0.2.1] D=1s) [203.0.113.9] D=1s C=EHLO'), null]],
    },
  },
  {
    name: 'spam',
    weight: 10,
    regex: new RegExp(String.raw`^F=\S* H=${client} P=\S+ (?:temporarily )?rejected by local_scan\(\):${rest}`),
    samples: {
      match: [
        [
          line(
            '1UlasQ-0003fr-45 F=a@example.net H=(x) [203.0.113.9]:50022 I=[192.0.2.25]:25 P=esmtp rejected by local_scan(): Rejected',
          ),
          '203.0.113.9',
        ],
      ],
      miss: [line('1UlasQ-0003fr-45 F=a@example.net H=(x) [203.0.113.9] P=esmtp temporarily deferred')],
      forged: [[line('F=a@example.net H=(x) [192.0.2.1] P=x) [203.0.113.9] P=esmtp rejected by local_scan(): Rejected'), null]],
    },
  },
  {
    // SA-Exim; what it says before the address is its own but for the message's id, which has no blank.
    name: 'spamassassin',
    weight: 10,
    regex:
      /^SA: Action: (?:flagged as Spam but accepted|silently tossed message|permanently rejected message): score=[-\d.]+ required=[\d.]+ (?:trigger=[\d.]+ )?\(scanned in \d+\/\d+ secs \| Message-Id: \S+\)\. From <[^<>]*> \(host=[\w.-]+ \[(?<ip>[\da-fA-F:.]+)\]\) for \S+$/,
    samples: {
      match: [
        [
          line(
            '1VxHRO-000NiI-Ly SA: Action: silently tossed message: score=31.0 required=5.0 trigger=30.0 (scanned in 6/6 secs | Message-Id: x@y). From <a@example.net> (host=client.example.org [203.0.113.9]) for b@example.org',
          ),
          '203.0.113.9',
        ],
      ],
      miss: [
        line(
          "1VxHRO-000NiI-Ly SA: Action: scanned but message isn't spam: score=0.0 required=5.0 (scanned in 6/6 secs | Message-Id: x). From <a> (host=NULL [203.0.113.9]) for b",
        ),
      ],
      forged: [
        [
          line(
            'SA: Action: silently tossed message: score=31.0 required=5.0 (scanned in 6/6 secs | Message-Id: x). From <a> (host=h [192.0.2.1]) for b). From <c> (host=h [203.0.113.9]) for d',
          ),
          null,
        ],
      ],
    },
  },
  {
    name: 'no-host-name',
    weight: 0,
    regex:
      /^no (?:host name found for IP address |IP address found for host [\w.-]+ \(during SMTP connection from (?:\([^()]*\) )?\[)(?<ip>[\da-fA-F:.]+)(?:$|\](?::\d+)?(?: I=\[[\da-fA-F:.]+\](?::\d+)?)?\)$)/,
    samples: {
      match: [
        [line('no host name found for IP address 203.0.113.9'), '203.0.113.9'],
        [line('no IP address found for host client.example.org (during SMTP connection from [2001:db8::9])'), '2001:db8::9'],
      ],
      miss: [line('no host name found for x')],
      forged: [
        [line('no IP address found for host x (during SMTP connection from (y) [192.0.2.1]) [203.0.113.9])'), null],
        [line('no IP address found for host x (during SMTP connection from (192.0.2.1) [203.0.113.9])'), '203.0.113.9'],
      ],
    },
  },
  {
    name: 'accepted',
    weight: -100,
    session: 'opened',
    regex: new RegExp(
      String.raw`^<= [^\s"]+ H=${client} P=e?smtps?a (?:L\. )?(?:X=\S+ (?:CV=\S+ )?(?:SNI=\S+ )?)?A=[\w-]+:(?<user>\S+) ${rest}`,
    ),
    samples: {
      match: [
        [
          line(
            '1rABCD-000abc-2x <= alice@example.org H=(laptop) [198.51.100.7]:50022 P=esmtpsa X=TLS1.3:ECDHE_X25519:256 CV=no A=plain:alice S=640 id=x',
          ),
          '198.51.100.7',
        ],
      ],
      miss: [line('1rABCD-000abc-2x <= alice@example.org H=mail.example.net [203.0.113.9] P=esmtps X=TLS1.3:x:256 S=640')],
      forged: [
        [line('1rABCD-000abc-2x <= "a H=(x) [192.0.2.1] P=esmtpsa A=plain:alice S=1"@b H=(x) [203.0.113.9] P=esmtp S=640'), null],
        [
          line(
            '1rABCD-000abc-2x <= a@example.net H=(x) [203.0.113.9] P=esmtp S=640 T="H=(x) [192.0.2.1] P=esmtpsa A=plain:alice S=1"',
          ),
          null,
        ],
      ],
    },
  },
])
