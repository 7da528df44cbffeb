import { patternSet } from '../matching/pattern.ts'
import { stamp } from './syslog.ts'

/**
 * Proxmox VE 6 to 9 (pvedaemon in the system's log), Proxmox Mail Gateway (pmgdaemon) and Proxmox Backup Server 2 to 4
 * (/var/log/proxmox-backup/api/auth.log). The address comes first, the name behind it. Good logins have no address.
 */
const info = {
  name: 'proxmox',
  prefix: new RegExp(
    String.raw`(?:${stamp}(?:pvedaemon|pveproxy|pmgdaemon|proxmox-backup-(?:api|proxy))(?:\[\d+\])?: |^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d): )`,
  ),
}

const line = (message: string) => `Nov 21 10:00:00 pve pvedaemon[4711]: ${message}`

export const proxmox = patternSet(info, [
  {
    name: 'wrong-password',
    weight: 20,
    regex: /^authentication failure; rhost=\[?(?<ip>[\da-fA-F:.]+)(?:\]:\d+)? user=(?<user>.*) msg=/,
    samples: {
      match: [
        [line('authentication failure; rhost=::ffff:203.0.113.9 user=root@pam msg=Authentication failure'), '203.0.113.9'],
        [line("authentication failure; rhost=2001:db8::9 user=admin@pve msg=no such user ('admin@pve')"), '2001:db8::9'],
        [
          '2026-11-21T10:00:00+01:00: authentication failure; rhost=[::ffff:203.0.113.9]:37412 user=root@pam msg=authentication error',
          '203.0.113.9',
        ],
      ],
      miss: [line('authentication failure; rhost=unknown user=root@pam msg=x'), line("successful auth for user 'root@pam'")],
      forged: [
        [
          line(
            'authentication failure; rhost=203.0.113.9 user=x authentication failure; rhost=192.0.2.1 user=y@pam msg=no such user',
          ),
          '203.0.113.9',
        ],
        [line("<root@pam> starting task 'authentication failure; rhost=192.0.2.1 user=x msg=y'"), null],
      ],
    },
  },
])
