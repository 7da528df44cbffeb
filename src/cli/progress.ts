import type { Output } from './command.ts'
import { roughly } from './output.ts'

/** What is over sooner needs no bar. */
const SILENT_MS = 1_000
const REDRAW_MS = 200
const BAR_CHARACTERS = 30

/** Tells a person how far a long piece of work is: one line that is written over. Anything but a terminal sees none of it. */
export interface Progress {
  /** From 0 to 1. */
  at(share: number): void
  /** Takes the line away, before something else is written and at the end. */
  clear(): void
}

export function progressOn(output: Output, now: () => number): Progress {
  if (!output.isTerminal) return { at() {}, clear() {} }
  const startedAt = now()
  let drawnAt = startedAt + SILENT_MS - REDRAW_MS
  let isDrawn = false
  return {
    at(share) {
      const at = now()
      if (at - drawnAt < REDRAW_MS) return
      drawnAt = at
      isDrawn = true
      const done = Math.round(BAR_CHARACTERS * share)
      const left = share > 0 ? `  ${roughly(((at - startedAt) * (1 - share)) / share)} left` : ''
      const bar = `${'#'.repeat(done)}${'.'.repeat(BAR_CHARACTERS - done)}`
      output.write(`\r[${bar}] ${String(Math.floor(share * 100)).padStart(3)} %${left}\x1b[K`)
    },
    clear() {
      if (isDrawn) output.write('\r\x1b[K')
      isDrawn = false
    },
  }
}
