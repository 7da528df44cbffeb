import type { Database } from './database.ts'
import { StoreError } from './store.ts'

/**
 * What made the database what it is, in order: step N leads from version N to N + 1. A step that was released is never
 * changed; a new one is added. `PRAGMA user_version` says how many were taken.
 *
 * Times are milliseconds since 1970, addresses canonical text, and NULL in `until` is for life, so that a person with the
 * sqlite3 shell can read it all; `hits` is the readable form of `evidence`.
 *
 * `evidence` is only ever added to at its end and purged from its beginning. Nothing in it is changed: when points are
 * spent or credited, a row without points says so, and it holds for the rows of its rule and source that come before it.
 * An index of the sources would cost nine tenths of the speed, for each new row would touch another page.
 */
export const steps: readonly string[] = [
  `
  CREATE TABLE names (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL, -- rule, pattern or log
    name TEXT NOT NULL,
    UNIQUE (kind, name)
  );
  CREATE TABLE evidence (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    rule INTEGER NOT NULL,
    source TEXT NOT NULL,
    points INTEGER, -- 0: came while banned; NULL: the points before this row are gone, all, or those of the account
    address TEXT, -- NULL where it is the source itself
    spoofable INTEGER,
    account TEXT,
    distinct_value TEXT,
    pattern INTEGER,
    log INTEGER,
    position INTEGER,
    line TEXT
  );
  CREATE INDEX evidence_at ON evidence (at);
  CREATE INDEX evidence_gone ON evidence (source, rule) WHERE points IS NULL;
  CREATE VIEW hits AS
    SELECT evidence.id, at, rules.name AS rule, source, coalesce(address, source) AS address, points, spoofable, account,
      distinct_value, patterns.name AS pattern, logs.name AS log, position, line
    FROM evidence
      JOIN names AS rules ON rules.id = evidence.rule
      JOIN names AS patterns ON patterns.id = evidence.pattern
      JOIN names AS logs ON logs.id = evidence.log
    WHERE points IS NOT NULL;

  CREATE TABLE bans (
    id TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    network TEXT NOT NULL,
    table_name TEXT NOT NULL,
    rule TEXT NOT NULL,
    until INTEGER,
    score INTEGER NOT NULL,
    reason TEXT NOT NULL,
    ended_at INTEGER,
    end_reason TEXT
  );
  CREATE INDEX bans_network ON bans (network);
  CREATE INDEX bans_live ON bans (at) WHERE ended_at IS NULL;
  CREATE INDEX bans_ended ON bans (ended_at) WHERE ended_at IS NOT NULL;

  CREATE TABLE logins (
    source TEXT NOT NULL,
    account TEXT NOT NULL, -- empty where the line names none
    at INTEGER NOT NULL,
    PRIMARY KEY (source, account)
  ) WITHOUT ROWID;
  CREATE INDEX logins_at ON logins (at);

  CREATE TABLE kept (
    rule TEXT NOT NULL,
    source TEXT NOT NULL,
    kept TEXT, -- JSON
    wake_at INTEGER,
    PRIMARY KEY (rule, source)
  ) WITHOUT ROWID;

  CREATE TABLE sessions (
    key TEXT PRIMARY KEY,
    seen_at INTEGER NOT NULL,
    address TEXT,
    port TEXT, -- from which it logged in
    costs TEXT NOT NULL, -- JSON, by rule
    logged_in INTEGER NOT NULL
  );

  CREATE TABLE logs (
    log TEXT PRIMARY KEY,
    position TEXT, -- JSON, in the words of the source; NULL where it was not read before
    told_hits INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    last_hits TEXT NOT NULL -- JSON
  ) WITHOUT ROWID;

  CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value
  ) WITHOUT ROWID;
  `,
  `
  ALTER TABLE bans ADD COLUMN counts_for_network INTEGER NOT NULL DEFAULT 0;

  CREATE TABLE refusals (
    at INTEGER NOT NULL,
    network TEXT NOT NULL,
    table_name TEXT NOT NULL,
    rule TEXT NOT NULL,
    score INTEGER NOT NULL,
    reason TEXT NOT NULL
  );
  CREATE INDEX refusals_network ON refusals (network);
  CREATE INDEX refusals_at ON refusals (at);

  CREATE TABLE proposals (
    network TEXT NOT NULL,
    table_name TEXT NOT NULL,
    at INTEGER NOT NULL,
    rule TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (network, table_name)
  ) WITHOUT ROWID;

  -- Entries of tables as they were seen, beside what the bans say.
  CREATE TABLE listings (
    network TEXT NOT NULL,
    day INTEGER NOT NULL, -- days since 1970, UTC
    table_name TEXT NOT NULL, -- HOST/TABLE where it is another machine's
    PRIMARY KEY (network, day, table_name)
  ) WITHOUT ROWID;
  CREATE INDEX listings_day ON listings (day);
  CREATE TABLE table_sizes (
    day INTEGER NOT NULL,
    table_name TEXT NOT NULL,
    entries INTEGER NOT NULL,
    PRIMARY KEY (day, table_name)
  ) WITHOUT ROWID;
  `,
]

/** Brings a database to the version of `steps`; all in one transaction, so that it is never in between. */
export function migrate(db: Database, path: string, wanted: readonly string[] = steps): void {
  const version = versionOf(db)
  if (version === wanted.length) return
  if (version > wanted.length) throw newerFault(path, version, wanted.length)
  if (version === 0 && db.prepare('SELECT 1 FROM sqlite_schema').get()) {
    throw new StoreError('unusable', `${path}: is a database of another program; choose another folder`)
  }
  db.exec('BEGIN IMMEDIATE')
  try {
    for (const step of wanted.slice(version)) db.exec(step)
    db.exec(`PRAGMA user_version = ${wanted.length}; COMMIT`)
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

/** For those who only read: the database must be as this program makes it. */
export function requireVersion(db: Database, path: string): void {
  const version = versionOf(db)
  if (version > steps.length) throw newerFault(path, version, steps.length)
  if (version < steps.length) {
    throw new StoreError('unusable', `${path}: was written by an older log2table; the daemon brings it up to date when it starts`)
  }
}

function newerFault(path: string, version: number, known: number): StoreError {
  const message = `was written by a newer log2table (version ${version}, this one reads up to ${known}); install that one again, or move the file away to begin anew`
  return new StoreError('unusable', `${path}: ${message}`)
}

function versionOf(db: Database): number {
  return db.prepare('PRAGMA user_version').get()!.user_version as number
}
