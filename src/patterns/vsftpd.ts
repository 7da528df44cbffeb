import { patternSet } from '../matching/pattern.ts'
import { stamp } from './syslog.ts'

/**
 * vsftpd 2.3 to 3.0: its own log (`dual_log_enable`, or `xferlog_std_format=NO`) and syslog (`syslog_enable`), in the words
 * of logging.c.
 *
 * The user's name stands before the address and may hold a whole line; what follows the true address is vsftpd's own, so the
 * line must end there. Passwords that PAM refuses are also told by PAM (see pam.ts).
 *
 * Compared with the words in the program itself, 3.0.3.
 */
const info = {
  name: 'vsftpd',
  prefix: new RegExp(
    String.raw`(?:^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} \[pid \d+\] |${stamp}vsftpd(?:\[\d+\])?: )`,
  ),
}

const line = (message: string) => `Sat Nov 21 10:00:00 2026 [pid 4711] ${message}`

export const vsftpd = patternSet(info, [
  {
    name: 'failed-login',
    weight: 20,
    regex: /^\[(?<user>.*)\] FAIL LOGIN: Client "(?<ip>[\da-fA-F:.]+)"(?:, "[\w .]*")?$/,
    samples: {
      match: [
        [line('[anonymous] FAIL LOGIN: Client "203.0.113.9"'), '203.0.113.9'],
        [line('[root] FAIL LOGIN: Client "::ffff:203.0.113.9", "User is in the deny user list."'), '203.0.113.9'],
        ['Nov 21 10:00:00 ftp vsftpd[4711]: [root] FAIL LOGIN: Client "2001:db8::9"', '2001:db8::9'],
      ],
      miss: [line('[alice] FAIL DOWNLOAD: Client "203.0.113.9", "/x", 0.00Kbyte/sec'), line('CONNECT: Client "203.0.113.9"')],
      forged: [
        [
          'Nov 21 10:00:00 ftp vsftpd[1]: [pid 1] [x] FAIL LOGIN: Client "192.0.2.1"] FAIL LOGIN: Client "203.0.113.9"',
          '203.0.113.9',
        ],
        [line('[x] FAIL LOGIN: Client "192.0.2.1"] FAIL LOGIN: Client "203.0.113.9"'), '203.0.113.9'],
        [line('[x] FAIL LOGIN: Client "192.0.2.1", "] FAIL LOGIN: Client "203.0.113.9"'), '203.0.113.9'],
      ],
    },
  },
  {
    // Another protocol: HTTP, TLS, or what scanners send.
    name: 'garbage',
    weight: 20,
    regex: /^(?:DEBUG|FTP command): Client "(?<ip>[\da-fA-F:.]+)", "(?:GET \/|POST \/|OPTIONS |SSH-|HEAD \/)/,
    samples: {
      match: [[line('FTP command: Client "203.0.113.9", "GET / HTTP/1.1"'), '203.0.113.9']],
      miss: [line('FTP command: Client "203.0.113.9", "USER anonymous"')],
      forged: [[line('FTP command: Client "203.0.113.9", "GET / Client "192.0.2.1", "GET /"'), '203.0.113.9']],
    },
  },
  {
    name: 'accepted',
    weight: -100,
    session: 'opened',
    regex: /^\[(?<user>[^[\]"]+)\] OK LOGIN: Client "(?<ip>[\da-fA-F:.]+)"$/,
    samples: {
      match: [[line('[alice] OK LOGIN: Client "198.51.100.7"'), '198.51.100.7']],
      miss: [line('[ftp] OK LOGIN: Client "203.0.113.9", anon password "x"')],
      forged: [[line('[x] OK LOGIN: Client "192.0.2.1"] FAIL LOGIN: Client "203.0.113.9"'), '203.0.113.9']],
    },
  },
])
