import { patternSet } from '../matching/pattern.ts'
import { stamp } from './syslog.ts'

/**
 * Vaultwarden 1.25 and later (with `EXTENDED_LOGGING`, as by default): its log file, or what the journal has.
 *
 * The address comes before the name. But Vaultwarden believes the header X-Real-IP from anybody (`IP_HEADER`), so one that
 * can be reached past its proxy writes whatever address its peer claims: all of it is spoofable.
 */
const info = {
  name: 'vaultwarden',
  prefix: new RegExp(
    String.raw`(?:${stamp}vaultwarden(?:\[\d+\])?: |^)\[\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{3,9})?(?: ?[+-]\d{4}|Z)?\]\[[\w:]+\]\[ERROR\] `,
  ),
}

const line = (message: string) => `[2026-11-21 10:00:00.123][vaultwarden::api::identity][ERROR] ${message}`

export const vaultwarden = patternSet(info, [
  {
    name: 'wrong-password',
    weight: 20,
    spoofable: true,
    regex:
      /^(?:Username or password is incorrect\. Try again|Incorrect client_(?:id|secret)|Invalid username or password)\. IP: (?<ip>[\da-fA-F:.]+)\.(?: Username: (?<user>.*)\.)?$/,
    samples: {
      match: [
        [line('Username or password is incorrect. Try again. IP: 203.0.113.9. Username: alice@example.org.'), '203.0.113.9'],
        [line('Username or password is incorrect. Try again. IP: 2001:db8::9. Username: a.'), '2001:db8::9'],
        [line('Incorrect client_id. IP: 203.0.113.9.'), '203.0.113.9'],
      ],
      miss: [line('Username or password is incorrect. Try again. IP: unknown. Username: a.')],
      forged: [
        [
          line('Username or password is incorrect. Try again. IP: 203.0.113.9. Username: x. IP: 192.0.2.1. Username: y.'),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    name: 'disabled-user',
    weight: 10,
    spoofable: true,
    regex: /^This user has been disabled\. IP: (?<ip>[\da-fA-F:.]+)\. Username: (?<user>.*)\.$/,
    samples: {
      match: [[line('This user has been disabled. IP: 203.0.113.9. Username: bob@example.org.'), '203.0.113.9']],
      miss: [line('This user has been disabled')],
      forged: [[line('This user has been disabled. IP: 203.0.113.9. Username: x. IP: 192.0.2.1. Username: y.'), '203.0.113.9']],
    },
  },
  {
    name: 'wrong-code',
    weight: 20,
    spoofable: true,
    regex: /^Invalid TOTP code! Server time: [\d :.-]+ UTC IP: (?<ip>[\da-fA-F:.]+)$/,
    samples: {
      match: [[line('Invalid TOTP code! Server time: 2026-11-21 10:00:00 UTC IP: 203.0.113.9'), '203.0.113.9']],
      miss: [line('Invalid TOTP code! Server time: 2026-11-21 10:00:00 UTC IP: x')],
      forged: [
        [
          line(
            'Username or password is incorrect. Try again. IP: 203.0.113.9. Username: Invalid TOTP code! Server time: 1 UTC IP: 192.0.2.1',
          ),
          null,
        ],
      ],
    },
  },
  {
    // Nobody comes to the administrator's page by mistake twice.
    name: 'wrong-admin-token',
    weight: 34,
    spoofable: true,
    regex: /^Invalid admin token\. IP: (?<ip>[\da-fA-F:.]+)$/,
    samples: {
      match: [['[2026-11-21 10:00:00.123][vaultwarden::api::admin][ERROR] Invalid admin token. IP: 203.0.113.9', '203.0.113.9']],
      miss: [line('Invalid admin token')],
      forged: [[line('This user has been disabled. IP: 203.0.113.9. Username: Invalid admin token. IP: 192.0.2.1'), null]],
    },
  },
])
