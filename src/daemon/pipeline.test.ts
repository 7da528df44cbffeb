import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { formatNetwork } from '../base/address.ts'
import { type Instant, isoTime } from '../base/units.ts'
import { Core } from '../core/core.ts'
import type { Change, SavedPosition } from '../core/model.ts'
import { type Feed, patternSet } from '../matching/pattern.ts'
import { regexpScanner } from '../matching/regexp-scanner.testing.ts'
import { Hackers } from '../rules/hackers.ts'
import type { Block, Source } from '../sources/source.ts'
import { LogReader } from './log-reader.ts'
import { Pipeline, type ReadLog } from './pipeline.ts'
import { CutOffError, limitRules, type TellFacts } from './rule-limit.ts'

const TEN = Date.UTC(2026, 10, 21, 10)
const MINUTE = 60_000
const feeds: readonly Feed[] = [
  { rule: 'hackers', patterns: patternSet({ name: 'app' }, [{ regex: /^\S+ bad from (?<ip>\S+)$/, weight: 50 }]) },
]
/** Two of them are a ban. */
const bad = (minutes: number, host: number) => `${isoTime(TEN + minutes * MINUTE)} bad from 192.0.2.${host}\n`

/** A log of which a test says what is in it. */
class TextLog implements ReadLog {
  readonly source: { -readonly [K in keyof Source]: Source[K] }
  readonly reader: LogReader
  readonly #blocks: Block[] = []
  #length = 0
  reads = 0

  constructor(log: string, saved?: SavedPosition) {
    this.source = {
      log,
      state: { kind: 'reading', behindBytes: 0, overlongLines: 0, lostBytes: 0 },
      read: () => {
        this.reads++
        return this.#blocks.shift()
      },
      close() {},
    }
    this.reader = new LogReader({ log, feeds, scanner: regexpScanner(feeds), saved, keepsLines: false })
  }

  append(text: string, { catchingUp = false } = {}): void {
    const bytes = Buffer.from(text)
    const offset = this.#length
    this.#length += bytes.length
    this.#blocks.push({ bytes, offset, catchingUp, writtenBy: TEN + 60 * MINUTE, position: this.#length })
  }
}

interface Setting {
  mayRead: boolean
  isStoreWell: boolean
  now: Instant
  tell: TellFacts | undefined
}

/** A pipeline, and everything that it did, in order. */
function observe(t: TestContext, setting: Partial<Setting> = {}) {
  tick(t)
  const world: Setting = { mayRead: true, isStoreWell: true, now: TEN + 60 * MINUTE, tell: undefined, ...setting }
  const did: string[] = []
  const committed: Change[] = []
  const core = new Core({
    rules: new Map([['hackers', new Hackers({ table: 'bad_ip' })]]),
    tables: new Set(['bad_ip']),
    offender: () => undefined,
  })
  const pipeline = new Pipeline({
    core,
    tell: (facts) => (world.tell ?? limitRules(core, new Map()))(facts),
    now: () => world.now,
    commit(changes) {
      did.push(`commit ${changes.map(nameOf).join(' ')}`)
      committed.push(...changes)
      return world.isStoreWell
    },
    mayRead: () => world.mayRead,
    enforce: (changes) =>
      did.push(`enforce ${changes.map(({ kind, network }) => `${kind} ${formatNetwork(network)}`).join(' ')}`),
    onDecision: ({ kind }) => did.push(`decide ${kind}`),
    onSettled: () => did.push('settled'),
    onFault: (error) => did.push(`fault ${(error as Error).name}`),
  })
  t.after(() => pipeline.stop())
  const positions = () => committed.flatMap((change) => (change.kind === 'position' ? [change.position] : []))
  return { pipeline, core, did, committed, positions, world }
}

/** A machine that takes a millisecond for each step, so that a round is over after a few lines, however fast it is. */
function tick(t: TestContext): void {
  let ms = 0
  t.mock.method(performance, 'now', () => ms++)
}

function nameOf(change: Change): string {
  return change.kind === 'position' ? `${change.position.log}@${change.position.position}` : change.kind
}

/** Enough turns of the event loop for a few rounds. */
async function rounds(): Promise<void> {
  for (let i = 0; i < 5; i++) await turn()
}

/** Until the old lines of all logs are through. */
async function caughtUp(pipeline: Pipeline): Promise<void> {
  for (let i = 0; i < 1_000; i++) {
    await rounds()
    if (!pipeline.isCatchingUp) return
  }
  assert.fail('catching up has no end')
}

test('what a line led to is committed with the position after it, then enforced, then told', async (t) => {
  const { pipeline, did } = observe(t)
  const log = new TextLog('a')
  const text = bad(1, 1) + bad(1, 1)
  log.append(text)
  pipeline.wake(log)
  assert.deepEqual(did, [], 'nothing happens before the turn is over')
  await rounds()
  assert.deepEqual(did, [`commit hit hit spend ban kept a@${text.length}`, 'enforce add 192.0.2.1', 'decide ban', 'settled'])
})

test('bans go on while the store cannot commit', async (t) => {
  const { pipeline, did } = observe(t, { isStoreWell: false })
  const log = new TextLog('a')
  log.append(bad(1, 1) + bad(1, 1))
  pipeline.wake(log)
  await rounds()
  assert.deepEqual(did.slice(1), ['enforce add 192.0.2.1', 'decide ban', 'settled'])
})

