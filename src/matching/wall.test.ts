import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RegExpEngine } from './regexp-engine.ts'
import { runAhead, type TimeLimit } from './wall.ts'
import { plainMachine } from './wasm/plain-machine.ts'

const machine = plainMachine()
const at = machine.allocate(64)
machine.bytes.set(Buffer.from('slow quick'), at)

/** An engine that finds one word, and counts its runs. */
class Counted extends RegExpEngine {
  runs = 0

  override runAhead(start: number, end: number): void {
    this.runs++
    super.runAhead(start, end)
  }
}
const engineFor = (word: string) => new Counted(new RegExp(word), machine)
const tryOf = (engine: RegExpEngine) => ({ engine, start: at, end: at + 10 })

describe('regexes are run ahead', () => {
  test('all together, where there is time', () => {
    let limits = 0
    const [slow, quick] = [engineFor('slow'), engineFor('thick')]
    const limit: TimeLimit = (run) => {
      limits++
      run()
      return true
    }
    runAhead([tryOf(slow), tryOf(quick)], limit, () => assert.fail())
    assert.equal(limits, 1)
    assert.deepEqual([slow.run(at, at + 10), quick.run(at, at + 10)], [true, false])
  })

  test('one by one where there is not, and only the one that takes too long by itself is blamed', () => {
    const [slow, quick] = [engineFor('slow'), engineFor('quick')]
    const limit: TimeLimit = (run) => {
      const before = slow.runs
      run()
      return slow.runs === before
    }
    const blamed: RegExpEngine[] = []
    runAhead([tryOf(quick), tryOf(slow), tryOf(quick), tryOf(slow)], limit, ({ engine }) => blamed.push(engine))
    assert.deepEqual(blamed, [slow])
    assert.ok(quick.run(at, at + 10))
  })

  test('a second time before anyone is blamed: the machine may have been asleep', () => {
    const engine = engineFor('slow')
    const limit: TimeLimit = (run) => {
      run()
      return engine.runs > 2
    }
    runAhead([tryOf(engine)], limit, () => assert.fail())
  })
})
