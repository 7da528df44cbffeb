import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { program } from '../../test/lib/programs.ts'

/** Debian's fail2ban, following a log of numbered lines; it bans nobody and writes what it has counted to its own log. */
export interface NumberedFail2ban {
  readonly argv: readonly string[]
  /** The number of each line that it has counted, as often as it did. */
  counted(): number[]
}

export function numberedFail2ban(folder: string, log: string): NumberedFail2ban {
  const own = join(folder, 'fail2ban.log')
  const etc = join(program('fail2ban-server'), '../../debian/etc/fail2ban')
  mkdirSync(join(folder, 'filter.d'), { recursive: true })
  mkdirSync(join(folder, 'action.d'), { recursive: true })
  writeFileSync(own, '')
  // Known by its number, each line is found for itself.
  const failregex = '^\\s*host app\\[\\d+\\]: number <F-ID>\\d+</F-ID> from <ADDR> refused$'
  writeFileSync(join(folder, 'filter.d/numbered.conf'), `[Definition]\nfailregex = ${failregex}\n`)
  writeFileSync(
    join(folder, 'jail.conf'),
    `[INCLUDES]
before = ${etc}/paths-debian.conf
[numbered]
enabled = true
filter = numbered
backend = auto
logpath = ${log}
maxretry = 1000
findtime = 1h
usedns = no
action =
`,
  )
  writeFileSync(
    join(folder, 'fail2ban.conf'),
    `[Definition]
loglevel = INFO
allowipv6 = auto
logtarget = ${own}
syslogsocket = auto
socket = ${folder}/socket
pidfile = ${folder}/pid
dbfile = ${folder}/database
dbpurgeage = 1d
dbmaxmatches = 10
[Thread]
`,
  )
  return {
    argv: [program('fail2ban-server'), '-c', folder, '-f', '-x', 'start'],
    counted: () => [...readFileSync(own, 'latin1').matchAll(/\] Found (\d+) - /g)].map(([, number]) => Number(number)),
  }
}
