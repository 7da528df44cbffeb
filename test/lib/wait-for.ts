import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

/** What is meant to happen at once has so long on a machine that is busy with other things. */
const PATIENCE_MS = 10_000

/**
 * Asks again and again until the answer is yes, and gives the milliseconds that it took. Longer than meant is told; it fails
 * where it takes longer than that and `PATIENCE_MS`.
 */
export async function waitFor(
  what: string | (() => string),
  withinMs: number,
  isSo: () => boolean | Promise<boolean>,
): Promise<number> {
  const began = performance.now()
  const limitMs = Math.max(withinMs, PATIENCE_MS)
  while (!(await isSo())) {
    if (performance.now() - began > limitMs) assert.fail(`not within ${limitMs} ms: ${textOf(what)}`)
    await sleep(10)
  }
  const tookMs = performance.now() - began
  if (tookMs > withinMs) console.warn(`${tookMs.toFixed(0)} ms, ${withinMs} meant: ${textOf(what)}`)
  return tookMs
}

const textOf = (what: string | (() => string)) => (typeof what === 'string' ? what : what())
