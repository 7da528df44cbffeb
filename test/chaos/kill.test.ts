import assert from 'node:assert/strict'
import { test } from 'node:test'
import { killRun } from '../lib/chaos-kill.ts'

const KILLS = Number(process.env.CHAOS_KILLS ?? 200)

test(`killed ${KILLS} times while the log is renamed every second, it counts each line once and bans as if nothing had been`, async (t) => {
  const { lostForNoReason } = await killRun(t, { kills: KILLS, rotation: 'rename' })
  assert.equal(lostForNoReason, '')
})
