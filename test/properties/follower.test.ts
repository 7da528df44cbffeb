import assert from 'node:assert/strict'
import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { FileSource, LINGER_MS } from '../../src/sources/file.ts'
import { Reading, type TestContext, testContext } from '../support/reading.ts'

/** Steps of one property; `FOLLOWER_STEPS=100000` for the long run. A run is repeated with `FOLLOWER_SEED`. */
const stepsMax = Number(process.env.FOLLOWER_STEPS ?? 6_000)
const seed = Number(process.env.FOLLOWER_SEED ?? Date.now() % 2 ** 31)
const stepsInRunMax = 60

type Step =
  | { readonly do: 'write'; readonly lines: number; readonly pad: number }
  | { readonly do: 'write part' }
  /** By rename; the writer moves to the new file at once, or goes on with the old one until `reopen`. */
  | { readonly do: 'rotate'; readonly reopens: boolean }
  | { readonly do: 'reopen'; readonly givesUpPart: boolean }
  | { readonly do: 'compress'; readonly which: number }
  | { readonly do: 'copytruncate' }
  | { readonly do: 'truncate' }
  | { readonly do: 'delete'; readonly reopens: boolean }
  | { readonly do: 'read'; readonly blocks: number }
  | { readonly do: 'stop' }
  | { readonly do: 'start' }
  | { readonly do: 'wait'; readonly ms: number }

const step = (name: Step['do'], fields: Record<string, fc.Arbitrary<unknown>> = {}) =>
  fc.record({ do: fc.constant(name), ...fields }) as fc.Arbitrary<Step>

const keeping = [
  { weight: 8, arbitrary: step('write', { lines: fc.integer({ min: 1, max: 5 }), pad: fc.constantFrom(0, 3, 100, 1_000) }) },
  { weight: 3, arbitrary: step('write part') },
  { weight: 4, arbitrary: step('rotate', { reopens: fc.boolean() }) },
  { weight: 2, arbitrary: step('reopen', { givesUpPart: fc.boolean() }) },
  { weight: 2, arbitrary: step('compress', { which: fc.nat(9) }) },
  { weight: 1, arbitrary: step('copytruncate') },
  { weight: 6, arbitrary: step('read', { blocks: fc.constantFrom(1, 2, 1_000) }) },
  { weight: 2, arbitrary: step('stop') },
  { weight: 3, arbitrary: step('start') },
]
const losing = [
  { weight: 1, arbitrary: step('truncate') },
  { weight: 2, arbitrary: step('delete', { reopens: fc.boolean() }) },
  { weight: 1, arbitrary: step('wait', { ms: fc.constantFrom(1_000, LINGER_MS) }) },
]

/** A file of the log, as its writer knows it. */
interface Generation {
  readonly fd: number
  readonly ino: number
  readonly lines: string[]
  /** How many of its lines were there before it was last emptied. */
  emptiedAfter: number
  /** Emptied, and where the follower knew the beginning of a line, the next one may be that line's end. */
  isFirstAtRisk: boolean
  isDeleted: boolean
  /** Deleted, and nobody but the writer has it open. */
  isGone: boolean
  isRotated: boolean
}

/** A log with its writer and rotations, a follower, and what must come of it. */
class World {
  readonly #folder = mkdtempSync(join(tmpdir(), 'log2table-follower-'))
  readonly #log = join(this.#folder, 'log')
  readonly #generations: Generation[] = []
  readonly issued: string[] = []
  readonly delivered: string[] = []
  /** Lines that may be lost: they were cut off or deleted before anybody could have read them. */
  readonly atRisk = new Set<string>()
  /** Ends of lines whose beginning was emptied away before anybody could have read it. */
  readonly cut = new Set<string>()
  readonly #context: { current: TestContext } = { current: testContext() }
  #reading: Reading | undefined
  #source: FileSource | undefined
  #writer!: Generation
  #part = ''
  #count = 0
  #skewMs = 0

  constructor() {
    this.#reopen()
    this.#write(['first'])
  }

