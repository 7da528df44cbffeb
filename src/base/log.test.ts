import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type LogOptions, logTo } from './log.ts'

/** What is written of one fact at each level. */
function written(options: LogOptions): readonly string[] {
  const lines: string[] = []
  const log = logTo((line) => lines.push(line), { now: () => Date.UTC(2026, 10, 21, 10), ...options })
  log.error('table bad_ip is gone', { entries: 2, reason: 'a "b"\nc', none: undefined })
  log.warning('slow')
  log.info('running', {})
  log.detail('asked')
  return lines
}

test('text has no time, and names what is more than information', () => {
  assert.deepEqual(written({}), ['error: table bad_ip is gone entries=2 reason="a \\"b\\"\\x0ac"', 'warning: slow', 'running'])
})

test('JSON is an object a line, with the time, and the fields by themselves so that they are mistaken for nothing', () => {
  const at = '2026-11-21T10:00:00.000Z'
  assert.deepEqual(
    written({ format: 'json' }).map((line) => JSON.parse(line)),
    [
      { at, level: 'error', message: 'table bad_ip is gone', fields: { entries: 2, reason: 'a "b"\nc' } },
      { at, level: 'warning', message: 'slow' },
      { at, level: 'info', message: 'running' },
    ],
  )
  for (const line of written({ format: 'json' })) assert.doesNotMatch(line, /\n/)
})

test('for journald each line begins with how much it matters, as syslog counts', () => {
  assert.deepEqual(written({ format: 'journald', level: 'detail' }), [
    '<3>error: table bad_ip is gone entries=2 reason="a \\"b\\"\\x0ac"',
    '<4>warning: slow',
    '<6>running',
    '<7>detail: asked',
  ])
  const lines: string[] = []
  logTo((line) => lines.push(line), { format: 'journald' }).info('one\ntwo')
  assert.deepEqual(lines, ['<6>one\\x0atwo'])
})

test('what matters less than the level is left out', () => {
  assert.equal(written({ level: 'error' }).length, 1)
  assert.equal(written({ level: 'warning' }).length, 2)
  assert.equal(written({ level: 'detail' }).length, 4)
})
