import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { StatusReport } from '../../src/daemon/control-protocol.ts'
import { program } from '../../test/lib/programs.ts'
import { TRIES } from './attackers.ts'
import { Running } from './processes.ts'
import { workFolder } from './work-folder.ts'

/** What follows a log and fills a table. Both kinds run with what they ship, for sshd alone. */
export interface Daemon {
  readonly name: string
  /** The log that it follows; must be there before the start. */
  readonly log: string
  /** Starts it anew, on what it remembers. */
  start(): Running
  /** What `log2table status --json` says, where it has that. */
  status?(): Promise<StatusReport>
}

/** As it is published: built, and with what bin/log2table gives to the daemon. A checkout needs a third of a second more to strip the types at each start. */
export const log2table = published(8)

/** Its `replay`, with what bin/log2table gives to that. */
export const log2tableReplay = [...published(16), 'replay', '--json']

/** V8's young generation takes so many MiB a half. */
function published(halfMib: number): readonly string[] {
  const main = new URL('../../dist/cli/main.js', import.meta.url).pathname
  return [process.execPath, '--disable-warning=ExperimentalWarning', `--max-semi-space-size=${halfMib}`, main]
}

/** What `make install` does besides, which makes starts shorter. A new build takes it away. */
export function compileAhead(): void {
  const [node, ...args] = log2table
  execFileSync(node!, [...args.slice(0, 1), new URL('../../dist/parts/keep-compiled.js', import.meta.url).pathname])
}

export interface Log2tableDaemon extends Daemon {
  start(options?: { readonly nodeOptions?: readonly string[]; onLine?(line: string): void }): Running
  status(): Promise<StatusReport>
}

/** The engine's user where there are three processes. It owns nothing else, and needs no name. */
const ENGINE_UID = 65_533

/**
 * `patterns` is how the configuration names what it takes of what is `shipped`. With `isSplit` it is three processes: keeper, engine
 * and, as the log is closed to the engine's user, reader; else one.
 */
export function log2tableDaemon({
  name = 'log2table',
  table = 'nftables',
  patterns = 'shipped.sshd',
  isSplit = false,
} = {}): Log2tableDaemon {
  const folder = join(workFolder, isSplit ? `${name}-split` : name)
  const log = join(folder, 'auth.log')
  const run = join(folder, 'run')
  const state = join(folder, 'state')
  // Two that are compared share a firewall.
  const tableName = isSplit ? 'bad_ip_split' : 'bad_ip'
  for (const one of [join(folder, 'etc'), run, state]) mkdirSync(one, { recursive: true })
  writeFileSync(log, '', { mode: 0o600 })
  if (isSplit) {
    chmodSync(workFolder, 0o755)
    for (const one of [run, state]) chownSync(one, ENGINE_UID, ENGINE_UID)
    writeFileSync(join(folder, 'etc/commands.json'), JSON.stringify({ logs: [folder] }))
  }
  writeFileSync(
    join(folder, 'etc/parameters.ts'),
    `import { Hackers, ${table}, parameters } from 'log2table'
import * as shipped from 'log2table/patterns'

export default parameters({
  stateFolder: '${state}',
  control: '${join(run, 'control.sock')}',
  tables: { ${tableName}: ${table}() },
  rules: { hackers: new Hackers({ table: '${tableName}' }) },
  logs: { '${log}': { hackers: ${patterns} } },
})
`,
  )
  const [node, ...args] = log2table
  const socket = ['--socket', join(run, 'control.sock')]
  const asWho = isSplit ? ['--user', String(ENGINE_UID), '--accepted', join(state, 'accepted')] : []
  const path = `${join(program('nft'), '..')}:${join(process.execPath, '..')}:${process.env.PATH}`
  return {
    name: isSplit ? 'log2table, three processes' : 'log2table',
    log,
    start({ nodeOptions = [], ...options } = {}) {
      const argv = [node!, ...nodeOptions, ...args, ...socket, 'run', '--config', join(folder, 'etc'), ...asWho]
      return new Running(argv, { env: { PATH: path, MALLOC_MMAP_THRESHOLD_: '1048576' }, ...options })
    },
    async status() {
      const asked = [...args, ...socket, 'status', '--json']
      // It ends with 1 where something is not well.
      const { stdout } = await promisify(execFile)(node!, asked, { env: { PATH: path } }).catch((error) => error)
      return JSON.parse(stdout)
    },
  }
}

/**
 * How many entries its table was heard to hold, as it says itself; 0 as long as it does not answer. To listen to the kernel while a
 * set is filled would cost more than to fill it does.
 */
export async function enforcedBy({ status }: Pick<Log2tableDaemon, 'status'>): Promise<number> {
  const report = await status().catch(() => undefined)
  return report?.tables[0]?.enforced ?? 0
}

/** Debian's fail2ban with its own sshd filter and its own nftables action; what its database holds is kept between starts. */
export function fail2banDaemon(): Daemon {
  const folder = join(workFolder, 'fail2ban')
  const log = join(folder, 'auth.log')
  mkdirSync(folder, { recursive: true })
  writeFileSync(log, '')
  const etc = join(program('fail2ban-server'), '../../debian/etc/fail2ban')
  writeFileSync(
    join(folder, 'jail.conf'),
    `[INCLUDES]
before = ${etc}/paths-debian.conf
[DEFAULT]
banaction = nftables-multiport
[sshd]
enabled = true
filter = sshd
backend = auto
logpath = ${log}
maxretry = ${TRIES}
findtime = 1h
bantime = 1h
usedns = no
action = nftables-allports[name=sshd]
`,
  )
  writeFileSync(
    join(folder, 'fail2ban.conf'),
    `[Definition]
loglevel = ERROR
allowipv6 = auto
logtarget = STDERR
syslogsocket = auto
socket = ${folder}/socket
pidfile = ${folder}/pid
dbfile = ${folder}/database
dbpurgeage = 1d
dbmaxmatches = 10
[Thread]
`,
  )
  for (const part of ['filter.d', 'action.d']) symlinkSync(join(etc, part), join(folder, part))
  const argv = [program('fail2ban-server'), '-c', folder, '-f', '-x', 'start']
  return {
    name: 'fail2ban',
    log,
    start: () => new Running(argv, { env: { PATH: `${join(program('nft'), '..')}:${process.env.PATH}` } }),
  }
}
