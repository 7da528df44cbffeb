import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Address } from './address.ts'
import { SourceNumbers } from './source-numbers.ts'

/** Few enough to come again; the first /64s of IPv6 are as good as any, and 0 is an address too. */
const source: fc.Arbitrary<Address> = fc.oneof(
  fc.integer({ min: 0, max: 500 }).map((n) => (n * 0x9e3779b1) >>> 0),
  fc.integer({ min: 0, max: 500 }).map((n) => BigInt(n) << 64n),
  fc.bigInt({ min: 0n, max: 500n }).map((n) => n << 100n),
)

test('sources are numbered in the order in which they are met, and keep their numbers', () => {
  fc.assert(
    fc.property(fc.array(source, { maxLength: 400, size: 'max' }), fc.array(source, { maxLength: 50 }), (met, others) => {
      const numbers = new SourceNumbers()
      const expected = new Map<Address, number>()
      for (const one of met) {
        if (!expected.has(one)) expected.set(one, expected.size)
        assert.equal(numbers.add(one), expected.get(one))
      }
      assert.equal(numbers.size, expected.size)
      for (const one of [...met, ...others]) assert.equal(numbers.find(one), expected.get(one))
    }),
  )
})

test('as many as there are keep their numbers', () => {
  const numbers = new SourceNumbers()
  const sourceOf = (n: number) => Math.imul(n, 0x9e3779b1) >>> 0
  for (let n = 0; n < 50_000; n++) assert.equal(numbers.add(sourceOf(n)), n)
  for (let n = 0; n < 50_000; n++) assert.equal(numbers.find(sourceOf(n)), n)
})

/** Numbers given out by hand: the one that was freed last comes first. */
class NaiveNumbers {
  readonly numbers = new Map<Address, number>()
  readonly #free: number[] = []
  end = 0

  add(source: Address): number {
    const number = this.numbers.get(source) ?? this.#free.pop() ?? this.end++
    this.numbers.set(source, number)
    return number
  }
  remove(source: Address): void {
    this.#free.push(this.numbers.get(source)!)
    this.numbers.delete(source)
  }
}

test('the number of a source that was removed goes to another, and the others keep theirs', () => {
  const operation = fc.record({ source, isRemoved: fc.boolean() })
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 600, size: 'max' }), (operations) => {
      const numbers = new SourceNumbers()
      const naive = new NaiveNumbers()
      for (const { source, isRemoved } of operations) {
        const number = numbers.find(source)
        assert.equal(number, naive.numbers.get(source))
        if (isRemoved && number !== undefined) {
          numbers.remove(number)
          naive.remove(source)
        } else assert.equal(numbers.add(source), naive.add(source))
      }
      assert.deepEqual([numbers.size, numbers.end], [naive.numbers.size, naive.end])
      for (const [source, number] of naive.numbers) {
        assert.equal(numbers.find(source), number)
        assert.equal(numbers.sourceOf(number), source)
      }
    }),
  )
})
