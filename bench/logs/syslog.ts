import type { World } from './log.ts'

const HOST = 'gate'
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
export const SECOND = 1000
export const MINUTE = 60 * SECOND

let stampedAt = Number.NaN
let stamp = ''

/** `Nov  4 03:40:05`, in UTC. */
function syslogDate(at: number): string {
  if (at === stampedAt) return stamp
  const date = new Date(at)
  stampedAt = at
  stamp = `${MONTHS[date.getUTCMonth()]} ${String(date.getUTCDate()).padStart(2)} ${date.toISOString().slice(11, 19)}`
  return stamp
}

const processIds = new WeakMap<World, number>()

/** Ids are given in turn and used again from the start; now and then one is given again soon, as where they are drawn. */
export function newProcessId(world: World): number {
  const last = processIds.get(world) ?? 5000
  if (world.random.percent(2)) return Math.max(300, last - world.random.between(200, 4000))
  let id = last + world.random.between(1, 6)
  if (id > 99_999) id = 300 + (id - 99_999)
  processIds.set(world, id)
  return id
}

export function writeLine(world: World, program: string, text: string, isAttack = false): void {
  world.write(`${syslogDate(world.now)} ${HOST} ${program}: ${text}`, isAttack)
}

/** One TCP connection to sshd, and the process that serves it. */
interface Connection {
  readonly address: string
  readonly port: number
  readonly pid: number
  /** Writes a line of that process, or of its child. */
  log(text: string, pid?: number): void
}

export function connection(world: World, address: string, isAttack: boolean): Connection {
  const pid = newProcessId(world)
  const port = world.random.between(1024, 65535)
  // The machine is upgraded half-way: from OpenSSH 9.8 on, a process of another name serves the connection.
  const program = world.progress < 0.5 ? 'sshd' : 'sshd-session'
  const log = (text: string, by = pid) => writeLine(world, `${program}[${by}]`, text, isAttack)
  if (world.random.percent(15)) log(`Connection from ${address} port ${port} on 10.0.0.5 port 22 rdomain ""`)
  return { address, port, pid, log }
}

/** What BSD's syslogd writes in place of a line that it has just written. */
export function repeatedLine(world: World, times: number, isAttack: boolean): void {
  world.write(`${syslogDate(world.now)} ${HOST} last message repeated ${times} times`, isAttack)
}

/** What stands for a key in the log: `SHA256:` and these 43 characters. */
export function keyHash(world: World): string {
  let hash = ''
  for (let i = 0; i < 43; i++) hash += 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'[world.random.below(64)]
  return hash
}
