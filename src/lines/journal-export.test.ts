import assert from 'node:assert/strict'
import { test } from 'node:test'
import { JournalFormatError, JournalParser } from './journal-export.ts'

const options = { wanted: new Set(['MESSAGE', '_PID']), valueBytesMax: 16 }

function binary(name: string, value: string): string {
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(value.length))
  return `${name}\n${length.toString('latin1')}${value}\n`
}

function parse(text: string, cutAt: readonly number[] = []) {
  const parser = new JournalParser(options)
  const bytes = Buffer.from(text, 'latin1')
  const cuts = [0, ...cutAt, bytes.length]
  const entries = cuts.slice(1).flatMap((cut, i) => parser.take(bytes.subarray(cuts[i], cut)))
  return entries.map(({ fields, isOverlong }) => ({ ...Object.fromEntries(fields), isOverlong }))
}

const text = [
  `__CURSOR=s=1\nMESSAGE=a=b\n_PID=7\nUNWANTED=${'x'.repeat(99)}\n\n`,
  `${binary('MESSAGE', 'a\n\nb\0\xff')}${binary('OTHER', `MESSAGE=no\n\n${'x'.repeat(99)}`)}_PID=8\n\n`,
  `${binary('MESSAGE', 'x'.repeat(17))}_PID=9\n\n`,
  `MESSAGE=${'x'.repeat(300)}\n_PID=10\n\n`,
  `${binary('MESSAGE', '')}MESSAGE=second\nMESSAGE=${'x'.repeat(16)}\n_PID=\n\n\n`,
].join('')

const entries = [
  { MESSAGE: 'a=b', _PID: '7', isOverlong: false },
  { MESSAGE: 'a\n\nb\0\xff', _PID: '8', isOverlong: false },
  { _PID: '9', isOverlong: true },
  { _PID: '10', isOverlong: true },
  { MESSAGE: '', _PID: '', isOverlong: false },
]

test('entries come out with the wanted fields, text or bytes, those that are too long left out', () => {
  assert.deepEqual(parse(text), entries)
})

test('wherever the bytes are cut', () => {
  for (let cut = 1; cut < text.length; cut++) assert.deepEqual(parse(text, [cut]), entries, `cut at ${cut}`)
  assert.deepEqual(
    parse(
      text,
      Array.from(text, (_, at) => at),
    ),
    entries,
  )
})

test('an entry that has not ended is none yet, and can be forgotten', () => {
  const parser = new JournalParser(options)
  assert.deepEqual(parser.take(Buffer.from(`_PID=1\n${binary('MESSAGE', 'half')}`.slice(0, -3), 'latin1')), [])
  parser.restart()
  assert.equal(parser.take(Buffer.from('_PID=2\n\n'))[0]!.fields.get('_PID'), '2')
})

test('what is of no such format is refused, and never takes memory without end', () => {
  for (const bad of ['hello world\n', '=x\n', `MESSAGE\n\x01${'\0'.repeat(7)}ab`, `MESSAGE\n${'\xff'.repeat(8)}`]) {
    assert.throws(() => parse(bad), JournalFormatError, JSON.stringify(bad))
  }
})
