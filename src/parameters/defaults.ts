import { closeSync, constants, openSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Feed, PatternSet } from '../matching/pattern.ts'
import * as shipped from '../patterns/index.ts'
import { Hackers } from '../rules/hackers.ts'
import { CONTROL_SOCKET, type Configuration, type LogEntry, stateFolderOf } from './parameters.ts'
import { dryRun } from './tables.ts'
import { withDefaults } from './with-defaults.ts'

const RULE = 'hackers'
const TABLE = 'bad_ip'

/** Where the systems that we know write: OpenBSD; Debian and FreeBSD; Red Hat; others into their general log. */
const authLogs = ['/var/log/authlog', '/var/log/auth.log', '/var/log/secure', '/var/log/messages']
/** OpenBSD's httpd, nginx, Apache of Debian, of Red Hat and of FreeBSD. */
const accessLogs = [
  '/var/www/logs/*access.log',
  '/var/log/nginx/*access.log',
  '/var/log/apache2/*access.log',
  '/var/log/httpd/*access_log',
  '/var/log/httpd-access.log',
]
/** What else may be there, each with the programs that write into it; where several places are named, the first of them. */
const otherLogs: readonly (readonly [set: PatternSet, paths: readonly string[]])[] = [
  [shipped.nginx, ['/var/log/nginx/*error.log']],
  [shipped.apache, ['/var/log/apache2/*error.log', '/var/log/httpd/*error_log', '/var/log/httpd-error.log']],
  [shipped.httpd, ['/var/log/lighttpd/access.log']],
  [shipped.lighttpd, ['/var/log/lighttpd/error.log']],
  [shipped.haproxy, ['/var/log/haproxy.log']],
  [
    [shipped.opensmtpd, shipped.postfix, shipped.sendmail, shipped.dovecot, shipped.cyrus, shipped.courier].flat(),
    ['/var/log/maillog', '/var/log/mail.log'],
  ],
  [shipped.exim, ['/var/log/exim4/mainlog', '/var/log/exim/mainlog']],
]

/** A configuration for a machine that has none, and how it came about. */
export interface Defaults {
  /** Bans only on paper: its table is a dry run. */
  readonly configuration: Configuration
  /** Logs that are there and readable, as they stand in the configuration. */
  readonly found: readonly string[]
  /** Those that a machine should have, and all that are closed to us. */
  readonly notFound: readonly { readonly key: string; readonly reason: 'no such file' | 'permission denied' }[]
}

/** Looks at the machine: which of the usual logs are there, each with the shipped patterns that belong to it. */
export function defaults({
  root = '/',
  platform = process.platform,
}: {
  root?: string
  platform?: NodeJS.Platform
} = {}): Defaults {
  const logs: LogEntry[] = []
  const notFound: { key: string; reason: 'no such file' | 'permission denied' }[] = []
  const look = (path: string, set: PatternSet, isUsual = true): boolean => {
    const key = join(root, path)
    const reason = whyNot(key)
    if (reason && (isUsual || reason === 'permission denied')) notFound.push({ key, reason })
    if (!reason) logs.push({ key, feeds: [feedOf(set)] })
    return !reason
  }
  // One of them only: a system that has several writes the same lines into them.
  authLogs.some((path) => look(path, shipped.sshd))
  for (const path of accessLogs) look(path, shipped.httpd)
  for (const [set, paths] of otherLogs) paths.some((path) => look(path, set, false))
  return { configuration: configurationOf(logs, platform), found: logs.map(({ key }) => key), notFound }
}

/** The same for these logs, whatever program wrote them: every shipped pattern is tried on every line. */
export function defaultsFor(
  logs: readonly string[],
  { platform = process.platform }: { platform?: NodeJS.Platform } = {},
): Configuration {
  const feeds = [feedOf(Object.values(shipped).flat())]
  return configurationOf(
    logs.map((key) => ({ key, feeds })),
    platform,
  )
}

function configurationOf(logs: readonly LogEntry[], platform: NodeJS.Platform): Configuration {
  return {
    folder: undefined,
    ignore: { networks: [], files: [] },
    proxies: [],
    tables: new Map([[TABLE, { ...dryRun(), name: TABLE }]]),
    rules: new Map([[RULE, new Hackers({ table: TABLE })]]),
    logs,
    commands: new Map(),
    keptFiles: new Map(),
    notify: undefined,
    stateFolder: stateFolderOf(platform),
    control: CONTROL_SOCKET,
  }
}

function feedOf(set: PatternSet): Feed {
  return { rule: RULE, patterns: set.map((pattern, index) => withDefaults(pattern, RULE, index)) }
}

/** Undefined where a file of that name, or one at least that the wildcard means, can be read. */
function whyNot(key: string): 'no such file' | 'permission denied' | undefined {
  let reason: 'no such file' | 'permission denied' = 'no such file'
  try {
    for (const path of key.includes('*') ? filesLike(key) : [key]) {
      try {
        closeSync(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK))
        return undefined
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') reason = 'permission denied'
      }
    }
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) reason = 'permission denied'
  }
  return reason
}

/** The files that a key with one `*`, in its last part, means now. */
function filesLike(key: string): readonly string[] {
  const [start, end] = basename(key).split('*') as [string, string]
  const names = readdirSync(dirname(key)).filter((name) => name.startsWith(start) && name.endsWith(end))
  return names.map((name) => join(dirname(key), name))
}
