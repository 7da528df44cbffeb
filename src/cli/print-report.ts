import { execFile } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { MINUTE_MS } from '../base/units.ts'
import type { PrintReport } from '../daemon/weekly-report.ts'

const BYTES_MAX = 8 * 1024 * 1024
const TIME_MS_MAX = 5 * MINUTE_MS

/** Has a process of its own print the report: it goes through all evidence of a week, and the daemon has lines to read meanwhile. */
export const printReport: PrintReport = (as, { stateFolder, socketPath }) =>
  new Promise((resolve, reject) => {
    const options = ['--state', stateFolder, '--socket', socketPath, ...(as === 'html' ? ['--html'] : [])]
    const env = { PATH: process.env.PATH, TZ: process.env.TZ }
    const child = execFile(
      process.execPath,
      [...process.execArgv, process.argv[1]!, 'report', ...options],
      { env, cwd: '/', timeout: TIME_MS_MAX, maxBuffer: BYTES_MAX, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        if (error) reject(new Error(stderr.trim().split('\n')[0] || error.message))
        else resolve(stdout)
      },
    )
    if (child.pid !== undefined) makeModest(child.pid)
  })

/** Makes it the last to be given the processor; not where even that is forbidden, as to our unit of systemd. */
function makeModest(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_LOW)
  } catch {}
}
