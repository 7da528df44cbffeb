import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as shipped from '../patterns/index.ts'
import { checkPattern } from './check-pattern.ts'
import { Findings } from './fault.ts'

test('what we ship has no fault, so that a start need not look for any', () => {
  const findings = new Findings()
  // A copy is none of ours.
  for (const pattern of Object.values(shipped).flat()) checkPattern({ ...pattern }, [pattern.name!], findings)
  assert.deepEqual(findings.faults, [])
})
