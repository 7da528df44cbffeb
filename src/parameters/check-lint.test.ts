import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Pattern, patternSet } from '../matching/pattern.ts'
import { checkLint } from './check-lint.ts'
import { Findings } from './fault.ts'

function faultsOf(pattern: Pattern): readonly string[] {
  const findings = new Findings()
  checkLint(pattern, ['patterns', 0], findings)
  return findings.faults.flatMap(({ severity, message }) => (severity === 'fault' ? message : []))
}

const foolish = () => /^bad login of (?<user>.*) from (?<ip>[\d.]+)/

test('a pattern that is fooled is refused, also when it was looked at before, as after a reload', () => {
  for (let load = 0; load < 2; load++) assert.match(faultsOf({ regex: foolish() }).join(), /^is fooled: for 203\.0\.113\.9/)
})

test('what differs in anything that matters is looked at by itself', () => {
  assert.equal(faultsOf({ regex: foolish() }).length, 1)
  assert.deepEqual(faultsOf({ regex: foolish(), weight: 0 }), [])
  assert.deepEqual(faultsOf({ regex: foolish(), unforgeable: 'nobody chooses that name' }), [])
  assert.deepEqual(faultsOf({ regex: /^bad login of (?<user>\w+) from (?<ip>[\d.]+)$/ }), [])
  const json = (form: string) => patternSet({ name: 'door', json: form }, [{ regex: foolish() }])[0]!
  assert.deepEqual(faultsOf(json('bad login of {user} from {ip}')), [])
})
