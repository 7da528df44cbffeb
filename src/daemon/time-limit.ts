import { createContext, Script } from 'node:vm'
import type { TimeLimit } from '../matching/wall.ts'

/** How long the RegExps of one batch of lines may take, or one on one line. */
const LIMIT_MS = 50

const call = new Script('run()')
const context = createContext({ run: () => {} })

/** Cuts off what takes too long; only the virtual machine can do that to a RegExp at work. Costs about 0.2 ms a call. */
export const timeLimit: TimeLimit = (run) => {
  context.run = run
  try {
    call.runInContext(context, { timeout: LIMIT_MS })
    return true
  } catch (error) {
    // It is an Error of the other context, so no instance of ours.
    if (error && typeof error === 'object' && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false
    throw error
  }
}
