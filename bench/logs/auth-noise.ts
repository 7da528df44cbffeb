import { FRIENDS } from './friends.ts'
import type { World } from './log.ts'
import { connection, keyHash, MINUTE, newProcessId, repeatedLine, SECOND, writeLine } from './syslog.ts'
import type { Episode } from './timeline.ts'

export function noise(world: World): Episode {
  const kind = world.random.below(100)
  if (kind < 45) return cron(world)
  if (kind < 60) return sudo(world)
  if (kind < 70) return goodLogin(world, 0)
  if (kind < 74) return goodLogin(world, world.random.between(1, 4))
  if (kind < 85) return system(world)
  if (kind < 97) return kernel(world)
  return forgetful(world)
}

/** A friend comes in, after so many typing errors, and stays for a while. */
function* goodLogin(world: World, typos: number): Episode {
  const { random } = world
  const friend = random.pick(FRIENDS)
  const { name, uid } = friend
  const { address, port, log } = connection(world, random.pick(friend.addresses), false)
  for (let i = 0; i < typos; i++) {
    log(`Failed password for ${name} from ${address} port ${port} ssh2`)
    yield 4 * SECOND
  }
  log(
    typos || random.percent(40)
      ? `Accepted password for ${name} from ${address} port ${port} ssh2`
      : `Accepted publickey for ${name} from ${address} port ${port} ssh2: ED25519 SHA256:${keyHash(world)}`,
  )
  const hasPam = random.percent(70) // OpenBSD has none: only the child says that a session is over
  if (hasPam) log(`pam_unix(sshd:session): session opened for user ${name}(uid=${uid}) by ${name}(uid=0)`)
  const number = random.between(1, 99_999)
  writeLine(world, 'systemd-logind[612]', `New session ${number} of user ${name}.`)
  const child = newProcessId(world)
  if (random.percent(30)) log(`User child is on pid ${child}`)
  yield random.percent(90) ? random.between(5 * SECOND, 20 * MINUTE) : random.between(20 * MINUTE, 240 * MINUTE)
  // The child that serves the session has another process id than the one that let the person in and sees the end.
  log(`Received disconnect from ${address} port ${port}:11: disconnected by user`, child)
  log(`Disconnected from user ${name} ${address} port ${port}`, child)
  if (hasPam) log(`pam_unix(sshd:session): session closed for user ${name}`)
  writeLine(world, 'systemd-logind[612]', `Session ${number} logged out. Waiting for processes to exit.`)
  writeLine(world, 'systemd-logind[612]', `Removed session ${number}.`)
}

/** A friend who does not get in at all. */
function* forgetful(world: World): Episode {
  const { random } = world
  const friend = random.pick(FRIENDS)
  const { address, port, log } = connection(world, random.pick(friend.addresses), false)
  for (let i = random.between(1, 3); i > 0; i--) {
    log(`Failed password for ${friend.name} from ${address} port ${port} ssh2`)
    // Whoever sees that line come may want to make it many.
    if (random.percent(2)) writeLine(world, 'su', 'FAILED SU (to last message repeated 99 times')
    if (random.percent(2)) writeLine(world, 'sudo', 'm : COMMAND=/ last message repeated 99 times')
    yield 5 * SECOND
  }
  log(`Connection closed by authenticating user ${friend.name} ${address} port ${port} [preauth]`)
}

function* cron(world: World): Episode {
  const program = `CRON[${newProcessId(world)}]`
  writeLine(world, program, 'pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)')
  yield world.random.between(0, 2) * SECOND
  writeLine(world, program, 'pam_unix(cron:session): session closed for user root')
  if (world.random.percent(1)) repeatedLine(world, world.random.between(1, 99), false)
}

function* sudo(world: World): Episode {
  const { name, uid } = world.random.pick(FRIENDS)
  const command = world.random.pick([
    '/usr/bin/apt update',
    '/usr/bin/systemctl reload nginx',
    '/usr/bin/tail -n 50 /var/log/syslog',
    '/usr/bin/id',
  ])
  writeLine(
    world,
    'sudo',
    `${name.padStart(8)} : TTY=pts/${world.random.below(9)} ; PWD=/home/${name} ; USER=root ; COMMAND=${command}`,
  )
  writeLine(world, 'sudo', `pam_unix(sudo:session): session opened for user root(uid=0) by ${name}(uid=${uid})`)
  yield world.random.between(0, 20) * SECOND
  writeLine(world, 'sudo', 'pam_unix(sudo:session): session closed for user root')
}

function* system(world: World): Episode {
  const unit = world.random.pick(['apt-daily', 'logrotate', 'man-db', 'fstrim', 'e2scrub_all'])
  writeLine(world, 'systemd[1]', `Starting ${unit}.service - Periodic work...`)
  yield world.random.between(1, 9) * SECOND
  writeLine(world, 'systemd[1]', `${unit}.service: Deactivated successfully.`)
  writeLine(world, 'systemd[1]', `Finished ${unit}.service - Periodic work.`)
  if (world.random.percent(5)) writeLine(world, 'sshd[611]', 'Server listening on 0.0.0.0 port 22.')
}

/** A packet that the firewall refuses, and its sender's second try. */
function* kernel(world: World): Episode {
  const { random, hosts } = world
  const packet = `IN=eth0 OUT= MAC=52:54:00:12:34:56 SRC=${hosts.visitor().address()} DST=10.0.0.5 LEN=40 TTL=${random.between(30, 250)} PROTO=TCP SPT=${random.between(1024, 65535)} DPT=23 SYN`
  const uptime = () => (world.progress * 400_000 + 1000).toFixed(6).padStart(13)
  writeLine(world, 'kernel', `[${uptime()}] ${packet}`)
  yield SECOND
  writeLine(world, 'kernel', `[${uptime()}] ${packet}`)
}
