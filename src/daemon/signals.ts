import type { Log } from '../base/log.ts'

/** Ends when the process is asked to; a HUP on the way is handed on, one at a time. */
export function untilEnded({ onHangUp, log }: { onHangUp: () => Promise<void>; log: Log }): Promise<void> {
  return new Promise((end, fail) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        log.info(`${signal}: ending`)
        end()
      })
    }
    // Started by another process of ours, we end with it.
    process.once('disconnect', () => {
      log.info('who started this process is gone: ending')
      end()
    })
    let waiting = false
    let hangingUp: Promise<void> = Promise.resolve()
    process.on('SIGHUP', () => {
      // Of a storm of signals, one that came after the last beginning is enough.
      if (waiting) return
      waiting = true
      hangingUp = hangingUp.then(() => {
        waiting = false
        return onHangUp()
      })
      hangingUp.catch(fail)
    })
  })
}
