import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseNetwork } from '../base/address.ts'
import { FOR_LIFE, HOUR_MS } from '../base/units.ts'
import type { Command } from './firewall.ts'
import { dialects } from './index.ts'

const NOW = Date.UTC(2026, 0, 1)
const networks = ['192.0.2.1', '198.51.100.0/24', '2001:db8:0:1::/64', '2001:db8:7::/48', '2001:db8:8:9::7'].map(
  (address) => parseNetwork(address)!,
)
const entries = networks.map((network, i) => ({ network, until: i % 2 ? FOR_LIFE : NOW + HOUR_MS }))

for (const dialect of dialects.filter(({ kind }) => !['addressFile', 'commands', 'dryRun'].includes(kind))) {
  describe(dialect.kind, () => {
    const table = { name: 'bad_ip', kind: dialect.kind, options: { via: 'fw1' } }

    test('every command goes through the words of that name, and none without it', () => {
      for (const via of ['fw1', undefined]) {
        const steps = stepsOf({ ...table, options: via === undefined ? {} : { via } })
        assert.ok(steps.length > 4)
        for (const step of steps) assert.equal(step.via, via, step.argv.join(' '))
      }
    })

    test('every word is one that a shell on the way takes as it is', () => {
      for (const { argv, unless = [] } of stepsOf(table))
        for (const word of [...argv, ...unless]) assert.match(word, /^[\w@%+=:,./-]+$/, argv.join(' '))
    })

    test('the option is not one of the dialect itself', () => {
      assert.deepEqual(dialect.faults(table), [])
      assert.deepEqual(dialect.faults({ ...table, options: { via: 5 } }), [
        `${dialect.kind}: via must be a name of commands.json`,
      ])
      assert.deepEqual(dialect.names!(table), { via: ['fw1'] })
    })
  })

  function stepsOf(table: { name: string; kind: string; options: object }): readonly Command[] {
    const all = { ...table, options: { ...table.options } }
    const steps = [
      ...dialect.setUp(all),
      ...dialect.check(all),
      ...dialect.add(all, entries, NOW),
      ...(dialect.renew?.(all, entries, NOW) ?? []),
      ...dialect.delete(all, networks),
      ...(dialect.cut?.(all, networks) ?? []),
      ...(dialect.probe ? [dialect.probe(all, networks)] : []),
      ...(dialect.list?.(all) ?? []),
      ...dialect.tearDown(all),
    ]
    return steps.map((step) => {
      assert.ok('argv' in step)
      return step
    })
  }
}