  async do(step: Step): Promise<void> {
    switch (step.do) {
      case 'write':
        return this.#write(
          Array.from(
            { length: step.lines },
            () =>
              `line ${String(this.#count++)
                .padEnd(5)
                .repeat(1 + step.pad)}`,
          ),
        )
      case 'write part':
        return this.#writePart()
      case 'rotate':
        return this.#rotate(step.reopens)
      case 'reopen':
        if (step.givesUpPart) this.#giveUpPart()
        return this.#reopen()
      case 'compress':
        return this.#compress(step.which)
      case 'copytruncate':
        return this.#copyTruncate()
      case 'truncate':
        return this.#truncate()
      case 'delete':
        return this.#delete(step.reopens)
      case 'read':
        return this.#read(step.blocks)
      case 'stop':
        return this.#stop()
      case 'start':
        return this.#start()
      case 'wait':
        this.#skewMs += step.ms
        this.#context.current.clockAt += step.ms
    }
  }

  async end(): Promise<void> {
    this.#reopen()
    this.#write(['last'])
    this.#start()
    await this.#read(1_000)
    this.#context.current.clockAt += LINGER_MS + 1
    await this.#read(1_000)
  }

  close(): void {
    this.#source?.close()
    for (const { fd } of this.#generations) closeSync(fd)
    rmSync(this.#folder, { recursive: true })
  }

  #write(lines: readonly string[]): void {
    const [first, ...rest] = lines
    const whole = [this.#part + first, ...rest]
    writeSync(this.#writer.fd, `${first}\n${rest.map((line) => `${line}\n`).join('')}`)
    this.#part = ''
    this.#issue(whole)
  }

  #issue(lines: readonly string[]): void {
    this.issued.push(...lines)
    this.#writer.lines.push(...lines)
    if (this.#writer.isFirstAtRisk) this.atRisk.add(lines[0]!)
    this.#writer.isFirstAtRisk = false
    const isTooLate = this.#writer.isRotated && this.#skewMs >= LINGER_MS
    if (this.#writer.isGone || isTooLate) this.#risk(this.#writer)
  }

  #writePart(): void {
    const part = `part ${this.#count++} `
    writeSync(this.#writer.fd, part)
    this.#part += part
  }

  /** The writer ends in the middle of a line: that is its last line. */
  #giveUpPart(): void {
    if (this.#part === '') return
    this.#issue([this.#part])
    this.#part = ''
    if (!this.#writer.isRotated && !this.#writer.isDeleted) writeSync(this.#writer.fd, '\n')
  }

  #reopen(): void {
    if (this.#writer && !this.#writer.isRotated && !this.#writer.isDeleted) return
    this.#giveUpPart()
    const fd = openSync(this.#log, 'a')
    this.#writer = {
      fd,
      ino: statSync(this.#log).ino,
      lines: [],
      emptiedAfter: 0,
      isFirstAtRisk: false,
      isDeleted: false,
      isGone: false,
      isRotated: false,
    }
    this.#generations.push(this.#writer)
  }

  #rotate(reopens: boolean): void {
    if (this.#writer.isRotated || this.#writer.isDeleted) return
    this.#shift()
    renameSync(this.#log, `${this.#log}.1`)
    this.#writer.isRotated = true
    if (reopens) this.#reopen()
  }

  #shift(): void {
    for (let n = 99; n >= 1; n--) {
      for (const end of ['', '.gz']) {
        if (existsSync(`${this.#log}.${n}${end}`)) renameSync(`${this.#log}.${n}${end}`, `${this.#log}.${n + 1}${end}`)
      }
    }
  }

  /** As gzip(1) does it: the time of change is kept. */
  #compress(which: number): void {
    const names = readdirSync(this.#folder).filter((name) => /\.\d+$/.test(name))
    const path = join(this.#folder, names[which % names.length] ?? '')
    if (names.length === 0 || statSync(path).ino === this.#writer.ino) return
    const { atimeMs, mtimeMs } = statSync(path)
    writeFileSync(`${path}.gz`, gzipSync(readFileSync(path)))
    utimesSync(`${path}.gz`, atimeMs / 1_000, mtimeMs / 1_000)
    unlinkSync(path)
  }

  /** Where nothing of the file was read yet, nobody can tell that it was emptied. */
  #copyTruncate(): void {
    const { isRotated, isDeleted, lines, emptiedAfter } = this.#writer
    if (isRotated || isDeleted || this.#part !== '' || !lines.slice(emptiedAfter).some((line) => this.delivered.includes(line)))
      return
    this.#shift()
    copyFileSync(this.#log, `${this.#log}.1`)
    this.#empty()
  }

  #empty(): void {
    ftruncateSync(this.#writer.fd)
    this.#writer.emptiedAfter = this.#writer.lines.length
  }

  #truncate(): void {
    this.#empty()
    this.#risk(this.#writer)
    this.#writer.isFirstAtRisk = true
    if (this.#part === '') return
    // Its rest has no beginning any more; and nobody can tell that the line which it ends is none.
    const rest = `rest ${this.#count++}`
    this.#write([rest])
    this.cut.add(rest)
  }

  #delete(reopens: boolean): void {
    if (this.#writer.isRotated || this.#writer.isDeleted) return
    unlinkSync(this.#log)
    this.#writer.isDeleted = true
    const { dev, ino } = fstatSync(this.#writer.fd)
    if (!this.#source?.follows({ dev, ino })) this.#goneFor(this.#writer)
    if (reopens) this.#reopen()
  }

  #goneFor(generation: Generation): void {
    generation.isGone = true
    this.#risk(generation)
  }

  #risk({ lines }: Generation): void {
    for (const line of lines) this.atRisk.add(line)
  }

  #start(): void {
    if (this.#source) return
    const position = this.#reading?.position
    this.#context.current = testContext(position)
    this.#context.current.clockAt += this.#skewMs
    this.#source = new FileSource(this.#log, this.#context.current, { pollMs: 0 })
    this.#reading = new Reading(this.#source, position)
    // The daemon commits where it begins before anything else.
    if (position === undefined) this.#take(1)
  }

  /** Stopped or killed: what was not committed is read again. A deleted file that nobody holds is gone. */
  #stop(): void {
    this.#source?.close()
    this.#source = undefined
    for (const generation of this.#generations) if (generation.isDeleted) this.#goneFor(generation)
  }

  async #read(blocks: number): Promise<void> {
    if (!this.#source) return
    this.#source.poll()
    for (;;) {
      const ready = this.#context.current.ready()
      this.#take(blocks)
      // Only what is being decompressed is worth waiting for, and only to the end.
      if (blocks < 1_000 || this.#source.state.behindBytes === 0) return
      await ready
    }
  }

  #take(blocks: number): void {
    this.delivered.push(...this.#reading!.now(blocks))
  }
}

async function run(steps: readonly Step[], isLossless: boolean): Promise<void> {
  const world = new World()
  try {
    await world.do({ do: 'start' })
    for (const step of steps) await world.do(step)
    await world.end()
    const delivered = new Set(world.delivered)
    const issued = new Set(world.issued)
    assert.deepEqual(
      {
        twice: world.delivered.filter((line, i) => world.delivered.indexOf(line) !== i),
        wrong: world.delivered.filter((line) => !issued.has(line) && !world.cut.has(line)),
        lost: world.issued.filter((line) => !delivered.has(line) && (isLossless || !world.atRisk.has(line))),
      },
      { twice: [], wrong: [], lost: [] },
    )
  } finally {
    world.close()
  }
}

function parameters(): fc.Parameters<[Step[]]> {
  return { seed, numRuns: Math.ceil(stepsMax / (stepsInRunMax / 2)) }
}

const stepsOf = (kinds: typeof keeping) => fc.array(fc.oneof(...kinds), { minLength: 1, maxLength: stepsInRunMax, size: 'max' })

test('through writes, rotations, compressions, copytruncate, pauses and restarts every line comes exactly once', async (t) => {
  t.diagnostic(`seed ${seed}, ${stepsMax} steps`)
  await fc.assert(
    fc.asyncProperty(stepsOf(keeping), (steps) => run(steps, true)),
    parameters(),
  )
})

test('with emptied and deleted files too, nothing comes twice or wrong, and only what nobody could have read is lost', async (t) => {
  t.diagnostic(`seed ${seed}, ${stepsMax} steps`)
  await fc.assert(
    fc.asyncProperty(stepsOf([...keeping, ...losing]), (steps) => run(steps, false)),
    parameters(),
  )
})
