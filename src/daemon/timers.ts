import type { Timers } from '../firewall/table-keeper.ts'

/** Those of this process. */
export const timers: Timers = {
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}
