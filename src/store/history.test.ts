import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { test } from 'node:test'
import { parseAddress, parseNetwork } from '../base/address.ts'
import { FOR_LIFE } from '../base/units.ts'
import type { SavedBan } from '../core/model.ts'
import { Database } from './database.ts'
import { hit, temporaryPath } from './fixtures/changes.ts'
import { EVIDENCE_MAX, openHistory } from './history.ts'
import { openSqlite } from './sqlite.ts'
import { StoreError } from './store.ts'

const v4 = parseAddress('192.0.2.7')!
const other = parseAddress('192.0.2.8')!
const network = (text: string) => parseNetwork(text)!
const ban = (text: string, at: number): SavedBan => {
  return { id: text, at, network: network(text), table: 't', rule: 'r', until: FOR_LIFE, score: 1, reason: '' }
}

test('a ledger is read beside the store that goes on writing, each time as it is committed then', (t) => {
  const path = temporaryPath(t)
  const store = openSqlite(path)
  const history = openHistory(path)
  const lines = () => history.ledger(network('192.0.2.7')).evidence.length
  assert.equal(lines(), 0)
  store.commit([hit(1, { source: v4, address: v4 })])
  assert.equal(lines(), 1)
  store.commit([hit(2, { source: v4, address: v4 }), hit(3, { source: other, address: other })])
  assert.equal(lines(), 2)
  history.close()
  store.close()
})

test('of a source it tells the bans of the networks around it, of a network not those within', (t) => {
  const path = temporaryPath(t)
  const store = openSqlite(path)
  const texts = ['192.0.2.7', '192.0.2.8', '192.0.2.0/24', '192.0.0.0/16', '192.0.2.128/25']
  store.commit(texts.map((text, at) => ({ kind: 'ban', ban: ban(text, at) })))
  store.commit([{ kind: 'unban', id: '192.0.2.7', at: 99, reason: 'ended' }])
  store.close()
  const history = openHistory(path)
  const bansOf = (text: string) => history.ledger(network(text)).bans.map(({ id, ended }) => [id, ended?.at])
  assert.deepEqual(bansOf('192.0.2.7'), [
    ['192.0.2.7', 99],
    ['192.0.2.0/24', undefined],
    ['192.0.0.0/16', undefined],
  ])
  assert.deepEqual(bansOf('192.0.2.0/24'), [
    ['192.0.2.0/24', undefined],
    ['192.0.0.0/16', undefined],
  ])
  history.close()
})

test('of a source with more lines than the limit it tells the newest, and that there are more', (t) => {
  const path = temporaryPath(t)
  const store = openSqlite(path)
  store.commit(Array.from({ length: EVIDENCE_MAX + 2 }, (_, points) => hit(points, { source: v4, address: v4 })))
  store.close()
  const history = openHistory(path)
  const { evidence, hasMoreEvidence } = history.ledger(network('192.0.2.7'))
  history.close()
  const points = evidence.map((one) => (one.kind === 'hit' ? one.hit.points : NaN))
  assert.deepEqual([points.length, points[0], points.at(-1), hasMoreEvidence], [EVIDENCE_MAX, 2, EVIDENCE_MAX + 1, true])
})

test('a database that is not there, of another version, or no database is refused with what to do', (t) => {
  const path = temporaryPath(t)
  const refusal = (fault: StoreError['fault'], words: RegExp) => {
    const isSo = (error: unknown) => error instanceof StoreError && error.fault === fault && words.test(error.message)
    assert.throws(() => openHistory(path), isSo)
  }
  refusal('unusable', /state\.db: there is no database; name the state folder/)
  openSqlite(path).close()
  for (const [version, words] of [
    [1, /older log2table; the daemon brings it up to date/],
    [99, /newer log2table \(version 99/],
  ] as const) {
    const db = new Database(path)
    db.exec(`PRAGMA user_version = ${version}`)
    db.close()
    refusal('unusable', words)
  }
  rmSync(path)
  const db = new Database(path)
  db.exec('PRAGMA user_version = 0')
  db.close()
  refusal('unusable', /older/)
})
