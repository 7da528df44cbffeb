import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { logTo } from '../base/log.ts'
import { DAY_MS, HOUR_MS, type Instant, isoTime, MINUTE_MS } from '../base/units.ts'
import { type Feed, patternSet } from '../matching/pattern.ts'
import { scannerOf } from '../matching/scanner-of.ts'
import type { TimeLimit } from '../matching/wall.ts'
import { BlindSpotWatch } from './blind-spot-watch.ts'
import { BlindSpots, type Usual } from './blind-spots.ts'
import { LogReader } from './log-reader.ts'

const LOG = '/var/log/app.log'
const BEGAN = Date.UTC(2026, 9, 1)

const app = patternSet({ name: 'app', prefix: /^\S+ app: / }, [
  { name: 'bad', regex: /^bad password for (?<user>\S+) from (?<ip>[\d.]+)$/ },
  { name: 'probe', regex: /^probe from (?<ip>\S+)$/ },
])
const web = patternSet({ name: 'web' }, [{ regex: /^\S+ GET (?<path>\S+) by (?<ip>\S+) 404$/ }])
const feeds: readonly Feed[] = [{ rule: 'hackers', patterns: [...app, ...web] }]

const bad = 'app: bad password for root from 192.0.2.7'
/** The same after an upgrade. */
const reworded = 'app: bad password of root from 192.0.2.7'

const unlimited: TimeLimit = (run) => {
  run()
  return true
}

/** A log that is read line by line as it is written, or whole at the end. */
class Scene {
  at: Instant = BEGAN
  readonly #limit: TimeLimit
  #old = ''
  #spots: BlindSpots
  #reader: LogReader

  constructor(limit: TimeLimit = unlimited) {
    this.#limit = limit
    this.#spots = this.#begin()
    this.#reader = this.#read()
  }

