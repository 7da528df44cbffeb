import { type Pattern, patternSet } from '../matching/pattern.ts'
import { stamp } from './syslog.ts'

/**
 * OpenSSH 8.0 to 10.x. The words are those of its auth.c, auth-pam.c, auth2.c, packet.c, serverloop.c, srclimit.c, sshd.c
 * and sshd-session.c, of PAM's modules as pam_unix writes them, and of tcp wrappers.
 *
 * What counts once, and what each time. One attempt is written down by up to four lines: `Invalid user`, a PAM module's,
 * `Failed password`, and how the connection ended. `Failed password` alone comes once for every password that was tried,
 * so it counts each time: five are a ban, in one connection as well as in five. So does PAM's answer in a dialogue
 * (`PAM: Authentication failure`), where sshd itself keeps silent until half of the tries are used up. All others say
 * what a connection costs at least: they are `once`, count where no password was asked for, and add nothing to a
 * connection whose failures cost as much already. The listener's own lines (timeouts since 9.8, refusals, penalties) all
 * have its one process id, so none of them is `once`.
 *
 * What is harmless weighs 0: monitors look at the port without a word, and a client offers every key it has.
 *
 * Where a user's name stands before the address, the true address is the last, as only sshd writes behind it. But syslog
 * cuts a message at 500 bytes, and what the unprivileged process says is escaped twice, so a name made of control
 * characters could push the true end out and leave a false one. `[^\\]*` refuses such names there (without a backslash
 * they are too short for it); what the monitor itself says always fits, and has `.*`.
 */
const info = {
  name: 'sshd',
  // Stamp, program, process id, Solaris' message id, what rsyslog makes of repetitions, and sshd's own level.
  prefix: new RegExp(
    String.raw`${stamp}(?:sshd(?:-session|-auth)?(?:\[| )(?<session>\d+)(?:\]:| - (?:-|(?:\[(?:[^\]"]|"[^"]*")*\])+))|\[sshd\]:?) (?:\[ID \d+ [a-z\d]+\.[a-z]+\] )?(?:message repeated (?<times>\d{1,9}) times: \[ )?(?:error: |fatal: )?`,
  ),
}

/** A message as most systems log it; samples that are about the prefix are written out. */
const line = (message: string) => `Nov 21 10:00:00 www sshd[4711]: ${message}`

/** It gives a session its address. */
const connection = line('Connection from 203.0.113.9 port 50022')

