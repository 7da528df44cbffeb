import { fstatSync, readFileSync, statSync } from 'node:fs'
import type { FileIdentity } from './source.ts'

// What this process writes must not come back to it as a log: each line would lead to the next.

/** Standard output has the decisions, standard error all else. */
const OUTPUTS = [1, 2]

/** True for the file that our own output goes to, whatever its name. */
export function isOwnOutput({ dev, ino }: FileIdentity): boolean {
  return OUTPUTS.some((fd) => {
    try {
      const stat = fstatSync(fd)
      return stat.isFile() && stat.dev === dev && stat.ino === ino
    } catch {
      return false
    }
  })
}

/** The unit of systemd whose output ours is in the journal; undefined where ours goes elsewhere. */
export function ownUnit(env: NodeJS.ProcessEnv = process.env, cgroupFile = '/proc/self/cgroup'): string | undefined {
  if (!env.JOURNAL_STREAM) return undefined
  try {
    return /^0::.*\/([^/\n]+\.service)(?:\/|$)/m.exec(readFileSync(cgroupFile, 'utf8'))?.[1]
  } catch {
    return undefined
  }
}

/** Why a key of `logs` must not be followed: it is, or is full of, what we write ourselves. Undefined where it may be. */
export function ownOutputFault(key: string, unit = ownUnit()): string | undefined {
  if (unit !== undefined && key === `journal:${unit}`) return 'is where log2table itself writes; take it out of logs'
  try {
    if (isOwnOutput(statSync(key)))
      return 'is the file that log2table writes to itself; take it out of logs, or send its output elsewhere'
  } catch {
    // no file of that name
  }
  return undefined
}
