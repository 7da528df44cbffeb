import { existsSync } from 'node:fs'
import type { StatementSync } from 'node:sqlite'
import { formatAddress, formatNetwork, type Network, networkOf, parseNetwork, sourceNetwork, sourceOf } from '../base/address.ts'
import type { Instant } from '../base/units.ts'
import type { SavedProposal, SavedRefusal } from '../core/model.ts'
import { Database } from './database.ts'
import { storeErrorOf } from './faults.ts'
import { endedBanOf, evidenceOf, exactText, listingOf, patternTraceOf, proposalOf, refusalOf, traceOf } from './rows.ts'
import { requireVersion } from './schema.ts'
import {
  type EndedBan,
  type HistoryReader,
  type PatternTrace,
  type SavedLedger,
  StoreError,
  type TableSize,
  type Trace,
} from './store.ts'

/** Most lines that a ledger tells of one source. */
export const EVIDENCE_MAX = 10_000

/** How long a reader waits for the daemon; it writes for moments only. */
const BUSY_TIMEOUT_MS = 5_000

/** Opens a database for reading only, also while the daemon writes it; throws a `StoreError`. */
export function openHistory(path: string): HistoryReader {
  if (!existsSync(path)) {
    throw new StoreError('unusable', `${path}: there is no database; name the state folder with --state, or start the daemon`)
  }
  try {
    return new SqliteHistory(path)
  } catch (error) {
    throw storeErrorOf(error, path)
  }
}

class SqliteHistory implements HistoryReader {
  readonly #path: string
  readonly #db: Database

  constructor(path: string) {
    this.#path = path
    this.#db = new Database(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
    try {
      requireVersion(this.#db, path)
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  ledger(network: Network): SavedLedger {
    return this.#read((sql) => {
      const source = sourceOf(network.address)
      const isSource = network.bits >= sourceNetwork(source).bits
      // There is no index of sources, for it would slow down every hit; this goes through all evidence.
      const evidence = isSource
        ? sql(`
          SELECT evidence.at, rules.name AS rule, coalesce(address, source) AS address, points, spoofable,
            ${exactText('account')} AS account, ${exactText('patterns.name')} AS pattern, ${exactText('logs.name')} AS log,
            position, ${exactText('line')} AS line
          FROM evidence
            JOIN names AS rules ON rules.id = evidence.rule
            LEFT JOIN names AS patterns ON patterns.id = evidence.pattern
            LEFT JOIN names AS logs ON logs.id = evidence.log
          WHERE source = ? ORDER BY evidence.id DESC LIMIT ?`).all(formatAddress(source), EVIDENCE_MAX + 1)
        : []
      const around = networksAround(isSource ? sourceNetwork(source) : network)
      const marks = around.map(() => '?').join(', ')
      const logins = isSource
        ? sql('SELECT at, account FROM logins WHERE source = ? ORDER BY at, account').all(formatAddress(source))
        : []
      return {
        evidence: evidence.slice(0, EVIDENCE_MAX).reverse().map(evidenceOf),
        hasMoreEvidence: evidence.length > EVIDENCE_MAX,
        bans: sql(`SELECT * FROM bans WHERE network IN (${marks}) ORDER BY at, rowid`)
          .all(...around)
          .map(endedBanOf),
        refusals: sql(`SELECT * FROM refusals WHERE network IN (${marks}) ORDER BY at, rowid`)
          .all(...around)
          .map(refusalOf),
        logins: logins.map(({ at, account }) => ({ at: at as number, account: (account as string) || undefined })),
      }
    })
  }

  proposals(): readonly SavedProposal[] {
    return this.#read((sql) => sql('SELECT * FROM proposals ORDER BY at, network').all().map(proposalOf))
  }

  bans(since: Instant): readonly EndedBan[] {
    return this.#read((sql) =>
      sql('SELECT * FROM bans WHERE ended_at IS NULL OR ended_at >= ? ORDER BY at, rowid').all(since).map(endedBanOf),
    )
  }

  listings(sinceDay: number): ReturnType<HistoryReader['listings']> {
    return this.#read((sql) =>
      sql('SELECT network, day, table_name FROM listings WHERE day >= ? ORDER BY day, network')
        .all(sinceDay)
        .map((row) => ({ network: parseNetwork(row.network as string)!, ...listingOf(row) })),
    )
  }

  tableSizes(sinceDay: number): readonly TableSize[] {
    return this.#read((sql) =>
      sql('SELECT day, table_name, entries FROM table_sizes WHERE day >= ? ORDER BY day, table_name')
        .all(sinceDay)
        .map((row) => ({ ...listingOf(row), entries: row.entries as number })),
    )
  }

  traces(since: Instant): readonly Trace[] {
    return this.#read((sql) =>
      sql(`
        SELECT source, sum(points) AS points, count(*) AS lines, min(at) AS first_at, max(at) AS last_at,
          json_group_array(DISTINCT (SELECT name FROM names WHERE id = log)) AS logs
        FROM evidence
        WHERE at >= ? AND points IS NOT NULL AND source IN (SELECT replace(network, '/64', '') FROM bans)
        GROUP BY source`)
        .all(since)
        .map(traceOf),
    )
  }

  refusals(since: Instant): readonly SavedRefusal[] {
    return this.#read((sql) => sql('SELECT * FROM refusals WHERE at >= ? ORDER BY at, rowid').all(since).map(refusalOf))
  }

  patterns(since: Instant): readonly PatternTrace[] {
    return this.#read((sql) =>
      sql(`
        SELECT rules.name AS rule, ${exactText('patterns.name')} AS pattern, counts.points, counts.lines, counts.sources
        FROM (
          SELECT rule, pattern, sum(points) AS points, count(*) AS lines, count(DISTINCT source) AS sources
          FROM evidence WHERE at >= ? AND points IS NOT NULL GROUP BY rule, pattern
        ) AS counts
          JOIN names AS rules ON rules.id = counts.rule
          JOIN names AS patterns ON patterns.id = counts.pattern
        ORDER BY counts.points DESC, counts.lines DESC, rules.name, patterns.name`)
        .all(since)
        .map(patternTraceOf),
    )
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close()
  }

  /** All that is read within is of one moment. */
  #read<T>(action: (sql: (text: string) => StatementSync) => T): T {
    try {
      this.#db.exec('BEGIN')
      try {
        return action((text) => this.#db.prepare(text))
      } finally {
        this.#db.exec('ROLLBACK')
      }
    } catch (error) {
      throw storeErrorOf(error, this.#path)
    }
  }
}

/** A network and all those around it, as text. */
function networksAround({ address, bits }: Network): readonly string[] {
  return Array.from({ length: bits + 1 }, (_, wider) => formatNetwork(networkOf(address, bits - wider)))
}
