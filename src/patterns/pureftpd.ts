import { patternSet } from '../matching/pattern.ts'
import { sharedSyslogPrefix } from './syslog.ts'

/**
 * Pure-FTPd 1.0, in syslog, in English (its messages_en.h; other languages are chosen when it is built).
 *
 * Each message is led by `(user@client)`, with `?` for the user until the login is accepted. The client is an address only
 * where names are not resolved (`-H`, DontResolve): a name says nothing to us. The process id may be missing (LogPID).
 *
 * Compared with the words in the program itself, 1.0.50.
 */
const info = { name: 'pureftpd', prefix: sharedSyslogPrefix('pure-ftpd') }

const client = String.raw`^\([^\s@()]+@(?<ip>[\da-fA-F:.]+)\) `

const line = (message: string) => `Nov 21 10:00:00 ftp pure-ftpd: ${message}`

export const pureftpd = patternSet(info, [
  {
    name: 'wrong-password',
    weight: 20,
    regex: new RegExp(String.raw`${client}\[WARNING\] Authentication failed for user \[(?<user>.*)\]$`),
    unforgeable: 'before the address stands a question mark, or an account that has logged in',
    samples: {
      match: [
        [line('(?@203.0.113.9) [WARNING] Authentication failed for user [root]'), '203.0.113.9'],
        ['Nov 21 10:00:00 ftp pure-ftpd[4711]: (?@2001:db8::9) [WARNING] Authentication failed for user [root]', '2001:db8::9'],
      ],
      miss: [line('(?@client.example.org) [WARNING] Authentication failed for user [root]')],
      forged: [
        [
          line(
            '(?@203.0.113.9) [WARNING] Authentication failed for user [x] (?@192.0.2.1) [WARNING] Authentication failed for user [y]',
          ),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    name: 'too-many-tries',
    weight: 10,
    regex: new RegExp(String.raw`${client}\[(?:WARNING|ERROR)\] Too many authentication failures$`),
    samples: {
      match: [[line('(?@203.0.113.9) [ERROR] Too many authentication failures'), '203.0.113.9']],
      miss: [line('(?@203.0.113.9) [INFO] Timeout - try typing a little faster next time')],
      forged: [
        [line('(?@x) [WARNING] Authentication failed for user [(?@192.0.2.1) [ERROR] Too many authentication failures'), null],
      ],
    },
  },
  {
    name: 'accepted',
    weight: -100,
    session: 'opened',
    regex: new RegExp(String.raw`${client}\[INFO\] (?<user>\S+) is now logged in$`),
    samples: {
      match: [[line('(?@198.51.100.7) [INFO] alice is now logged in'), '198.51.100.7']],
      miss: [line('(?@203.0.113.9) [INFO] New connection from 203.0.113.9')],
      forged: [
        [
          line('(?@203.0.113.9) [WARNING] Authentication failed for user [(?@192.0.2.1) [INFO] x is now logged in]'),
          '203.0.113.9',
        ],
      ],
    },
  },
])
