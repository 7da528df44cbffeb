import { execFile } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
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
}

/** As it is published: built, and with what bin/log2table gives to the daemon. A checkout needs a third of a second more to strip the types at each start. */
export const log2table = [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  '--max-semi-space-size=8',
  new URL('../../dist/cli/main.js', import.meta.url).pathname,
]

export interface Log2tableDaemon extends Daemon {
  start(options?: { readonly nodeOptions?: readonly string[]; onLine?(line: string): void }): Running
  /** What `log2table status --json` says. */
  status(): Promise<StatusReport>
}

/** `patterns` is how the configuration names what it takes of what is `shipped`. */
export function log2tableDaemon({ name = 'log2table', table = 'nftables', patterns = 'shipped.sshd' } = {}): Log2tableDaemon {
  const folder = join(workFolder, name)
  const log = join(folder, 'auth.log')
  mkdirSync(join(folder, 'etc'), { recursive: true })
  writeFileSync(log, '')
  writeFileSync(
    join(folder, 'etc/parameters.ts'),
    `import { Hackers, ${table}, parameters } from 'log2table'
import * as shipped from 'log2table/patterns'

export default parameters({
  stateFolder: '${join(folder, 'state')}',
  control: '${join(folder, 'control.sock')}',
  tables: { bad_ip: ${table}() },
  rules: { hackers: new Hackers({ table: 'bad_ip' }) },
  logs: { '${log}': { hackers: ${patterns} } },
})
`,
  )
  const [node, ...args] = log2table
  const path = `${join(program('nft'), '..')}:${join(process.execPath, '..')}:${process.env.PATH}`
  return {
    name: 'log2table',
    log,
    start({ nodeOptions = [], ...options } = {}) {
      const argv = [node!, ...nodeOptions, ...args, 'run', '--config', join(folder, 'etc')]
      return new Running(argv, { env: { PATH: path, MALLOC_MMAP_THRESHOLD_: '1048576' }, ...options })
    },
    async status() {
      const asked = [...args, 'status', '--json', '--socket', join(folder, 'control.sock')]
      // It ends with 1 where something is not well.
      const { stdout } = await promisify(execFile)(node!, asked, { env: { PATH: path } }).catch((error) => error)
      return JSON.parse(stdout)
    },
  }
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
