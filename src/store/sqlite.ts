import { closeSync, existsSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { StatementSync } from 'node:sqlite'
import { type Address, formatAddress, formatNetwork, parseAddress, sourceNetwork } from '../base/address.ts'
import { dayOf } from '../base/listings.ts'
import { DAY_MS, FOR_LIFE, type Instant } from '../base/units.ts'
import type { Change, Offender } from '../core/model.ts'
import { Database } from './database.ts'
import { fileFault, storeErrorOf } from './faults.ts'
import {
  banOf,
  exactText,
  factJson,
  jsonOrNull,
  keptOf,
  liftedOf,
  listingOf,
  type PointsRow,
  pastBanOf,
  pointsOf,
  positionOf,
  sessionOf,
} from './rows.ts'
import { migrate } from './schema.ts'
import type { Room, Saved, SavedPoints, Store } from './store.ts'

/** How long a call waits for another writer. Short: the daemon does nothing else meanwhile, and will try again. */
const BUSY_TIMEOUT_MS = 100

/** How long it is remembered that a ban was taken back; the firewall is told within moments, or after its trouble. */
const LIFTED_MS = DAY_MS

/** Memory for pages of the database. All that is written often is close together, so more does not make it faster. */
const CACHE_KIB = 4096

/** What the write-ahead log is cut back to after somebody's long reading has let it grow. */
const WAL_BYTES_MAX = 16 * 1024 * 1024

/** How much the database may hold: some 6 million lines of evidence. The write-ahead log comes on top. */
const DATABASE_BYTES_MAX = 1024 * 1024 * 1024

/** Free pages of 4 KiB that are kept for new rows, however small the database is. */
const FREE_PAGES_MAX = 1024

/** Pages that one call of `purge` takes off the file: as many as a short step allows. */
const PAGES_GIVEN_BACK_MAX = 100

/**
 * A database file as a store; it and its folder are made where there are none, for the owner's eyes only. Alone, it needs no
 * room on the disk to be read, and nobody else can read it meanwhile.
 */
export function openSqlite(path: string, { alone = false, bytesMax = DATABASE_BYTES_MAX }: OpenOptions = {}): Store {
  const isNew = makeFile(path)
  try {
    return new SqliteStore(path, alone, bytesMax)
  } catch (error) {
    if (isNew) removeBegun(path)
    throw storeErrorOf(error, path)
  }
}

/** What was only begun must not be taken for a database. Where it cannot be removed, the next opening finishes it. */
function removeBegun(path: string): void {
  try {
    for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  } catch {
    // why it could not be made is what matters
  }
}

interface OpenOptions {
  readonly alone?: boolean
  readonly bytesMax?: number
}

/** True where there was no file. SQLite gives those that it puts beside it the same mode. */
function makeFile(path: string): boolean {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    if (existsSync(path)) return false
    closeSync(openSync(path, 'wx', 0o600))
    return true
  } catch (error) {
    throw fileFault(error, path)
  }
}

class SqliteStore implements Store {
  readonly #path: string
  readonly #db: Database
  readonly #statements: Statements
  readonly #names: Record<NameKind, Map<string, number>> = { rule: new Map(), pattern: new Map(), log: new Map() }
  /** The id of the last row of evidence, and the latest time in it. */
  #last: { id: number; at: Instant }
  readonly #bytesMax: number
  readonly #pageBytes: number
  #letGo = 0

