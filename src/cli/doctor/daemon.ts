import { formatNetwork, type Network, parseNetwork } from '../../base/address.ts'
import { exitStatus } from '../../base/exit-status.ts'
import { MINUTE_MS } from '../../base/units.ts'
import { UserError } from '../../base/user-error.ts'
import { version } from '../../base/version.ts'
import type { StatusAnswer } from '../../daemon/control-protocol.ts'
import type { Table } from '../../firewall/firewall.ts'
import { isLogOf } from '../../sources/index.ts'
import { ask } from '../control-client.ts'
import { roughly } from '../output.ts'
import { type Finding, ok, warning, wrong } from './finding.ts'
import type { Banner } from './probe.ts'

export interface DaemonView {
  readonly findings: readonly Finding[]
  /** Undefined where none answers. */
  readonly status: StatusAnswer | undefined
}

/** What the daemon says of itself, and whether it is the one that the configuration wants. */
export async function viewOfDaemon(socketPath: string, tables: readonly Table[] | undefined): Promise<DaemonView> {
  const about = 'daemon'
  let status: StatusAnswer | undefined
  try {
    await ask(socketPath, { do: 'status' }, (answer) => {
      if (answer.kind === 'status') status = answer
    })
    if (status === undefined) throw new UserError(exitStatus.unavailable, 'the daemon does not say how it is; restart it')
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    const [says = '', ...todo] = error.message.split('; ')
    const advice = todo.join('; ') || 'see what it writes on its standard error'
    const isClosed = error.status === exitStatus.notPermitted
    return { findings: [isClosed ? warning(about, says, advice) : wrong(about, says, advice)], status: undefined }
  }
  return { findings: [...statusFindings(status), ...differences(status, tables)], status }
}

function statusFindings({ isWell, troubles, version, pid, upMs }: StatusAnswer): readonly Finding[] {
  if (isWell) return [ok('daemon', `it runs: version ${version}, process ${pid}, up ${roughly(upMs)}, and all is well`)]
  return troubles.map((trouble) => wrong('daemon', trouble, 'see "log2table status"'))
}

function differences(status: StatusAnswer, tables: readonly Table[] | undefined): readonly Finding[] {
  const found: Finding[] = []
  if (status.version !== version)
    found.push(warning('daemon', `it is of version ${status.version}, this is ${version}`, 'restart it'))
  if (status.mode === 'dry run')
    found.push(warning('daemon', 'it is a dry run: nothing is blocked', 'start it without --try, with tables of a firewall'))
  const list = (all: readonly { readonly name: string; readonly kind: string }[]) =>
    all
      .map(({ name, kind }) => `${name} (${kind})`)
      .sort()
      .join(', ')
  const running = list(status.tables.map(({ table, kind }) => ({ name: table, kind })))
  if (tables !== undefined && running !== list(tables)) {
    const says = `it keeps the tables ${running}, the configuration has ${list(tables)}`
    found.push(warning('daemon', says, 'put the changed configuration in force: log2table reload'))
  }
  return found
}

/** A log that is no file: what the daemon says of it. */
export function otherLog(key: string, status: StatusAnswer | undefined): Finding {
  const about = `log ${key}`
  const log = status?.logs.find((one) => one.log === key)
  if (log === undefined) return warning(about, 'only a daemon that reads it can tell whether it can be read', 'start the daemon')
  if (log.state === 'reading') return ok(about, 'the daemon reads it')
  return wrong(about, `the daemon does not read it: ${log.reason ?? log.state}`, 'see to that; it is tried again all the time')
}

/** A log that is closed to the daemon's user may be read for it, as the daemon says. */
export function orByReader(finding: Finding, status: StatusAnswer | undefined): Finding {
  const { about, state } = finding
  if (state !== 'wrong' || !about.startsWith('log ')) return finding
  const logs = status?.logs.filter(({ log }) => isLogOf(about.slice('log '.length), log)) ?? []
  const isRead = logs.some(({ isByReader }) => isByReader) && logs.every((log) => log.state === 'reading')
  return isRead ? ok(about, 'it is closed to the daemon, and the reader reads it') : finding
}

/** How long a ban for a probe lasts, whatever becomes of us. */
const PROBE_MS = MINUTE_MS
const REASON = 'doctor'

/** Bans by way of the daemon, as a person would. */
export function bannerOver(socketPath: string): Banner {
  return {
    async ban(network, table) {
      let because: string | undefined
      const order = { do: 'ban', address: formatNetwork(network), forMs: PROBE_MS, table, reason: REASON } as const
      await ask(socketPath, order, (answer) => {
        if (answer.kind === 'refused') because = answer.reason
      })
      return because
    },
    async unban(network) {
      await ask(socketPath, { do: 'unban', address: formatNetwork(network), reason: REASON }, () => {})
    },
  }
}

/** All that is banned now. */
export async function bannedNow(socketPath: string): Promise<readonly Network[]> {
  const banned: Network[] = []
  await ask(socketPath, { do: 'bans' }, (answer) => {
    if (answer.kind === 'ban') banned.push(parseNetwork(answer.address)!)
  })
  return banned
}
