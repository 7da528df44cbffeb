import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ourModule } from '../../base/our-files.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { Runner } from '../../firewall/runner.ts'
import type { Io } from '../command.ts'

/** Somebody on another machine, as the firewall sees it: a network namespace at the other end of a pair of interfaces. */
export interface Stranger {
  /** Sends packets from an address; gives how many came to this machine. Throws where it cannot. */
  send(address: string): Promise<number>
  close(): Promise<void>
}

const PACKETS = 3
const WAIT_MS_MAX = 5 * SECOND_MS
const LOOK_MS = 20
const THEIR_DEVICE = 'stranger'

const side = fileURLToPath(ourModule('cli/doctor/stranger-side'))

/**
 * Needs Linux and root. What it makes ends with a process that ends when ours does, however that is. Throws, with the reason,
 * where it cannot be made.
 */
export async function createStranger(run: Runner, { env }: Pick<Io, 'env'>): Promise<Stranger> {
  const argv = ['--net', '--', process.execPath, ...process.execArgv, side, THEIR_DEVICE, `${PACKETS}`]
  const path = `${env.PATH ?? ''}:/usr/sbin:/usr/bin:/sbin:/bin`
  const child: ChildProcess = spawn('unshare', argv, { env: { PATH: path }, stdio: ['pipe', 'pipe', 'pipe'] })
  const answers = linesFrom(child)
  // A name that two of us do not share.
  const device = `l2t${process.pid}`
  const ip = async (...args: readonly string[]) => {
    const { status, stderr, trouble } = await run({ argv: ['ip', ...args] })
    if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${trouble ?? stderr.trim()}`)
  }
  const close = async () => {
    // It would go with the namespace, but that takes a moment; where it was never made, there is nothing to remove.
    await ip('link', 'delete', device).catch(() => {})
    child.stdin!.end()
    if (child.exitCode === null && child.signalCode === null && child.pid !== undefined)
      await new Promise((ended) => child.once('exit', ended))
  }
  try {
    const first = await answers.next()
    if (first !== 'ready') throw new Error(first)
    await ip('link', 'add', device, 'type', 'veth', 'peer', 'name', THEIR_DEVICE, 'netns', `${child.pid}`)
    // Neither end is to say anything of its own.
    await ip('link', 'set', device, 'addrgenmode', 'none').catch(() => {})
    await ip('link', 'set', device, 'up')
  } catch (error) {
    await close()
    throw error
  }
  return {
    async send(address) {
      if (address.includes(':') && !hasIPv6(device)) throw new Error('this machine has no IPv6')
      const before = arrivedAt(device)
      child.stdin!.write(`${address}\n`)
      const answer = await answers.next()
      if (answer !== 'sent') throw new Error(answer)
      for (let waited = 0; arrivedAt(device) < before + PACKETS && waited < SECOND_MS; waited += LOOK_MS) await sleep(LOOK_MS)
      return Math.min(PACKETS, arrivedAt(device) - before)
    },
    close,
  }
}

/** The lines that it prints, in turn; what it complains of where it ends instead. */
function linesFrom(child: ChildProcess): { next(): Promise<string> } {
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
  let complaint = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (complaint += text))
  child.stdin!.on('error', () => {})
  child.once('error', ({ message }) => (complaint = message))
  return {
    async next() {
      const line = await Promise.race([lines.next(), sleep(WAIT_MS_MAX, undefined, { ref: false })])
      if (line === undefined) return 'it takes too long'
      return line.done ? complaint.trim().split('\n')[0] || 'it has ended' : line.value
    },
  }
}

/** Packets that an interface of this machine has received. */
function arrivedAt(device: string): number {
  const row = readFileSync('/proc/net/dev', 'utf8')
    .split('\n')
    .find((line) => line.trim().startsWith(`${device}:`))
  return Number(row?.split(':')[1]?.trim().split(/\s+/)[1] ?? 0)
}

/** Without it, what comes is thrown away before any rule sees it. */
function hasIPv6(device: string): boolean {
  try {
    return readFileSync(`/proc/sys/net/ipv6/conf/${device}/disable_ipv6`, 'utf8').trim() === '0'
  } catch {
    return false
  }
}
