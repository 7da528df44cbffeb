import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Address, parseAddress } from '../base/address.ts'
import { type GivenPoints, Scores } from './scores.ts'

const WINDOW_MS = 1_000

/** The same with a list for each source. */
class NaiveScores {
  readonly #given = new Map<Address, GivenPoints[]>()

  #live(source: Address, at: number): GivenPoints[] {
    const live = (this.#given.get(source) ?? []).filter((points) => at - points.at < WINDOW_MS)
    this.#given.set(source, live)
    return live
  }
  add(source: Address, given: GivenPoints): void {
    this.#live(source, given.at).push(given)
  }
  highest(most: number, at: number): readonly number[] {
    const scores = [...this.#given.keys()].map((source) => this.score(source, at).score)
    return scores
      .filter((score) => score > 0)
      .sort((a, b) => b - a)
      .slice(0, most)
  }
  score(source: Address, at: number): { score: number; certain: number } {
    const live = this.#live(source, at)
    const sum = (list: GivenPoints[]) => list.reduce((total, { points }) => total + points, 0)
    return { score: sum(live), certain: sum(live.filter(({ spoofable }) => !spoofable)) }
  }
  hasSeen(source: Address, at: number, distinct: string): boolean {
    return this.#live(source, at).some((given) => given.distinct === distinct)
  }
  credit(source: Address, account: string): void {
    this.#given.set(
      source,
      (this.#given.get(source) ?? []).filter((given) => given.account !== account),
    )
  }
  spend(source: Address): void {
    this.#given.delete(source)
  }
}

const source = fc.oneof(
  fc.integer({ min: 0, max: 40 }).map((n) => n * 7919),
  fc.integer({ min: 0, max: 10 }).map((n) => BigInt(n) << 64n),
)
const operation = fc.record({
  do: fc.constantFrom('add', 'add', 'add', 'add', 'score', 'seen', 'credit', 'spend'),
  source,
  afterMs: fc.integer({ min: 0, max: 90 }),
  points: fc.integer({ min: 1, max: 50 }),
  spoofable: fc.boolean(),
  account: fc.constantFrom(undefined, 'root', 'bob'),
  distinct: fc.constantFrom(undefined, '22', '80'),
})

test('scores equal a naive sum over lists of points, whatever is added, credited, spent and runs out', () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 400, size: 'max' }), (operations) => {
      const scores = new Scores({ windowMs: WINDOW_MS, sourcesMax: 1_000 })
      const naive = new NaiveScores()
      let at = 0
      for (const one of operations) {
        at += one.afterMs
        if (one.do === 'add') {
          scores.add(one.source, { at, ...one })
          naive.add(one.source, { at, ...one })
        } else if (one.do === 'credit') {
          scores.credit(one.source, 'root')
          naive.credit(one.source, 'root')
        } else if (one.do === 'spend') {
          scores.spend(one.source)
          naive.spend(one.source)
        } else if (one.do === 'seen') assert.equal(scores.hasSeen(one.source, at, '22'), naive.hasSeen(one.source, at, '22'))
        if (one.points % 5 === 0) {
          const highest = scores.highest(one.points, at)
          assert.deepEqual(
            highest.map(({ score }) => score),
            naive.highest(one.points, at),
          )
          for (const { source, score, certain } of highest) assert.deepEqual({ score, certain }, naive.score(source, at))
        }
        assert.deepEqual(scores.score(one.source, at), naive.score(one.source, at))
      }
    }),
    { numRuns: 200 },
  )
})

test('a point counts until its window is over, and not at that very instant', () => {
  const scores = new Scores({ windowMs: 1_000, sourcesMax: 10 })
  scores.add(1, { at: 5_000, points: 20, spoofable: false, account: undefined, distinct: undefined })
  assert.equal(scores.score(1, 5_999).score, 20)
  assert.equal(scores.score(1, 6_000).score, 0)
})

test('the highest are told with what gave them points last; of those from before a restart that is not known', () => {
  const scores = new Scores({ windowMs: 1_000, sourcesMax: 10 })
  const given = { points: 20, spoofable: false, account: undefined, distinct: undefined }
  scores.add(1, { ...given, at: 5_000, pattern: 'sshd/failed-password' })
  scores.add(1, { ...given, at: 5_300, pattern: 'httpd/wp-login', spoofable: true })
  scores.add(2n << 64n, { ...given, at: 5_100 })
  assert.deepEqual(scores.highest(2, 5_400), [
    { source: 1, score: 40, certain: 20, pattern: 'httpd/wp-login', lastAt: 5_300 },
    { source: 2n << 64n, score: 20, certain: 20, pattern: undefined, lastAt: 5_100 },
  ])
  assert.deepEqual(
    scores.highest(1, 6_200).map(({ source, score }) => [source, score]),
    [[1, 20]],
  )
  assert.deepEqual(scores.highest(9, 6_300), [])
})

test('sources that never come back are forgotten while others are scored', () => {
  const scores = new Scores({ windowMs: 1_000, sourcesMax: 1_000_000 })
  for (let n = 0; n < 10_000; n++) scores.add(n, { at: n, points: 1, spoofable: false, account: undefined, distinct: undefined })
  assert.ok(scores.size < 2_500, `${scores.size} sources are held, about 1,000 have live points`)
})

test('a flood of new sources does not push out the one that has more points', () => {
  const evicted: Address[] = []
  const scores = new Scores({ windowMs: 1e9, sourcesMax: 1_000, onEvict: (one) => evicted.push(one) })
  const slow = parseAddress('192.0.2.1')!
  const given = { at: 0, spoofable: false, account: undefined, distinct: undefined }
  scores.add(slow, { ...given, points: 40 })
  for (let n = 1; n <= 100_000; n++) scores.add(n, { ...given, at: n, points: 10 })
  assert.equal(scores.score(slow, 100_000).score, 40)
  assert.equal(scores.size, 1_000)
  assert.equal(scores.evictions, 100_001 - 1_000)
  assert.equal(evicted.length, scores.evictions)
})

test('a million sources with one hit each take less than 120 bytes apiece', () => {
  const scores = new Scores({ windowMs: 1e9, sourcesMax: 1_000_000 })
  for (let n = 0; n < 1_000_000; n++) {
    scores.add(n * 4_001, { at: n, points: 10, spoofable: false, account: undefined, distinct: undefined })
  }
  assert.equal(scores.size, 1_000_000)
  assert.ok(scores.bytes < 120 * 1_000_000, `${scores.bytes} bytes`)
})
