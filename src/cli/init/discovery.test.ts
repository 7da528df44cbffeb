import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configurationFolder } from '../../../test/lib/configuration-folder.ts'
import type { CommandResult, Step } from '../../firewall/firewall.ts'
import type { Runner } from '../../firewall/runner.ts'
import { mayRead } from './access.ts'
import { discover, planOf } from './discovery.ts'
import { findFirewall } from './firewalls.ts'
import { lookForLogs } from './logs.ts'
import { findPeople, hostsOfWho } from './people.ts'
import { findProxies, proxiesOfApache, proxiesOfHaproxy, proxiesOfNginx, proxiesOfRelayd } from './proxies.ts'
import { isStarted } from './rc-conf.ts'
import { type Owner, type System, siteAt } from './site.ts'
import { logsOfApache, logsOfHttpd, logsOfNginx } from './web-servers.ts'

/** Programs that answer by their whole command line; all others are not there. */
function answering(answers: Readonly<Record<string, Partial<CommandResult>>>): Runner {
  return async (step: Step) => {
    const answer = 'argv' in step ? answers[step.argv.join(' ')] : undefined
    return { status: answer ? 0 : null, stdout: '', stderr: '', ...answer }
  }
}

test('rc.conf says whether a service is started: the later file goes before the earlier, a comment says nothing', (t) => {
  const files = {
    'etc/defaults/rc.conf': 'pf_enable="NO"\nsendmail_enable="YES"\n',
    'etc/rc.conf': 'pf_enable=\'yes\'\n#named_enable="YES"\nsendmail_enable=NONE # no mail\n',
  }
  const site = siteAt(configurationFolder(t, { ...files, 'bin/freebsd-version': '' }))
  assert.deepEqual(
    ['pf', 'sendmail', 'named'].map((name) => isStarted(site, name)),
    [true, false, undefined],
  )
  const openbsd = { 'etc/rc.conf': 'iked_flags=NO\nsmtpd_flags=\npf=YES\n', 'etc/rc.conf.local': 'iked_flags=\npf=NO\n', bsd: '' }
  const other = siteAt(configurationFolder(t, openbsd))
  assert.deepEqual(
    ['iked', 'smtpd', 'pf', 'nsd'].map((name) => isStarted(other, name)),
    [true, true, false, undefined],
  )
})

const firewalls: readonly (readonly [
  what: string,
  files: Readonly<Record<string, string>>,
  answers: Parameters<typeof answering>[0],
  string,
])[] = [
  [
    'FreeBSD where pf is at work and ipfw is in rc.conf',
    freebsd('firewall_enable="YES"'),
    { 'pfctl -s info': { stdout: 'Status: Enabled for 3 days\n' } },
    'pf: it is enabled',
  ],
  [
    'FreeBSD where pf is loaded but disabled',
    freebsd('firewall_enable="YES"'),
    { 'pfctl -s info': { stdout: 'Status: Disabled\n' } },
    'ipfw: rc.conf starts it',
  ],
  ['FreeBSD with ipfw', freebsd(''), { 'sysctl -n net.inet.ip.fw.enable': { stdout: '1\n' } }, 'ipfw: it is enabled'],
  ['FreeBSD without a firewall', freebsd(''), {}, 'dryRun: neither enabled nor in rc.conf: pf, ipfw'],
  [
    'NetBSD with npf',
    { netbsd: '' },
    { 'npfctl show': { stdout: '# filtering:\tactive\n# config:\tloaded\n' } },
    'npf: it is enabled',
  ],
  [
    'NetBSD with npf stopped',
    { netbsd: '' },
    { 'npfctl show': { stdout: '# filtering:\tinactive\n' } },
    'dryRun: neither enabled nor in rc.conf: npf',
  ],
  ['OpenBSD', { bsd: '' }, {}, 'pf: it is part of the system'],
  [
    'Linux with nft, asked by who may not',
    linux('nft'),
    { 'nft list tables': { status: 1, stderr: 'Operation not permitted (you must be root)\n' } },
    'nftables: nft is installed',
  ],
  [
    'Linux whose kernel has no nftables',
    linux('nft', 'ipset', 'iptables'),
    { 'nft list tables': { status: 1, stderr: 'nft: Protocol not supported\n' } },
    'ipset: ipset and iptables are installed',
  ],
  ['Linux with iptables alone', linux('iptables'), {}, 'dryRun: neither nft nor ipset with iptables is there'],
]

function freebsd(rc: string) {
  return { 'bin/freebsd-version': '', 'etc/rc.conf': `${rc}\n` }
}

function linux(...programs: readonly string[]) {
  return { 'etc/os-release': '', ...Object.fromEntries(programs.map((name) => [`usr/sbin/${name}`, '#!/bin/sh\n'])) }
}

