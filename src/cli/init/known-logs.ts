import type * as shipped from '../../patterns/index.ts'

/** The name of a shipped set of patterns. */
export type SetName = keyof typeof shipped

/** A service that writes down what strangers do, and where. */
export interface KnownService {
  readonly set: SetName
  /** What is in these lines, for the comment beside them. */
  readonly about: string
  /** Where its lines are, in the order in which they are looked for: the first there is, or all where `every` is set. */
  readonly logs: readonly string[]
  readonly every?: true
  /** Every machine should have one of its logs. */
  readonly isUsual?: true
  /**
   * Others write into its log too, so the log says nothing of it: it is there where one of these programs or files is, unless
   * rc.conf says no.
   */
  readonly signs?: readonly string[]
  /** Its name in rc.conf, where that is not the set's. */
  readonly rc?: string
  /** What `journal:` needs to find its lines, where it has no file. */
  readonly journal?: string
}

/** OpenBSD and NetBSD; Debian and FreeBSD; Red Hat; others into their general log. */
const authLogs = ['/var/log/authlog', '/var/log/auth.log', '/var/log/secure', '/var/log/messages']
const mailLogs = ['/var/log/maillog', '/var/log/mail.log', '/var/log/mail']
const daemonLogs = ['/var/log/daemon', '/var/log/daemon.log', '/var/log/syslog', '/var/log/messages']
const webLogs = [
  '/var/www/logs/*access.log',
  '/var/log/nginx/*access.log',
  '/var/log/apache2/*access.log',
  '/var/log/httpd/*access_log',
]

/**
 * What is looked for, in the order in which it is written down. Places are those of the systems' own packages. Where the logs of
 * web servers are besides, their configuration says (web-servers.ts); others that are somewhere else, a user adds.
 */
export const knownServices: readonly KnownService[] = [
  {
    set: 'sshd',
    about: 'logins by ssh',
    logs: authLogs,
    isUsual: true,
    signs: ['sshd'],
    journal: '_COMM=sshd + _COMM=sshd-session',
  },
  // OpenBSD's httpd and its nginx, nginx, Apache of Debian, of Red Hat, and of FreeBSD.
  {
    set: 'httpd',
    about: 'requests to the web server',
    logs: [...webLogs, '/var/log/httpd-access.log'],
    every: true,
    isUsual: true,
  },
  { set: 'httpd', about: 'requests to lighttpd', logs: ['/var/log/lighttpd/access.log'] },
  { set: 'nginx', about: "nginx's errors", logs: ['/var/log/nginx/*error.log'] },
  {
    set: 'apache',
    about: "Apache's errors",
    logs: ['/var/log/apache2/*error.log', '/var/log/httpd/*error_log', '/var/log/httpd-error.log'],
  },
  { set: 'lighttpd', about: "lighttpd's errors", logs: ['/var/log/lighttpd/error.log'] },
  { set: 'haproxy', about: 'requests to HAProxy', logs: ['/var/log/haproxy.log'] },
  { set: 'traefik', about: 'requests to Traefik', logs: ['/var/log/traefik/access.log'] },
  { set: 'caddy', about: 'requests to Caddy', logs: ['/var/log/caddy/*access.log'] },
  { set: 'squid', about: 'requests to Squid', logs: ['/var/log/squid/access.log'] },
  {
    set: 'opensmtpd',
    about: 'mail',
    logs: mailLogs,
    signs: ['/etc/mail/smtpd.conf', '/etc/smtpd.conf', '/usr/local/etc/mail/smtpd.conf'],
    rc: 'smtpd',
    journal: 'opensmtpd.service',
  },
  {
    set: 'postfix',
    about: 'mail',
    logs: mailLogs,
    signs: ['/etc/postfix/main.cf', '/usr/local/etc/postfix/main.cf', '/usr/pkg/etc/postfix/main.cf'],
    journal: '_COMM=smtpd + _COMM=postscreen',
  },
  {
    set: 'sendmail',
    about: 'mail',
    logs: mailLogs,
    signs: ['/etc/mail/sendmail.cf'],
    journal: 'sendmail.service',
  },
  { set: 'exim', about: 'mail', logs: ['/var/log/exim4/mainlog', '/var/log/exim/mainlog'] },
  { set: 'dovecot', about: 'mail', logs: mailLogs, signs: ['dovecot'], journal: 'dovecot.service' },
  { set: 'cyrus', about: 'mail', logs: mailLogs, signs: ['/etc/imapd.conf', '/usr/local/etc/imapd.conf'], rc: 'cyrus_imapd' },
  { set: 'courier', about: 'mail', logs: mailLogs, signs: ['/etc/courier/imapd', '/usr/local/etc/courier-imap/imapd'] },
  { set: 'iked', about: 'system services', logs: daemonLogs, signs: ['/etc/iked.conf'], journal: '_COMM=iked' },
  {
    set: 'named',
    about: 'system services',
    logs: daemonLogs,
    signs: ['named'],
    journal: 'named.service',
  },
  { set: 'nsd', about: 'system services', logs: ['/var/log/nsd.log', ...daemonLogs], signs: ['nsd'], journal: 'nsd.service' },
  {
    set: 'strongswan',
    about: 'system services',
    logs: ['/var/log/charon.log', ...daemonLogs],
    signs: ['/etc/strongswan.conf', '/usr/local/etc/strongswan.conf'],
    journal: '_COMM=charon + _COMM=charon-systemd',
  },
  {
    set: 'openvpn',
    about: 'system services',
    logs: ['/var/log/openvpn/openvpn.log', '/var/log/openvpn.log', ...daemonLogs],
    signs: ['openvpn'],
    journal: '_COMM=openvpn',
  },
  { set: 'vsftpd', about: 'FTP', logs: ['/var/log/vsftpd.log'] },
  { set: 'proftpd', about: 'FTP', logs: ['/var/log/proftpd/proftpd.log'] },
  { set: 'postgresql', about: 'databases', logs: ['/var/log/postgresql/*.log'] },
  { set: 'mysql', about: 'databases', logs: ['/var/log/mysql/error.log', '/var/log/mariadb/mariadb.log', '/var/log/mysqld.log'] },
  { set: 'mongodb', about: 'databases', logs: ['/var/log/mongodb/mongod.log'] },
  { set: 'redis', about: 'databases', logs: ['/var/log/redis/redis-server.log', '/var/log/redis/redis.log'] },
  { set: 'asterisk', about: 'telephony', logs: ['/var/log/asterisk/messages.log', '/var/log/asterisk/messages'] },
  { set: 'freeswitch', about: 'telephony', logs: ['/var/log/freeswitch/freeswitch.log'] },
  { set: 'gitea', about: 'applications', logs: ['/var/log/gitea/gitea.log', '/var/lib/gitea/log/gitea.log'] },
  { set: 'grafana', about: 'applications', logs: ['/var/log/grafana/grafana.log'] },
  { set: 'nextcloud', about: 'applications', logs: ['/var/www/nextcloud/data/nextcloud.log'] },
  { set: 'proxmox', about: 'applications', logs: ['/var/log/proxmox-backup/api/auth.log'] },
]
