import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext as Test, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { Reading } from '../../test/support/reading.ts'
import type { Json } from '../base/units.ts'
import { openLogs } from './index.ts'
import type { OpenLogs, Source } from './source.ts'

const BEGAN = Date.UTC(2026, 10, 21, 10)

function json(log: string, second = 0, stream = 'stdout'): string {
  return `${JSON.stringify({ log, stream, time: new Date(BEGAN + second * 1_000).toISOString() })}\n`
}

function containers(t: Test): { folder: string; path: string; glob: string } {
  const folder = mkdtempSync(join(tmpdir(), 'log2table-docker-'))
  t.after(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'abc'))
  return { folder, path: join(folder, 'abc/abc-json.log'), glob: join(folder, '*/*-json.log') }
}

function open(t: Test, path: string, positions: ReadonlyMap<string, Json> = new Map()) {
  const said: string[] = []
  const opened: Source[] = []
  const logs: OpenLogs = openLogs(`docker:${path}`, {
    positionOf: (log) => positions.get(log),
    isFollowed: () => false,
    onOpened: (source) => opened.push(source),
    onReady: () => {},
    onClosed: () => {},
    say: (level, message) => said.push(`${level}: ${message}`),
    now: Date.now,
  })
  t.after(() => logs.close())
  return { logs, opened, said }
}

test("the lines of each container's file, as the container wrote them, with their own times", (t) => {
  const { folder, path, glob } = containers(t)
  writeFileSync(path, json('one\n', 1) + json('two', 2) + json(' halves\n', 3))
  mkdirSync(join(folder, 'def'))
  writeFileSync(join(folder, 'def/def-json.log'), json('other\n'))
  const { opened } = open(t, glob)
  assert.deepEqual(opened.map(({ log }) => log).sort(), [`docker:${path}`, `docker:${join(folder, 'def/def-json.log')}`])
  const source = opened.find(({ log }) => log.endsWith('abc-json.log'))!
  let block = source.read()!
  if (block.bytes.length === 0) block = source.read()!
  assert.equal(Buffer.from(block.bytes).toString(), 'one\ntwo halves\n')
  assert.deepEqual([block.timeOf!(0), block.timeOf!(4), block.timeOf!(5)], [BEGAN + 1_000, BEGAN + 2_000, undefined])
  assert.ok(block.catchingUp)
})

test('rotated in the middle of a line, and stopped at every place: nothing is lost, cut or doubled', (t) => {
  const long = (n: number) => [`line ${n} ${'a'.repeat(50)}`, 'b'.repeat(50), `end ${n}\n`]
  const pieces = [1, 2, 3, 4].flatMap(long).map((piece, index) => json(piece, index))
  const wanted = [1, 2, 3, 4].map((n) => `line ${n} ${'a'.repeat(50)}${'b'.repeat(50)}end ${n}`)
  for (let stop = 0; stop <= pieces.length; stop++) {
    for (const rotation of [0, 4, 7]) {
      const { path } = containers(t)
      const positions = new Map<string, Json>()
      const lines: string[] = []
      const readSome = () => {
        const { logs, opened, said } = open(t, path, positions)
        const reading = new Reading(opened[0]!)
        reading.now()
        lines.push(...reading.lines)
        if (reading.position !== undefined) positions.set(opened[0]!.log, reading.position)
        logs.close()
        assert.deepEqual(said, [])
      }
      writeFileSync(path, '')
      readSome()
      for (const [index, piece] of pieces.entries()) {
        if (index === stop) readSome()
        if (index === rotation) {
          renameSync(path, `${path}.1`)
          writeFileSync(path, '')
        }
        appendFileSync(path, piece)
      }
      readSome()
      readSome()
      assert.deepEqual(lines, wanted, `stopped at ${stop}, rotated at ${rotation}`)
    }
  }
})

test('a piece of 16 KiB that is escaped in the file is still a piece, and the line over the cap', (t) => {
  const { path } = containers(t)
  writeFileSync(path, json('\u0001'.repeat(16_384)) + json('tail\n') + json('next\n'))
  const { opened } = open(t, path)
  const reading = new Reading(opened[0]!)
  reading.now()
  assert.deepEqual(reading.lines, ['next'])
  assert.equal(opened[0]!.state.overlongLines, 1)
})

test('what Docker does not write is left out, counted, and told once', (t) => {
  const { path } = containers(t)
  writeFileSync(
    path,
    `${json('one\n')}{"log":"Fail${json('x\n')}${json('two\n')}${json('three\n')}${'y'.repeat(500_000)}\n${json('four\n')}${json('five\n')}`,
  )
  const { opened, said } = open(t, path)
  const reading = new Reading(opened[0]!)
  reading.now()
  assert.deepEqual(reading.lines, ['one', 'three', 'five'])
  assert.equal(opened[0]!.state.lostLines, 1)
  assert.equal(opened[0]!.state.overlongLines, 1)
  assert.deepEqual(said, [
    `warning: docker:${path}: holds lines that Docker's json-file driver does not write; they are left out`,
  ])
})

test('lines of a rotated file that is compressed are still to come while it is being decompressed', async (t) => {
  const { path } = containers(t)
  const positions = new Map<string, Json>()
  writeFileSync(path, json('one\n', 1))
  const before = open(t, path, positions)
  const reading = new Reading(before.opened[0]!)
  assert.deepEqual(reading.now(), ['one'])
  positions.set(before.opened[0]!.log, reading.position!)
  before.logs.close()
  appendFileSync(path, json('two\n', 2))
  writeFileSync(`${path}.1.gz`, gzipSync(readFileSync(path)))
  rmSync(path)
  writeFileSync(path, json('three\n', 3))
  const [source] = open(t, path, positions).opened
  const after = new Reading(source!)
  assert.deepEqual(after.now(), [])
  assert.ok(source!.isCatchingUp)
  for (const giveUpAt = Date.now() + 10_000; after.lines.length < 2 && Date.now() < giveUpAt; after.now()) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.deepEqual(after.lines, ['two', 'three'])
  assert.equal(source!.isCatchingUp, false)
})
