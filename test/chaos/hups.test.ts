import { test } from 'node:test'
import { hangUpRun } from '../lib/chaos-hang-up.ts'
import { needs } from '../lib/programs.ts'
import { JOURNAL_PROGRAMS } from '../lib/systemd-journal.ts'

const HANG_UPS = Number(process.env.CHAOS_HUPS ?? 100)

test(
  `told ${HANG_UPS} times to load its configuration while lines come, it counts each once and does not grow`,
  {
    skip: needs(JOURNAL_PROGRAMS),
  },
  (t) => hangUpRun(t, HANG_UPS),
)
