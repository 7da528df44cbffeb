import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatDuration, parseDuration } from './duration.ts'
import { escapeText, jsonLine } from './escape.ts'

describe('durations', () => {
  test('are read in all units, and several together', () => {
    for (const [text, ms] of [
      ['250ms', 250],
      ['90s', 90_000],
      ['1h', 3_600_000],
      ['1d12h', 129_600_000],
      ['2w', 1_209_600_000],
    ] as const) {
      assert.equal(parseDuration(text), ms)
      assert.equal(parseDuration(formatDuration(ms)), ms)
    }
  })

  test('are shown to the second from a minute on, the nearest one', () => {
    assert.deepEqual([59_999, 599_999, 600_400, 3_599_499].map(formatDuration), ['59s999ms', '10m', '10m', '59m59s'])
  })

  test('are nothing where they are not plain', () => {
    for (const text of ['', '0s', '1', 'h', '-5m', '1.5h', '1 h', '1 hour', '1H', '999999999w', '1y'])
      assert.equal(parseDuration(text), undefined, text)
  })
})

describe('text that a stranger wrote', () => {
  test('is shown with nothing that moves a terminal or turns the direction of text', () => {
    assert.equal(
      escapeText('\x1b[31mred\x07\r\n\x9b2J\u202eevil\u2066\u200b\ufeff'),
      '\\x1b[31mred\\x07\\x0d\\x0a\\x9b2J\\u{202e}evil\\u{2066}\\u{200b}\\u{feff}',
    )
  })

  test('cannot pretend to have been escaped', () => {
    assert.equal(escapeText('\\x1b'), '\\\\x1b')
  })

  test('keeps its letters, whatever the alphabet, and loses half of a pair', () => {
    assert.equal(escapeText('voilà 漢字 😀'), 'voilà 漢字 😀')
    assert.equal(escapeText('\ud83d'), '\\u{d83d}')
  })
})

test('a value as JSON stays on its line, moves no terminal, and reads back as the very same', () => {
  const value = { text: 'a\\b "c" \x1b[2J\x9b\u2028\u202e\ufeff\u{e0041} voilà 漢字 😀 \ud83d', list: [1, null, true] }
  const line = jsonLine(value)
  assert.deepEqual(JSON.parse(line), value)
  assert.match(line, /^[\x20-\x7eà漢字😀]*$/u)
})
