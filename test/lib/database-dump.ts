import { Database } from '../../src/store/database.ts'

/** A database as text: its version, how its tables were made, and their rows; for `exec` of an empty one. */
export function dumpOf(path: string): string {
  const db = new Database(path, { readOnly: true })
  try {
    const { user_version: version } = db.prepare('PRAGMA user_version').get()!
    const rows = tablesOf(db).flatMap((table) => rowsOf(db, table))
    return `PRAGMA user_version = ${version};\n${schemaOf(db)}\n${rows.join('\n')}\n`
  } finally {
    db.close()
  }
}

/** How each table, index and view was made, comments included: the same text only where the tables are the same. */
export function schemaOf(db: Database): string {
  const made = db.prepare('SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid').all()
  return made.map(({ sql }) => `${sql};`).join('\n')
}

function tablesOf(db: Database): readonly string[] {
  const tables = db
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid")
    .all()
  return tables.map(({ name }) => String(name))
}

function rowsOf(db: Database, table: string): readonly string[] {
  const columns = db.prepare(`PRAGMA table_info(${table})`).all()
  const values = columns.map(({ name }) => `quote(${name})`).join(" || ', ' || ")
  return db
    .prepare(`SELECT ${values} AS row FROM ${table}`)
    .all()
    .map(({ row }) => `INSERT INTO ${table} VALUES (${row});`)
}
