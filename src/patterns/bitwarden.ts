import { patternSet } from '../matching/pattern.ts'
import { stamp } from './syslog.ts'

/** Bitwarden's own server (2019 and later): identity/*.txt, or syslog. What it writes of a failed login holds no name. */
const info = {
  name: 'bitwarden',
  prefix: new RegExp(
    String.raw`(?:^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} [+-]\d\d:\d\d \[(?:WRN|Warning)\] |${stamp}Bitwarden-Identity(?:\[\d+\])?: \[[\w.]+\] )`,
  ),
}

export const bitwarden = patternSet(info, [
  {
    name: 'wrong-password',
    weight: 20,
    regex: /^Failed login attempt(?:, 2FA invalid)?\. (?<ip>[\da-fA-F:.]+)$/,
    samples: {
      match: [
        ['2026-11-21 10:00:00.123 +01:00 [WRN] Failed login attempt. 203.0.113.9', '203.0.113.9'],
        ['2026-11-21 10:00:00.123 +01:00 [Warning] Failed login attempt, 2FA invalid. 2001:db8::9', '2001:db8::9'],
        [
          'Nov 21 10:00:00 vault Bitwarden-Identity[1]: [Bit.Core.IdentityServer.ResourceOwnerPasswordValidator] Failed login attempt. 203.0.113.9',
          '203.0.113.9',
        ],
      ],
      miss: ['2026-11-21 10:00:00.123 +01:00 [WRN] Failed login attempt. 203.0.113.9 and more'],
      forged: [['2026-11-21 10:00:00.123 +01:00 [WRN] Unknown user x. Failed login attempt. 192.0.2.1', null]],
    },
  },
])
