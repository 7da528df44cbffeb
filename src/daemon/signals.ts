import type { Log } from '../base/log.ts'

/**
 * HUPs from when this is made, which is as soon as possible: until then one ends the process. They are handed on one at a time; those that
 * came before somebody takes them as one.
 */
export class HangUps {
  #isWaiting = false
  #handOn = () => {}

  constructor() {
    process.on('SIGHUP', () => {
      // Of a storm of signals, one that came after the last beginning is enough.
      if (this.#isWaiting) return
      this.#isWaiting = true
      this.#handOn()
    })
  }

  /** From now on each is handed on; `fail` is told where that fails. */
  handOn(to: () => Promise<void>, fail: (error: unknown) => void): void {
    let last: Promise<void> = Promise.resolve()
    this.#handOn = () => {
      last = last.then(() => {
        this.#isWaiting = false
        return to()
      })
      last.catch(fail)
    }
    if (this.#isWaiting) this.#handOn()
  }
}

/** Ends when the process is asked to; a HUP on the way is handed on. */
export function untilEnded({
  hangUps,
  onHangUp,
  log,
}: {
  hangUps: HangUps
  onHangUp: () => Promise<void>
  log: Log
}): Promise<void> {
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
    hangUps.handOn(onHangUp, fail)
  })
}
