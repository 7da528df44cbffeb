import type { Address } from '../base/address.ts'
import { Core, type CoreOutput } from '../core/core.ts'
import type { Decision, HitFact, ProtectFact } from '../core/model.ts'
import type { Feed } from '../matching/pattern.ts'
import { scannerOf } from '../matching/scanner-of.ts'
import type { Generic } from '../rules/generic.ts'
import { openArchive } from '../sources/archive.ts'
import type { Source } from '../sources/source.ts'
import { memoryStore } from '../store/memory.ts'
import { LogReader } from './log-reader.ts'
import { type Lane, Merge } from './merge.ts'
import { timeLimit } from './time-limit.ts'

export interface ReplayOptions {
  readonly rules: ReadonlyMap<string, Generic>
  readonly tables: ReadonlySet<string>
  /** Old logs, plain or .gz, and the patterns that each is read with. */
  readonly logs: readonly { readonly path: string; readonly feeds: readonly Feed[]; readonly zone?: string | undefined }[]
  readonly protection: Pick<ProtectFact, 'ignored' | 'protected'>
  readonly onDecision: (decision: Decision) => void
  /** A login of this source was accepted. */
  readonly onLogin?: (source: Address) => void
  /** A hit was told, and this came of it. Costs time. */
  readonly onHit?: (hit: HitFact, output: CoreOutput, core: Core) => void
  /** How much of the logs has been read, from 0 to 1; called after each block. */
  readonly onProgress?: (share: number) => void
  readonly say: (message: string) => void
}

export interface ReplaySummary {
  readonly lines: number
  readonly bytes: number
  readonly overlongLines: number
  /** Matches whose `ip` was no strict address, a host name for example. */
  readonly withoutAddress: number
  readonly hits: number
  readonly hitsByPattern: ReadonlyMap<string, number>
  /** Distinct addresses that scored. */
  readonly addresses: number
  readonly bans: number
}

/**
 * Reads old logs through the same scanner and core as the daemon's, by the lines' own times. A decision comes out as soon
 * as its time is reached; nothing is stored and no table is touched.
 */
export async function replay(options: ReplayOptions): Promise<ReplaySummary> {
  const store = memoryStore()
  const core = new Core({
    rules: options.rules,
    tables: options.tables,
    offender: (source) => store.offender(source),
    loginsSince: (since) => store.loginsSince(since),
  })
  core.tell({ kind: 'protect', at: 0, ...options.protection })

  let wakeUp = () => {}
  const lanes = options.logs.map(({ path, feeds, zone }) => {
    const source = openArchive(path, {
      position: undefined,
      onReady: () => wakeUp(),
      say: (_level, message) => options.say(message),
      now: Date.now,
    })
    return archiveLane(
      source,
      new LogReader({ log: path, feeds, scanner: scannerOf(feeds, { timeLimit }), zone, keepsLines: false }),
    )
  })

  const hitsByPattern = new Map<string, number>()
  const addresses = new Set<unknown>()
  let hits = 0
  let bans = 0
  const settle = () => {
    const { decisions, changes, tableChanges } = core.take()
    store.commit(changes)
    for (const change of changes) {
      if (change.kind === 'hit') addresses.add(change.hit.source)
      else if (change.kind === 'login') options.onLogin?.(change.source)
    }
    for (const decision of decisions) {
      if (decision.kind === 'ban') bans++
      options.onDecision(decision)
    }
    return { decisions, changes, tableChanges }
  }
  const sum = (of: (lane: ArchiveLane) => number) => lanes.reduce((total, lane) => total + of(lane), 0)
  const behindBytes = () => sum(({ source }) => source.state.behindBytes)
  const wholeBytes = Math.max(1, behindBytes())
  try {
    const merge = new Merge(lanes)
    for (let merged = merge.next(); merged; merged = merge.next()) {
      if (merged.kind === 'hit') {
        hits++
        hitsByPattern.set(merged.hit.pattern, (hitsByPattern.get(merged.hit.pattern) ?? 0) + 1)
        core.tell(merged.hit)
        if (options.onHit) options.onHit(merged.hit, settle(), core)
      } else if (merged.kind === 'position') {
        settle()
        options.onProgress?.(1 - behindBytes() / wholeBytes)
      } else await new Promise<void>((resolve) => (wakeUp = resolve))
    }
  } finally {
    for (const { source } of lanes) source.close()
  }
  return {
    lines: sum(({ reader, source }) => reader.scanner.counts.lines + source.state.overlongLines),
    bytes: sum(({ bytesRead }) => bytesRead()),
    overlongLines: sum(({ reader, source }) => reader.scanner.counts.overlong + source.state.overlongLines),
    withoutAddress: sum(({ reader }) => reader.scanner.counts.withoutAddress),
    hits,
    hitsByPattern,
    addresses: addresses.size,
    bans,
  }
}

interface ArchiveLane extends Lane {
  readonly source: Source
  readonly reader: LogReader
  bytesRead(): number
}

function archiveLane(source: Source, reader: LogReader): ArchiveLane {
  let bytes = 0
  return {
    source,
    reader,
    bytesRead: () => bytes,
    next() {
      const block = source.read()
      if (!block) return source.state.kind === 'ended' ? undefined : 'later'
      bytes += block.bytes.length
      return reader.read(block, undefined)
    },
  }
}
