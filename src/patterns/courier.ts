import { patternSet } from '../matching/pattern.ts'
import { syslogPrefix } from './syslog.ts'

/**
 * Courier IMAP 4 to 5 (imapd, pop3d, and their TLS kin) and Courier's esmtpd 0.6 to 1.3.
 *
 * A user of IMAP stands before the address, so the line must end behind it; a client of SMTP is named before all that it
 * says.
 *
 * Compared with the words in the program itself, Courier 1.0.16.
 */
const info = {
  name: 'courier',
  prefix: syslogPrefix(`(?:courier)?(?:imapd|pop3d|pop3login|imaplogin|esmtpd)(?:-ssl)?`),
}

const tail = String.raw`ip=\[(?<ip>[\da-fA-F:.]+)\](?:, port=\[(?<port>\d+)\])?`

const line = (message: string) => `Nov 21 10:00:00 mx imapd: ${message}`
const smtp = (message: string) => `Nov 21 10:00:00 mx courieresmtpd[4711]: ${message}`

export const courier = patternSet(info, [
  {
    name: 'failed-login',
    weight: 20,
    regex: new RegExp(String.raw`^LOGIN FAILED, (?:user=(?<user>.*)|method=[\w-]+), ${tail}$`),
    samples: {
      match: [
        [line('LOGIN FAILED, user=info@example.org, ip=[::ffff:203.0.113.9]'), '203.0.113.9'],
        ['Nov 21 10:00:00 mx pop3d-ssl: LOGIN FAILED, method=PLAIN, ip=[2001:db8::9], port=[50022]', '2001:db8::9'],
      ],
      miss: [line('LOGIN, user=alice, ip=[::ffff:203.0.113.9], port=[50022], protocol=IMAP')],
      forged: [[line('LOGIN FAILED, user=x, ip=[192.0.2.1], ip=[::ffff:203.0.113.9]'), '203.0.113.9']],
    },
  },
  {
    name: 'smtp-auth-failed',
    weight: 20,
    regex: /^error,relay=(?<ip>[\da-fA-F:.]+),(?:port=\d+,)?msg="535 Authentication failed\."/,
    samples: {
      match: [
        [smtp('error,relay=::ffff:203.0.113.9,port=50022,msg="535 Authentication failed.",cmd: AUTH LOGIN'), '203.0.113.9'],
      ],
      miss: [smtp('error,relay=::ffff:203.0.113.9,msg="502 ESMTP command error",cmd: x')],
      forged: [
        [
          smtp('error,relay=::ffff:203.0.113.9,msg="535 Authentication failed.",cmd: error,relay=192.0.2.1,msg="535 x"'),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    // A list of old addresses has a few as well.
    name: 'unknown-recipient',
    weight: 5,
    regex: /^error,relay=(?<ip>[\da-fA-F:.]+),(?:port=\d+,)?(?:ident=[^,<>]*,)?from=<.*>: 550 User (?:<[^<>]*> )?unknown\.?$/,
    samples: {
      match: [[smtp('error,relay=::ffff:203.0.113.9,from=<a@example.net>,to=<b@example.org>: 550 User unknown.'), '203.0.113.9']],
      miss: [smtp('error,relay=::ffff:203.0.113.9,from=<a@example.net>,to=<b@example.org>: 450 Service temporarily unavailable')],
      forged: [
        [smtp('error,relay=::ffff:203.0.113.9,from=<error,relay=192.0.2.1,from=<a>,to=<b>>: 550 User unknown.'), '203.0.113.9'],
      ],
    },
  },
  {
    name: 'accepted',
    weight: -100,
    session: 'opened',
    regex: new RegExp(String.raw`^LOGIN, user=(?<user>[^,\s]+), ${tail}, protocol=[\w ]+$`),
    samples: {
      match: [[line('LOGIN, user=alice, ip=[::ffff:198.51.100.7], port=[50022], protocol=IMAP'), '198.51.100.7']],
      miss: [line('LOGOUT, user=alice, ip=[::ffff:198.51.100.7], port=[50022], headers=0, body=0')],
      forged: [
        [
          line('LOGIN FAILED, user=LOGIN, user=a, ip=[192.0.2.1], port=[5], protocol=IMAP, ip=[::ffff:203.0.113.9]'),
          '203.0.113.9',
        ],
      ],
    },
  },
])