  constructor(path: string, isAlone: boolean, bytesMax: number) {
    this.#path = path
    this.#bytesMax = bytesMax
    this.#db = new Database(path, { timeout: BUSY_TIMEOUT_MS })
    try {
      // The index of the write-ahead log is in memory then, not in a file that all readers share.
      if (isAlone) this.#db.exec('PRAGMA locking_mode = EXCLUSIVE')
      // To be chosen before the first table; later it would only be written again.
      if (pageCount(this.#db) === 0) this.#db.exec('PRAGMA auto_vacuum = INCREMENTAL')
      this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -${CACHE_KIB};
        PRAGMA journal_size_limit = ${WAL_BYTES_MAX}`)
      migrate(this.#db, path)
      this.#statements = prepareAll(this.#db)
      this.#last = this.#lastEvidence()
      this.#pageBytes = this.#db.prepare('PRAGMA page_size').get()!.page_size as number
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  commit(changes: readonly Change[]): void {
    if (changes.length === 0) return
    const last = { ...this.#last }
    let gone = 0
    this.#transaction(() => {
      for (const change of changes) this.#apply(change, last)
      // As much goes as came, and some more, so that it is soon enough again.
      if (this.#isTooBig()) gone = this.#letGoOldest(2 * changes.length)
    })
    this.#last = last
    this.#letGo += gone
  }

  load(since: (rule: string) => Instant): Saved {
    return this.#guarded(() => {
      const { bans, kept, sessions, positions, lifted, clock } = this.#statements
      const clockAt = clock.get()?.value as number | undefined
      return {
        hits: this.#points(since),
        bans: bans.all().map(banOf),
        kept: kept.all().map(keptOf),
        sessions: sessions.all().map(sessionOf),
        positions: positions.all().map(positionOf),
        lifted: lifted.all((clockAt ?? 0) - LIFTED_MS).map(liftedOf),
        clockAt,
      }
    })
  }

  offender(source: Address): Offender | undefined {
    return this.#guarded(() => {
      const network = formatNetwork(sourceNetwork(source))
      const bans = this.#statements.bansOf.all(network).map(pastBanOf)
      const listings = this.#statements.listingsOf.all(network).map(listingOf)
      const { at } = this.#statements.lastLogin.get(formatAddress(source))!
      if (bans.length === 0 && listings.length === 0 && at === null) return undefined
      return { bans, listings, lastLoginAt: at === null ? undefined : (at as number) }
    })
  }

  loginsSince(since: Instant): readonly Address[] {
    return this.#guarded(() => this.#statements.loginsSince.all(since).map(({ source }) => parseAddress(source as string)!))
  }

  purge(before: Instant, rowsMax: number): boolean {
    let left = rowsMax
    let gone = 0
    this.#transaction(() => {
      const { purgeEvidence, purgeBans, purgeLogins, purgeRefusals, purgeProposals } = this.#statements
      for (const statement of [purgeEvidence, purgeBans, purgeLogins, purgeRefusals, purgeProposals]) {
        if (left > 0) left -= Number(statement.run(before, left).changes)
      }
      const { purgeListings, purgeTableSizes } = this.#statements
      for (const statement of [purgeListings, purgeTableSizes]) {
        if (left > 0) left -= Number(statement.run(dayOf(before), left).changes)
      }
      if (left > 0 && this.#isTooBig()) gone = this.#letGoOldest(left)
    })
    this.#letGo += gone
    left -= gone
    return left <= 0 || this.#guarded(() => this.#giveBackPages())
  }

  room(): Room {
    return this.#guarded(() => ({ bytes: this.#bytes(), bytesMax: this.#bytesMax, letGo: this.#letGo }))
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close()
  }

  #apply(change: Change, last: { id: number; at: Instant }): void {
    const to = this.#statements
    switch (change.kind) {
      case 'hit': {
        const { hit } = change
        last.at = Math.max(last.at, hit.at)
        const rule = this.#nameId('rule', hit.rule)
        const pattern = this.#nameId('pattern', hit.pattern)
        const log = this.#nameId('log', hit.log)
        const source = formatAddress(hit.source)
        const address = hit.address === hit.source ? null : formatAddress(hit.address)
        const { at, points, position } = hit
        const account = hit.account ?? null
        const distinct = hit.distinct ?? null
        const line = hit.line === '' ? null : hit.line
        to.addHit.run(
          ++last.id,
          at,
          rule,
          source,
          points,
          address,
          +hit.spoofable,
          account,
          distinct,
          pattern,
          log,
          position,
          line,
        )
        return
      }
      case 'spend':
        to.addGone.run(++last.id, last.at, this.#nameId('rule', change.rule), formatAddress(change.source), null)
        return
      case 'credit':
        to.addGone.run(++last.id, last.at, this.#nameId('rule', change.rule), formatAddress(change.source), change.account)
        return
      case 'ban': {
        const { id, at, network, table, rule, until, score, reason, countsForNetwork } = change.ban
        const end = until === FOR_LIFE ? null : until
        to.addBan.run(id, at, formatNetwork(network), table, rule, end, score, reason, +(countsForNetwork ?? false))
        if (until === FOR_LIFE) to.endProposals.run(formatNetwork(network))
        return
      }
      case 'unban':
        to.endBan.run(change.at, change.reason, change.id)
        return
      case 'proposal': {
        const { at, network, table, rule, reason } = change.proposal
        to.setProposal.run(formatNetwork(network), table, at, rule, reason)
        return
      }
      case 'dismissed':
        to.endProposals.run(formatNetwork(change.network))
        return
      case 'snapshot': {
        const { day, table, entries, networks } = change
        to.setTableSize.run(day, table, entries)
        for (const network of networks) to.addListing.run(formatNetwork(network), day, table)
        return
      }
      case 'refused': {
        const { at, network, table, rule, score, reason } = change.refusal
        to.addRefusal.run(at, formatNetwork(network), table, rule, score, reason)
        return
      }
      case 'kept': {
        const { rule, kept, wakeAt } = change
        const source = formatAddress(change.source)
        if (kept === undefined && wakeAt === undefined) to.forgetKept.run(rule, source)
        else to.setKept.run(rule, source, jsonOrNull(kept), wakeAt ?? null)
        return
      }
      case 'session': {
        const { key, seenAt, address, port, costs, isLoggedIn } = change.session
        const text = address === undefined ? null : formatAddress(address)
        to.setSession.run(key, seenAt, text, port ?? null, JSON.stringify(costs), +isLoggedIn)
        return
      }
      case 'session-over':
        to.forgetSession.run(change.key)
        return
      case 'login':
        to.setLogin.run(formatAddress(change.source), change.account ?? '', change.at)
        return
      case 'position': {
        const { log, position, toldHits, lastAt, lastHits } = change.position
        to.setPosition.run(log, jsonOrNull(position), toldHits, lastAt, factJson(lastHits))
        return
      }
      case 'clock':
        to.setClock.run(change.at)
        return
      default:
        change satisfies never
    }
  }

  /** Live points, read as they are asked for. They are gone through once before, so that damage shows now and not later. */
  #points(since: (rule: string) => Instant): Iterable<SavedPoints> {
    const rules = new Map<number, { name: string; since: Instant }>()
    for (const { id, name } of this.#statements.rules.all() as { id: number; name: string }[]) {
      rules.set(id, { name, since: since(name) })
    }
    const from = Math.min(...[...rules.values()].map((rule) => rule.since))
    this.#statements.touchEvidence.get(from)
    const { points } = this.#statements
    const guarded = <T>(action: () => T) => this.#guarded(action)
    return {
      *[Symbol.iterator]() {
        const rows = points.iterate(from)
        for (let row = guarded(() => rows.next()); !row.done; row = guarded(() => rows.next())) {
          const hit = row.value as unknown as PointsRow
          const rule = rules.get(hit[1])!
          if (hit[0] >= rule.since) yield pointsOf(hit, rule.name)
        }
      },
    }
  }

  #nameId(kind: NameKind, name: string): number {
    const known = this.#names[kind].get(name)
    if (known !== undefined) return known
    const { findName, addName } = this.#statements
    const row = findName.get(kind, name) ?? addName.get(kind, name)
    const id = row!.id as number
    this.#names[kind].set(name, id)
    return id
  }

  #lastEvidence(): { id: number; at: Instant } {
    const { id, at } = this.#db
      .prepare('SELECT (SELECT max(id) FROM evidence) AS id, (SELECT max(at) FROM evidence) AS at')
      .get()!
    return { id: Number(id ?? 0), at: Number(at ?? 0) }
  }

  /** Bytes of the pages that hold something; those that are free are filled before the file grows. */
  #bytes(): number {
    const { pageCount, freePages } = this.#statements
    return ((pageCount.get()!.page_count as number) - (freePages.get()!.freelist_count as number)) * this.#pageBytes
  }

  #isTooBig(): boolean {
    return this.#bytes() > this.#bytesMax
  }

  /** Removes so many of the oldest rows, and says how many there were. */
  #letGoOldest(rowsMax: number): number {
    const { letGoEvidence, purgeBans } = this.#statements
    const lines = Number(letGoEvidence.run(rowsMax).changes)
    return lines > 0 ? lines : Number(purgeBans.run(Number.MAX_SAFE_INTEGER, rowsMax).changes)
  }

  /** After a purge the file keeps its size, and new rows fill it; only where most of it is free it is made smaller. */
  #giveBackPages(): boolean {
    const free = this.#statements.freePages.get()!.freelist_count as number
    if (free < FREE_PAGES_MAX || free < pageCount(this.#db) / 2) return false
    this.#db.exec(`PRAGMA incremental_vacuum(${PAGES_GIVEN_BACK_MAX})`)
    return true
  }

  #transaction(action: () => void): void {
    this.#guarded(() => {
      this.#db.exec('BEGIN IMMEDIATE')
      try {
        action()
        this.#db.exec('COMMIT')
      } catch (error) {
        // SQLite takes some of what cannot be finished back by itself.
        if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
        for (const names of Object.values(this.#names)) names.clear()
        throw error
      }
    })
  }

  #guarded<T>(action: () => T): T {
    try {
      return action()
    } catch (error) {
      throw storeErrorOf(error, this.#path)
    }
  }
}

function pageCount(db: Database): number {
  return db.prepare('PRAGMA page_count').get()!.page_count as number
}

type NameKind = 'rule' | 'pattern' | 'log'
type Statements = ReturnType<typeof prepareAll>

function prepareAll(db: Database) {
  const sql = (text: string): StatementSync => db.prepare(text)
  const points = sql(`
    SELECT at, rule, source, points, spoofable, ${exactText('account')}, ${exactText('distinct_value')} FROM evidence AS hit
    WHERE at >= ? AND points > 0 AND NOT EXISTS (
      SELECT 1 FROM evidence AS gone
      WHERE gone.points IS NULL AND gone.source = hit.source AND gone.rule = hit.rule AND gone.id > hit.id
        AND (gone.account IS NULL OR gone.account = hit.account))
    ORDER BY at, id`)
  points.setReturnArrays(true)
  return {
    addHit: sql(`
      INSERT INTO evidence (id, at, rule, source, points, address, spoofable, account, distinct_value, pattern, log, position, line)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    addGone: sql('INSERT INTO evidence (id, at, rule, source, account) VALUES (?, ?, ?, ?, ?)'),
    points,
    // Reads each page that `points` will need, at a tenth of its cost.
    touchEvidence: sql(`
      SELECT (SELECT count(points) FROM evidence WHERE at >= ?),
        (SELECT count(source) FROM evidence INDEXED BY evidence_gone WHERE points IS NULL)`),
    purgeEvidence: sql('DELETE FROM evidence WHERE id IN (SELECT id FROM evidence WHERE at < ? ORDER BY at, id LIMIT ?)'),
    letGoEvidence: sql('DELETE FROM evidence WHERE id IN (SELECT id FROM evidence ORDER BY id LIMIT ?)'),
    pageCount: sql('PRAGMA page_count'),
    freePages: sql('PRAGMA freelist_count'),
    findName: sql('SELECT id FROM names WHERE kind = ? AND name = ?'),
    addName: sql('INSERT INTO names (kind, name) VALUES (?, ?) RETURNING id'),
    rules: sql("SELECT id, name FROM names WHERE kind = 'rule'"),

    // A ban that is withdrawn and given again within a millisecond has the same id.
    addBan: sql(`
      INSERT INTO bans (id, at, network, table_name, rule, until, score, reason, counts_for_network)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (id) DO UPDATE SET until = excluded.until, score = excluded.score, reason = excluded.reason,
        counts_for_network = excluded.counts_for_network, ended_at = NULL, end_reason = NULL`),
    endBan: sql('UPDATE bans SET ended_at = ?, end_reason = ? WHERE id = ? AND ended_at IS NULL'),
    bans: sql('SELECT * FROM bans WHERE ended_at IS NULL ORDER BY at, rowid'),
    lifted: sql(`
      SELECT DISTINCT table_name, network FROM bans AS lifted WHERE ended_at >= ? AND (until IS NULL OR until > ended_at)
        AND NOT EXISTS (SELECT 1 FROM bans AS live
          WHERE live.network = lifted.network AND live.table_name = lifted.table_name AND live.ended_at IS NULL)`),
    // A ban that was lifted early ended then.
    bansOf: sql(`
      SELECT at, rule, table_name, iif(ended_at < ifnull(until, ended_at + 1), ended_at, until) AS until
      FROM bans WHERE network = ? ORDER BY at, rowid`),
    listingsOf: sql('SELECT day, table_name FROM listings WHERE network = ?'),
    purgeBans: sql('DELETE FROM bans WHERE rowid IN (SELECT rowid FROM bans WHERE ended_at < ? ORDER BY ended_at LIMIT ?)'),

    setTableSize: sql('INSERT OR REPLACE INTO table_sizes (day, table_name, entries) VALUES (?, ?, ?)'),
    purgeTableSizes: sql(`
      DELETE FROM table_sizes WHERE (day, table_name) IN (SELECT day, table_name FROM table_sizes WHERE day < ? LIMIT ?)`),
    addListing: sql('INSERT OR IGNORE INTO listings (network, day, table_name) VALUES (?, ?, ?)'),
    purgeListings: sql(`
      DELETE FROM listings WHERE (network, day, table_name) IN (
        SELECT network, day, table_name FROM listings WHERE day < ? ORDER BY day LIMIT ?)`),

    setProposal: sql('INSERT OR REPLACE INTO proposals (network, table_name, at, rule, reason) VALUES (?, ?, ?, ?, ?)'),
    purgeProposals: sql(`
      DELETE FROM proposals WHERE (network, table_name) IN (SELECT network, table_name FROM proposals WHERE at < ? LIMIT ?)`),
    endProposals: sql('DELETE FROM proposals WHERE network = ?'),

    addRefusal: sql('INSERT INTO refusals (at, network, table_name, rule, score, reason) VALUES (?, ?, ?, ?, ?, ?)'),
    purgeRefusals: sql('DELETE FROM refusals WHERE rowid IN (SELECT rowid FROM refusals WHERE at < ? ORDER BY at LIMIT ?)'),

    setLogin: sql(`
      INSERT INTO logins (source, account, at) VALUES (?, ?, ?)
      ON CONFLICT (source, account) DO UPDATE SET at = max(at, excluded.at)`),
    lastLogin: sql('SELECT max(at) AS at FROM logins WHERE source = ?'),
    loginsSince: sql('SELECT DISTINCT source FROM logins WHERE at > ?'),
    purgeLogins: sql(`
      DELETE FROM logins WHERE (source, account) IN (SELECT source, account FROM logins WHERE at < ? ORDER BY at LIMIT ?)`),

    setKept: sql('INSERT OR REPLACE INTO kept (rule, source, kept, wake_at) VALUES (?, ?, ?, ?)'),
    forgetKept: sql('DELETE FROM kept WHERE rule = ? AND source = ?'),
    kept: sql('SELECT * FROM kept'),

    // A replaced row goes to the end, so that sessions come back in the order in which they were last heard of.
    setSession: sql('INSERT OR REPLACE INTO sessions (key, seen_at, address, port, costs, logged_in) VALUES (?, ?, ?, ?, ?, ?)'),
    forgetSession: sql('DELETE FROM sessions WHERE key = ?'),
    sessions: sql('SELECT * FROM sessions ORDER BY seen_at, rowid'),

    setPosition: sql('INSERT OR REPLACE INTO logs (log, position, told_hits, last_at, last_hits) VALUES (?, ?, ?, ?, ?)'),
    positions: sql('SELECT * FROM logs'),
    setClock: sql("INSERT OR REPLACE INTO meta (name, value) VALUES ('clock', ?)"),
    clock: sql("SELECT value FROM meta WHERE name = 'clock'"),
  } satisfies Record<string, StatementSync>
}
