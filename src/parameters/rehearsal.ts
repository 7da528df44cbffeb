import { execFile } from 'node:child_process'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { escapeText } from '../base/escape.ts'
import { ourModule } from '../base/our-files.ts'
import type { Fault } from './fault.ts'

/** More than any configuration needs, and no more than a machine can spare for a moment. */
const HEAP_MIB_MAX = 256
/** Far more than it takes: the machine may be busy, for it may be under attack. */
const REHEARSAL_MS_MAX = 30_000
const OUTPUT_BYTES_MAX = 64 * 1024
/** What the other process says at its end. */
const LOADED = 'loaded'
const side = fileURLToPath(ourModule('parameters/rehearsal-side'))

/**
 * Loads a configuration in a process of its own, and throws it away: undefined where that comes to an end, whatever its faults
 * are. So a daemon at work may load it after that. It is code: it may loop for ever, take all memory, or end the process.
 */
export function rehearse(folder: string): Promise<Fault | undefined> {
  const argv = [...process.execArgv, `--max-old-space-size=${HEAP_MIB_MAX}`, side, folder]
  const options = { timeout: REHEARSAL_MS_MAX, killSignal: 'SIGKILL', maxBuffer: OUTPUT_BYTES_MAX } as const
  return new Promise((done) => {
    execFile(process.execPath, argv, options, (error, stdout, stderr) => {
      if (stdout.endsWith(LOADED)) return done(undefined)
      const file = join(resolve(folder), 'parameters.ts')
      const what =
        error === null
          ? 'ended the program'
          : error.killed
            ? `did not come to an end within ${REHEARSAL_MS_MAX / 1000}s`
            : `ended the program (${error.signal ?? `exit status ${error.code}`})${saidLast(stderr)}`
      const hint = 'whatever it does while it is loaded must end soon, in little memory, and not with process.exit()'
      done({ severity: 'fault', file, path: '', message: what, hint })
    })
  })
}

/** The error that Node tells of, which is followed by where it was thrown. */
function saidLast(stderr: string): string {
  const error = stderr.match(/^(?:\w*Error|FATAL ERROR)\b.*/m)?.[0]
  return error === undefined ? '' : `: ${escapeText(error)}`
}
