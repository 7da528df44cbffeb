import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killRun } from '../../lib/chaos-kill.ts'

/** A fifth of what CI writes for each kill, so that a start in the end takes seconds and not minutes. */
const run = { kills: 1_000, linesPerSecond: 200 }

test('killed 1,000 times while the log is renamed every second, it counts each line once and bans as if nothing had been', async (t) => {
  const { lostForNoReason } = await killRun(t, { ...run, rotation: 'rename' })
  assert.equal(lostForNoReason, '')
})

test('killed 1,000 times while the log is copied and emptied every second, it loses only what a reader loses that never ends', async (t) => {
  const { lost, lostForNoReason, drainLost } = await killRun(t, { ...run, rotation: 'copytruncate' })
  assert.equal(lostForNoReason, '', 'nothing is lost but what was written between a copy and the emptying after it')
  assert.ok(lost.length <= drainLost, `${lost.length} lost, and ${drainLost} by a reader that was never killed`)
})
