import { patternSet } from '../matching/pattern.ts'
import { stamp } from './syslog.ts'

/**
 * Gitea 1.12 to 1.25 and Forgejo, in the words of routers/web/auth/auth.go and modules/ssh: gitea.log, or what the console
 * or the journal has. Behind a proxy set `REVERSE_PROXY_TRUSTED_PROXIES`.
 *
 * The name stands before the address and again at the end, and could hold all that is between. So it may have no space, and
 * the reason no digit; names that do are told by the web server's log.
 */
const info = {
  name: 'gitea',
  prefix: new RegExp(
    String.raw`(?:${stamp}(?:gitea|forgejo)(?:\[\d+\])?: |^)\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d [\w./-]+:\d+:[\w.()*]+ \[[A-Z]\] (?:\[[\w-]+\] )?`,
  ),
}

const line = (message: string) => `2026/11/21 10:00:00 ...s/web/auth/auth.go:258:SignInPost() [I] ${message}`
/** With its port, or without where a proxy has told it. */
const source = String.raw`\[?(?<ip>[\d.]+|[\da-fA-F:.]+)(?:\]?:\d+)?`

export const gitea = patternSet(info, [
  {
    name: 'wrong-password',
    weight: 20,
    regex: new RegExp(
      String.raw`^Failed authentication attempt for (?<user>[^ \[\]]+) from ${source}: [A-Za-z' ]+ \[[^ \[\]]+: [^\[\]]*\]$`,
    ),
    samples: {
      match: [
        [
          line(
            'Failed authentication attempt for alice from 203.0.113.9:41550: user does not exist [uid: 0, name: alice, keyid: 0]',
          ),
          '203.0.113.9',
        ],
        [
          line(
            "Failed authentication attempt for alice from [2001:db8::9]:41550: user's password is invalid [uid: 1, name: alice]",
          ),
          '2001:db8::9',
        ],
        [
          line('Failed authentication attempt for a from 2001:db8::9:1: user does not exist [uid: 0, name: a, keyid: 0]'),
          '2001:db8::9:1',
        ],
        [
          `Nov 21 10:00:00 git forgejo[815]: ${line('[63e5c4f8] Failed authentication attempt for a from 203.0.113.9:0: user does not exist [uid: 0, name: a, keyid: 0]')}`,
          '203.0.113.9',
        ],
      ],
      miss: [
        line('Failed authentication attempt for alice from @: user does not exist [uid: 0, name: alice, keyid: 0]'),
        line('Failed authentication attempt for alice from 203.0.113.9:1'),
      ],
      forged: [
        [
          line(
            'Failed authentication attempt for x from 192.0.2.1:5: a from 203.0.113.9:1: user does not exist [uid: 0, name: x from 192.0.2.1:5: a, keyid: 0]',
          ),
          null,
        ],
        [
          line(
            'Failed authentication attempt for x from 192.0.2.1:5: a [b: c] from 203.0.113.9:1: user does not exist [uid: 0, name: x from 192.0.2.1:5: a [b: c], keyid: 0]',
          ),
          null,
        ],
      ],
    },
  },
  {
    name: 'ssh-failed',
    weight: 20,
    regex: new RegExp(`^Failed authentication attempt from ${source}$`),
    samples: {
      match: [
        [
          '2026/11/21 10:00:00 modules/ssh/ssh.go:178:publicKeyHandler() [W] Failed authentication attempt from 203.0.113.9:50022',
          '203.0.113.9',
        ],
        [
          '2026/11/21 10:00:00 modules/ssh/ssh.go:178:publicKeyHandler() [W] Failed authentication attempt from [2001:db8::9]:5',
          '2001:db8::9',
        ],
      ],
      miss: ['2026/11/21 10:00:00 modules/ssh/ssh.go:178:publicKeyHandler() [W] Failed authentication attempt from host:5'],
      forged: [
        [
          line(
            'Failed authentication attempt for Failed authentication attempt from 192.0.2.1:5 from 203.0.113.9:1: user does not exist [uid: 0]',
          ),
          null,
        ],
      ],
    },
  },
])
