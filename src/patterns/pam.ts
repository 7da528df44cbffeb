import { patternSet } from '../matching/pattern.ts'
import { syslogPrefix } from './syslog.ts'

/**
 * Linux-PAM 0.99 to 1.7 (pam_unix, and those that took over its words: pam_sss, pam_ldap, pam_winbind), for every program
 * that tells PAM where its user comes from: FTP and mail servers, remote desktops, login. sshd's lines are in sshd.ts.
 *
 * Most of these programs write down themselves what PAM refuses; half the points, so that both together are not the double.
 * su, sudo and doas have no `rhost`: those users are on the machine already, and there is no address to ban.
 *
 * `ruser` and `user` are the peer's words, and `rhost` stands between them. Of the two, at most `ruser` may look like more
 * of the line; where `user` does, either address could be the forged one, and we take neither.
 *
 * Compared with the words in the program itself, 1.5.2.
 */
const info = {
  name: 'pam',
  // Any program but sshd.
  prefix: syslogPrefix(String.raw`(?:[^\s:[s]|s[^\s:[s]|ss[^\s:[h]|ssh[^\s:[d])[^\s:[]*`),
}

const refused = String.raw`authentication failure; logname=[^\s=]* uid=\d* euid=\d* tty=[^\s=]* ruser=(?:[^=]|rhost=)* rhost=(?<ip>[\da-fA-F:.]+) *(?:user=(?<user>[^=]*))?$`

const line = (message: string) => `Nov 21 10:00:00 www vsftpd[4711]: ${message}`
const said = 'authentication failure; logname= uid=0 euid=0 tty=ftp'

export const pam = patternSet(info, [
  {
    name: 'failed',
    weight: 10,
    once: 'session',
    regex: new RegExp(String.raw`^(?:pam_[a-z\d_]+(?:\([\w-]+(?::auth)?\))?: |\(pam_unix\) )${refused}`),
    samples: {
      match: [
        [line(`pam_unix(vsftpd:auth): ${said} ruser=alice rhost=203.0.113.9 `), '203.0.113.9'],
        [line(`pam_unix(vsftpd:auth): ${said} ruser=alice rhost=::ffff:203.0.113.9  user=alice`), '203.0.113.9'],
        [
          'Nov 21 10:00:00 mx auth: pam_sss(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=bob rhost=2001:db8::9 user=bob',
          '2001:db8::9',
        ],
      ],
      miss: [
        line(`pam_unix(vsftpd:auth): ${said} ruser=alice rhost=client.example.org`),
        'Nov 21 10:00:00 www sudo: pam_unix(sudo:auth): authentication failure; logname=alice uid=1000 euid=0 tty=/dev/pts/0 ruser=alice rhost=  user=alice',
        'Nov 21 10:00:00 www su: pam_unix(su:auth): authentication failure; logname=alice uid=1000 euid=0 tty=pts/0 ruser=alice rhost=  user=root',
        `Nov 21 10:00:00 www sshd[4711]: pam_unix(sshd:auth): ${said} ruser= rhost=203.0.113.9  user=root`,
      ],
      forged: [
        [line(`pam_unix(vsftpd:auth): ${said} ruser=x rhost=192.0.2.1 rhost=203.0.113.9`), '203.0.113.9'],
        [line(`pam_unix(vsftpd:auth): ${said} ruser= rhost=192.0.2.1  user=x rhost=203.0.113.9`), null],
        [line(`pam_unix(vsftpd:auth): ${said} ruser= rhost=203.0.113.9  user=x rhost=192.0.2.1`), null],
      ],
    },
  },
])
