import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SyslogFramer, SyslogFramingError } from './syslog-framing.ts'

function frames(text: string, { cutAt = [] as readonly number[], mayEndByNul = false } = {}) {
  const framer = new SyslogFramer({ messageBytesMax: 20, mayEndByNul })
  const bytes = Buffer.from(text, 'latin1')
  const cuts = [0, ...cutAt, bytes.length]
  const messages: string[] = []
  for (const [i, cut] of cuts.slice(1).entries()) framer.take(bytes.subarray(cuts[i], cut), messages)
  return { messages, overlong: framer.overlong, rest: framer.restBytes }
}

const text = [
  ...['8 <13>one\n', '7 <13>two', '<13>three\n', '<13>four\r\n', '1 x', '\n\n', '20 <13>', 'x'.repeat(16)],
  ...['21 <13>', 'x'.repeat(17), '<13>', 'x'.repeat(500), '\n', '300 ', '<13>\n'.repeat(60), '<13>last\n', '<13>half'],
].join('')
const expected = {
  messages: ['<13>one', '<13>two', '<13>three', '<13>four', 'x', `<13>${'x'.repeat(16)}`, '<13>last'],
  overlong: 3,
  rest: 8,
}

describe('messages over a connection', () => {
  test('are told apart by their length, or by line feeds, in any order', () => assert.deepEqual(frames(text), expected))

  test('wherever the bytes are cut', () => {
    for (let cut = 1; cut < text.length; cut++) assert.deepEqual(frames(text, { cutAt: [cut] }), expected, `cut at ${cut}`)
    assert.deepEqual(frames(text, { cutAt: Array.from(text, (_, at) => at) }), expected)
  })

  test('a line feed within a counted message ends nothing', () => {
    assert.deepEqual(frames('14 <13>a\n<38>forg').messages, ['<13>a\n<38>forg'])
  })

  test('a local program may end them by NUL; then a line feed ends nothing', () => {
    const forged = '<13>a\0<13>b\n<38>c\0'
    assert.deepEqual(frames(forged, { mayEndByNul: true }).messages, ['<13>a', '<13>b\n<38>c'])
    assert.deepEqual(frames('<13>a\n<13>b\0<38>c\n', { mayEndByNul: true }).messages, ['<13>a', '<13>b\0<38>c'])
    assert.deepEqual(frames('<13>a\0<38>b\n').messages, ['<13>a\0<38>b'])
  })

  test('anything else is no syslog', () => {
    for (const bad of ['hello\n', '0 x', '12x', '12345678 x', 'GET / HTTP/1.0\r\n', ' 5 <13>x', '\0', '7 <13>onex'])
      assert.throws(() => frames(bad), SyslogFramingError, JSON.stringify(bad))
  })
})
