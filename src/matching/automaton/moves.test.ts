import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { inOrder } from './moves.ts'

const SPARE = 8

test('moves made one after the other give what all at once would give', () => {
  const sources = fc.array(fc.nat(SPARE - 1), { minLength: SPARE, maxLength: SPARE })
  fc.assert(
    fc.property(sources, fc.subarray([0, 1, 2, 3, 4, 5, 6, 7]), (from, to) => {
      const registers = [10, 11, 12, 13, 14, 15, 16, 17, -1]
      const expected = registers.map((value, at) => (to.includes(at) ? registers[from[at]!]! : value))
      const moves = inOrder(
        to.map((at) => ({ to: at, from: from[at]! })),
        SPARE,
      )
      for (const { to, from } of moves) registers[to] = registers[from]!
      assert.deepEqual(registers.slice(0, SPARE), expected.slice(0, SPARE))
    }),
  )
})

test('what stays where it is needs no move', () => {
  assert.deepEqual(inOrder([{ to: 1, from: 1 }], SPARE), [])
})
