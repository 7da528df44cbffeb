import { FRIENDS } from './friends.ts'
import type { Host } from './hosts.ts'
import type { World } from './log.ts'
import { connection, keyHash, MINUTE, repeatedLine, SECOND, writeLine } from './syslog.ts'
import type { Episode } from './timeline.ts'

const TRIED_NAMES = [
  'admin',
  'test',
  'oracle',
  'ubuntu',
  'postgres',
  'git',
  'user',
  'pi',
  'ftpuser',
  'hadoop',
  'deploy',
  'nagios',
  'es',
  'minecraft',
]
const KNOWN_NAMES = ['root', 'www-data', 'backup', 'mail', 'alna']

export function attack(world: World): Episode {
  const { random, hosts } = world
  const kind = random.below(100)
  if (kind < 30) return dictionary(world, hosts.attacker(), random.between(1, 12), [1 * SECOND, 20 * SECOND])
  if (kind < 50) return guessing(world, hosts.attacker(), random.between(1, 6))
  if (kind < 60) return dictionary(world, hosts.attacker(), 1, [SECOND, SECOND])
  if (kind < 64) return dictionary(world, hosts.slowAttacker(), random.between(10, 60), [11 * MINUTE, 26 * MINUTE])
  if (kind < 65) return clockwork(world, hosts.slowAttacker(), random.between(5, 30))
  if (kind < 66) return lingering(world, hosts.slowAttacker())
  if (kind < 76) return rudeClient(world, hosts.attacker())
  if (kind < 80) return onlyConnecting(world, hosts.attacker(), random.between(1, 15))
  if (kind < 90) return framing(world, hosts.attacker(), random.between(1, 5))
  if (kind < 94) return repeating(world, hosts.attacker())
  if (kind < 98) return publicKeys(world, hosts.attacker())
  // Behind a friend's address, or through a tunnel that ends on this machine.
  const address = random.percent(80) ? random.pick(random.pick(FRIENDS).addresses) : random.pick(['127.0.0.1', '::1', 'fe80::1'])
  return dictionary(world, { address: () => address }, random.between(4, 16), [2 * SECOND, 40 * SECOND])
}

/** One name and password a connection, most of the names unknown. */
function* dictionary(world: World, host: Host, tries: number, [pauseMin, pauseMax]: readonly [number, number]): Episode {
  const { random } = world
  for (let i = 0; i < tries; i++) {
    const unknown = random.percent(80)
    const user = random.pick(unknown ? TRIED_NAMES : KNOWN_NAMES)
    const { address, port, log } = connection(world, host.address(), true)
    const who = unknown ? `invalid user ${user}` : user
    if (unknown) log(`Invalid user ${user} from ${address} port ${port}`)
    if (random.percent(50)) {
      if (unknown) log('pam_unix(sshd:auth): check pass; user unknown')
      log(
        `pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=${address}${unknown ? '' : `  user=${user}`}`,
      )
      yield 2 * SECOND
    }
    log(`Failed ${random.percent(95) ? 'password' : 'none'} for ${who} from ${address} port ${port} ssh2`)
    const end = random.below(4)
    if (end < 2)
      log(
        `Connection ${end ? 'closed' : 'reset'} by ${unknown ? 'invalid' : 'authenticating'} user ${user} ${address} port ${port} [preauth]`,
      )
    else if (end === 2) {
      yield SECOND
      log(`Received disconnect from ${address} port ${port}:11: Bye Bye [preauth]`)
      log(`Disconnected from ${unknown ? 'invalid' : 'authenticating'} user ${user} ${address} port ${port} [preauth]`)
    }
    yield random.between(pauseMin, pauseMax)
  }
}

/** A try every quarter of an hour to the second: five are in an hour, or not, by where the hour ends. */
function* clockwork(world: World, host: Host, tries: number): Episode {
  for (let i = 0; i < tries; i++) {
    const { address, port, log } = connection(world, host.address(), true)
    log(`Failed password for root from ${address} port ${port} ssh2`)
    yield 15 * MINUTE
  }
}

/** Holds a connection open for longer than an hour, where sshd has no time limit, and tries others shortly before it ends. */
function* lingering(world: World, host: Host): Episode {
  const { random } = world
  const first = connection(world, host.address(), true)
  first.log(`Invalid user admin from ${first.address} port ${first.port}`)
  yield random.between(55, 70) * MINUTE
  for (let i = random.between(2, 3); i > 0; i--) {
    const { address, port, log } = connection(world, first.address, true)
    log(`Invalid user admin from ${address} port ${port}`)
    yield SECOND
  }
  first.log(`Connection closed by invalid user admin ${first.address} port ${first.port} [preauth]`)
}

