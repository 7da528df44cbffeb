import { dirname } from 'node:path'
import { allowedLogsOf } from '../../parameters/commands-json.ts'
import { engineOf, mayRead } from './access.ts'
import { type FoundFirewall, findFirewall } from './firewalls.ts'
import { type FoundLog, lookForLogs } from './logs.ts'
import { findPeople } from './people.ts'
import type { Plan } from './plan.ts'
import { type FoundProxy, findProxies } from './proxies.ts'
import type { Site, System } from './site.ts'

/** All that a machine shows of what a configuration needs. */
export interface Discovery {
  readonly system: System
  readonly firewall: FoundFirewall
  readonly logs: readonly FoundLog[]
  /** Files of these logs that the engine will not be able to read. */
  readonly closed: readonly string[]
  /** From where somebody is logged in by ssh. */
  readonly people: readonly string[]
  readonly proxies: readonly FoundProxy[]
  readonly ownAddresses: readonly string[]
}

/** Looks at a machine; `sshConnection` is that of whoever started us, as sshd tells it. */
export async function discover(site: Site, sshConnection: string | undefined): Promise<Discovery> {
  const { found } = lookForLogs(site)
  const engine = engineOf(site)
  return {
    system: site.system,
    firewall: await findFirewall(site),
    logs: found,
    closed: [...new Set(found.flatMap(({ files }) => files))].filter((file) => !mayRead(engine, file, site.ownerOf)),
    people: await findPeople(site, sshConnection),
    proxies: findProxies(site),
    ownAddresses: site.addresses,
  }
}

const allowedByDefault = allowedLogsOf({ commands: undefined, faults: [] }).paths

/** What is written where nobody is asked. A machine without logs gets the one in which its logins will be. */
export function planOf({ system, firewall, logs, closed, people, proxies }: Discovery): Plan {
  const authLog = system === 'openbsd' || system === 'netbsd' ? '/var/log/authlog' : '/var/log/auth.log'
  const awaited: FoundLog = { key: authLog, sets: ['sshd'], about: 'logins by ssh; not there yet, and waited for', files: [] }
  const isAllowed = (file: string) => allowedByDefault.some((folder) => file.startsWith(`${folder}/`))
  return {
    readerFolders: [...new Set(closed.filter((file) => !isAllowed(file)).map((file) => dirname(file)))],
    ...{ system, proxies, firewall: firewall.kind, ignore: people, hasLifers: false },
    logs: logs.length > 0 ? logs : [awaited],
  }
}
