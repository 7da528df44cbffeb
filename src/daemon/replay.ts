import type { Address } from '../base/address.ts'
import { SourceNumbers } from '../base/source-numbers.ts'
import { DAY_MS, type Instant } from '../base/units.ts'
import { Core, type CoreOutput } from '../core/core.ts'
import type { Decision, HitFact, ProtectFact } from '../core/model.ts'
import type { Feed } from '../matching/pattern.ts'
import { quarantinedIn, scannerOf } from '../matching/scanner-of.ts'
import type { Generic } from '../rules/generic.ts'
import { openArchive } from '../sources/archive.ts'
import { openCaptureArchive, openStdinArchive } from '../sources/capture-archive.ts'
import type { Source, SourceContext } from '../sources/source.ts'
import { memoryStore } from '../store/memory.ts'
import { KEEP_MS } from '../store/store.ts'
import { type BlindSpot, BlindSpots } from './blind-spots.ts'
import { LogReader } from './log-reader.ts'
import { type Lane, Merge } from './merge.ts'
import { growHeapModestly } from './modest-heap.ts'
import { HITS_MAX } from './pipeline.ts'
import { limitRules } from './rule-limit.ts'
import { isWorthAhead, ScanAhead } from './scan-ahead.ts'
import { scanTimeLimit, timeLimit } from './time-limit.ts'

/** How often what is too old is forgotten, in the logs' own time. */
const PURGE_EVERY_MS = 30 * DAY_MS

export interface ReplayOptions {
  readonly rules: ReadonlyMap<string, Generic>
  readonly tables: ReadonlySet<string>
  /** Old logs or captures, plain or .gz, `-` for standard input, and the patterns that each is read with. */
  readonly logs: readonly { readonly path: string; readonly feeds: readonly Feed[]; readonly zone?: string | undefined }[]
  readonly protection: Pick<ProtectFact, 'ignored' | 'protected' | 'proxies'>
  readonly onDecision: (decision: Decision) => void
  /** A login of this source was accepted. */
  readonly onLogin?: (source: Address) => void
  /** A hit was told, and this came of it. Costs time. */
  readonly onHit?: (hit: HitFact, output: CoreOutput, core: Core) => void
  /** How much of the logs has been read, from 0 to 1; called after each block. */
  readonly onProgress?: (share: number) => void
  readonly say: (message: string) => void
  /** Whether another thread scans, from the first block on; by default one does where the logs are large, as soon as it can. */
  readonly scansAhead?: boolean
}

export interface ReplaySummary {
  readonly lines: number
  readonly bytes: number
  readonly overlongLines: number
  /** Matches whose `ip` was no strict address, a host name for example. */
  readonly withoutAddress: number
  readonly hits: number
  readonly hitsByPattern: ReadonlyMap<string, number>
  /** Patterns that took too long on some line and were looked for no more from there on, by name, with the reason. */
  readonly quarantined: ReadonlyMap<string, string>
  /** Distinct addresses that scored. */
  readonly addresses: number
  readonly bans: number
  /** Sets that matched no line any more from some day of a log on. */
  readonly blindSpots: readonly BlindSpot[]
}

/**
 * Reads old logs through the same scanner and core as the daemon's, by the lines' own times. A decision comes out as soon
 * as its time is reached; nothing is stored and no table is touched.
 */
