import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killRun } from '../lib/chaos-kill.ts'

const KILLS = Number(process.env.CHAOS_KILLS ?? 60)

test(`killed ${KILLS} times while the log is copied and emptied every second, it loses only what a reader loses that never ends`, async (t) => {
  const { lost, lostForNoReason, drainLost } = await killRun(t, { kills: KILLS, rotation: 'copytruncate' })
  assert.equal(lostForNoReason, '', 'nothing is lost but what was written between a copy and the emptying after it')
  assert.ok(lost.length <= drainLost, `${lost.length} lost, and ${drainLost} by a reader that was never killed`)
})
