import { execFile } from 'node:child_process'
import type { Log } from '../base/log.ts'
import type { StatusReport } from './control-protocol.ts'
import { troublesOf } from './troubles.ts'

/** How long a word to the service manager may take. */
const NOTIFY_MS_MAX = 10_000
/** Of the time after which we count as dead, the part after which we say that we live. */
const PART = 1 / 2
const STATUS_CHARACTERS_MAX = 200

export interface ServiceManagerOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: Log
  /** How it stands with the daemon. */
  readonly report: () => Promise<StatusReport>
  readonly pid?: number
  readonly parentPid?: number
  /** Says something to it; rejects where that fails. */
  readonly notify?: (words: readonly string[]) => Promise<void>
}

export interface ServiceManager {
  /** All has begun. From here on its watchdog is served, with how it stands with us, as long as there is progress. */
  ready(): Promise<void>
  stopping(): Promise<void>
}

/**
 * Tells systemd when we have begun, that we live, and how it stands with us, by its own `systemd-notify`: Node has no sockets of
 * that kind. Does nothing where it was not systemd that started us, or a unit that does not want to know (`Type=notify`,
 * `NotifyAccess=all`, `WatchdogSec=`).
 */
export function serviceManager(options: ServiceManagerOptions): ServiceManager {
  const { env, log, report, pid = process.pid, parentPid = process.ppid, notify = systemdNotify(env) } = options
  if (!env.NOTIFY_SOCKET) return { ready: async () => {}, stopping: async () => {} }
  let timer: NodeJS.Timeout | undefined
  let hasFailed = false
  let hasStopped = false
  async function say(...words: readonly string[]): Promise<void> {
    try {
      await notify(words)
      hasFailed = false
    } catch (error) {
      if (!hasFailed) log.warning('the service manager could not be told', { error: (error as Error).message })
      hasFailed = true
    }
  }

  const progress = new Progress()
  async function beat(): Promise<void> {
    const status = await report()
    const stuck = progress.stuckLogs(status)
    if (stuck.length === 0) return say('WATCHDOG=1', statusWord(status))
    log.error('there is no progress: the service manager is not told that all is well', { logs: stuck.join(' ') })
  }

  return {
    async ready() {
      await say('READY=1')
      const everyMs = watchdogMs(env, [pid, parentPid]) * PART
      if (everyMs === 0) return
      const beatLater = () => {
        if (hasStopped) return
        timer = setTimeout(() => void beat().finally(beatLater), everyMs)
        timer.unref()
      }
      beatLater()
    },
    async stopping() {
      hasStopped = true
      clearTimeout(timer)
      await say('STOPPING=1')
    },
  }
}

/** Which logs have bytes to be read, none of which was read since it was looked at last. */
export class Progress {
  #before = new Map<string, string>()

  stuckLogs({ logs, store }: Pick<StatusReport, 'logs' | 'store'>): readonly string[] {
    const before = this.#before
    const placeOf = ({ lines, behindBytes }: StatusReport['logs'][number]) => `${lines} ${behindBytes}`
    this.#before = new Map(logs.map((log) => [log.log, placeOf(log)]))
    // While the database cannot be written, reading waits, and to be started again would help nobody.
    if (store.state !== 'keeping') return []
    return logs
      .filter((log) => log.state === 'reading' && log.behindBytes > 0 && before.get(log.log) === placeOf(log))
      .map(({ log }) => log)
  }
}

/** After how long without a word we count as dead; 0 where nobody counts. It is said to one process, ours or who started us. */
function watchdogMs({ WATCHDOG_USEC, WATCHDOG_PID }: ServiceManagerOptions['env'], pids: readonly number[]): number {
  const isMeant = !WATCHDOG_PID || pids.includes(Number(WATCHDOG_PID))
  const us = Number(WATCHDOG_USEC)
  return isMeant && Number.isSafeInteger(us) && us > 0 ? us / 1_000 : 0
}

/** A line for `systemctl status`. */
function statusWord(report: StatusReport): string {
  const [trouble, ...more] = troublesOf(report)
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`
  return `STATUS=${trouble === undefined ? 'all is well' : `${trouble.slice(0, STATUS_CHARACTERS_MAX)}${others}`}`
}

function systemdNotify({ NOTIFY_SOCKET, PATH }: ServiceManagerOptions['env']) {
  const env = { NOTIFY_SOCKET, PATH }
  return (words: readonly string[]) =>
    new Promise<void>((resolve, reject) => {
      execFile('systemd-notify', words, { env, timeout: NOTIFY_MS_MAX }, (error, _stdout, stderr) => {
        if (error) reject(new Error(stderr.trim() || error.message))
        else resolve()
      })
    })
}