export async function replay(options: ReplayOptions): Promise<ReplaySummary> {
  growHeapModestly()
  const store = memoryStore()
  const addresses = new SourceNumbers()
  const score = (source: Address) => void addresses.add(source)
  const core = new Core({
    rules: options.rules,
    tables: options.tables,
    offender: (source) => store.offender(source),
    loginsSince: (since) => store.loginsSince(since),
    // To look one up again costs next to nothing here, and what is known is the same, however the logs are cut into blocks.
    offendersCachedMax: 0,
    // Only who listens to each hit wants to see its evidence.
    ...(!options.onHit && { onEvidence: score }),
  })
  core.tell({ kind: 'protect', at: 0, ...options.protection })
  const tell = limitRules(core, options.rules)

  let wakeUp = () => {}
  const context: SourceContext = {
    position: undefined,
    onReady: () => wakeUp(),
    say: (_level, message) => options.say(message),
    now: Date.now,
  }
  const opened: OpenedLog[] = []
  for (const log of options.logs) opened.push({ ...log, ...(await openLog(log.path, context)) })
  const plainBytes = opened.reduce((sum, { source, isText }) => sum + (isText ? source.state.behindBytes : 0), 0)
  const ahead = (options.scansAhead ?? isWorthAhead(plainBytes)) ? new ScanAhead(opened) : undefined
  if (options.scansAhead) await ahead?.ready()
  const lanes = opened.map(({ path, feeds, zone, source, isText }, number) => {
    const blindSpots = new BlindSpots({ log: path, feeds, zone, timeLimit })
    const scanned = isText ? ahead?.of(number, source) : undefined
    const scanner = scanned ?? scannerOf(feeds, { timeLimit: scanTimeLimit })
    const reader = new LogReader({ log: path, feeds, scanner, zone, blindSpots, keepsLines: false })
    return archiveLane(scanned ?? source, reader, blindSpots)
  })

  const hitsByPattern = new Map<string, number>()
  let hits = 0
  let bans = 0
  const settle = () => {
    const { decisions, changes, tableChanges } = core.take()
    store.commit(changes)
    core.committed()
    for (const change of changes) {
      if (change.kind === 'hit') score(change.hit.source)
      else if (change.kind === 'login') options.onLogin?.(change.source)
    }
    for (const decision of decisions) {
      if (decision.kind === 'ban') bans++
      options.onDecision(decision)
    }
    return { decisions, changes, tableChanges }
  }
  let at: Instant = 0
  let purgeAt: Instant = 0
  const purge = () => {
    if (at < purgeAt) return
    purgeAt = at + PURGE_EVERY_MS
    store.purge(at - KEEP_MS, Number.POSITIVE_INFINITY)
  }
  const sum = (of: (lane: ArchiveLane) => number) => lanes.reduce((total, lane) => total + of(lane), 0)
  const behindBytes = () => sum(({ source }) => source.state.behindBytes)
  const wholeBytes = Math.max(1, behindBytes())
  try {
    const merge = new Merge(lanes)
    const untold: HitFact[] = []
    for (let merged = merge.next(); merged; merged = merge.next()) {
      if (merged.kind === 'hit') {
        hits++
        hitsByPattern.set(merged.hit.pattern, (hitsByPattern.get(merged.hit.pattern) ?? 0) + 1)
        at = merged.hit.at
        untold.push(merged.hit)
        if (!options.onHit && untold.length < HITS_MAX) continue
        tell(untold.splice(0))
        options.onHit?.(merged.hit, settle(), core)
      } else if (merged.kind === 'position') {
        tell(untold.splice(0))
        settle()
        purge()
        options.onProgress?.(1 - behindBytes() / wholeBytes)
      } else await new Promise<void>((resolve) => (wakeUp = resolve))
    }
  } finally {
    for (const { source } of lanes) source.close()
    ahead?.close()
  }
  return {
    lines: sum(({ reader, source }) => reader.scanner.counts.lines + source.state.overlongLines),
    bytes: sum(({ bytesRead }) => bytesRead()),
    overlongLines: sum(({ reader, source }) => reader.scanner.counts.overlong + source.state.overlongLines),
    withoutAddress: sum(({ reader }) => reader.scanner.counts.withoutAddress),
    hits,
    hitsByPattern,
    quarantined: quarantinedIn(lanes.map(({ reader }) => reader.scanner)),
    addresses: addresses.size,
    bans,
    blindSpots: lanes.flatMap(({ blindSpots }) => blindSpots.found),
  }
}

type OpenedLog = ReplayOptions['logs'][number] & { readonly source: Source; readonly isText: boolean }

/** `isText` of a file of lines, as opposed to packets, or what has no size. */
async function openLog(path: string, context: SourceContext): Promise<Pick<OpenedLog, 'source' | 'isText'>> {
  if (path === '-') return { source: await openStdinArchive(process.stdin, context), isText: false }
  const capture = openCaptureArchive(path, context)
  return capture ? { source: capture, isText: false } : { source: openArchive(path, context), isText: true }
}

interface ArchiveLane extends Lane {
  readonly source: Source
  readonly reader: LogReader
  readonly blindSpots: BlindSpots
  bytesRead(): number
}

function archiveLane(source: Source, reader: LogReader, blindSpots: BlindSpots): ArchiveLane {
  let bytes = 0
  return {
    source,
    reader,
    blindSpots,
    bytesRead: () => bytes,
    next() {
      const block = source.read()
      if (!block) return source.state.kind === 'ended' ? undefined : 'later'
      bytes += block.bytes.length
      return reader.read(block, undefined)
    },
  }
}
