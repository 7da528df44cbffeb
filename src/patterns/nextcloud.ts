import { patternSet } from '../matching/pattern.ts'

/**
 * Nextcloud 15 to 32: nextcloud.log, which is JSON; failed logins are told with `loglevel` 2 or less, good ones by the app
 * admin_audit in audit.log. The address is that of the key remoteAddr: behind a proxy set `trusted_proxies`.
 */
const info = { name: 'nextcloud', json: '{time} {remoteAddr} {app} "{message}"' }

const line = (message: string, { remoteAddr = '203.0.113.9', app = 'core', userAgent = 'Mozilla/5.0' } = {}) =>
  JSON.stringify({
    reqId: 'b2FkZ3JlYXQ',
    level: 2,
    time: '2026-11-21T10:00:00+00:00',
    remoteAddr,
    user: '--',
    app,
    method: 'POST',
    url: '/login',
    message,
    userAgent,
    version: '32.0.1.2',
  })
const hostile = '"} {"remoteAddr":"192.0.2.1","message":"Login failed: x (Remote IP: 192.0.2.1)'

export const nextcloud = patternSet(info, [
  {
    name: 'wrong-password',
    weight: 20,
    regex: /^\S+ (?<ip>[\da-fA-F:.]+) \S+ "(?:Login failed: |Two-factor challenge failed: )(?<user>.*) \(Remote IP: [^()]*\)"$/,
    samples: {
      match: [
        [line('Login failed: admin (Remote IP: 203.0.113.9)'), '203.0.113.9'],
        [
          line("Login failed: 'admin' (Remote IP: '2001:db8::9')", { remoteAddr: '2001:db8::9', app: 'no app in context' }),
          '2001:db8::9',
        ],
        [line('Two-factor challenge failed: alice (Remote IP: 203.0.113.9)'), '203.0.113.9'],
      ],
      miss: [
        line('Login failed: admin (Remote IP: 203.0.113.9)', { remoteAddr: '' }),
        line('Login failed: admin'),
        'Login failed: admin (Remote IP: 203.0.113.9)',
      ],
      forged: [
        [line(`Login failed: ${hostile} (Remote IP: 203.0.113.9)`, { userAgent: hostile }), '203.0.113.9'],
        [line('Login failed: x (Remote IP: 192.0.2.1) (Remote IP: 203.0.113.9)'), '203.0.113.9'],
      ],
    },
  },
  {
    // By the bare address, or by a name that is not this server's: scanners, and an administrator who moves.
    name: 'wrong-host',
    weight: 5,
    regex: /^\S+ (?<ip>[\da-fA-F:.]+) \S+ "Trusted domain error\. \\"[\da-fA-F:.]+\\" tried to access using \\".*\\" as host\."$/,
    samples: {
      match: [[line('Trusted domain error. "203.0.113.9" tried to access using "198.51.100.1" as host.'), '203.0.113.9']],
      miss: [line('Trusted domain added')],
      forged: [
        [
          line(
            'Trusted domain error. "203.0.113.9" tried to access using "x" as host. "192.0.2.1" tried to access using "y" as host.',
          ),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    name: 'accepted',
    weight: -100,
    session: 'opened',
    regex: /^\S+ (?<ip>[\da-fA-F:.]+) admin_audit "Login successful: \\"(?<user>[^"\\]+)\\""$/,
    samples: {
      match: [[line('Login successful: "alice"', { remoteAddr: '198.51.100.7', app: 'admin_audit' }), '198.51.100.7']],
      miss: [line('Login attempt: "alice"', { app: 'admin_audit' }), line('Login successful: "alice"')],
      forged: [[line('Login attempt: "Login successful: "alice""', { app: 'admin_audit' }), null]],
    },
  },
])
