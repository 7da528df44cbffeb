import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Allowance } from './allowance.ts'

const START = Date.UTC(2026, 10, 21)

test('so many may come at once, and then no more than a second gives back', () => {
  const allowance = new Allowance({ perSecond: 100, atOnce: 1_000 })
  assert.equal(allowance.take(1_000, START), 0)
  assert.equal(allowance.take(50, START), 500)
  assert.equal(allowance.take(50, START + 500), 500)
  assert.equal(allowance.take(50, START + 2_000), 0)
})

test('a long silence saves up no more than may come at once', () => {
  const allowance = new Allowance({ perSecond: 100, atOnce: 1_000 })
  allowance.take(0, START)
  assert.equal(allowance.take(1_001, START + 3_600_000), 10)
})

test('a clock that is set back gives nothing, and takes nothing', () => {
  const allowance = new Allowance({ perSecond: 100, atOnce: 100 })
  assert.equal(allowance.take(100, START), 0)
  assert.equal(allowance.take(10, START - 3_600_000), 100)
  assert.equal(allowance.take(0, START - 3_600_000 + 100), 0)
})
