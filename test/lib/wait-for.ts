import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

/** Asks again and again until the answer is yes, and gives the milliseconds that it took; fails where it takes too long. */
export async function waitFor(
  what: string | (() => string),
  withinMs: number,
  isSo: () => boolean | Promise<boolean>,
): Promise<number> {
  const began = performance.now()
  while (!(await isSo())) {
    if (performance.now() - began > withinMs)
      assert.fail(`not within ${withinMs} ms: ${typeof what === 'string' ? what : what()}`)
    await sleep(10)
  }
  return performance.now() - began
}