  #begin(saved?: readonly Usual[]): BlindSpots {
    return new BlindSpots({ log: LOG, feeds, zone: 'UTC', saved, timeLimit: this.#limit })
  }

  #read(): LogReader {
    return new LogReader({ log: LOG, feeds, scanner: scannerOf(feeds), zone: 'UTC', blindSpots: this.#spots, keepsLines: false })
  }

  /** Writes a line so many times, each so long after the one before. */
  write(text: string, times: number, everyMs: number): this {
    for (let i = 0; i < times; i++, this.at += everyMs) this.#block(`${isoTime(this.at)} ${text}\n`, this.at)
    return this
  }

  /** Lines that are there already when they are read. */
  old(text: string, times: number, everyMs: number): this {
    for (let i = 0; i < times; i++, this.at += everyMs) this.#old += `${isoTime(this.at)} ${text}\n`
    return this
  }

  readOld(arrivedAt: Instant | undefined): this {
    const lines = this.#old.split(/(?<=\n)/)
    for (let from = 0; from < lines.length; from += 10) this.#block(lines.slice(from, from + 10).join(''), arrivedAt, true)
    return this
  }

  #block(text: string, arrivedAt: Instant | undefined, catchingUp = false): void {
    this.#reader.read({ bytes: Buffer.from(text), offset: 0, catchingUp, writtenBy: this.at, position: null }, arrivedAt)
  }

  restart(): this {
    this.#spots = this.#begin(JSON.parse(JSON.stringify(this.#spots.usual)))
    this.#reader = this.#read()
    return this
  }

  get blind(): readonly string[] {
    return this.#spots.found.map(({ set }) => set)
  }

  get found() {
    return this.#spots.found
  }
}

/** Eleven hours with a hit each: then it is known what is usual. */
const usual = () => new Scene().write(bad, 11, HOUR_MS)

describe('a set is blind', () => {
  test('when its program logs for a day and nothing matches any more, as after an upgrade', () => {
    const scene = usual().write(reworded, 25, HOUR_MS)
    assert.deepEqual(scene.blind, [])
    scene.write(reworded, 1, HOUR_MS)
    const [spot] = scene.found
    assert.deepEqual(
      { ...spot, nearest: undefined },
      {
        log: LOG,
        set: 'app',
        lastHitAt: BEGAN + 10 * HOUR_MS,
        usualGapMs: HOUR_MS,
        lines: 26,
        nearest: undefined,
      },
    )
    const [missed, ...others] = spot!.nearest()
    assert.match(missed!.line, /^2026-10-02T12:00:00.000Z app: bad password of root from 192\.0\.2\.7$/)
    assert.equal(missed!.near?.pattern.name, 'app/bad')
    assert.deepEqual([missed!.near?.fits, missed!.near?.wants], ['bad password ', 'for '])
    assert.deepEqual(others, [])
  })

  test('no more as soon as a line matches', () => {
    const scene = usual().write(reworded, 30, HOUR_MS)
    assert.deepEqual(scene.blind, ['app'])
    assert.deepEqual(scene.write(bad, 1, 0).blind, [])
    assert.deepEqual(scene.write(reworded, 20, HOUR_MS).blind, [])
  })

  test('only after ten times as long as it is silent as a rule', () => {
    const scene = new Scene().write(bad, 11, 6 * HOUR_MS).write(reworded, 59, HOUR_MS)
    assert.deepEqual(scene.blind, [])
    assert.deepEqual(scene.write(reworded, 3, HOUR_MS).blind, ['app'])
  })

  test('only where it was known before what is usual, and a burst counts once', () => {
    assert.deepEqual(new Scene().write(bad, 9, HOUR_MS).write(reworded, 99, HOUR_MS).blind, [])
    assert.deepEqual(new Scene().write(bad, 600, 1_000).write(reworded, 99, HOUR_MS).blind, [])
  })

  test('only by lines of its own program', () => {
    assert.deepEqual(usual().write('other: bad password', 99, HOUR_MS).blind, [])
  })

  test('not by few lines, and not because nothing was logged or read for long', () => {
    assert.deepEqual(usual().write(reworded, 19, 3 * HOUR_MS).blind, [])
    const scene = usual()
    scene.at += 20 * DAY_MS
    assert.deepEqual(scene.write(reworded, 99, MINUTE_MS).blind, [])
  })

  test('for a month; then that is what is usual', () => {
    const scene = usual().write(reworded, 30 * 24, HOUR_MS)
    assert.deepEqual(scene.blind, ['app'])
    assert.deepEqual(scene.write(reworded, 3 * 24, HOUR_MS).blind, [])
  })
})

test('of logs whose lines are mostly harmless, days count instead of hours', () => {
  const probe = 'GET /wp-login.php by 192.0.2.7 404'
  const page = 'GET / by 192.0.2.8 200'
  assert.deepEqual(new Scene().write(probe, 48, HOUR_MS).write(page, 99, HOUR_MS).blind, [])
  const scene = new Scene().write(probe, 11, DAY_MS).write(page, 9 * 24, HOUR_MS)
  assert.deepEqual(scene.blind, [])
  assert.deepEqual(scene.write(page, 48, HOUR_MS).blind, ['web'])
})

test('it is noticed over restarts', () => {
  const scene = usual()
  for (let day = 0; day < 2; day++) scene.restart().write(reworded, 15, HOUR_MS)
  assert.deepEqual(scene.restart().blind, ['app'])
})

test('old lines count by the times when they were written, while catching up and in replay', () => {
  const old = () => new Scene().old(bad, 11, HOUR_MS).old(reworded, 60, HOUR_MS)
  assert.deepEqual(old().readOld(undefined).blind, ['app'])
  assert.deepEqual(old().readOld(BEGAN + 30 * DAY_MS).blind, ['app'])
})

test('of a flood, few lines are looked at', () => {
  const scene = usual()
  for (let hour = 0; hour < 30; hour++) scene.write(reworded, 100, 0).at += HOUR_MS
  assert.equal(scene.found[0]!.lines, 30 * 50)
})

test('a prefix that takes too long on a line is looked for no more', () => {
  let isSlow = false
  const limit = (run: () => void) => {
    if (!isSlow) run()
    return !isSlow
  }
  const scene = new Scene(limit).write(bad, 11, HOUR_MS)
  isSlow = true
  assert.deepEqual(scene.write(reworded, 30, HOUR_MS).blind, [])
  isSlow = false
  assert.deepEqual(scene.write(reworded, 30, HOUR_MS).blind, [])
})

describe('the watch over all logs', () => {
  const watchIn = (t: TestContext) => {
    const folder = mkdtempSync(join(tmpdir(), 'log2table-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const path = join(folder, 'blind-spots.json')
    const said: string[] = []
    let at = BEGAN
    const begin = () => {
      const watch = new BlindSpotWatch({ path, log: logTo((line) => said.push(line)), now: () => at })
      const blindSpots = watch.of(LOG, feeds, 'UTC')
      const reader = new LogReader({ log: LOG, feeds, scanner: scannerOf(feeds), blindSpots, keepsLines: false })
      return { watch, reader }
    }
    let { watch, reader } = begin()
    return {
      path,
      said,
      write(text: string, times: number, everyMs: number) {
        for (let i = 0; i < times; i++, at += everyMs) {
          const bytes = Buffer.from(`x ${text}\n`)
          reader.read({ bytes, offset: 0, catchingUp: false, writtenBy: at, position: null }, at)
        }
      },
      look: () => watch.look(),
      restart(how: 'stopped' | 'killed') {
        if (how === 'stopped') watch.write()
        ;({ watch, reader } = begin())
      },
    }
  }

  test('tells of a blind spot once, with the nearest lines, and when it is over', (t) => {
    const watch = watchIn(t)
    watch.write(bad, 11, HOUR_MS)
    watch.write(reworded, 30, HOUR_MS)
    watch.look()
    watch.look()
    assert.deepEqual(watch.said, [
      'warning: no line of /var/log/app.log has matched app since 2026-10-01T10:00:00.000Z, though its program goes on logging and one in 1h is usual',
      'warning: app does not know this line line="x app: bad password of root from 192.0.2.7" nearest=app/bad wants="for "',
    ])
    watch.write(bad, 1, 0)
    watch.look()
    assert.deepEqual(watch.said.slice(2), ['lines match again, or are not waited for any more: app /var/log/app.log'])
  })

  test('remembers over a stop, and over a kill but for some minutes', (t) => {
    const watch = watchIn(t)
    watch.write(bad, 11, HOUR_MS)
    watch.restart('stopped')
    watch.write(reworded, 15, HOUR_MS)
    watch.look()
    watch.restart('killed')
    watch.write(reworded, 15, HOUR_MS)
    watch.look()
    assert.match(watch.said.join('\n'), /^warning: no line of .* has matched app since 2026-10-01T10/)
  })

  test('begins anew where its file is damaged, and does not mind where it cannot be written', (t) => {
    const watch = watchIn(t)
    watch.write(bad, 11, HOUR_MS)
    watch.restart('stopped')
    assert.match(readFileSync(watch.path, 'utf8'), /"busy":11/)
    writeFileSync(watch.path, '[{"log":')
    watch.restart('killed')
    assert.match(watch.said.join('\n'), /blind-spots\.json: what is usual of the logs is learnt anew: /)
    rmSync(join(watch.path, '..'), { recursive: true })
    watch.write(bad, 1, HOUR_MS)
    watch.look()
    watch.look()
    assert.match(
      watch.said.slice(1).join('\n'),
      /^warning: .*blind-spots\.json: what is usual of the logs cannot be kept: ENOENT[^\n]*$/,
    )
  })
})
