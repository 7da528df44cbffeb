import assert from 'node:assert/strict'
import { test } from 'node:test'
import { frame, WireError } from '../base/frames.ts'
import { framed, MESSAGE_BYTES_MAX, Unframer } from './wire.ts'

test('a message that the other end would not take is not sent', () => {
  assert.throws(() => framed({ text: 'x'.repeat(MESSAGE_BYTES_MAX) }), WireError)
})

test('what carries bytes is no message of theirs', () => {
  assert.deepEqual(new Unframer().push(framed({ hello: 1 })), [{ hello: 1 }])
  assert.throws(() => new Unframer().push(frame({ hello: 1 }, Buffer.from('x'))), /has bytes after it/)
})
