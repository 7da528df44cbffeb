import { test } from 'node:test'
import { hangUpRun } from '../../lib/chaos-hang-up.ts'
import { needs } from '../../lib/programs.ts'
import { JOURNAL_PROGRAMS } from '../../lib/systemd-journal.ts'

/** So few that what they leave alive, in a quarter of an hour, does not hide what a load would. */
const LINES_PER_SECOND = 100

test(
  'told 1,000 times to load its configuration while lines come, it counts each once and does not grow',
  {
    skip: needs(JOURNAL_PROGRAMS),
  },
  (t) => hangUpRun(t, 1_000, LINES_PER_SECOND),
)
