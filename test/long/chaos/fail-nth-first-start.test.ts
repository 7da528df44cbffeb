import { test } from 'node:test'
import { failNth } from '../../lib/chaos-fail-nth.ts'
import { FAIL_PROGRAMS } from '../../lib/chaos-fail-scene.ts'
import { needs } from '../../lib/programs.ts'

test('whichever call on the database fails at a first start, no line and no ban is lost, and all is well again when it is over', {
  skip: needs(FAIL_PROGRAMS),
}, async (t) => {
  await failNth(t, { scenes: ['first start'], targets: ['database'] })
})
