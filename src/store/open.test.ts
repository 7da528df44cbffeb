import assert from 'node:assert/strict'
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'node:test'
import type { Change } from '../core/model.ts'
import { hit, position, temporaryPath } from './fixtures/changes.ts'
import { keepAside, openState } from './open.ts'
import { openSqlite } from './sqlite.ts'
import { StoreError } from './store.ts'

const all = () => 0

function filled(path: string): void {
  const store = openSqlite(path)
  for (let i = 0; i < 40; i++) store.commit([...Array.from({ length: 50 }, (_, j): Change => hit(1 + i * 50 + j)), position(i)])
  store.close()
}

function overwrite(path: string, offset: number, bytes: Uint8Array): void {
  const fd = openSync(path, 'r+')
  writeSync(fd, bytes, 0, bytes.length, offset)
  closeSync(fd)
}

const garbage = Buffer.alloc(4096, 0xa5)

test('a whole database, a missing file and one of zero length are opened without a word', (t) => {
  const path = temporaryPath(t)
  for (const prepare of [() => {}, () => truncateSync(path, 0), () => filled(path)]) {
    prepare()
    const { store, damage } = openState(path, all)
    store.close()
    assert.equal(damage, undefined)
  }
  assert.deepEqual(readdirSync(dirname(path)), ['state.db'])
})

const damages: readonly [string, (path: string) => void][] = [
  ['4 KiB of NULs', (path) => writeFileSync(path, Buffer.alloc(4096))],
  ['a text', (path) => writeFileSync(path, 'no database at all\n'.repeat(100))],
  ['a header of garbage', (path) => overwrite(path, 0, garbage)],
  [
    'every page but the first garbage',
    (path) => {
      for (let offset = 4096; offset < statSync(path).size; offset += 4096) overwrite(path, offset, garbage)
    },
  ],
  ['a file cut off in its middle', (path) => truncateSync(path, Math.floor(statSync(path).size / 8192) * 4096)],
]

for (const [name, damage] of damages) {
  test(`${name}: the file is kept aside, the state begins anew, and the opener is told`, (t) => {
    const path = temporaryPath(t)
    filled(path)
    damage(path)
    const bytes = readFileSync(path)
    const opened = openState(path, all)
    assert.ok(opened.damage instanceof StoreError)
    assert.equal(opened.damage.fault, 'corrupt')
    assert.match(opened.damage.message, /state\.db: it is damaged/)
    assert.deepEqual([...opened.saved.hits], [])
    assert.deepEqual(opened.saved.positions, [])
    assert.deepEqual(readFileSync(`${path}.corrupt`), bytes)
    opened.store.commit([hit(7), position(7)])
    opened.store.close()
    const again = openState(path, all)
    assert.equal(again.damage, undefined)
    assert.deepEqual(
      Array.from(again.saved.hits, ({ points }) => points),
      [7],
    )
    again.store.close()
  })
}

test('a page of garbage anywhere is found at the start, or at the latest where it is read, and is never a crash', (t) => {
  const path = temporaryPath(t)
  filled(path)
  const whole = readFileSync(path)
  for (let offset = 0; offset < whole.length; offset += 4096) {
    writeFileSync(path, whole)
    overwrite(path, offset, garbage)
    const opened = openState(path, all)
    // Where nothing was noticed, nothing that is read was hurt: the page belongs to lines of evidence or to an index.
    const read = Array.from(opened.saved.hits).length
    assert.equal(read, opened.damage ? 0 : 2_000, `page ${offset / 4096}`)
    try {
      opened.store.commit([hit(1), position(1), { kind: 'spend', rule: 'hackers', source: 1 }])
      opened.store.offender(1)
      opened.store.purge(2_000, 100)
    } catch (error) {
      assert.ok(error instanceof StoreError && error.fault === 'corrupt', `page ${offset / 4096}: ${error}`)
    }
    opened.store.close()
  }
})

test('damage that comes again does not fill the disk: there is one file aside, the newest', (t) => {
  const path = temporaryPath(t)
  for (const text of ['first', 'second', 'third']) {
    writeFileSync(path, text.repeat(1000))
    writeFileSync(`${path}-wal`, text)
    openState(path, all).store.close()
    assert.equal(readFileSync(`${path}.corrupt`, 'latin1').slice(0, text.length), text)
    assert.deepEqual(
      readdirSync(dirname(path)).filter((name) => !name.startsWith('state.db.corrupt')),
      ['state.db'],
    )
  }
  assert.ok(readdirSync(dirname(path)).length <= 3)
})

test('a database is kept aside with its log, so that it can be recovered', (t) => {
  const path = temporaryPath(t)
  writeFileSync(path, 'a')
  writeFileSync(`${path}-wal`, 'b')
  writeFileSync(`${path}-shm`, 'c')
  keepAside(path)
  assert.deepEqual(readdirSync(dirname(path)), ['state.db.corrupt', 'state.db.corrupt-wal'])
  keepAside(path)
  assert.ok(existsSync(`${path}.corrupt-wal`), 'nothing to keep aside, nothing lost')
  writeFileSync(path, 'of a later time, without a log')
  keepAside(path)
  assert.deepEqual(readdirSync(dirname(path)), ['state.db.corrupt'])
})

test('a newer database is refused and left as it is', (t) => {
  const path = temporaryPath(t)
  filled(path)
  overwrite(path, 60, Buffer.from([0, 0, 0, 99]))
  assert.throws(
    () => openState(path, all),
    (error) => error instanceof StoreError && error.fault === 'unusable' && /newer log2table/.test(error.message),
  )
  assert.ok(existsSync(path) && !existsSync(`${path}.corrupt`))
})