const triedPasswords: readonly Pattern[] = [
  {
    name: 'failed-password',
    weight: 20,
    regex:
      /^Failed (?:password|keyboard-interactive(?:\/bsdauth)?) for (?<user>.*) from (?<ip>[\da-fA-F:.]+) port \d+(?: ssh[12])?$/,
    samples: {
      match: [
        ['Nov 21 10:00:00 www sshd[4711]: Failed password for root from 203.0.113.9 port 50022 ssh2', '203.0.113.9'],
        ['Nov  1 10:00:00.123456 www sshd-session[4711]: Failed password for root from 203.0.113.9 port 5 ssh2', '203.0.113.9'],
        ['2026-11-21T10:00:00.123456+00:00 www sshd[1]: Failed password for root from 2001:db8::9 port 5 ssh2', '2001:db8::9'],
        ['2026-11-21T10:00:00+0000 www sshd-auth[4711]: Failed password for root from 2001:db8::9 port 5 ssh2', '2001:db8::9'],
        ['2026-11-21T10:00:00.123Z puffy sshd[4711]: Failed password for root from 203.0.113.9 port 5 ssh2', '203.0.113.9'],
        ['Nov 21 10:00:00 <auth.info> bsd sshd[4711]: Failed password for root from 203.0.113.9 port 5 ssh2', '203.0.113.9'],
        [
          '<38>1 2026-11-21T10:00:00.123456+01:00 bsd sshd 4711 - - Failed password for root from 203.0.113.9 port 5 ssh2',
          '203.0.113.9',
        ],
        [line('message repeated 3 times: [ Failed password for root from 203.0.113.9 port 5 ssh2]'), '203.0.113.9'],
        [line('Failed keyboard-interactive/bsdauth for root from 203.0.113.9 port 5 ssh2'), '203.0.113.9'],
        [line('Failed password for root from 203.0.113.9 port 50022'), '203.0.113.9'],
        [
          'Nov 21 10:00:00 sun sshd[4711]: [ID 800047 auth.info] Failed password for root from 203.0.113.9 port 5 ssh2',
          '203.0.113.9',
        ],
        [
          '<38>1 2026-11-21T10:00:00Z bsd sshd 1 - [a b="]"][c] Failed password for root from 203.0.113.9 port 5 ssh2',
          '203.0.113.9',
        ],
      ],
      miss: [
        line('Failed password for root from gateway.example.org port 50022 ssh2'),
        // Protocol 1, which ended with 7.6, had the peer's words behind it.
        line('Failed password for root from 203.0.113.9 port 50022 ssh1: ruser x from 192.0.2.1'),
        line('Failed password for root from fe80::1%eth0 port 50022 ssh2'),
        'Nov 21 10:00:00 www sudo[4711]: Failed password for root from 203.0.113.9 port 50022 ssh2',
      ],
      forged: [
        [line('Failed password for root from 192.0.2.1 port 22 ssh2 from 203.0.113.9 port 5 ssh2'), '203.0.113.9'],
        ['Nov 21 10:00:00 www su: sshd[1]: Failed password for root from 192.0.2.1 port 22 ssh2', null],
      ],
    },
  },
  {
    name: 'failed-password-unknown-user',
    weight: 25,
    regex:
      /^Failed (?:password|keyboard-interactive(?:\/bsdauth)?) for invalid user (?<user>.*) from (?<ip>[\da-fA-F:.]+) port \d+(?: ssh[12])?$/,
    samples: {
      match: [
        [line('Failed password for invalid user admin from 203.0.113.9 port 50022 ssh2'), '203.0.113.9'],
        [line('Failed password for invalid user  from 2001:db8::9 port 50022 ssh2'), '2001:db8::9'],
        [line('message repeated 2 times: [ Failed password for invalid user a b from 203.0.113.9 port 5 ssh2]'), '203.0.113.9'],
      ],
      miss: [line('Failed password for admin from 203.0.113.9 port 50022 ssh2')],
      forged: [
        [line('Failed password for invalid user x from 192.0.2.1 port 22 ssh2 from 203.0.113.9 port 5 ssh2'), '203.0.113.9'],
      ],
    },
  },
  {
    name: 'pam-dialogue-failed',
    weight: 20,
    regex:
      /^PAM: (?:[Aa]uthentication (?:failure|error)|User not known to the underlying authentication module|Permission denied|Have exhausted maximum number of retries for service|[Mm]aximum number of tries exceeded) for (?:illegal user )?(?<user>[^\\]*) from (?<ip>\S+)(?: via [\da-fA-F:.]+)? ?$/,
    samples: {
      match: [
        [line('error: PAM: Authentication error for root from 203.0.113.9'), '203.0.113.9'],
        [line('error: PAM: Authentication failure for illegal user admin from 2001:db8::9'), '2001:db8::9'],
        [line('error: PAM: authentication error for root from 203.0.113.9 via 192.0.2.25'), '203.0.113.9'],
      ],
      miss: [
        line('error: PAM: Authentication error for root from client.example.org'),
        line('error: PAM: Critical error - immediate abort for root from 203.0.113.9'),
      ],
      forged: [
        [line('error: PAM: Authentication error for illegal user x from 192.0.2.1 from 203.0.113.9'), '203.0.113.9'],
        [line(String.raw`error: PAM: Authentication error for illegal user \001\001 from 192.0.2.1`), null],
      ],
    },
  },
]