/** Several passwords for one known name, until sshd has had enough. */
function* guessing(world: World, host: Host, connections: number): Episode {
  const { random } = world
  for (let i = 0; i < connections; i++) {
    const user = random.pick(KNOWN_NAMES)
    const { address, port, log } = connection(world, host.address(), true)
    log(`pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=${address}  user=${user}`)
    yield 2 * SECOND
    const failed = `Failed password for ${user} from ${address} port ${port} ssh2`
    log(failed)
    yield 2 * SECOND
    if (random.percent(30)) log(`message repeated ${random.between(2, 5)} times: [ ${failed}]`)
    else {
      log(failed)
      yield 3 * SECOND
      if (random.percent(70)) log(failed)
    }
    if (random.percent(40)) {
      log(`error: maximum authentication attempts exceeded for ${user} from ${address} port ${port} ssh2 [preauth]`)
      log(`Disconnecting authenticating user ${user} ${address} port ${port}: Too many authentication failures [preauth]`)
      log(`PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=${address}  user=${user}`)
      if (random.percent(50)) log('PAM service(sshd) ignoring max retries; 3 > 3')
    } else if (random.percent(80)) {
      log(`Received disconnect from ${address} port ${port}:11:  [preauth]`)
      log(`Disconnected from authenticating user ${user} ${address} port ${port} [preauth]`)
    }
    yield random.between(SECOND, 45 * SECOND)
  }
}

/** What scanners do that never try a password. */
function* rudeClient(world: World, host: Host): Episode {
  const { random } = world
  const { address, port, pid, log } = connection(world, host.address(), true)
  const kind = random.below(8)
  if (kind === 0) log(`Did not receive identification string from ${address} port ${port}`)
  else if (kind === 1) log(`Bad protocol version identification '\\026\\003\\001' from ${address} port ${port}`)
  else if (kind === 2) {
    log('error: kex_exchange_identification: Connection closed by remote host')
    yield SECOND
    log(`Connection closed by ${address} port ${port}`)
  } else if (kind === 3) {
    log('error: kex_exchange_identification: client sent invalid protocol identifier "GET / HTTP/1.1"')
    log(`banner exchange: Connection from ${address} port ${port}: invalid format`)
  } else if (kind === 4) {
    log(
      `Unable to negotiate with ${address} port ${port}: no matching key exchange method found. Their offer: diffie-hellman-group1-sha1 [preauth]`,
    )
  } else if (kind === 5) {
    yield 120 * SECOND
    log(
      random.percent(50)
        ? `fatal: Timeout before authentication for ${address} port ${port}`
        : `Timeout before authentication for connection from ${address} to 10.0.0.5, pid = ${pid}`,
    )
  } else if (kind === 6) log(`User root from ${address} not allowed because not listed in AllowUsers`)
  else
    writeLine(
      world,
      'sshd[611]',
      `drop connection #${random.below(9)} from [${address}]:${port} on [10.0.0.5]:22 penalty: failed authentication`,
      true,
    )
}

function* onlyConnecting(world: World, host: Host, connections: number): Episode {
  const { random } = world
  for (let i = 0; i < connections; i++) {
    const { address, port, log } = connection(world, host.address(), true)
    log(`Connection ${random.pick(['closed', 'reset'])} by ${address} port ${port}${random.percent(80) ? ' [preauth]' : ''}`)
    yield random.between(SECOND, 30 * SECOND)
  }
}

/** User names that look like the end of the line, to have somebody else banned. */
function* framing(world: World, host: Host, connections: number): Episode {
  const { random } = world
  for (let i = 0; i < connections; i++) {
    const victim = world.hosts.victim()
    const { address, port, log } = connection(world, host.address(), true)
    const user = random.pick([
      `root from ${victim}`,
      `root from ${victim} port 22`,
      `root from ${victim} port 22 ssh2`,
      `invalid user admin from ${victim} port 4711 ssh2`,
      `x ${victim} port 22 [preauth]`,
      `${victim}`,
      `root from ${victim} port 22 ssh2\\nFailed password for root`,
      `sshd[1]: Failed password for root from ${victim} port 22 ssh2`,
      `]: message repeated 99 times: [ Failed password for root from ${victim} port 22 ssh2]`,
      `Accepted password for alna from ${victim} port 22 ssh2`,
      '',
      ' ',
    ])
    log(`Invalid user ${user} from ${address} port ${port}`)
    log(`Failed password for invalid user ${user} from ${address} port ${port} ssh2`)
    log(`Connection closed by invalid user ${user} ${address} port ${port} [preauth]`)
    yield random.between(SECOND, 90 * SECOND)
  }
  if (random.percent(5)) boast(world, `sshd[1]: Failed password for root from ${world.hosts.victim()} port 22 ssh2`)
}

/** A user of the machine writes what he likes at the end of a line. */
function boast(world: World, text: string): void {
  writeLine(world, 'sudo', `  mallet : command not allowed ; TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=${text}`, true)
}

/** The same line again and again, which syslog daemons write down as a number. */
function* repeating(world: World, host: Host): Episode {
  const { random } = world
  const user = random.pick(KNOWN_NAMES)
  const { address, port, log } = connection(world, host.address(), true)
  for (let i = random.between(1, 3); i > 0; i--) {
    log(`Failed password for ${user} from ${address} port ${port} ssh2`)
    if (random.percent(60)) repeatedLine(world, random.between(1, 4), true)
    yield random.between(SECOND, 10 * SECOND)
  }
  log(`Connection closed by authenticating user ${user} ${address} port ${port} [preauth]`)
}

function* publicKeys(world: World, host: Host): Episode {
  const { random } = world
  const { address, port, log } = connection(world, host.address(), true)
  for (let i = random.between(1, 4); i > 0; i--) {
    log(`Failed publickey for root from ${address} port ${port} ssh2: RSA SHA256:${keyHash(world)}`)
    yield SECOND
  }
  log(`Connection closed by authenticating user root ${address} port ${port} [preauth]`)
}
