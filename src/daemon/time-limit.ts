import { createContext, Script } from 'node:vm'
import type { TimeLimit } from '../matching/wall.ts'

const call = new Script('run()')

/** Cuts off what takes longer; only the virtual machine can do that to a loop at work. Costs about 0.2 ms a call. */
export function timeLimitOf(timeout: number): TimeLimit {
  const context = createContext({ run: () => {} })
  return (run) => {
    context.run = run
    try {
      call.runInContext(context, { timeout })
      return true
    } catch (error) {
      // It is an Error of the other context, so no instance of ours.
      if (error && typeof error === 'object' && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false
      throw error
    }
  }
}

/** How long the RegExps of one batch of lines may take together, or then each by itself. */
const REGEXP_MS_MAX = 40
export const timeLimit: TimeLimit = timeLimitOf(REGEXP_MS_MAX)

/** How often something may be cut off because the machine had no time for it at all. */
const TURNS_MAX = 50

/** Of this thread, where Node can tell it (22.18 cannot yet). */
const cpuMs = () => {
  const { user, system } = process.threadCpuUsage?.() ?? process.cpuUsage()
  return (user + system) / 1_000
}

/**
 * The same for what can be run again: cut off before this thread had half of the time for itself, in all turns together, it has
 * another turn, as the machine was busy with others. So that no pattern is blamed for that.
 */
export function fair(limit: TimeLimit, timeout: number, usedMs: () => number = cpuMs): TimeLimit {
  return (run) => {
    const before = usedMs()
    for (let turn = 0; turn < TURNS_MAX; turn++) {
      if (limit(run)) return true
      if (usedMs() - before > timeout / 2) return false
    }
    return false
  }
}

/** What the RegExps of scanners work behind. */
export const scanTimeLimit: TimeLimit = fair(timeLimit, REGEXP_MS_MAX)
