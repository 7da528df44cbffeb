import { type Instant, isoTime } from '../base/units.ts'
import type { Keeper } from '../firewall/keeper.ts'
import type { Configuration } from '../parameters/parameters.ts'
import { type Committer, PENDING_MAX } from '../store/committer.ts'
import type { StatusReport } from './control-protocol.ts'
import type { Engine } from './engine.ts'
import type { KeptFiles } from './kept-files.ts'
import type { ReadLog } from './pipeline.ts'
import type { ProtectionWatch } from './protection.ts'

export interface StatusOptions {
  readonly configuration: Configuration
  readonly engine: Engine
  readonly keeper: Keeper
  readonly watch: ProtectionWatch
  readonly keptFiles: KeptFiles
  readonly committer: Committer
  readonly databasePath: string
  readonly version: string
  readonly startedAt: Instant
  readonly now: Instant
}

/** All that `log2table status` says: gathered from those who know it. */
export function statusReport(options: StatusOptions): StatusReport {
  const { configuration, engine, keeper, watch, keptFiles, committer, databasePath, version, startedAt, now } = options
  const { rules } = engine.core.report()
  const { trouble } = committer
  return {
    troubles: [...watch.troubles, ...keptFiles.troubles, ...quarantined(engine.logs)],
    version,
    pid: process.pid,
    startedAt: isoTime(startedAt),
    upMs: now - startedAt,
    mode: [...configuration.tables.values()].every(({ kind }) => kind === 'dryRun') ? 'dry run' : 'enforcing',
    configuration: configuration.folder ?? null,
    state: configuration.stateFolder,
    protected: keeper.protected().length,
    logs: [...engine.logs.map(logReport), ...engine.waiting.map(({ key, reason }) => ({ ...noLog, log: key, reason }))],
    tables: keeper.status().map(({ table, kind, desired, enforced, state, reason, queued }) => ({
      table,
      kind,
      desired,
      enforced,
      state: tableStates[state],
      reason: reason ?? null,
      queued,
    })),
    rules: rules.map(({ rule, hits, bans, sources, quarantine }) => ({
      rule,
      state: quarantine === undefined ? 'running' : 'quarantined',
      reason: quarantine ?? null,
      hits,
      bans,
      scored: sources,
    })),
    store: {
      path: databasePath,
      state: trouble ? 'failing' : 'keeping',
      reason: trouble?.message ?? null,
      pending: committer.pendingCount,
    },
    bounds: [
      ...engine.bounds(),
      { name: 'changes that wait for the database', limit: PENDING_MAX, used: committer.pendingCount },
    ],
  }
}

/** Patterns that took too long; logs with the same patterns share what runs them. */
function quarantined(logs: readonly ReadLog[]): readonly string[] {
  const all = logs.flatMap(({ reader }) => reader.scanner.quarantined)
  return [...new Set(all.map(({ pattern, reason }) => `pattern ${pattern.name ?? pattern.regex} is quarantined: it ${reason}`))]
}

function logReport({ source, reader }: ReadLog): StatusReport['logs'][number] {
  const { kind, reason, behindBytes, overlongLines, lostBytes, lostLines = 0 } = source.state
  return {
    log: source.log,
    state: kind,
    reason: reason ?? null,
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
