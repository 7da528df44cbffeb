import assert from 'node:assert/strict'
import { appendFileSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Json } from '../../src/base/units.ts'
import { GlobLogs } from '../../src/sources/glob.ts'
import type { LogsContext, Source } from '../../src/sources/source.ts'
import { Reading } from '../support/reading.ts'

/** Steps of the property; `FOLLOWER_STEPS=100000` for the long run. A run is repeated with `FOLLOWER_SEED`. */
const stepsMax = Number(process.env.FOLLOWER_STEPS ?? 6_000)
const seed = Number(process.env.FOLLOWER_SEED ?? Date.now() % 2 ** 31)
const stepsInRunMax = 60

const names = ['a.log', 'b.log', 'c.log', 'd.log']

type Step =
  /** A file that is not there yet comes into being by it. */
  | { readonly do: 'write'; readonly name: string; readonly lines: number }
  | { readonly do: 'rotate'; readonly name: string }
  | { readonly do: 'expand' }
  | { readonly do: 'read'; readonly name: string }
  | { readonly do: 'stop' }
  | { readonly do: 'start' }

const name = fc.constantFrom(...names)
const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant('write' as const), name, lines: fc.integer({ min: 1, max: 3 }) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('rotate' as const), name }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('expand' as const) }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('read' as const), name }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('stop' as const) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('start' as const) }) },
  ),
  { minLength: 1, maxLength: stepsInRunMax, size: 'max' },
)

/** A folder whose files come late, and a glob that follows them. */
class World {
  readonly #folder = mkdtempSync(join(tmpdir(), 'log2table-late-'))
  readonly #positions = new Map<string, Json>()
  readonly #readings = new Map<string, Reading>()
  #glob: GlobLogs | undefined
  readonly issued: string[] = []
  readonly delivered: string[] = []

  do(step: Step): void {
    switch (step.do) {
      case 'write':
        this.#write(step.name, step.lines)
        break
      case 'rotate':
        this.#rotate(step.name)
        break
      case 'expand':
        this.#glob?.expand()
        break
      case 'read':
        this.#read(this.#path(step.name))
        break
      case 'stop':
        this.#stop()
        break
      case 'start':
        this.#start()
        break
    }
  }

  /** What was rotated twice between two looks is read when the log is there again. */
  end(): void {
    for (const one of names) this.#write(one, 1)
    this.#start()
    this.#glob!.expand()
    for (const one of names) this.#read(this.#path(one))
  }

  close(): void {
    this.#stop()
    rmSync(this.#folder, { recursive: true })
  }

  #path(one: string): string {
    return join(this.#folder, one)
  }

  #write(one: string, lines: number): void {
    for (let n = 0; n < lines; n++) {
      const line = `${one} ${this.issued.length}`
      appendFileSync(this.#path(one), `${line}\n`)
      this.issued.push(line)
    }
  }

  /** One that was never looked at would be rotated away unseen. */
  #rotate(one: string): void {
    const path = this.#path(one)
    if (!existsSync(path) || !this.#positions.has(path)) return
    for (let n = stepsInRunMax; n >= 1; n--) if (existsSync(`${path}.${n}`)) renameSync(`${path}.${n}`, `${path}.${n + 1}`)
    renameSync(path, `${path}.1`)
  }

  #start(): void {
    if (this.#glob) return
    const context: LogsContext = {
      now: () => Date.now(),
      say: (level, message) => assert.fail(`${level}: ${message}`),
      positionOf: (log) => this.#positions.get(log),
      isFollowed: () => false,
      onOpened: (source: Source) => {
        this.#readings.set(source.log, new Reading(source, this.#positions.get(source.log)))
        // Where it begins is committed before anything else.
        this.#commit(source.log, 1)
      },
      onReady: () => {},
      onClosed: (source) => this.#readings.delete(source.log),
    }
    this.#glob = new GlobLogs(join(this.#folder, '*.log'), context, { pollMs: 0, expandMs: 0 })
  }

  #stop(): void {
    this.#glob?.close()
    this.#glob = undefined
    this.#readings.clear()
  }

  #read(path: string): void {
    this.#commit(path)
  }

  #commit(path: string, blocksMax?: number): void {
    const reading = this.#readings.get(path)
    if (!reading) return
    this.delivered.push(...reading.now(blocksMax))
    if (reading.position !== undefined) this.#positions.set(path, reading.position)
  }
}

test('of files that come late, are rotated and written on, whoever follows their glob gets every line once', (t) => {
  t.diagnostic(`seed ${seed}, ${stepsMax} steps`)
  fc.assert(
    fc.property(steps, (all) => {
      const world = new World()
      try {
        world.do({ do: 'start' })
        for (const step of all) world.do(step)
        world.end()
        assert.deepEqual(world.delivered.toSorted(), world.issued.toSorted())
      } finally {
        world.close()
      }
    }),
    { seed, numRuns: Math.ceil(stepsMax / (stepsInRunMax / 2)) },
  )
})
