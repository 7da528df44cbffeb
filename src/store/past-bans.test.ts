import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Address } from '../base/address.ts'
import { FOR_LIFE } from '../base/units.ts'
import type { PastBan } from '../core/model.ts'
import { PastBans } from './past-bans.ts'

const sources: readonly Address[] = [0, 0xc0000207, 0x20010db800010002n << 64n]
const some = { source: fc.constantFrom(...sources), at: fc.integer({ min: 0, max: 40 }) }
const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const), ...some, forMs: fc.constantFrom(1, 5, 30, FOR_LIFE) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('end' as const), which: fc.nat(), afterMs: fc.integer({ min: 0, max: 40 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('purge' as const), before: fc.integer({ min: 0, max: 60 }), most: fc.nat(9) }),
  },
)
const rules = [
  { rule: 'hackers', table: 'bad_ip' },
  { rule: 'by hand', table: 'bad_ip' },
  { rule: 'hackers', table: 'blockips' },
]

/** One in a plain list. */
interface Noted extends PastBan {
  readonly source: Address
  row: number
  isOver: boolean
}

test('holds what a list of bans for each source holds', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 300, size: 'max' }), (operations) => {
      const bans = new PastBans()
      let noted: Noted[] = []
      for (const [turn, one] of operations.entries()) {
        if (one.do === 'add') {
          const ban = { at: one.at, ...rules[turn % rules.length]!, until: one.at + one.forMs }
          const same = ({ source, at, rule, table }: Noted) =>
            source === one.source && at === ban.at && rule === ban.rule && table === ban.table
          const before = noted.findIndex(same)
          const next = { ...ban, source: one.source, row: bans.add(one.source, ban), isOver: false }
          if (before < 0) noted.push(next)
          else noted[before] = next
        } else if (one.do === 'end') {
          const live = noted.filter(({ isOver }) => !isOver)
          if (live.length === 0) continue
          const ended = live[one.which % live.length]!
          const at = ended.at + one.afterMs
          bans.end(ended.row, at)
          noted[noted.indexOf(ended)] = { ...ended, until: Math.min(ended.until, at), isOver: true }
        } else {
          const old = noted.filter(({ isOver, until }) => isOver && until < one.before)
          assert.equal(bans.purge(one.before, one.most), Math.min(one.most, old.length))
          // Which of them are left where there are too many nobody needs to know.
          bans.purge(one.before, Number.POSITIVE_INFINITY)
          noted = noted.filter((ban) => !old.includes(ban))
        }
      }
      for (const source of sources) {
        const expected = noted.filter((ban) => ban.source === source).sort((a, b) => a.at - b.at)
        assert.deepEqual(
          bans.of(source),
          expected.map(({ at, rule, table, until }) => ({ at, rule, table, until })),
        )
      }
    }),
  )
})
