import assert from 'node:assert/strict'
import { mkdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { networkOf } from '../base/address.ts'
import { FOR_LIFE } from '../base/units.ts'
import type { Change } from '../core/model.ts'
import { Database } from './database.ts'
import { hit, position, temporaryPath } from './fixtures/changes.ts'
import { openSqlite } from './sqlite.ts'
import { StoreError } from './store.ts'

const all = () => 0
const withFault = (fault: StoreError['fault'], words: RegExp) => (error: unknown) =>
  error instanceof StoreError && error.fault === fault && words.test(error.message)

test('the database and its folder are for the eyes of their owner only', (t) => {
  const path = join(dirname(temporaryPath(t)), 'new', 'state.db')
  const store = openSqlite(path)
  store.commit([hit(1)])
  assert.equal(statSync(dirname(path)).mode & 0o777, 0o700)
  for (const suffix of ['', '-wal', '-shm']) assert.equal(statSync(path + suffix).mode & 0o777, 0o600, suffix)
  store.close()
})

test('a person with another program can read it while it is written, in words', (t) => {
  const path = temporaryPath(t)
  const store = openSqlite(path)
  const reader = new Database(path, { readOnly: true })
  reader.exec('BEGIN')
  store.commit([hit(10, { address: 0x20010db8000100020000000000000099n, source: 0x20010db8000100020000000000000000n })])
  reader.exec('COMMIT')
  assert.deepEqual(
    { ...reader.prepare('SELECT at, rule, source, address, points, pattern, log, position FROM hits').get() },
    {
      ...{ at: 1010, rule: 'hackers', source: '2001:db8:1:2::', address: '2001:db8:1:2::99', points: 10 },
      ...{ pattern: 'sshd/failed-password', log: '/var/log/authlog', position: 10 },
    },
  )
  reader.close()
  store.close()
})

test('while another program holds it, a commit fails, changes nothing, and may be made again', (t) => {
  const path = temporaryPath(t)
  const store = openSqlite(path)
  const other = new Database(path)
  other.exec('BEGIN EXCLUSIVE')
  const changes = [hit(1), position(1), hit(2, { rule: 'new', pattern: 'new', log: 'new' })]
  assert.throws(() => store.commit(changes), withFault('busy', /state\.db: another program is writing/))
  other.exec('ROLLBACK')
  other.close()
  store.commit(changes)
  assert.deepEqual(
    Array.from(store.load(all).hits, ({ points, rule }) => [points, rule]),
    [
      [1, 'hackers'],
      [2, 'new'],
    ],
  )
  store.close()
})

test('a commit that fails in its middle is taken back whole', (t) => {
  const path = temporaryPath(t)
  const store = openSqlite(path)
  const other = new Database(path)
  other.exec("CREATE TRIGGER full BEFORE INSERT ON logs BEGIN SELECT RAISE(ABORT, 'as if the disk were full'); END")
  const changes = [hit(1, { rule: 'new' }), position(1), hit(2)]
  assert.throws(() => store.commit(changes), /as if the disk were full/)
  assert.deepEqual([...store.load(all).hits], [])
  other.exec('DROP TRIGGER full')
  other.close()
  store.commit(changes)
  assert.deepEqual(
    Array.from(store.load(all).hits, ({ points, rule }) => [points, rule]),
    [
      [1, 'new'],
      [2, 'hackers'],
    ],
  )
  store.close()
})

test('a folder in place of the file, and a folder that is none, are said with what to do', (t) => {
  const path = temporaryPath(t)
  mkdirSync(path)
  assert.throws(() => openSqlite(path), withFault('unusable', /state\.db: .*must belong to the user/))
  assert.throws(
    () => openSqlite('/dev/null/state.db'),
    withFault('unusable', /^\/dev\/null\/state\.db: .*must belong to the user/),
  )
})

test('after a purge of most of it the file gives its room back, in steps', (t) => {
  const path = temporaryPath(t)
  const store = openSqlite(path)
  for (let i = 0; i < 160; i++) store.commit(Array.from({ length: 500 }, (_, j) => hit(1 + i * 500 + j)))
  store.close()
  const before = statSync(path).size
  const again = openSqlite(path)
  let steps = 1
  while (again.purge(1_000 + 79_900, 1_000)) steps++
  assert.equal(Array.from(again.load(all).hits).length, 101)
  again.close()
  assert.ok(steps > 80 && steps < 120, `${steps} steps`)
  assert.ok(statSync(path).size < before * 0.6, `${statSync(path).size} of ${before}`)
})

describe('at the bound of its size', () => {
  const MIB = 1024 * 1024
  const batch = (n: number) => Array.from({ length: 500 }, (_, j) => hit(1 + n * 500 + j))

  test('the oldest evidence goes as the new comes; the bans stay, and the file grows no more', (t) => {
    const path = temporaryPath(t)
    const store = openSqlite(path, { bytesMax: 4 * MIB })
    const ban = {
      at: 1,
      network: networkOf(0xc0000207),
      table: 'bad_ip',
      rule: 'hackers',
      until: FOR_LIFE,
      score: 100,
      reason: '',
    }
    store.commit([{ kind: 'ban', ban: { id: 'first', ...ban } }])
    const sizes: number[] = []
    for (let n = 0; n < 120; n++) {
      store.commit(batch(n))
      sizes.push(store.room()!.bytes)
    }
    assert.ok(Math.max(...sizes) < 4.2 * MIB, `${Math.max(...sizes)} bytes`)
    const { letGo } = store.room()!
    const { hits, bans } = store.load(all)
    const points = Array.from(hits, (one) => one.points)
    assert.equal(points.length + letGo, 120 * 500)
    assert.deepEqual([points[0], points.at(-1)], [letGo + 1, 120 * 500])
    assert.ok(points.length > 10_000, `${points.length} lines in 4 MiB`)
    assert.equal(bans.length, 1)
    store.close()
    assert.ok(statSync(path).size < 4.2 * MIB)
  })

  test('a database that is far beyond it is brought back in steps, and its file as well', (t) => {
    const path = temporaryPath(t)
    const store = openSqlite(path)
    for (let n = 0; n < 160; n++) store.commit(batch(n))
    store.close()
    const before = statSync(path).size
    const smaller = openSqlite(path, { bytesMax: MIB })
    let steps = 1
    while (smaller.purge(0, 500)) steps++
    assert.ok(smaller.room()!.bytes <= MIB)
    assert.ok(steps > 50, `${steps} steps`)
    smaller.close()
    assert.ok(statSync(path).size < before / 2, `${statSync(path).size} of ${before} bytes`)
  })

  test('where there is no evidence, bans that have ended go, and those that live stay', (t) => {
    const store = openSqlite(temporaryPath(t), { bytesMax: MIB })
    const began = (n: number): Change[] => {
      const ban = {
        at: n,
        network: networkOf(0x0a000000 + n),
        table: 'bad_ip',
        rule: 'hackers',
        until: n + 9,
        score: 100,
        reason: '',
      }
      const begin = { kind: 'ban', ban: { id: `${n}`, ...ban } } as const
      return n % 100 === 0 ? [begin] : [begin, { kind: 'unban', id: `${n}`, at: n + 9, reason: 'ended' }]
    }
    for (let n = 0; n < 20_000; n += 10) store.commit(Array.from({ length: 10 }, (_, m) => began(n + m)).flat())
    assert.ok(store.room()!.bytes < 1.2 * MIB)
    assert.ok(store.room()!.letGo > 10_000)
    assert.equal(store.load(all).bans.length, 200)
    store.close()
  })
})

test('what is closed is whole', (t) => {
  const path = temporaryPath(t)
  const store = openSqlite(path)
  store.commit([hit(1), position(1)])
  store.close()
  const check = new Database(path, { readOnly: true })
  assert.equal(check.prepare('PRAGMA integrity_check').get()?.integrity_check, 'ok')
  check.close()
})
