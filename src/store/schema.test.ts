import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Database } from './database.ts'
import { migrate, steps } from './schema.ts'
import { StoreError } from './store.ts'

const isUnusable = (words: RegExp) => (error: unknown) =>
  error instanceof StoreError && error.fault === 'unusable' && words.test(error.message)

test('a database of version 1 is brought to the newest with what is in it', () => {
  const db = new Database(':memory:')
  migrate(db, 'x.db', steps.slice(0, 1))
  db.exec("INSERT INTO bans VALUES ('1', 1, '192.0.2.7', 'bad_ip', 'hackers', NULL, 100, 'r', NULL, NULL)")
  const next = "ALTER TABLE bans ADD COLUMN host TEXT; UPDATE bans SET host = 'gate'"
  migrate(db, 'x.db', [...steps, next, 'CREATE TABLE later (a)'])
  assert.equal(db.prepare('SELECT host FROM bans').get()?.host, 'gate')
  assert.equal(db.prepare('PRAGMA user_version').get()?.user_version, steps.length + 2)
  migrate(db, 'x.db', [...steps, next, 'CREATE TABLE later (a)'])
})

test('a step that fails leaves the database at the version it had', () => {
  const db = new Database(':memory:')
  migrate(db, 'x.db')
  assert.throws(() => migrate(db, 'x.db', [...steps, 'CREATE TABLE later (a)', 'no sql']))
  assert.equal(db.prepare('PRAGMA user_version').get()?.user_version, steps.length)
  assert.equal(db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'later'").get()?.n, 0)
  migrate(db, 'x.db', [...steps, 'CREATE TABLE later (a)'])
})

test('a database of a newer log2table is refused, and so is one of another program', () => {
  const newer = new Database(':memory:')
  newer.exec('PRAGMA user_version = 99')
  assert.throws(() => migrate(newer, '/var/db/x.db'), isUnusable(/^\/var\/db\/x\.db: .*newer log2table \(version 99, this one/))
  const foreign = new Database(':memory:')
  foreign.exec('CREATE TABLE bookmarks (a)')
  assert.throws(() => migrate(foreign, 'x.db'), isUnusable(/another program/))
})

test('points are loaded, purged and looked up without going through a whole table', () => {
  const db = new Database(':memory:')
  migrate(db, 'x.db')
  const plan = (sql: string) =>
    db
      .prepare(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(({ detail }) => detail)
      .join('\n')
  for (const sql of [
    'SELECT * FROM evidence WHERE at >= 1 AND points > 0 ORDER BY at, id',
    'SELECT id FROM evidence WHERE at < 1 ORDER BY at, id LIMIT 1',
    'SELECT 1 FROM evidence WHERE points IS NULL AND source = 1 AND rule = 1 AND id > 1',
    'SELECT at FROM bans WHERE network = 1 ORDER BY at, rowid',
    'SELECT rowid FROM bans WHERE ended_at < 1 ORDER BY ended_at LIMIT 1',
    'SELECT max(at) FROM logins WHERE source = 1',
  ]) {
    assert.match(plan(sql), /^SEARCH/, sql)
  }
})
