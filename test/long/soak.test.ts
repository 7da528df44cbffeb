import { test } from 'node:test'
import { soak } from '../lib/soak.ts'

test('ten million lines in a year and more: each is counted once, and nothing grows', (t) =>
  soak(t, { lines: 10_000_000, days: 480, stepsPerDay: 24, reloadEveryDays: 14 }))
