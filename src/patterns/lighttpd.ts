import { patternSet } from '../matching/pattern.ts'

/**
 * lighttpd 1.4: the error log, as mod_auth writes it (1.4.42 and later; http_auth.c before). The access log is read by
 * `httpd`. The name and the path come before the address, so it must be the last of the line.
 *
 * Compared with the words in the program itself, 1.4.69.
 */
const info = {
  name: 'lighttpd',
  prefix: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d: \(?(?:mod_auth|http_auth)\.c\.\d+\) /,
}

const line = (message: string) => `2026-11-21 10:00:00: (mod_auth.c.828) ${message}`

export const lighttpd = patternSet(info, [
  {
    name: 'wrong-password',
    weight: 20,
    regex: /^password doesn't match for .* username: (?<user>.*?),? IP: (?<ip>[\da-fA-F:.]+)$/,
    samples: {
      match: [
        [line("password doesn't match for /secret/ username: alice IP: 203.0.113.9"), '203.0.113.9'],
        ["2026-11-21 10:00:00: (http_auth.c.875) password doesn't match for / username: a, IP: 2001:db8::9", '2001:db8::9'],
      ],
      miss: [line("password doesn't match for /secret/ username: alice IP: localhost")],
      forged: [
        [line("password doesn't match for / username: x IP: 192.0.2.1 IP: 203.0.113.9"), '203.0.113.9'],
        [line("password doesn't match for / username: x IP: 192.0.2.1, IP: 203.0.113.9"), '203.0.113.9'],
      ],
    },
  },
  {
    name: 'digest-failed',
    weight: 20,
    regex: /^digest: auth failed(?: for .*: wrong password|: uri mismatch .*), IP: (?<ip>[\da-fA-F:.]+)$/,
    samples: {
      match: [
        [line('digest: auth failed for alice : wrong password, IP: 203.0.113.9'), '203.0.113.9'],
        [line('digest: auth failed: uri mismatch (/a != /b), IP: 2001:db8::9'), '2001:db8::9'],
      ],
      miss: [line('digest: nonce is stale, IP: 203.0.113.9')],
      forged: [
        [line('digest: auth failed for x : wrong password, IP: 192.0.2.1 : wrong password, IP: 203.0.113.9'), '203.0.113.9'],
      ],
    },
  },
  {
    name: 'unknown-user',
    weight: 20,
    regex: /^get_password failed, IP: (?<ip>[\da-fA-F:.]+)$/,
    samples: {
      match: [[line('get_password failed, IP: 203.0.113.9'), '203.0.113.9']],
      miss: [line('get_password failed, IP: unknown')],
      forged: [
        [line("password doesn't match for /get_password failed, IP: 192.0.2.1 username: x IP: 203.0.113.9"), '203.0.113.9'],
      ],
    },
  },
])
