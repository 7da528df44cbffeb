import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { bitsOf, networkOf, sourceNetwork } from '../base/address.ts'
import { guard } from './guard.ts'
import { SourceGuard } from './source-guard.ts'

const source = fc.oneof(
  fc.integer({ min: 0, max: 15 }).map((low) => 0xc000_0200 + low),
  fc.integer({ min: 0, max: 15 }).map((low) => (0x2001_0db8n << 96n) + (BigInt(low) << 64n)),
)
/** As wide as it can be down to a single address. */
const network = fc.tuple(source, fc.nat(128)).map(([address, wider]) => networkOf(address, Math.max(0, bitsOf(address) - wider)))

test('who comes and goes is refused as by a guard of those who are there', () => {
  const step = fc.oneof(
    source.map((one) => ({ come: one })),
    source.map((one) => ({ go: one })),
    network.map((one) => ({ ask: one })),
  )
  let refusals = 0
  fc.assert(
    fc.property(fc.array(step, { size: '+1', maxLength: 60 }), (steps) => {
      const sources = new SourceGuard('there')
      const there = new Set<number | bigint>()
      for (const one of steps) {
        if ('come' in one) {
          sources.add(one.come)
          there.add(one.come)
        } else if ('go' in one) {
          sources.delete(one.go)
          there.delete(one.go)
        } else {
          const expected = guard(Array.from(there, (one) => ({ network: sourceNetwork(one), because: 'there' })))(one.ask)
          assert.equal(sources.refusal(one.ask), expected)
          if (expected !== undefined) refusals++
        }
        assert.equal(sources.size, there.size)
      }
    }),
    { numRuns: 500 },
  )
  assert.ok(refusals > 500, `${refusals} refusals`)
})