for (const [what, files, answers, expected] of firewalls) {
  test(`the firewall of ${what}`, async (t) => {
    const root = configurationFolder(t, files)
    const site = {
      ...siteAt(root, { run: answering(answers) }),
      programAt: (name: string) => (`usr/sbin/${name}` in files ? name : undefined),
    }
    const { kind, because } = await findFirewall(site)
    assert.equal(`${kind}: ${because}`, expected)
  })
}

test('services that share a log share its entry, and one that rc.conf switches off has no part in it', (t) => {
  const files = {
    'bin/freebsd-version': '',
    'var/log/maillog': '',
    'etc/mail/sendmail.cf': '',
    'usr/local/etc/postfix/main.cf': '',
  }
  const setsOf = (rc: string) =>
    lookForLogs(siteAt(configurationFolder(t, { ...files, 'etc/rc.conf': rc }))).found.map(({ key, sets }) => [key, ...sets])
  assert.deepEqual(setsOf('sendmail_enable="NONE"\n'), [['/var/log/maillog', 'postfix']])
  assert.deepEqual(setsOf('postfix_enable="NO"\n'), [['/var/log/maillog', 'sendmail']])
  assert.deepEqual(setsOf(''), [['/var/log/maillog', 'postfix', 'sendmail']])
})

test('a journal is followed only where no syslog daemon writes its lines into files', async (t) => {
  const files = { 'etc/os-release': '', 'run/log/journal/0123/system.journal': '', 'var/log/auth.log': '', 'usr/sbin/sshd': '' }
  const keysWith = (...programs: readonly string[]) => {
    const site = {
      ...siteAt(configurationFolder(t, files)),
      programAt: (name: string) => (programs.includes(name) ? name : undefined),
    }
    return lookForLogs(site).found.map(({ key }) => key)
  }
  assert.deepEqual(keysWith('sshd'), ['journal:_COMM=sshd + _COMM=sshd-session'])
  assert.deepEqual(keysWith('sshd', 'rsyslogd'), ['/var/log/auth.log'])
})

test('logs of web servers are found wherever their configuration puts them', (t) => {
  const nginx = [
    'access_log /srv/www/logs/shop.log combined; error_log "/srv/www/logs/shop errors.log" warn;',
    '# access_log /srv/www/logs/old.log;',
    'access_log off; access_log syslog:server=192.0.2.1; access_log logs/relative.log; access_log /srv/$host.log;',
    'error_log stderr; error_log /dev/stdout; set $my_access_log /srv/no.log; access_log /var/log/nginx/shop.access.log;',
  ].join('\n')
  assert.deepEqual(
    logsOfNginx(nginx).map(({ path, set }) => `${set} ${path}`),
    ['httpd /srv/www/logs/shop.log', 'nginx /srv/www/logs/shop errors.log', 'httpd /var/log/nginx/shop.access.log'],
  )
  const apache = [
    'CustomLog /srv/a/access_log common',
    '  customlog "/srv/a/with space" common',
    'TransferLog /srv/a/transfer',
    'ErrorLog /srv/a/error_log',
    '# ErrorLog /srv/a/no',
    'CustomLog "|/usr/bin/rotatelogs /srv/a/no 86400" common',
    'ErrorLog $APACHE_LOG_DIR/error.log',
    'ErrorLog logs/error_log',
    'ErrorLog syslog:local1',
  ].join('\n')
  assert.deepEqual(
    logsOfApache(apache).map(({ path, set }) => `${set} ${path}`),
    ['httpd /srv/a/access_log', 'httpd /srv/a/with space', 'httpd /srv/a/transfer', 'apache /srv/a/error_log'],
  )
  assert.deepEqual(
    [
      'log access "a.log"',
      'chroot "/srv"\nserver "x" {\n  log access "a.log" # no\n}',
      'logdir "/logs"\n log access "a.log"',
    ].map((text) => logsOfHttpd(text).map(({ path }) => path)),
    [['/var/www/logs/a.log'], ['/srv/logs/a.log'], ['/logs/a.log']],
  )

  const files = {
    'etc/nginx/nginx.conf': 'access_log /var/log/nginx/access.log; error_log /srv/gone.log;',
    'etc/nginx/sites-enabled/shop': nginx,
    'etc/httpd.conf': 'server "x" { log access "x.log" }\n',
    'var/log/nginx/access.log': '',
    'var/log/nginx/shop.access.log': '',
    'srv/www/logs/shop.log': '',
    'srv/www/logs/shop errors.log': '',
    'srv/www/logs/old.log': '',
    'var/www/logs/x.log': '',
  }
  assert.deepEqual(
    lookForLogs(siteAt(configurationFolder(t, files))).found.map(({ key, sets }) => [key, ...sets]),
    [
      ['/var/log/nginx/*access.log', 'httpd'],
      ['/srv/www/logs/shop.log', 'httpd'],
      ['/srv/www/logs/shop errors.log', 'nginx'],
      ['/var/www/logs/x.log', 'httpd'],
    ],
  )
})

