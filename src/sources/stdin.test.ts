import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { Reading, testContext } from '../../test/support/reading.ts'
import { LINE_BYTES_MAX } from './source.ts'
import { StdinSource } from './stdin.ts'

function open(position?: number) {
  const context = testContext(position)
  const stream = new PassThrough()
  const source = new StdinSource('stdin:', context, stream)
  return { context, stream, source, reading: new Reading(source) }
}

test('lines come when they are whole, live; at the end the last one needs no end', async () => {
  const { context, stream, source, reading } = open()
  stream.write('one\ntw')
  await reading.until(context, () => reading.lines.length === 1)
  stream.write('o\nlast')
  await reading.until(context, () => reading.lines.length === 2)
  assert.equal(source.state.kind, 'reading')
  stream.end()
  await reading.until(context, () => source.state.kind === 'ended')
  assert.deepEqual(reading.lines, ['one', 'two', 'last'])
  assert.ok(reading.blocks.every((block) => !block.catchingUp && block.writtenBy === context.clockAt))
})

test('what is not read stays with the writer', async () => {
  const { context, stream, reading } = open()
  const ready = context.ready()
  while (stream.write('x'.repeat(999).concat('\n'))) await undefined
  await ready
  assert.ok(stream.writableNeedDrain)
  const drained = new Promise((resolve) => stream.once('drain', resolve))
  while (stream.writableNeedDrain) {
    reading.now()
    await new Promise(setImmediate)
  }
  await drained
  assert.ok(reading.lines.length > 0)
})

test('an overlong line is counted and left out', async () => {
  const { context, stream, source, reading } = open()
  stream.end(`a\n${'x'.repeat(20 * LINE_BYTES_MAX)}\nb\n`)
  await reading.until(context, () => source.state.kind === 'ended')
  assert.deepEqual(reading.lines, ['a', 'b'])
  assert.equal(source.state.overlongLines, 1)
})

test('offsets go on from the count that was stored', async () => {
  const { context, stream, source, reading } = open(1_000)
  stream.end('a\n')
  await reading.until(context, () => source.state.kind === 'ended')
  assert.equal(reading.blocks[0]!.offset, 1_000)
  assert.equal(reading.position, 1_002)
})

test('a read error is told and ends it', async () => {
  const { context, stream, source, reading } = open()
  stream.destroy(new Error('it broke'))
  await reading.until(context, () => source.state.kind === 'ended')
  assert.deepEqual(context.said, ['warning: stdin:: it broke'])
})
