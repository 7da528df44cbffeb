import assert from 'node:assert/strict'
import { test } from 'node:test'
import { progressOn } from './progress.ts'

function written(isTerminal: boolean, steps: readonly (readonly [ms: number, share: number])[]): string {
  let [text, now] = ['', 0]
  const output = {
    write: (more: string) => (text += more),
    isTerminal,
    width: undefined,
    hasColour: false,
    closed: new Promise<void>(() => {}),
  }
  const progress = progressOn({ ...output, write: (more) => void output.write(more) }, () => now)
  for (const [ms, share] of steps) {
    now = ms
    progress.at(share)
  }
  progress.clear()
  return text
}

test('a bar is drawn on a terminal, not before a second has passed and not too often, and taken away at the end', () => {
  const steps = [
    [500, 0.1],
    [1_000, 0.25],
    [1_100, 0.26],
    [3_000, 0.5],
  ] as const
  const quarter = `\r[${'#'.repeat(8)}${'.'.repeat(22)}]  25 %  3s left\x1b[K`
  const half = `\r[${'#'.repeat(15)}${'.'.repeat(15)}]  50 %  3s left\x1b[K`
  assert.equal(written(true, steps), `${quarter}${half}\r\x1b[K`)
})

test('nothing is drawn where it is over soon, or nobody looks', () => {
  assert.equal(
    written(true, [
      [500, 0.5],
      [900, 1],
    ]),
    '',
  )
  assert.equal(written(false, [[5_000, 0.5]]), '')
})
