import { patternSet } from '../matching/pattern.ts'
import { stamp } from './syslog.ts'

/**
 * ProFTPD 1.3: SystemLog and syslog, in the words of mod_auth.c, session.c and its howto/LogMessages.
 *
 * ProFTPD names the client as `server (name[address])` before each message, so that nothing the peer says stands before it;
 * its name is what DNS says, which may not hold brackets here. A process serves one client: its id is the session.
 *
 * Compared with the words in the program itself, 1.3.8.
 */
const info = {
  name: 'proftpd',
  prefix: new RegExp(String.raw`${stamp}proftpd\[(?<session>\d+)\]:? [\w.:-]+ `),
}

const client = String.raw`^\([\w.:-]+\[(?<ip>[\da-fA-F:.]+)\]\)(?::| -) `

const line = (message: string) => `Nov 21 10:00:00 ftp proftpd[4711]: ftp.example.org ${message}`
const from = (message: string) => line(`(client.example.org[203.0.113.9]) - ${message}`)

export const proftpd = patternSet(info, [
  {
    name: 'wrong-password',
    weight: 20,
    regex: new RegExp(String.raw`${client}USER (?<user>.*) \(Login failed\): `),
    samples: {
      match: [
        [from('USER alice (Login failed): Incorrect password'), '203.0.113.9'],
        [
          'Nov 21 10:00:00 ftp proftpd[4711] ftp.example.org (2001:db8::9[2001:db8::9]): USER root (Login failed): User in /etc/ftpusers',
          '2001:db8::9',
        ],
        [
          '2026-11-21 10:00:00,121 ftp proftpd[4711] ftp (h[::ffff:203.0.113.9]): USER alice (Login failed): Incorrect password.',
          '203.0.113.9',
        ],
      ],
      miss: [from('USER alice: Login successful.')],
      forged: [
        [
          from('USER x proftpd[1]: h (h[192.0.2.1]) - USER y (Login failed): z (Login failed): Incorrect password'),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    name: 'unknown-user',
    weight: 25,
    regex: new RegExp(`${client}USER (?<user>.*): no such user found from `),
    samples: {
      match: [[from('USER admin: no such user found from client.example.org [203.0.113.9] to 192.0.2.25:21'), '203.0.113.9']],
      miss: [from("no such user 'admin'")],
      forged: [
        [
          from(
            'USER x: no such user found from h [192.0.2.1] to 192.0.2.25:21: no such user found from client.example.org [203.0.113.9] to 192.0.2.25:21',
          ),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    name: 'root-refused',
    weight: 25,
    regex: new RegExp(`${client}SECURITY VIOLATION: [Rr]oot login attempted`),
    samples: {
      match: [[from('SECURITY VIOLATION: Root login attempted'), '203.0.113.9']],
      miss: [from('SECURITY VIOLATION: x')],
      forged: [[line('(SECURITY VIOLATION: root login attempted[192.0.2.1]) - x'), null]],
    },
  },
  {
    // The sum of what the lines before it have said.
    name: 'too-many-tries',
    weight: 10,
    once: 'session',
    regex: new RegExp(String.raw`${client}Maximum login attempts \(\d+\) exceeded`),
    samples: {
      match: [[from('Maximum login attempts (3) exceeded, connection refused'), '203.0.113.9']],
      miss: [from('FTP login timed out, disconnected')],
      forged: [[from('Maximum login attempts (3) exceeded (h[192.0.2.1]) - Maximum login attempts (3) exceeded'), '203.0.113.9']],
    },
  },
  {
    name: 'accepted',
    weight: -100,
    session: 'opened',
    regex: new RegExp(String.raw`${client}USER (?<user>\S+): Login successful\.?$`),
    samples: {
      match: [[from('USER alice: Login successful.').replace('203.0.113.9', '198.51.100.7'), '198.51.100.7']],
      miss: [from('ANON anonymous: Login successful.')],
      forged: [
        [from('USER x (h[192.0.2.1]) - USER y: Login successful.: no such user found from h [203.0.113.9] to x'), '203.0.113.9'],
      ],
    },
  },
  {
    name: 'logged-out',
    weight: 0,
    session: 'closed',
    regex: new RegExp(String.raw`${client}(?:FTP|SSH2) session closed\.?$`),
    samples: {
      match: [[from('FTP session closed.'), '203.0.113.9']],
      miss: [from('FTP session opened.')],
      forged: [[from('USER FTP session closed.: no such user found from (h[192.0.2.1]) - x'), '203.0.113.9']],
    },
  },
])
