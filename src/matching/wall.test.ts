import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RegExpEngine } from './regexp-engine.ts'
import { type Breach, runAhead, type TimeLimit } from './wall.ts'
import { plainMachine } from './wasm/plain-machine.ts'

const machine = plainMachine()
const at = machine.allocate(64)
machine.bytes.set(Buffer.from('slow quick'), at)

/** An engine that finds one word, and counts its runs. */
class Counted extends RegExpEngine {
  runs = 0
  onRun: (start: number) => void = () => {}

  override runAhead(start: number, end: number): void {
    this.runs++
    this.onRun(start)
    super.runAhead(start, end)
  }
}

class CutOff extends Error {}
const stop = () => {
  throw new CutOff()
}
/** Whether it came to its end. */
const within: TimeLimit = (run) => {
  try {
    run()
    return true
  } catch (error) {
    if (error instanceof CutOff) return false
    throw error
  }
}
/** Cuts off every run of this engine, but for so many that come after the first. */
const limitOf = (slow: Counted, spared: number): TimeLimit => {
  slow.onRun = () => (slow.runs === 1 || slow.runs > 1 + spared) && stop()
  return within
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

  test('each by itself where there is not, and only the one that takes too long by itself is blamed', () => {
    const [slow, quick] = [engineFor('slow'), engineFor('quick')]
    const blamed: Breach[] = []
    runAhead([tryOf(quick), tryOf(slow), tryOf(quick), tryOf(slow)], limitOf(slow, 0), (breach) => blamed.push(breach))
    assert.deepEqual(blamed, [{ ...tryOf(slow), lines: 1 }])
    assert.ok(quick.run(at, at + 10))
  })

  test('and so is the one line that takes too long by itself, wherever it stands among its own', () => {
    const slow = engineFor('slow')
    const lines = [0, 1, 2, 3].map((skip) => ({ engine: slow, start: at + skip, end: at + 10 }))
    slow.onRun = (start) => start === lines[2]!.start && stop()
    const blamed: Breach[] = []
    runAhead(lines, within, (breach) => blamed.push(breach))
    assert.deepEqual(blamed, [{ ...lines[2], lines: 1 }])
    assert.ok(slow.run(at, at + 10), 'what was found before is known')
  })

  test('and many lines are too long for one as well, though no single one is', () => {
    const [slow, quick] = [engineFor('slow'), engineFor('quick')]
    const lines = [0, 1, 2, 3].map((skip) => ({ engine: slow, start: at + skip, end: at + 10 }))
    const blamed: Breach[] = []
    let before = 0
    // Two of them are all that there is time for, at first with another before them.
    const limit: TimeLimit = (run) => {
      before = slow.runs
      slow.onRun = () => slow.runs - before > (before === 0 ? 1 : 2) && stop()
      return within(run)
    }
    runAhead([tryOf(quick), ...lines], limit, (breach) => blamed.push(breach))
    assert.deepEqual(blamed, [{ ...lines[2], lines: 3 }])
    assert.ok(slow.run(at, at + 10), 'what was found before is known')
    assert.equal(slow.runs, before + 3, 'and not looked for again')
  })

  test('and no line is blamed for having been the last one twice', () => {
    const slow = engineFor('slow')
    const lines = [0, 1, 2, 3].map((skip) => ({ engine: slow, start: at + skip, end: at + 10 }))
    const blamed: Breach[] = []
    // Three of them are too many, whichever they are.
    const limit: TimeLimit = (run) => {
      const before = slow.runs
      slow.onRun = () => slow.runs - before > 2 && stop()
      return within(run)
    }
    runAhead(lines, limit, (breach) => blamed.push(breach))
    assert.deepEqual(
      blamed.map(({ lines }) => lines),
      [3],
    )
  })

  test('a second time before anyone is blamed: it may have been all of them together', () => {
    const engine = engineFor('slow')
    runAhead([tryOf(engine)], limitOf(engine, 1), () => assert.fail())
    assert.ok(engine.run(at, at + 10))
  })
})