test('proxies are read out of the configurations of web servers; names, comments and the whole world are none', (t) => {
  const nginx =
    '  set_real_ip_from  192.0.2.0/24;\n#set_real_ip_from 192.0.2.1;\n set_real_ip_from unix:;set_real_ip_from 2001:db8::1;\n'
  assert.deepEqual(proxiesOfNginx(nginx), ['192.0.2.0/24', 'unix:', '2001:db8::1'])
  assert.deepEqual(proxiesOfApache('\tRemoteIPTrustedProxy 10.0.2.16/28 proxy.example.org\n# RemoteIPInternalProxy 10.1.1.1\n'), [
    '10.0.2.16/28',
    'proxy.example.org',
  ])
  assert.deepEqual(proxiesOfHaproxy('  server a 127.0.0.1:80 check\n  server b [::1]:80\n  server c 192.0.2.3:80\n'), [
    '127.0.0.1',
    '::1',
  ])
  assert.deepEqual(proxiesOfRelayd('\tforward to 127.0.0.1 port 80\n\tforward to 192.0.2.3 port 80\n'), ['127.0.0.1'])
  const root = configurationFolder(t, {
    'etc/nginx/conf.d/real-ip.conf':
      'set_real_ip_from 192.0.2.9/24;\nset_real_ip_from 0.0.0.0/0;\nset_real_ip_from ::/0;\nset_real_ip_from lb;\n',
    'etc/apache2/sites-enabled/000': 'RemoteIPInternalProxy 192.0.2.0/24 10.0.0.1\n',
  })
  assert.deepEqual(findProxies(siteAt(root)), [
    { network: '192.0.2.0/24', from: '/etc/nginx/conf.d/real-ip.conf' },
    { network: '10.0.0.1', from: '/etc/apache2/sites-enabled/000' },
  ])
})

test('who is logged in is known by address; of IPv6 the network counts, and what is protected anyway is left out', async () => {
  const who = [
    'root     pts/0        2026-11-21 10:00 (203.0.113.5)',
    'kim      pts/1        2026-11-21 10:01 (2001:db8:1:2:3:4:5:6 via mosh [1234])',
    'root     ttyp0    Nov 21 10:02   (gate.example.org)',
    'kim      tty7         2026-11-21 09:00 (:0)',
    'kim      pts/2        2026-11-21 10:03 (127.0.0.1)',
    'kim      pts/3        2026-11-21 10:03 (tmux(1234).%0)',
  ].join('\n')
  assert.deepEqual(hostsOfWho(who).slice(0, 4), ['203.0.113.5', '2001:db8:1:2:3:4:5:6', 'gate.example.org', ':0'])
  const site = siteAt('/nowhere', { run: answering({ who: { stdout: who } }) })
  assert.deepEqual(await findPeople(site, '198.51.100.7 50000 192.0.2.1 22'), [
    '198.51.100.7',
    '203.0.113.5',
    '2001:db8:1:2::/64',
  ])
  assert.deepEqual(await findPeople(siteAt('/nowhere'), undefined), [])
})

test('a log is closed where file or folder is, by the right that counts for this user', () => {
  const owners: Record<string, Owner> = {
    '/': { uid: 0, gid: 0, mode: 0o755 },
    '/var': { uid: 0, gid: 0, mode: 0o755 },
    '/var/log': { uid: 0, gid: 0, mode: 0o755 },
    '/var/log/open': { uid: 0, gid: 0, mode: 0o644 },
    '/var/log/auth.log': { uid: 0, gid: 4, mode: 0o640 },
    '/var/log/mine': { uid: 770, gid: 0, mode: 0o400 },
    // The group has less than everybody, and that is what its members have.
    '/var/log/odd': { uid: 0, gid: 4, mode: 0o604 },
    '/var/log/apache2': { uid: 0, gid: 4, mode: 0o750 },
    '/var/log/apache2/access.log': { uid: 0, gid: 4, mode: 0o644 },
  }
  const readable = (uid: number, ...gids: readonly number[]) =>
    Object.keys(owners).filter(
      (path) => /\/log\/.*[^2]$/.test(path) && mayRead({ uid, gids: new Set(gids) }, path, (one) => owners[one]),
    )
  assert.deepEqual(readable(1), ['/var/log/open', '/var/log/odd'])
  assert.deepEqual(readable(770, 4), ['/var/log/open', '/var/log/auth.log', '/var/log/mine', '/var/log/apache2/access.log'])
})

const systems: readonly (readonly [System, string])[] = [
  ['openbsd', '/var/log/authlog'],
  ['netbsd', '/var/log/authlog'],
  ['freebsd', '/var/log/auth.log'],
  ['linux', '/var/log/auth.log'],
]
for (const [system, log] of systems) {
  test(`${system} without any log yet waits for ${log}`, async (t) => {
    const site = siteAt(configurationFolder(t, {}), { platform: system })
    const { logs } = planOf(await discover(site, undefined))
    assert.deepEqual(
      logs.map(({ key, sets }) => [key, ...sets]),
      [[log, 'sshd']],
    )
  })
}
