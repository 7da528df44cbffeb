import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { configurationFolder } from './configuration-folder.ts'

/** Machines as far as their files tell, by name: paths without their first slash, and what is in them. */
export const fakeMachines = {
  /** As it is installed, with httpd and relayd in front of it. */
  openbsd: {
    bsd: '',
    'etc/passwd': 'root:*:0:0::/root:/bin/ksh\n',
    'etc/group': 'wheel:*:0:root\n_log2table:*:770:\n',
    'etc/rc.conf': 'httpd_flags=NO\niked_flags=NO\npf=YES\nrelayd_flags=NO\nsmtpd_flags=\nsshd_flags=\n',
    'etc/rc.conf.local': 'httpd_flags=\nrelayd_flags=\n',
    'etc/pf.conf': 'set skip on lo\nblock return\npass\n',
    'etc/relayd.conf': 'table <web> { 127.0.0.1 }\nrelay www {\n\tforward to <web> port 8080\n}\n',
    'etc/mail/smtpd.conf': '',
    'etc/iked.conf': '',
    'usr/sbin/sshd': '',
    'usr/sbin/smtpd': '',
    'usr/local/share/examples/log2table/openbsd/log2table': '',
    'var/log/authlog': '',
    'var/log/daemon': '',
    'var/log/maillog': '',
    'var/log/messages': '',
    'var/www/logs/access.log': '',
  },
  /** ipfw, nginx behind a proxy, dovecot and postfix from packages. */
  freebsd: {
    'bin/freebsd-version': '',
    'etc/passwd': '_log2table:*:770:770::/nonexistent:/usr/sbin/nologin\n',
    'etc/group': 'wheel:*:0:root\n_log2table:*:770:\n',
    'etc/defaults/rc.conf': 'firewall_enable="NO"\npf_enable="NO"\nsendmail_enable="NO"\n',
    'etc/rc.conf': 'firewall_enable="YES"\nfirewall_type="open"\npostfix_enable="YES"\ndovecot_enable="YES"\n',
    'etc/mail/sendmail.cf': '',
    'usr/local/etc/postfix/main.cf': '',
    'usr/local/sbin/dovecot': '',
    'usr/local/etc/nginx/nginx.conf': 'http {\n  set_real_ip_from 192.0.2.10;\n  set_real_ip_from 2001:db8::/48;\n}\n',
    'usr/sbin/sshd': '',
    'var/log/auth.log': '',
    'var/log/maillog': '',
    'var/log/messages': '',
    'var/log/nginx/access.log': '',
    'var/log/nginx/error.log': '',
    'var/www/nextcloud/data/nextcloud.log': '',
  },
  netbsd: {
    netbsd: '',
    'etc/passwd': '',
    'etc/group': 'wheel:*:0:root\n',
    'etc/defaults/rc.conf': 'npf=NO\npostfix=YES\n',
    'etc/rc.conf': 'npf=YES\n',
    'etc/npf.conf': 'group default {\n\tpass all\n}\n',
    'etc/postfix/main.cf': '',
    'usr/sbin/sshd': '',
    'var/log/authlog': '',
    'var/log/maillog': '',
  },
  /** nftables, no syslog daemon: sshd and postfix write into the journal. The file of years ago is left over. */
  'debian with a journal': {
    'etc/os-release': 'ID=debian\n',
    'etc/passwd': 'log2table:x:990:990::/:/usr/sbin/nologin\n',
    'etc/group': 'root:x:0:\nadm:x:4:\nsystemd-journal:x:999:\nlog2table:x:990:\n',
    'etc/postfix/main.cf': '',
    'usr/lib/systemd/system/log2table.service': '',
    'usr/sbin/nft': '',
    'usr/sbin/sshd': '',
    'var/log/auth.log': '',
    'var/log/journal/0123456789abcdef0123456789abcdef/system.journal': '',
    'var/log/nginx/access.log': '',
    'var/log/nginx/error.log': '',
    'etc/nginx/sites-enabled/default': 'server {\n  # set_real_ip_from 198.51.100.1;\n}\n',
  },
  /** iptables with ipset, rsyslog beside the journal, Apache behind HAProxy on the same machine. */
  'debian with rsyslog': {
    'etc/os-release': 'ID=debian\n',
    'etc/passwd': '',
    'etc/group': 'root:x:0:\nadm:x:4:\n',
    'etc/apache2/mods-enabled/remoteip.conf': 'RemoteIPInternalProxy 10.0.0.1 10.0.0.2\n',
    'etc/haproxy/haproxy.cfg': 'backend web\n  server web1 127.0.0.1:8080 check\n',
    'usr/lib/systemd/system/ssh.service': '',
    'usr/sbin/ipset': '',
    'usr/sbin/iptables': '',
    'usr/sbin/rsyslogd': '',
    'usr/sbin/sshd': '',
    'usr/sbin/named': '',
    'var/log/journal/0123456789abcdef0123456789abcdef/system.journal': '',
    'var/log/apache2/access.log': '',
    'var/log/apache2/error.log': '',
    'var/log/auth.log': '',
    'var/log/haproxy.log': '',
    'var/log/syslog': '',
  },
  /** Nothing but the files of a container. */
  'an empty one': { 'etc/os-release': 'ID=alpine\n', 'etc/passwd': '' },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>

export type FakeMachine = keyof typeof fakeMachines

/** The root folder of such a machine; `closed` are logs that only their owner may read. */
export function fakeMachine(t: TestContext, name: FakeMachine, closed: readonly string[] = []): string {
  const files: Readonly<Record<string, string>> = fakeMachines[name]
  const root = configurationFolder(t, files)
  chmodSync(root, 0o755)
  for (const path of Object.keys(files)) if (/(?:^|\/)s?bin\//.test(path)) chmodSync(join(root, path), 0o755)
  for (const path of closed) chmodSync(join(root, path), 0o600)
  return root
}
