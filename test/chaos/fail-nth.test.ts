import { test } from 'node:test'
import { failNth } from '../lib/chaos-fail-nth.ts'
import { FAIL_PROGRAMS, scenes } from '../lib/chaos-fail-scene.ts'
import { needs } from '../lib/programs.ts'

const SHARE = Number(process.env.CHAOS_FAULTS ?? 60)

test(`with ${SHARE} of the calls that can fail failing, no line and no ban is lost, and all is well again when the fault is over`, {
  skip: needs(FAIL_PROGRAMS),
}, async (t) => {
  await failNth(t, { scenes, targets: ['log', 'database', 'programs', 'firewall'], share: SHARE })
})
