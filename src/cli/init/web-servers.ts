import { posix } from 'node:path'
import type { SetName } from './known-logs.ts'
import type { Site } from './site.ts'

const below = (folders: readonly string[], files: readonly string[]) =>
  folders.flatMap((folder) => files.map((file) => `${folder}/${file}`))

/** Where configurations of web servers are: as the servers' own packages put them. */
export const nginxFiles = below(
  ['/etc/nginx', '/usr/local/etc/nginx', '/usr/pkg/etc/nginx'],
  ['nginx.conf', 'conf.d/*.conf', 'sites-enabled/*', 'snippets/*.conf'],
)
export const apacheFiles = [
  ...below(['/etc/apache2'], ['*.conf', 'conf-enabled/*.conf', 'mods-enabled/*.conf', 'sites-enabled/*', 'vhosts.d/*.conf']),
  ...below(['/etc/httpd'], ['conf/httpd.conf', 'conf.d/*.conf']),
  ...below(['/usr/local/etc/apache24', '/usr/pkg/etc/httpd'], ['httpd.conf', 'Includes/*.conf', 'extra/*.conf']),
]
const httpdFiles = ['/etc/httpd.conf']

/** A log that a configuration names. */
export interface NamedLog {
  readonly path: string
  readonly set: SetName
  readonly about: string
}

const servers: readonly { readonly files: readonly string[]; readonly read: (text: string) => readonly NamedLog[] }[] = [
  { files: nginxFiles, read: logsOfNginx },
  { files: apacheFiles, read: logsOfApache },
  { files: httpdFiles, read: logsOfHttpd },
]

/** The log files that web servers are told to write, wherever these are. */
export function logsOfWebServers(site: Site): readonly NamedLog[] {
  const logs = servers.flatMap(({ files, read }) => files.flatMap(site.pathsOf).flatMap((file) => read(site.textOf(file) ?? '')))
  return [...new Map(logs.map((log) => [`${log.set} ${log.path}`, log])).values()]
}

const requests = (path: string): NamedLog => ({ path, set: 'httpd', about: 'requests to the web server' })

/**
 * `access_log /srv/www/logs/access.log combined;`, `error_log /srv/www/logs/error.log warn;`. What is relative to nginx's own
 * folder, goes to syslog or has a variable in its name is left out.
 */
export function logsOfNginx(text: string): readonly NamedLog[] {
  const directives = text.replaceAll(/#.*/g, '').matchAll(/(?<![\w$])(access|error)_log\s+(?:"([^"]+)"|([^\s;"]+))/g)
  return [...directives].flatMap(([, kind, quoted, bare]) => {
    const path = quoted ?? bare!
    if (!isFile(path)) return []
    return kind === 'access' ? requests(path) : { path, set: 'nginx' as const, about: "nginx's errors" }
  })
}

/** `CustomLog "/srv/www/logs/access_log" combined`, `TransferLog`, `ErrorLog`; no pipes, and nothing with a variable. */
export function logsOfApache(text: string): readonly NamedLog[] {
  const lines = text.matchAll(/^[ \t]*(CustomLog|TransferLog|ErrorLog)[ \t]+(?:"([^"\n]+)"|(\S+))/gim)
  return [...lines].flatMap(([, directive, quoted, bare]) => {
    const path = quoted ?? bare!
    if (!isFile(path)) return []
    return directive!.toLowerCase() === 'errorlog' ? { path, set: 'apache' as const, about: "Apache's errors" } : requests(path)
  })
}

/** OpenBSD's httpd: `log access "example.log"`, below `logdir`, which is `/logs` below `chroot` where it is not said. */
export function logsOfHttpd(text: string): readonly NamedLog[] {
  const plain = text.replaceAll(/#.*/g, '')
  const wordAfter = (keyword: string) => new RegExp(`^\\s*${keyword}\\s+"([^"]+)"`, 'm').exec(plain)?.[1]
  const folder = wordAfter('logdir') ?? posix.join(wordAfter('chroot') ?? '/var/www', 'logs')
  return [...plain.matchAll(/\blog\s+access\s+"([^"]+)"/g)].map(([, name]) => requests(posix.join(folder, name!)))
}

function isFile(path: string): boolean {
  return path.startsWith('/') && !path.startsWith('/dev/') && !/[$%*?[\]{}]/.test(path)
}
