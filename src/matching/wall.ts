import type { RegExpEngine } from './regexp-engine.ts'

/** Runs something and says whether it came to its end within a limit of time; if not, it was cut off wherever it was. */
export type TimeLimit = (run: () => void) => boolean

/** One engine to be run on one line. */
export interface Try {
  readonly engine: RegExpEngine
  readonly start: number
  readonly end: number
}

/** An engine ran out of time at this line. */
export interface Breach extends Try {
  /** How many lines it was run on until then; 1 where this line alone took too long. */
  readonly lines: number
}

/**
 * Runs RegExps ahead of need, so that none can hang us: all of a batch within one limit of time; where that is exceeded, each
 * engine on all of its lines within one limit again. An engine that exceeds it is told of by `onBreach` with the line where it
 * was, and goes no further; what it found in lines before is known. So a batch takes the time of one limit, and of one more
 * for each engine that is lost by it, whatever the lines are. Nothing but its last line's result depends on where it is cut off.
 */
export function runAhead(tries: readonly Try[], limit: TimeLimit, onBreach: (breach: Breach) => void): void {
  const suspect = runWithin(limit, tries)?.try
  if (!suspect) return
  for (const [engine, own] of Map.groupBy(tries, ({ engine }) => engine)) {
    // The line at which all were cut off goes first, so that it is known whether it alone takes too long.
    const breach = runWithin(limit, engine === suspect.engine ? [suspect, ...own.filter((one) => one !== suspect)] : own)
    if (breach) onBreach({ ...breach.try, lines: breach.done + 1 })
  }
}

/** Undefined where all came to their end; else the one that did not, and how many before it did. */
function runWithin(limit: TimeLimit, tries: readonly Try[]): { readonly try: Try; readonly done: number } | undefined {
  let done = 0
  const isDone = limit(() => {
    for (; done < tries.length; done++) {
      const { engine, start, end } = tries[done]!
      engine.runAhead(start, end)
    }
  })
  return isDone ? undefined : { try: tries[done]!, done }
}