test('of a core that was cut off in the midst of something nothing is committed', async (t) => {
  const { pipeline, core, did } = observe(t, {
    tell: (facts) => {
      if (facts[0]!.kind !== 'hit') return
      core.tell(facts[0]!)
      throw new CutOffError()
    },
  })
  const log = new TextLog('a')
  log.append(bad(1, 1) + bad(1, 1))
  pipeline.wake(log)
  await rounds()
  pipeline.settle()
  assert.deepEqual(did, ['fault CutOffError'])
})

test('lines that match nothing move the position, and nothing else', async (t) => {
  const { pipeline, did, positions } = observe(t)
  const log = new TextLog('a')
  log.append('all is well\n')
  log.append('and still is\n')
  pipeline.wake(log)
  await rounds()
  assert.deepEqual(
    positions().map(({ position }) => position),
    [25],
  )
  assert.equal(did.filter((one) => !one.startsWith('commit')).join(), 'settled')
})

test('old lines of several logs are told in the order of their time', async (t) => {
  const { pipeline, core } = observe(t)
  const [a, b] = [new TextLog('a'), new TextLog('b')]
  a.append(bad(1, 1) + bad(5, 1), { catchingUp: true })
  b.append(bad(2, 2) + bad(3, 2), { catchingUp: true })
  for (const log of [a, b]) pipeline.wake(log)
  await rounds()
  assert.deepEqual(
    core.bans().map(({ at, network }) => [(at - TEN) / MINUTE, formatNetwork(network)]),
    [
      [3, '192.0.2.2'],
      [5, '192.0.2.1'],
    ],
  )
})

test('while old lines are caught up on, the time does not run ahead of them', async (t) => {
  const { pipeline, core, world } = observe(t)
  const log = new TextLog('a')
  world.now = TEN + 600 * MINUTE
  // So many that one round is not enough, with a ban of the first minute that would have ended by now.
  log.append(bad(1, 1) + bad(1, 1) + bad(2, 2).repeat(300), { catchingUp: true })
  log.append(bad(3, 3) + bad(3, 3), { catchingUp: true })
  pipeline.wake(log)
  await turn()
  await turn()
  assert.ok(pipeline.isCatchingUp, 'the log is too short for this test')
  pipeline.tellTime()
  pipeline.settle()
  assert.ok(core.report().clockAt <= TEN + 3 * MINUTE)
  await caughtUp(pipeline)
  pipeline.tellTime()
  assert.equal(core.report().clockAt, world.now)
})

describe('a round that is over before its block is through', () => {
  const hosts = 4
  const lines = Array.from({ length: 200 }, (_, i) => bad(1, i % hosts))
  const text = lines.join('')

  async function interrupted(t: TestContext) {
    const seen = observe(t)
    const log = new TextLog('a')
    log.append(text, { catchingUp: true })
    seen.pipeline.wake(log)
    await turn()
    await turn()
    assert.ok(seen.pipeline.isCatchingUp, 'the block is too short for this test')
    seen.pipeline.stop()
    return { ...seen, last: seen.positions().at(-1)! }
  }

  test('commits the position before the block with the hits that were told', async (t) => {
    const { last, core } = await interrupted(t)
    assert.equal(last.position, undefined)
    assert.equal(last.toldHits, core.report().rules[0]!.hits)
    assert.ok(last.toldHits > 0 && last.toldHits < lines.length)
  })

  test('is gone on with from there after a restart, and no hit is told twice or never', async (t) => {
    const { last } = await interrupted(t)
    const { pipeline, core, positions } = observe(t)
    const log = new TextLog('a', last)
    log.append(text, { catchingUp: true })
    pipeline.wake(log)
    await caughtUp(pipeline)
    assert.equal(core.report().rules[0]!.hits, lines.length - last.toldHits)
    const { position, toldHits } = positions().at(-1)!
    assert.deepEqual([position, toldHits], [text.length, 0])
  })

  test('reads nothing more once it is stopped', async (t) => {
    const { did } = await interrupted(t)
    const count = did.length
    await rounds()
    assert.equal(did.length, count)
  })
})

describe('while the store can take no more', () => {
  test('no log is read, and reading goes on when it can', async (t) => {
    const { pipeline, did, world } = observe(t, { mayRead: false })
    const log = new TextLog('a')
    log.append(bad(1, 1) + bad(1, 1))
    pipeline.wake(log)
    await rounds()
    assert.deepEqual([log.reads, did], [0, []])

    world.mayRead = true
    await rounds()
    assert.equal(log.reads, 0, 'it must be told')
    pipeline.resume()
    await rounds()
    assert.equal(did.at(-2), 'decide ban')
  })

  test('a block that was begun is gone on with, although its log is gone meanwhile', async (t) => {
    const { pipeline, core, world } = observe(t)
    const log = new TextLog('a')
    const count = 200
    log.append(bad(1, 1).repeat(count), { catchingUp: true })
    pipeline.wake(log)
    await turn()
    await turn()
    assert.ok(core.report().rules[0]!.hits < count, 'the block is too short for this test')
    world.mayRead = false
    pipeline.forget(log)
    await rounds()
    world.mayRead = true
    pipeline.resume()
    await caughtUp(pipeline)
    assert.equal(core.report().rules[0]!.hits, count)
  })
})

test('a log that is written to without end lets the others have their turn', async (t) => {
  const { pipeline, core } = observe(t)
  const [busy, quiet] = [new TextLog('busy'), new TextLog('quiet')]
  const bytes = Buffer.from('nothing of note\n')
  busy.source.read = () => ({ bytes, offset: 0, catchingUp: false, writtenBy: TEN, position: 0 })
  pipeline.wake(busy)
  await rounds()
  quiet.append(bad(1, 1) + bad(1, 1))
  pipeline.wake(quiet)
  await rounds()
  assert.equal(core.bans().length, 1)
})
