import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ContainerLines } from './docker-json.ts'

const json = (log: string, { stream = 'stdout', time = '2026-11-21T10:00:00.123456789Z' } = {}) =>
  JSON.stringify({ log, stream, time })
const at = Date.UTC(2026, 10, 21, 10, 0, 0, 123)

test('a line is its text, with the time that stands beside it', () => {
  const lines = new ContainerLines(20)
  assert.deepEqual(lines.add(json('one "1" \u00e9\n')), [{ text: 'one "1" \u00e9', at }])
  assert.deepEqual(lines.add('{"log":"two\\r\\n","stream":"stderr","attrs":{"a":"b"},"time":"x"}'), [
    { text: 'two\r', at: undefined },
  ])
  assert.deepEqual(lines.begun, {})
})

test('pieces are put together for each stream by itself, with the time of the first', () => {
  const lines = new ContainerLines(20)
  assert.deepEqual(lines.add(json('one ')), [])
  assert.deepEqual(lines.add(json('other\n', { stream: 'stderr', time: '' })), [{ text: 'other', at: undefined }])
  assert.deepEqual(lines.add(json('and ', { time: '' })), [])
  const went = new ContainerLines(20, JSON.parse(JSON.stringify(lines.begun)))
  assert.deepEqual(went.add(json('two\n', { time: '' })), [{ text: 'one and two', at }])
  assert.deepEqual(went.begun, {})
})

test('a line over the cap is counted once and left out whole, however it is cut', () => {
  const lines = new ContainerLines(20)
  for (const pieces of [
    ['x'.repeat(21), '\n'],
    ['x'.repeat(20), 'x', 'Failed\n'],
    ['\u20ac'.repeat(7), 'y\n'],
    [`${'x'.repeat(21)}\n`],
  ])
    assert.deepEqual(
      pieces.flatMap((piece) => lines.add(json(piece))),
      [],
      pieces.join(),
    )
  assert.equal(lines.overlong, 4)
  assert.deepEqual(lines.add(json(`${'x'.repeat(20)}\n`)), [{ text: 'x'.repeat(20), at }])
})

test('where a piece cannot be read, nothing counts until the next line begins for certain', () => {
  for (const bad of ['', '{"log":"a', '5', 'null', '{"log":5}', '{"log":"a\\n","stream":"other"}', '\0\0\0']) {
    const lines = new ContainerLines(40)
    lines.add(json('Failed for '))
    assert.deepEqual(lines.add(bad), [], bad)
    assert.deepEqual(lines.add(json('203.0.113.9\n')), [])
    assert.deepEqual(lines.add(json('next\n')), [{ text: 'next', at }])
    assert.equal(lines.unreadable, 1)
  }
})