const failedConnections: readonly Pattern[] = [
  {
    // sshd's own line for what pam-dialogue-failed counts; it comes late, and not for every try.
    name: 'failed-pam-dialogue',
    weight: 20,
    once: 'session',
    regex: /^Failed keyboard-interactive\/pam for (?:invalid user )?(?<user>.*) from (?<ip>[\da-fA-F:.]+) port \d+ ssh2$/,
    samples: {
      match: [
        [line('Failed keyboard-interactive/pam for root from 203.0.113.9 port 50022 ssh2'), '203.0.113.9'],
        [line('Failed keyboard-interactive/pam for invalid user admin from 2001:db8::9 port 50022 ssh2'), '2001:db8::9'],
      ],
      miss: [line('Postponed keyboard-interactive/pam for root from 203.0.113.9 port 50022 ssh2 [preauth]')],
      forged: [
        [
          line('Failed keyboard-interactive/pam for invalid user x from 192.0.2.1 port 2 ssh2 from 203.0.113.9 port 5 ssh2'),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    // rhost may be a name, and whoever owns the address chose it: then the line says nothing to us.
    name: 'pam-module-failed',
    weight: 20,
    once: 'session',
    regex:
      /^pam_[a-z\d_]+\(sshd:auth\): authentication failure; logname=\S* uid=\d+ euid=\d+ tty=\S* ruser=\S* rhost=(?<ip>\S+) *(?:user=(?<user>.*))?$/,
    unforgeable: 'sshd leaves logname and ruser empty, and tty is its own word',
    samples: {
      match: [
        [
          line('pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.9  user=root'),
          '203.0.113.9',
        ],
        [
          line('pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.9 '),
          '203.0.113.9',
        ],
        [
          line('pam_sss(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=2001:db8::9 user=alice'),
          '2001:db8::9',
        ],
      ],
      miss: [
        line(
          'pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=gateway.example.org  user=root',
        ),
        line('pam_unix(sshd:auth): check pass; user unknown'),
      ],
      forged: [
        [
          line(
            'pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.9  user=x rhost=192.0.2.1',
          ),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    name: 'unknown-user',
    weight: 25,
    once: 'session',
    regex: /^(?:Invalid|Illegal) user (?<user>.*) from (?<ip>[\da-fA-F:.]+)(?: port \d+)?$/,
    samples: {
      match: [
        [line('Invalid user admin from 203.0.113.9 port 50022'), '203.0.113.9'],
        [line('Invalid user  from 203.0.113.9 port 50022'), '203.0.113.9'],
        [line('Invalid user john doe from 2001:db8::9 port 50022'), '2001:db8::9'],
        [line('Invalid user admin from 203.0.113.9'), '203.0.113.9'],
      ],
      miss: [
        line('Invalid user admin from 203.0.113.9 port 50022 ssh2'),
        line('input_userauth_request: invalid user admin [preauth]'),
      ],
      forged: [
        [line('Invalid user root from 192.0.2.1 port 22 from 203.0.113.9 port 5555'), '203.0.113.9'],
        [line('Invalid user Invalid user root from 192.0.2.1 from 203.0.113.9 port 5555'), '203.0.113.9'],
      ],
    },
  },
  {
    name: 'user-not-allowed',
    weight: 25,
    once: 'session',
    regex:
      /^User (?<user>.*) from (?<ip>\S+) not allowed because (?:listed in DenyUsers|not listed in AllowUsers|not in any group|a group is listed in DenyGroups|none of user's groups are listed in AllowGroups)$/,
    samples: {
      match: [
        [line('User root from 203.0.113.9 not allowed because not listed in AllowUsers'), '203.0.113.9'],
        [line("User www from 2001:db8::9 not allowed because none of user's groups are listed in AllowGroups"), '2001:db8::9'],
      ],
      miss: [
        line('User root from gateway.example.org not allowed because listed in DenyUsers'),
        line('User git not allowed because shell /usr/bin/git-shell does not exist'),
      ],
      forged: [
        [
          line(
            'User x from 192.0.2.1 not allowed because not in any group from 203.0.113.9 not allowed because not in any group',
          ),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    // The right password or key, but root may not come in this way.
    name: 'root-refused',
    weight: 10,
    once: 'session',
    regex: /^ROOT LOGIN REFUSED FROM (?<ip>[\da-fA-F:.]+)(?: port \d+)?(?: \[preauth\])?$/,
    samples: {
      match: [[line('ROOT LOGIN REFUSED FROM 203.0.113.9 port 50022 [preauth]'), '203.0.113.9']],
      miss: [line('Root login accepted for forced command.')],
      forged: [[line('Invalid user ROOT LOGIN REFUSED FROM 192.0.2.1 port 22 from 203.0.113.9 port 5'), '203.0.113.9']],
    },
  },
  {
    // An agent with many keys comes here too, without a single wrong password.
    name: 'too-many-tries',
    weight: 10,
    once: 'session',
    regex:
      /^maximum authentication attempts exceeded for (?:invalid user )?(?<user>[^\\]*) from (?<ip>[\da-fA-F:.]+) port \d+ ssh2(?: \[preauth\])?$/,
    samples: {
      match: [
        [
          line('error: maximum authentication attempts exceeded for root from 203.0.113.9 port 50022 ssh2 [preauth]'),
          '203.0.113.9',
        ],
        [
          line(
            'error: maximum authentication attempts exceeded for invalid user admin from 2001:db8::9 port 50022 ssh2 [preauth]',
          ),
          '2001:db8::9',
        ],
      ],
      miss: [line('error: maximum authentication attempts exceeded for root [preauth]')],
      forged: [
        [
          line(
            'error: maximum authentication attempts exceeded for x from 192.0.2.1 port 2 ssh2 [preauth] from 203.0.113.9 port 5 ssh2 [preauth]',
          ),
          '203.0.113.9',
        ],
        [
          line(
            String.raw`error: maximum authentication attempts exceeded for invalid user \\001\\001 from 192.0.2.1 port 2 ssh2`,
          ),
          null,
        ],
      ],
    },
  },
  {
    // `[^\\:]`: "Disconnecting ...: Change of username ..." repeats what the peer said, behind a colon.
    name: 'disconnected-after-failures',
    weight: 10,
    once: 'session',
    regex:
      /^Disconnecting (?:(?:authenticating|invalid) user (?<user>[^\\:]*) )?(?<ip>[\da-fA-F:.]+) port \d+: (?:Too many authentication failures|Change of username or service not allowed: \([^()]*\) -> \([^()]*\))(?: \[preauth\])?$/,
    samples: {
      match: [
        [
          line(
            'Disconnecting invalid user admin 203.0.113.9 port 5: Change of username or service not allowed: (admin,ssh-connection) -> (x,ssh-connection) [preauth]',
          ),
          '203.0.113.9',
        ],
        [
          line('Disconnecting authenticating user root 203.0.113.9 port 50022: Too many authentication failures [preauth]'),
          '203.0.113.9',
        ],
        [
          line('Disconnecting invalid user admin 2001:db8::9 port 50022: Too many authentication failures [preauth]'),
          '2001:db8::9',
        ],
        [line('Disconnecting 203.0.113.9 port 50022: Too many authentication failures [preauth]'), '203.0.113.9'],
      ],
      miss: [
        line('Disconnecting: Too many authentication failures for root [preauth]'),
        line('Disconnecting user alice 203.0.113.9 port 50022: Too many authentication failures'),
      ],
      forged: [
        [
          line('Disconnecting invalid user x 192.0.2.1 port 2 203.0.113.9 port 5: Too many authentication failures [preauth]'),
          '203.0.113.9',
        ],
        [
          line(
            'Disconnecting authenticating user a 203.0.113.9 port 5: Change of username or service not allowed: (a,) -> ( 192.0.2.1 port 2: Too many authentication failures [preauth]',
          ),
          null,
        ],
      ],
    },
  },
  {
    name: 'gave-up',
    weight: 10,
    once: 'session',
    regex:
      /^(?:Connection (?:closed|reset) by|Connection from|Disconnected from) authenticating user (?<user>[^\\]*) (?<ip>[\da-fA-F:.]+) port \d+(?: timed out)?(?: \[preauth\])?$/,
    samples: {
      match: [
        [line('Connection closed by authenticating user root 203.0.113.9 port 50022 [preauth]'), '203.0.113.9'],
        [line('Connection reset by authenticating user root 2001:db8::9 port 50022 [preauth]'), '2001:db8::9'],
        [line('Disconnected from authenticating user root 203.0.113.9 port 50022 [preauth]'), '203.0.113.9'],
        [line('Connection from authenticating user root 203.0.113.9 port 50022 timed out [preauth]'), '203.0.113.9'],
      ],
      miss: [
        line('Disconnected from user alice 203.0.113.9 port 50022'),
        line('Connection closed by 203.0.113.9 port 50022 [preauth]'),
      ],
      forged: [
        [
          line('Connection closed by authenticating user x 192.0.2.1 port 22 [preauth] 203.0.113.9 port 5 [preauth]'),
          '203.0.113.9',
        ],
        [line(String.raw`Connection closed by authenticating user \\001\\001 192.0.2.1 port 22 [preauth]`), null],
      ],
    },
  },
  {
    name: 'unknown-user-gave-up',
    weight: 25,
    once: 'session',
    regex:
      /^(?:Connection (?:closed|reset) by|Connection from|Disconnected from) invalid user (?<user>[^\\]*) (?<ip>[\da-fA-F:.]+) port \d+(?: timed out)?(?: \[preauth\])?$/,
    samples: {
      match: [
        [line('Connection closed by invalid user admin 203.0.113.9 port 50022 [preauth]'), '203.0.113.9'],
        [line('Connection reset by invalid user  2001:db8::9 port 50022 [preauth]'), '2001:db8::9'],
        [line('Disconnected from invalid user a b 203.0.113.9 port 50022 [preauth]'), '203.0.113.9'],
      ],
      miss: [line('Connection closed by authenticating user admin 203.0.113.9 port 50022 [preauth]')],
      forged: [
        [line('Connection closed by invalid user x 192.0.2.1 port 22 [preauth] 203.0.113.9 port 5 [preauth]'), '203.0.113.9'],
        [line(String.raw`Connection closed by invalid user \\001\\001\\001 192.0.2.1 port 22 [preauth]`), null],
      ],
    },
  },
  {
    name: 'timeout',
    weight: 10,
    regex:
      /^Timeout before authentication for (?:connection from )?(?<ip>[\da-fA-F:.]+)(?: port \d+| to [\da-fA-F:.]+, pid = \d+)$/,
    samples: {
      match: [
        [line('fatal: Timeout before authentication for 203.0.113.9 port 50022'), '203.0.113.9'],
        [line('Timeout before authentication for connection from 203.0.113.9 to 192.0.2.25, pid = 4712'), '203.0.113.9'],
        [line('Timeout before authentication for connection from 2001:db8::9 to 2001:db8::25, pid = 4712'), '2001:db8::9'],
      ],
      miss: [line('Timeout, client not responding from user alice 203.0.113.9 port 50022')],
      forged: [[line('Invalid user Timeout before authentication for 192.0.2.1 port 22 from 203.0.113.9 port 5'), '203.0.113.9']],
    },
  },
]

const strangeClients: readonly Pattern[] = [
  {
    name: 'bad-protocol',
    weight: 20,
    once: 'session',
    regex: /^Bad protocol version identification '.*' from (?<ip>[\da-fA-F:.]+)(?: port \d+)?$/,
    samples: {
      match: [
        [line("Bad protocol version identification 'GET / HTTP/1.1' from 203.0.113.9 port 50022"), '203.0.113.9'],
        [line(String.raw`Bad protocol version identification '\003' from 2001:db8::9 port 50022`), '2001:db8::9'],
      ],
      miss: [line('Did not receive identification string from 203.0.113.9 port 50022')],
      forged: [[line("Bad protocol version identification 'x' from 192.0.2.1 port 22' from 203.0.113.9 port 5"), '203.0.113.9']],
    },
  },
  {
    // What was sent stands in the line before, `kex_exchange_identification: ...`, which names no address.
    name: 'bad-banner',
    weight: 20,
    once: 'session',
    regex:
      /^banner exchange: Connection from (?<ip>[\da-fA-F:.]+) port \d+: (?:invalid format|could not read protocol version|protocol version mismatch)(?: \[preauth\])?$/,
    samples: {
      match: [
        [line('banner exchange: Connection from 203.0.113.9 port 50022: invalid format'), '203.0.113.9'],
        [line('banner exchange: Connection from 2001:db8::9 port 50022: could not read protocol version'), '2001:db8::9'],
      ],
      miss: [line('banner exchange: Connection from 203.0.113.9 port 50022: Broken pipe')],
      forged: [
        [
          line(
            'error: kex_exchange_identification: client sent invalid protocol identifier "banner exchange: Connection from 192.0.2.1 port 2: invalid format"',
          ),
          null,
        ],
      ],
    },
  },
  {
    name: 'old-or-probing-client',
    weight: 20,
    once: 'session',
    regex: /^(?:Protocol major versions differ for|probed from|scanned from) (?<ip>[\da-fA-F:.]+) port \d+(?:: | with )/,
    samples: {
      match: [
        [
          line('Protocol major versions differ for 203.0.113.9 port 50022: SSH-2.0-OpenSSH_8.0 vs. SSH-1.5-NmapNSE_1.0'),
          '203.0.113.9',
        ],
        [line("scanned from 2001:db8::9 port 50022 with SSH-1.0-SSH_Version_Mapper.  Don't panic."), '2001:db8::9'],
      ],
      miss: [line('error: Protocol major versions differ: 2 vs. 1')],
      forged: [
        [
          line(
            'Protocol major versions differ for 203.0.113.9 port 5: SSH-2.0-OpenSSH_8.0 vs. SSH-1.0-x for 192.0.2.1 port 2: SSH-1.0-x',
          ),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    // As OpenSSH had it before 7.0; the session says who it is.
    name: 'no-common-method',
    weight: 5,
    once: 'session',
    regex: /^(?:Unable to negotiate a key exchange method|no matching \S+ found: client .*)(?: \[preauth\])?$/,
    samples: {
      match: [
        [`${connection}\n${line('fatal: Unable to negotiate a key exchange method [preauth]')}`, '203.0.113.9'],
        [`${connection}\n${line('fatal: no matching mac found: client x server y [preauth]')}`, '203.0.113.9'],
      ],
      miss: [line('fatal: Unable to negotiate with 203.0.113.9 port 50022: no matching cipher found. Their offer: x [preauth]')],
      forged: [[`${connection}\n${line('fatal: no matching mac found: client 192.0.2.1 server y')}`, '203.0.113.9']],
    },
  },
  {
    // Told without an address; in newer versions a line with one follows.
    name: 'broken-off',
    weight: 0,
    regex:
      /^(?:kex_exchange_identification: |Read from socket failed: |Disconnecting: Too many authentication failures(?: for .*)? \[preauth\]$)/,
    samples: {
      match: [
        [`${connection}\n${line('error: kex_exchange_identification: read: Connection reset by peer')}`, '203.0.113.9'],
        [`${connection}\n${line('Disconnecting: Too many authentication failures for root [preauth]')}`, '203.0.113.9'],
      ],
      miss: [line('Disconnecting: Timeout, client not responding')],
      forged: [
        [
          `${connection}\n${line('error: kex_exchange_identification: client sent invalid protocol identifier "from 192.0.2.1 port 2"')}`,
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    // An old device of a friend, or a scanner.
    name: 'no-common-algorithm',
    weight: 5,
    once: 'session',
    regex: /^Unable to negotiate with (?<ip>[\da-fA-F:.]+) port \d+: no matching /,
    samples: {
      match: [
        [
          line(
            'Unable to negotiate with 203.0.113.9 port 50022: no matching host key type found. Their offer: ssh-rsa,ssh-dss [preauth]',
          ),
          '203.0.113.9',
        ],
        [
          line(
            'fatal: Unable to negotiate with 2001:db8::9 port 50022: no matching key exchange method found. Their offer: x [preauth]',
          ),
          '2001:db8::9',
        ],
      ],
      miss: [line('Unable to negotiate with UNKNOWN port 65535: no matching cipher found. Their offer: x [preauth]')],
      forged: [
        [
          line(
            'Unable to negotiate with 203.0.113.9 port 5: no matching cipher found. Their offer: with 192.0.2.1 port 2: no matching [preauth]',
          ),
          '203.0.113.9',
        ],
        [
          line(
            'Unable to negotiate with invalid user 192.0.2.1 port 2: no matching x 203.0.113.9 port 5: no matching cipher found. Their offer: x [preauth]',
          ),
          null,
        ],
      ],
    },
  },
  {
    name: 'broken-protocol',
    weight: 5,
    once: 'session',
    regex:
      /^ssh_dispatch_run_fatal: Connection from (?:(?:authenticating|invalid) user (?<user>[^\\]*) )?(?<ip>[\da-fA-F:.]+) port \d+: (?:message authentication code incorrect|Connection corrupted|invalid format|incomplete message|invalid argument|invalid elliptic curve value|incorrect signature|DH GEX group out of range|bignum is negative|string is too large|unexpected internal error|unknown or unsupported key type)(?: \[preauth\])?$/,
    samples: {
      match: [
        [
          line('ssh_dispatch_run_fatal: Connection from 203.0.113.9 port 50022: message authentication code incorrect [preauth]'),
          '203.0.113.9',
        ],
        [line('fatal: ssh_dispatch_run_fatal: Connection from 2001:db8::9 port 50022: invalid format [preauth]'), '2001:db8::9'],
        [
          line(
            'ssh_dispatch_run_fatal: Connection from authenticating user root 203.0.113.9 port 50022: Connection corrupted [preauth]',
          ),
          '203.0.113.9',
        ],
      ],
      miss: [
        line('ssh_dispatch_run_fatal: Connection from 203.0.113.9 port 50022: Broken pipe [preauth]'),
        line('ssh_dispatch_run_fatal: Connection from user alice 203.0.113.9 port 50022: Connection corrupted'),
      ],
      forged: [
        [
          line(
            'ssh_dispatch_run_fatal: Connection from invalid user 192.0.2.1 port 2: invalid format 203.0.113.9 port 5: invalid format [preauth]',
          ),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    // tcp wrappers: the administrator has refused this address already.
    name: 'refused',
    weight: 10,
    regex: /^refused connect from (?:[^\s()]+ \()?(?<ip>[\da-fA-F:.]+)\)?$/,
    samples: {
      match: [
        [line('refused connect from client.example.org (203.0.113.9)'), '203.0.113.9'],
        [line('refused connect from 2001:db8::9 (2001:db8::9)'), '2001:db8::9'],
        [line('refused connect from 203.0.113.9'), '203.0.113.9'],
      ],
      miss: [line('refused connect from client.example.org')],
      forged: [
        [line('refused connect from 192.0.2.1 (203.0.113.9)'), '203.0.113.9'],
        [line('refused connect from client.192.0.2.1'), null],
      ],
    },
  },
  {
    // sshd (as of 9.8) holds it off by itself for a while, and it does not stop.
    name: 'penalized',
    weight: 5,
    regex:
      /^drop connection #\d+ from \[(?<ip>[\da-fA-F:.]+)\]:\d+ on \[[\da-fA-F:.]+\]:\d+ penalty: (?:failed authentication|attempted authentication by invalid user|caused crash|exceeded LoginGraceTime|connection prohibited by RefuseConnection)$/,
    samples: {
      match: [
        [line('drop connection #0 from [203.0.113.9]:50022 on [192.0.2.25]:22 penalty: failed authentication'), '203.0.113.9'],
        [
          line(
            'drop connection #3 from [2001:db8::9]:50022 on [2001:db8::25]:22 penalty: attempted authentication by invalid user',
          ),
          '2001:db8::9',
        ],
      ],
      miss: [line('drop connection #10 from [203.0.113.9]:50022 on [192.0.2.25]:22 past MaxStartups')],
      forged: [
        [
          line(
            'Invalid user drop connection #0 from [192.0.2.1]:22 on [192.0.2.25]:22 penalty: failed authentication from 203.0.113.9 port 5',
          ),
          '203.0.113.9',
        ],
      ],
    },
  },
]

const harmless: readonly Pattern[] = [
  {
    name: 'other-method',
    weight: 0,
    regex:
      /^Failed (?:none|publickey|hostbased|gssapi-with-mic|gssapi-keyex|unknown) for (?<user>.*) from (?<ip>[\da-fA-F:.]+) port \d+ ssh2(?:: [A-Z\d-]+ (?:SHA256:[\w+/=$]+|[\da-f:]{47}))?$/,
    samples: {
      match: [
        [line('Failed none for invalid user admin from 203.0.113.9 port 50022 ssh2'), '203.0.113.9'],
        [
          line(
            'Failed publickey for alice from 2001:db8::9 port 50022 ssh2: ED25519 SHA256:4vAjX1mRhbVcBJ7cD9pbmZqQkqkG1cZZm2Ff1n3p0aI',
          ),
          '2001:db8::9',
        ],
      ],
      miss: [line('Failed password for alice from 203.0.113.9 port 50022 ssh2')],
      forged: [
        [line('Failed none for invalid user x from 192.0.2.1 port 22 ssh2 from 203.0.113.9 port 5 ssh2'), '203.0.113.9'],
        // The id of a certificate is its maker's, who may be anybody.
        [
          line(
            'Failed publickey for alice from 203.0.113.9 port 5 ssh2: RSA-CERT SHA256:x ID y from 192.0.2.1 port 2 ssh2 (serial 0) CA RSA SHA256:z',
          ),
          null,
        ],
      ],
    },
  },
  {
    // Only with `LogLevel VERBOSE`; it gives the session its address.
    name: 'connection',
    weight: 0,
    regex: /^Connection from (?<ip>[\da-fA-F:.]+) port \d+(?: on [\da-fA-F:.]+ port \d+(?: rdomain "[^"]*")?)?$/,
    samples: {
      match: [
        [line('Connection from 203.0.113.9 port 50022 on 192.0.2.25 port 22'), '203.0.113.9'],
        [line('Connection from 2001:db8::9 port 50022 on 2001:db8::25 port 22 rdomain "0"'), '2001:db8::9'],
      ],
      miss: [line('banner exchange: Connection from 203.0.113.9 port 50022: Broken pipe')],
      forged: [
        [line('Invalid user Connection from 192.0.2.1 port 2 on 192.0.2.25 port 22 from 203.0.113.9 port 5'), '203.0.113.9'],
      ],
    },
  },
  {
    name: 'left-early',
    weight: 0,
    regex:
      /^(?:Connection (?:closed|reset) by|Connection from|Disconnected from) (?<ip>[\da-fA-F:.]+)(?: port \d+)?(?: timed out)? \[preauth\]$/,
    samples: {
      match: [
        [line('Connection closed by 203.0.113.9 port 50022 [preauth]'), '203.0.113.9'],
        [line('Disconnected from 2001:db8::9 port 50022 [preauth]'), '2001:db8::9'],
        [line('Connection from 203.0.113.9 port 50022 timed out [preauth]'), '203.0.113.9'],
      ],
      miss: [line('Connection closed by 203.0.113.9 port 50022'), line('Connection closed by UNKNOWN port 65535 [preauth]')],
      forged: [
        [line('Connection closed by invalid user 192.0.2.1 port 22 [preauth] 203.0.113.9 port 5 [preauth]'), '203.0.113.9'],
      ],
    },
  },
  {
    name: 'said-nothing',
    weight: 0,
    regex:
      /^(?:Did not receive identification string from|banner exchange: Connection from) (?<ip>[\da-fA-F:.]+)(?: port \d+)?(?:: (?:Broken pipe|Connection timed out|Operation timed out))?$/,
    samples: {
      match: [
        [line('Did not receive identification string from 203.0.113.9 port 50022'), '203.0.113.9'],
        [line('banner exchange: Connection from 2001:db8::9 port 50022: Broken pipe'), '2001:db8::9'],
      ],
      miss: [line('banner exchange: Connection from 203.0.113.9 port 50022: invalid format')],
      forged: [
        [
          line(
            "Bad protocol version identification 'Did not receive identification string from 192.0.2.1' from 203.0.113.9 port 5",
          ),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    // "Bye Bye" is what many guessers say, and PuTTY's "user aborted" what many friends do; the reason is the peer's own text.
    name: 'disconnect',
    weight: 0,
    regex: /^Received disconnect from (?<ip>[\da-fA-F:.]+)(?: port \d+:|: )\d+: /,
    samples: {
      match: [
        [line('Received disconnect from 203.0.113.9 port 50022:11: Bye Bye [preauth]'), '203.0.113.9'],
        [line('error: Received disconnect from 2001:db8::9 port 50022:13: Unable to authenticate [preauth]'), '2001:db8::9'],
        [line('Received disconnect from 203.0.113.9 port 50022:11: disconnected by user'), '203.0.113.9'],
      ],
      miss: [line('Received disconnect from UNKNOWN port 65535:11: Bye Bye')],
      forged: [
        [
          line('Received disconnect from 203.0.113.9 port 5:11: Failed password for root from 192.0.2.1 port 2 ssh2'),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    // Full house: those who are turned away need not be those who fill it.
    name: 'turned-away',
    weight: 0,
    regex:
      /^drop connection #\d+ from \[(?<ip>[\da-fA-F:.]+)\]:\d+ on \[[\da-fA-F:.]+\]:\d+ (?:past Max[Ss]tartups|too many penalised addresses|penalty: connections without attempting authentication)$/,
    samples: {
      match: [
        [line('drop connection #10 from [203.0.113.9]:50022 on [192.0.2.25]:22 past MaxStartups'), '203.0.113.9'],
        [line('drop connection #10 from [2001:db8::9]:50022 on [2001:db8::25]:22 too many penalised addresses'), '2001:db8::9'],
      ],
      miss: [line('drop connection #0 from [203.0.113.9]:50022 on [192.0.2.25]:22 penalty: failed authentication')],
      forged: [
        [
          line('Invalid user drop connection #0 from [192.0.2.1]:2 on [192.0.2.2]:2 past MaxStartups from 203.0.113.9 port 5'),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    // sshd's own sum of what its other lines have said.
    name: 'penalty',
    weight: 0,
    regex:
      /^srclimit_penalise: (?:ipv[46]: new )?(?<ip>[\da-fA-F:.]+)\/\d+(?: active| deferred|: activating ipv[46]) penalty of [\d.]+ seconds for penalty: /,
    samples: {
      match: [
        [
          line('srclimit_penalise: ipv4: new 203.0.113.9/32 active penalty of 15.000 seconds for penalty: failed authentication'),
          '203.0.113.9',
        ],
        [
          line(
            'srclimit_penalise: 2001:db8::9/128: activating ipv6 penalty of 16.000 seconds for penalty: failed authentication',
          ),
          '2001:db8::9',
        ],
      ],
      miss: [
        line('srclimit_penalise: ipv4 penalty table full, cannot penalise 203.0.113.9/32 for penalty: failed authentication'),
      ],
      forged: [
        [
          line(
            'Invalid user srclimit_penalise: 192.0.2.1/32: activating ipv4 penalty of 1 seconds for penalty: x from 203.0.113.9 port 5',
          ),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    // A wrong name in DNS is its provider's fault.
    name: 'reverse-mapping',
    weight: 0,
    regex:
      /^(?:reverse mapping checking getaddrinfo for \S+ \[|Address )(?<ip>[\da-fA-F:.]+)(?:\] failed| maps to \S+, but this does not map back to the address)/,
    samples: {
      match: [
        [
          line('reverse mapping checking getaddrinfo for client.example.org [203.0.113.9] failed - POSSIBLE BREAK-IN ATTEMPT!'),
          '203.0.113.9',
        ],
        [line('Address 2001:db8::9 maps to client.example.org, but this does not map back to the address.'), '2001:db8::9'],
      ],
      miss: [line('Nasty PTR record "192.0.2.1" is set up for 203.0.113.9, ignoring')],
      forged: [
        [
          line('reverse mapping checking getaddrinfo for 192.0.2.1 [203.0.113.9] failed - POSSIBLE BREAK-IN ATTEMPT!'),
          '203.0.113.9',
        ],
      ],
    },
  },
]

const logins: readonly Pattern[] = [
  {
    name: 'accepted',
    weight: -100,
    session: 'opened',
    regex: /^Accepted [a-z\d/-]+ for (?<user>\S+) from (?<ip>[\da-fA-F:.]+) port (?<port>\d+) ssh2(?:: .*)?$/,
    unforgeable: 'the account exists on this machine, and its name holds no space',
    samples: {
      match: [
        [line('Accepted password for alice from 198.51.100.7 port 50022 ssh2'), '198.51.100.7'],
        [line('Accepted keyboard-interactive/pam for alice from 198.51.100.7 port 50022 ssh2'), '198.51.100.7'],
        [
          line(
            'Accepted publickey for alice from 2001:db8::7 port 50022 ssh2: ED25519 SHA256:4vAjX1mRhbVcBJ7cD9pbmZqQkqkG1cZZm2Ff1n3p0aI',
          ),
          '2001:db8::7',
        ],
        [
          line(
            'Accepted publickey for alice from 198.51.100.7 port 50022 ssh2: RSA-CERT SHA256:x ID alice (serial 3) CA RSA SHA256:y',
          ),
          '198.51.100.7',
        ],
      ],
      miss: [line('Partial publickey for alice from 198.51.100.7 port 50022 ssh2: ED25519 SHA256:x')],
      forged: [
        [
          line(
            'Failed password for invalid user Accepted password for alice from 192.0.2.1 port 2 ssh2 from 203.0.113.9 port 5 ssh2',
          ),
          '203.0.113.9',
        ],
        [
          line(
            'Accepted publickey for alice from 203.0.113.9 port 5 ssh2: RSA-CERT SHA256:x ID for bob from 192.0.2.1 port 2 ssh2',
          ),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    // Written by the process of `accepted`. What a user's own process says of the end (`logged-out`) has another id.
    name: 'session-closed',
    weight: 0,
    session: 'closed',
    regex: /^pam_unix\(sshd:session\): session closed for user \S+$/,
    samples: {
      match: [
        [
          `${line('Accepted password for alice from 198.51.100.7 port 50022 ssh2')}\n${line('pam_unix(sshd:session): session closed for user alice')}`,
          '198.51.100.7',
        ],
      ],
      miss: [line('pam_unix(sshd:session): session opened for user alice(uid=1000) by alice(uid=0)')],
      forged: [
        [line('Invalid user pam_unix(sshd:session): session closed for user alice from 203.0.113.9 port 5'), '203.0.113.9'],
      ],
    },
  },
  {
    name: 'logged-out',
    weight: 0,
    session: 'closed',
    regex:
      /^(?:Connection (?:closed|reset) by|Connection from|Disconnected from|Timeout, client not responding from)(?: user (?<user>\S+))? (?<ip>[\da-fA-F:.]+) port (?<port>\d+)(?: timed out)?$/,
    samples: {
      match: [
        [line('Disconnected from user alice 198.51.100.7 port 50022'), '198.51.100.7'],
        [line('Timeout, client not responding from user alice 2001:db8::7 port 50022'), '2001:db8::7'],
        [line('Connection closed by 198.51.100.7 port 50022'), '198.51.100.7'],
        [line('Connection reset by user alice 198.51.100.7 port 50022'), '198.51.100.7'],
      ],
      miss: [
        line('Disconnected from authenticating user alice 198.51.100.7 port 50022 [preauth]'),
        line('Connection closed by 198.51.100.7 port 50022 [preauth]'),
        line('Close session: user alice from 198.51.100.7 port 50022 id 0'),
      ],
      forged: [[line('Disconnected from invalid user alice 192.0.2.1 port 2 203.0.113.9 port 5 [preauth]'), '203.0.113.9']],
    },
  },
]

/** The patterns of sshd: `sshd/failed-password` and so on. */
export const sshd = patternSet(info, [...triedPasswords, ...failedConnections, ...strangeClients, ...harmless, ...logins])
