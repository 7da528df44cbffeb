import type { RegExpEngine } from './regexp-engine.ts'

/** Runs something and says whether it came to its end within a limit of time; if not, it was cut off wherever it was. */
export type TimeLimit = (run: () => void) => boolean

/** One engine to be run on one line. */
export interface Try {
  readonly engine: RegExpEngine
  readonly start: number
  readonly end: number
}

/**
 * Runs RegExps ahead of need, so that none can hang us: all of a batch within one limit of time; where that is exceeded,
 * one after the other, and what exceeds it alone is given to `onBreach` and not tried again in this batch. Nothing but their
 * results depends on what is cut off.
 */
export function runAhead(tries: readonly Try[], limit: TimeLimit, onBreach: (breach: Try) => void): void {
  const isDone = limit(() => {
    for (const { engine, start, end } of tries) engine.runAhead(start, end)
  })
  if (isDone) return
  const breached = new Set<RegExpEngine>()
  for (const one of tries) {
    if (breached.has(one.engine)) continue
    const alone = () => one.engine.runAhead(one.start, one.end)
    // Twice: the machine may just have been busy, or asleep.
    if (limit(alone) || limit(alone)) continue
    breached.add(one.engine)
    onBreach(one)
  }
}
