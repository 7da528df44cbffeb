import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkPattern } from './check-pattern.ts'
import { Findings } from './fault.ts'

const HINT = "write { kind: 'syn' }, { kind: 'udp', ports: [123] } or { kind: 'echo' }"

/** What is wrong with a pattern that has this condition on packets. */
function said(packet: unknown): readonly string[] {
  const findings = new Findings()
  checkPattern({ regex: /^(?<ip>\S+) /, packet }, ['pattern'], findings)
  return findings.faults
    .filter(({ severity }) => severity === 'fault')
    .map(({ path, message, hint }) => {
      assert.equal(hint, HINT)
      return `${path}: ${message}`
    })
}

describe("a pattern's condition on packets", () => {
  it('is a kind, with or without ports, or is left out', () => {
    for (const packet of [
      undefined,
      { kind: 'syn' },
      { kind: 'udp', ports: [] },
      { kind: 'echo' },
      { kind: 'syn', ports: [0, 23, 65_535] },
    ]) {
      assert.deepEqual(said(packet), [])
    }
  })

  it('is an object', () => {
    assert.deepEqual(said('syn'), ['pattern.packet: "syn" is not an object'])
    assert.deepEqual(said(null), ['pattern.packet: null is not an object'])
    assert.deepEqual(said(['syn']), ['pattern.packet: a list is not an object'])
  })

  it('has a kind that there is', () => {
    assert.deepEqual(said({}), ['pattern.packet.kind: undefined is not known'])
    assert.deepEqual(said({ kind: 'tcp' }), ['pattern.packet.kind: "tcp" is not known'])
    assert.deepEqual(said({ kind: 7 }), ['pattern.packet.kind: 7 is not known'])
  })

  it('has ports that are numbers of 16 bits, in a list', () => {
    for (const ports of [23, '23', ['23'], [-1], [65_536], [1.5], [Number.NaN], [22, null]]) {
      const faults = said({ kind: 'syn', ports })
      assert.equal(faults.length, 1, JSON.stringify(ports))
      assert.match(faults[0]!, /^pattern\.packet\.ports: .* is not a list of ports$/)
    }
  })

  it('has nothing else, and all that is wrong is told at once', () => {
    assert.deepEqual(said({ kind: 'icmp', port: 23, ports: [-1] }), [
      'pattern.packet.port: unknown key',
      'pattern.packet.kind: "icmp" is not known',
      'pattern.packet.ports: a list is not a list of ports',
    ])
  })
})
