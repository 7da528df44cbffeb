import { readFileSync } from 'node:fs'
import os from 'node:os'
import type { ProtectedNetwork } from '../core/model.ts'
import {
  alwaysProtected,
  gatewaysOfIPv6Route,
  gatewaysOfNetstat,
  gatewaysOfRoute,
  type Interfaces,
  ownAddresses,
  resolversOf,
  sshPeersOf,
} from './protected.ts'
import type { Runner } from './runner.ts'

/** What is asked of the machine, so that a test can be one. */
export interface Machine {
  readonly platform: NodeJS.Platform
  readonly byteOrder: 'LE' | 'BE'
  interfaces(): Interfaces
  /** The text of a file; undefined where there is none. Throws where it cannot be read. */
  readText(path: string): string | undefined
  /** Our environment and those of the processes that led to us: `sudo` and `doas` hide who came by ssh. */
  environments(): readonly Readonly<Record<string, string | undefined>>[]
  readonly run: Runner
}

/** The protected set of this machine, and what could not be found out. */
export interface Protection {
  readonly networks: readonly ProtectedNetwork[]
  /** Each in one sentence; while there are any, the set may lack something. */
  readonly troubles: readonly string[]
  /** How many addresses the machine shows as its own; loopback is among them. */
  readonly ownAddresses?: number
}

/** Reads the protected set: own addresses, gateways, resolvers, the invoker's ssh connection, and what is so everywhere. */
export async function readProtected(machine: Machine): Promise<Protection> {
  const troubles: string[] = []
  const attempt = (what: string, read: () => readonly ProtectedNetwork[]): readonly ProtectedNetwork[] => {
    try {
      return read()
    } catch (error) {
      troubles.push(`${what} cannot be read: ${(error as Error).message}`)
      return []
    }
  }
  const own = attempt('own addresses', () => ownAddresses(machine.interfaces()))
  if (own.length === 0) troubles.push('this machine shows no address of its own')

  const gateways: ProtectedNetwork[] = []
  if (machine.platform === 'linux') {
    const inFile = (path: string, parse: (text: string) => readonly ProtectedNetwork[]) =>
      attempt(path, () => parse(machine.readText(path) ?? ''))
    gateways.push(...inFile('/proc/net/route', (text) => gatewaysOfRoute(text, machine.byteOrder)))
    gateways.push(...inFile('/proc/net/ipv6_route', gatewaysOfIPv6Route))
  } else {
    const result = await machine.run({ argv: ['netstat', '-rn'] })
    if (result.status !== 0) troubles.push(`gateways are not known: netstat -rn: ${result.trouble ?? result.stderr.trim()}`)
    gateways.push(...gatewaysOfNetstat(result.stdout))
  }

  // The second one holds the true resolvers where the first names systemd's own.
  const resolvers = ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf'].flatMap((path) =>
    attempt(path, () => resolversOf(machine.readText(path) ?? '')),
  )
  const peers = attempt('the environment', () => machine.environments().flatMap(sshPeersOf))
  return { networks: [...alwaysProtected, ...own, ...gateways, ...resolvers, ...peers], troubles, ownAddresses: own.length }
}

/** The machine that we run on. */
export function thisMachine(run: Runner): Machine {
  return {
    platform: process.platform,
    byteOrder: os.endianness(),
    interfaces: os.networkInterfaces,
    readText: textOf,
    environments: () => (process.platform === 'linux' ? [process.env, ...ancestorEnvironments()] : [process.env]),
    run,
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

const ANCESTORS_MAX = 32

/** Environments of our parent, its parent and so on, as far as we may read them. */
export function* ancestorEnvironments(): Generator<Record<string, string>> {
  let pid = process.ppid
  for (let i = 0; i < ANCESTORS_MAX && pid > 1; i++) {
    try {
      const pairs = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
      yield Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))
    } catch {
      // another user's process: it does not tell us
    }
    try {
      // `1234 (name with ) in it) S 1 ...`: the parent follows the state
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      pid = Number(
        stat
          .slice(stat.lastIndexOf(')') + 1)
          .trim()
          .split(' ')[1],
      )
    } catch {
      return
    }
  }
}
