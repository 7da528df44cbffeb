import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { logTo } from '../base/log.ts'
import type { Pattern } from '../matching/pattern.ts'
import { Quarantine } from './quarantine.ts'

const slow: Pattern = { name: 'slow', regex: /^(?=x)(?:x+x+)+y(?<ip>\S+)$/ }
const reason = 'ran out of time on 63 bytes of a line'

let folder: string
let said: string[]
const open = () => new Quarantine({ path: join(folder, 'quarantine.json'), log })
const log = logTo((line) => said.push(line))

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log2table-quarantine-'))
  said = []
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('a quarantined pattern', () => {
  test('is known after a restart, in the logs where it hung', () => {
    open().add('/var/log/app.log', slow, reason)
    const after = open()
    assert.equal(after.reasonFor('/var/log/app.log', slow), reason)
    assert.equal(after.reasonFor('/var/log/other.log', slow), undefined)
    assert.deepEqual(said, [])
  })

  test('is tried again when its regex was written anew, or the prefix of its set', () => {
    open().add('a', slow, reason)
    assert.equal(open().reasonFor('a', { ...slow, regex: /^x+y(?<ip>\S+)$/ }), undefined)
    assert.equal(open().reasonFor('a', { ...slow, set: { name: 'set', prefix: /^app: / } }), undefined)
    assert.equal(open().reasonFor('a', { ...slow, weight: 99 }), reason)
  })

  test('is tried again when it was released', () => {
    const quarantine = open()
    quarantine.add('a', slow, reason)
    quarantine.add('b', slow, reason)
    quarantine.add('b', { ...slow, name: 'other' }, reason)
    quarantine.release('slow')
    const after = open()
    assert.deepEqual([after.reasonFor('a', slow), after.reasonFor('b', slow)], [undefined, undefined])
    assert.equal(after.reasonFor('b', { ...slow, name: 'other' }), reason)
  })

  test('is one of a thousand at most', () => {
    const many = Array.from({ length: 1_000 }, (_, n) => ({ key: 'a', pattern: `p${n}`, regex: ' /x/', reason }))
    writeFileSync(join(folder, 'quarantine.json'), JSON.stringify(many))
    open().add('a', slow, reason)
    assert.equal(JSON.parse(readFileSync(join(folder, 'quarantine.json'), 'utf8')).length, 1_000)
    assert.equal(open().reasonFor('a', slow), reason)
    assert.equal(open().reasonFor('a', { name: 'p0', regex: /x/ }), undefined)
  })
})

test('what is no such file costs a warning, and so does a folder that cannot be written to', () => {
  writeFileSync(join(folder, 'quarantine.json'), '[{"key":1}]')
  assert.equal(open().reasonFor('a', slow), undefined)
  const gone = new Quarantine({ path: join(folder, 'gone', 'quarantine.json'), log })
  gone.add('a', slow, reason)
  assert.equal(gone.reasonFor('a', slow), reason)
  assert.deepEqual(
    said.map((line) => /patterns that were quarantined are tried again|nobody will know which patterns/.exec(line)?.[0]),
    ['patterns that were quarantined are tried again', 'nobody will know which patterns'],
  )
})
