import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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

/** As it is published: built. A checkout needs a third of a second more to strip the types at each start. */
export const log2table = [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  new URL('../../dist/cli/main.js', import.meta.url).pathname,
]

export function log2tableDaemon(): Daemon {
  const folder = join(workFolder, 'log2table')
  const log = join(folder, 'auth.log')
  mkdirSync(join(folder, 'etc'), { recursive: true })
  writeFileSync(log, '')
  writeFileSync(
    join(folder, 'etc/parameters.ts'),
    `import { Hackers, nftables, parameters } from 'log2table'
import { sshd } from 'log2table/patterns'

export default parameters({
  stateFolder: '${join(folder, 'state')}',
  control: '${join(folder, 'control.sock')}',
  tables: { bad_ip: nftables() },
  rules: { hackers: new Hackers({ table: 'bad_ip' }) },
  logs: { '${log}': { hackers: sshd } },
})
`,
  )
  const argv = [...log2table, 'run', '--config', join(folder, 'etc')]
  const path = `${join(program('nft'), '..')}:${join(process.execPath, '..')}:${process.env.PATH}`
  return { name: 'log2table', log, start: () => new Running(argv, { env: { PATH: path } }) }
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
