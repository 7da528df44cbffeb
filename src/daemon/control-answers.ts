import { formatNetwork } from '../base/address.ts'
import { type ExitStatus, exitStatus } from '../base/exit-status.ts'
import type { Log } from '../base/log.ts'
import { type Instant, isoTime } from '../base/units.ts'
import { UserError } from '../base/user-error.ts'
import { decisionRecord } from '../core/decision-record.ts'
import { type BansFilter, type DaemonControl, type OrderAnswer, parseRequest, type Request } from './control-protocol.ts'
import { troublesOf } from './troubles.ts'

interface Asked {
  readonly control: DaemonControl
  readonly log: Log
  readonly now: () => Instant
}

/** The lines that answer one line of a client. Throws nothing, also while the answer is being read. */
export async function answerLine(line: string, asked: Asked): Promise<Iterable<object>> {
  const parsed = parseRequest(line)
  if ('fault' in parsed) return [errorLine(exitStatus.usage, parsed.fault)]
  try {
    return guarded(await answersTo(parsed.request, asked), asked.log)
  } catch (error) {
    return [failure(error, asked.log)]
  }
}

function* guarded(answers: Iterable<object>, log: Log): Iterable<object> {
  try {
    yield* answers
  } catch (error) {
    yield failure(error, log)
  }
}

async function answersTo(request: Request, { control, now }: Asked): Promise<Iterable<object>> {
  switch (request.do) {
    case 'status': {
      const status = await statusAnswer(control, now)
      return [status, endLine(status.isWell ? exitStatus.done : exitStatus.no)]
    }
    case 'view': {
      const status = await statusAnswer(control, now)
      const { climbing, decisions } = control.view(request.most)
      const rising = climbing.map((one) => ({ kind: 'climbing', ...one }))
      return [status, ...rising, ...decisions.map(decisionRecord), endLine(status.isWell ? exitStatus.done : exitStatus.no)]
    }
    case 'bans':
      return listBans(control, { table: request.table })
    case 'ban': {
      const { do: _, ...order } = request
      return orderAnswers(await control.ban(order), 'ban')
    }
    case 'unban': {
      const { do: _, ...order } = request
      return orderAnswers(await control.unban(order), 'unban')
    }
    case 'snapshot': {
      const at = isoTime(now())
      return [...control.snapshot(request).map((one) => ({ at, kind: 'snapshot', ...one })), endLine(exitStatus.done)]
    }
    case 'dismiss':
      control.dismiss(request.address)
      return [endLine(exitStatus.done)]
    case 'release': {
      const at = isoTime(now())
      const released = control.release(request.name).map((one) => ({ at, kind: 'released', ...one }))
      return [...released, endLine(released.length > 0 ? exitStatus.done : exitStatus.no)]
    }
    case 'standing':
      return [{ at: isoTime(now()), kind: 'standing', ...control.standing(request.address) }, endLine(exitStatus.done)]
    case 'reload': {
      const { confirmMs, connection } = request
      const trial = confirmMs === undefined ? undefined : { confirmMs, connection }
      return [{ at: isoTime(now()), kind: 'reloaded', ...(await control.reload(trial)) }, endLine(exitStatus.done)]
    }
    case 'confirm':
      return [endLine(control.confirm(request.connection) ? exitStatus.done : exitStatus.no)]
  }
}

async function statusAnswer(control: DaemonControl, now: () => Instant) {
  const report = await control.status()
  const troubles = troublesOf(report)
  return { at: isoTime(now()), kind: 'status', isWell: troubles.length === 0, ...report, troubles }
}

function* listBans(control: DaemonControl, filter: BansFilter): Iterable<object> {
  for (const { at, network, table, until, rule, score, reason } of control.bans(filter)) {
    yield decisionRecord({ kind: 'ban', at, address: formatNetwork(network), table, until, rule, score, reason })
  }
  yield endLine(exitStatus.done)
}

/** The decisions, a warning where the firewall does not follow them, and whether it was done at all. */
function orderAnswers({ decisions, notEnforced }: OrderAnswer, wanted: 'ban' | 'unban'): readonly object[] {
  const isDone = decisions.some(({ kind }) => kind === wanted)
  const status = !isDone ? exitStatus.no : notEnforced === undefined ? exitStatus.done : exitStatus.unavailable
  const warning = notEnforced === undefined ? [] : [{ kind: 'warning', message: notEnforced }]
  return [...decisions.map(decisionRecord), ...warning, endLine(status)]
}

function failure(error: unknown, log: Log): object {
  if (error instanceof UserError) return errorLine(error.status, error.message)
  const message = error instanceof Error ? error.message : String(error)
  log.error('our fault: a request on the control socket failed', { error: error instanceof Error ? error.stack : message })
  return errorLine(exitStatus.software, `our fault: ${message}`)
}

const endLine = (status: ExitStatus) => ({ kind: 'end', status })
const errorLine = (status: ExitStatus, message: string) => ({ kind: 'error', status, message })
