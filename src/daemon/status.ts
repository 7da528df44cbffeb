import { type Instant, isoTime } from '../base/units.ts'
import type { KeeperReport } from '../firewall/keeper.ts'
import { costsIn } from '../matching/scanner-of.ts'
import type { Configuration } from '../parameters/parameters.ts'
import { type Committer, PENDING_MAX } from '../store/committer.ts'
import { blindSpotRecord } from './blind-spot-text.ts'
import type { BlindSpotWatch } from './blind-spot-watch.ts'
import type { StatusReport } from './control-protocol.ts'
import type { Engine } from './engine.ts'
import type { KeptFiles } from './kept-files.ts'
import type { ReadLog } from './pipeline.ts'
import type { ProtectionWatch } from './protection.ts'

export interface StatusOptions {
  readonly configuration: Configuration
  readonly engine: Engine
  readonly kept: KeeperReport
  readonly watch: ProtectionWatch
  readonly keptFiles: KeptFiles
  readonly blindSpots: BlindSpotWatch
  readonly committer: Committer
  readonly databasePath: string
  readonly version: string
  readonly startedAt: Instant
  readonly now: Instant
}

/** All that `log2table status` says: gathered from those who know it. */
export function statusReport(options: StatusOptions): StatusReport {
  const { configuration, engine, kept, watch, keptFiles, blindSpots, committer, databasePath, version, startedAt, now } = options
  const { rules } = engine.core.report()
  const { trouble } = committer
  const room = committer.room(now)
  return {
    troubles: [...watch.troubles, ...keptFiles.troubles],
    version,
    pid: process.pid,
    startedAt: isoTime(startedAt),
    upMs: now - startedAt,
    mode: [...configuration.tables.values()].every(({ kind }) => kind === 'dryRun') ? 'dry run' : 'enforcing',
    configuration: configuration.folder ?? null,
    state: configuration.stateFolder,
    protected: kept.protected,
    logs: [...engine.logs.map(logReport), ...engine.waiting.map(({ key, reason }) => ({ ...noLog, log: key, reason }))],
    tables: kept.tables.map(({ table, kind, desired, enforced, state, reason, queued, strange, rooms }) => ({
      table,
      kind,
      desired,
      enforced,
      state: tableStates[state],
      reason: reason ?? null,
      queued,
      byOthers: strange,
      fullness: rooms.length > 0 ? Math.max(...rooms.map(({ limit, used }) => used / limit)) : null,
    })),
    rules: rules.map(({ rule, hits, bans, sources, quarantine, frozen }) => ({
      rule,
      state: quarantine !== undefined ? 'quarantined' : frozen !== undefined ? 'frozen' : 'running',
      reason: quarantine ?? frozen ?? null,
      hits,
      bans,
      scored: sources,
    })),
    patterns: [...engine.quarantined].map(([pattern, reason]) => ({ pattern, state: 'quarantined', reason })),
    costs: [...costsIn(engine.logs.map(({ reader }) => reader.scanner))].map(([pattern, cost]) => ({ pattern, ...cost })),
    blindSpots: blindSpots.found.map(blindSpotRecord),
    store: {
      path: databasePath,
      state: trouble ? 'failing' : 'keeping',
      reason: trouble?.message ?? null,
      pending: committer.pendingCount,
    },
    bounds: [
      ...engine.bounds(),
      { name: 'changes that wait for the database', limit: PENDING_MAX, used: committer.pendingCount },
      ...(room
        ? [{ name: 'bytes of the database', limit: room.bytesMax, used: room.bytes, letGo: room.letGo, mayBeFull: true }]
        : []),
      ...kept.tables.flatMap(({ table, rooms }) =>
        rooms.flatMap(({ set, limit, used }) => {
          const name = `entries of table ${table}${set === '' ? '' : `, set ${set}`}`
          return used === 0 ? [] : [{ name, limit, used }]
        }),
      ),
    ],
  }
}

function logReport({ source, reader }: ReadLog): StatusReport['logs'][number] {
  const { kind, reason, behindBytes, overlongLines, lostBytes, lostLines = 0, isByReader = false } = source.state
  return {
    log: source.log,
    state: kind,
    reason: reason ?? null,
    isByReader,
    behindBytes,
    lagMs: behindBytes === 0 ? 0 : null,
    lines: reader.scanner.counts.lines + overlongLines,
    hits: reader.hits,
    overlongLines,
    lostBytes,
    lostLines,
  }
}

const noLog = {
  state: 'waiting',
  isByReader: false,
  behindBytes: 0,
  lagMs: 0,
  lines: 0,
  hits: 0,
  overlongLines: 0,
  lostBytes: 0,
  lostLines: 0,
} as const

const tableStates = {
  starting: 'behind',
  enforcing: 'enforcing',
  'partly enforcing': 'behind',
  'not enforcing': 'not enforcing',
  'torn down': 'not enforcing',
} as const
