import { test } from 'node:test'
import { soak } from '../lib/soak.ts'

test('a year and more of quiet days: each line is counted once, and nothing grows', { timeout: 600_000 }, (t) =>
  soak(t, { lines: 80_000, days: 425, stepsPerDay: 2, reloadEveryDays: 100 }),
)
