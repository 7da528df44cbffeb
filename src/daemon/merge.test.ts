import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { HitFact } from '../core/model.ts'
import type { ReadBlock } from './log-reader.ts'
import { type Lane, Merge, type Merged } from './merge.ts'

function block(log: string, times: readonly number[], position: number): ReadBlock {
  const hits = times.map((at, index) => ({ at, log, position: position * 1000 + index }) as HitFact)
  const at = (place: number) => ({ log, position: place, toldHits: 0, lastAt: 0, lastHits: [] })
  return { hits, position: at(position), start: at(position - 1) }
}

function laneOf(blocks: readonly (ReadBlock | 'later')[]): Lane {
  const left = [...blocks]
  return { next: () => left.shift() }
}

function* steps(merge: Merge): Generator<Merged> {
  for (let step = merge.next(); step; step = merge.next()) yield step
}

test('facts of several logs come in the order of time, then of logs, then of position, and each position after its facts', () => {
  const log = fc.array(fc.oneof(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 4 }), fc.constant('later' as const)), {
    maxLength: 5,
  })
  fc.assert(
    fc.property(fc.array(log, { maxLength: 4 }), (logs) => {
      const lanes = logs.map((blocks, n) => {
        let at = 0
        return blocks.map((times, index) => {
          if (times === 'later') return times
          const moments = times.map((step) => {
            at += step
            return at
          })
          return block(`log${n}`, moments, index + 1)
        })
      })
      const merged = [...steps(new Merge(lanes.map(laneOf)))]

      const told = merged.flatMap((one) => (one.kind === 'hit' ? [one.hit] : []))
      const all = lanes.flatMap((blocks) => blocks.flatMap((one) => (one === 'later' ? [] : one.hits)))
      const expected = all.toSorted((a, b) => a.at - b.at || a.log.localeCompare(b.log) || a.position - b.position)
      assert.deepEqual(told, expected)

      const toldBefore = new Set<HitFact>()
      for (const one of merged) {
        if (one.kind === 'hit') toldBefore.add(one.hit)
        if (one.kind !== 'position') continue
        const done = lanes.flat().find((other) => other !== 'later' && other.position === one.position) as ReadBlock
        assert.ok(done.hits.every((hit) => toldBefore.has(hit)))
      }
      assert.equal(merged.filter(({ kind }) => kind === 'position').length, lanes.flat().filter((one) => one !== 'later').length)
    }),
  )
})

test('interrupted in the middle of a block, it tells where to begin again and how many hits to pass over', () => {
  const merge = new Merge([laneOf([block('a', [1, 5, 9], 1)]), laneOf([block('b', [6], 1)])])
  assert.deepEqual(merge.interrupted(), [])
  merge.next()
  merge.next()
  assert.deepEqual(merge.interrupted(), [{ log: 'a', position: 0, toldHits: 2, lastAt: 0, lastHits: [] }])
})
