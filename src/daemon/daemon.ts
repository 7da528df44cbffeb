import { mkdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { formatNetwork, overlaps, sourceNetwork } from '../base/address.ts'
import { parseDuration } from '../base/duration.ts'
import { exitStatus } from '../base/exit-status.ts'
import { dayOf } from '../base/listings.ts'
import type { Log } from '../base/log.ts'
import { DAY_MS, FOR_LIFE, type Instant, isoTime, SECOND_MS } from '../base/units.ts'
import { UserError } from '../base/user-error.ts'
import { banKey } from '../core/bans.ts'
import type { Climbing } from '../core/core.ts'
import type { Decision, OrderFact } from '../core/model.ts'
import type { Named } from '../firewall/firewall.ts'
import { dialectOf } from '../firewall/index.ts'
import { createKeeper, type KeeperLink } from '../firewall/keeper.ts'
import { keeperClient } from '../firewall/keeper-client.ts'
import { ownAddresses } from '../firewall/protected.ts'
import { readProtected, thisMachine } from '../firewall/read-protected.ts'
import { RequestError } from '../firewall/request.ts'
import { createRunner } from '../firewall/runner.ts'
import { openChannel } from '../notify/open.ts'
import { Teller } from '../notify/teller.ts'
import { loadCommands, namedOf } from '../parameters/commands-json.ts'
import type { Configuration } from '../parameters/parameters.ts'
import { readerClient } from '../reader/client.ts'
import { ownOutputFault } from '../sources/own-output.ts'
import type { ReaderLink } from '../sources/reader-link.ts'
import { Committer } from '../store/committer.ts'
import { lockState } from '../store/lock.ts'
import { keepAside, openState, reopenState } from '../store/open.ts'
import { openSqlite } from '../store/sqlite.ts'
import { KEEP_MS, StoreError } from '../store/store.ts'
import { BlindSpotWatch } from './blind-spot-watch.ts'
import { CommandRuns } from './command-runs.ts'
import { type ControlServer, listenForControl } from './control.ts'
import type { ClimbingReport, DaemonControl, OrderAnswer, ReloadAnswer } from './control-protocol.ts'
import { Engine, type Protection } from './engine.ts'
import { KeptFiles, putKeptFile } from './kept-files.ts'
import { metricsOf } from './metrics.ts'
import { MetricsFile } from './metrics-file.ts'
import { keepHeapModest } from './modest-heap.ts'
import { keeperFolderIn, PanicFolder } from './panic-folder.ts'
import { PROTECTION_LOOK_MS, ProtectionWatch } from './protection.ts'
import { Quarantine } from './quarantine.ts'
import { statusReport } from './status.ts'
import { SteadyClock } from './steady-clock.ts'
import { timers } from './timers.ts'
import { Trial, type TrialOrder } from './trial.ts'
import { troublesOf } from './troubles.ts'
import { type PrintReport, WeeklyReport } from './weekly-report.ts'

export interface DaemonOptions {
  readonly configuration: Configuration
  /** Loads the configuration anew; rejects with a `UserError` that holds all its faults. */
  readonly reload: () => Promise<Configuration>
  /** The configuration is on trial, and gives way to that one where nobody confirms it. */
  readonly trial?: { readonly order: TrialOrder; readonly before: Configuration } | undefined
  /** The socket of a keeper in another process; undefined where this one does it all. */
  readonly keeperPath?: string | undefined
  /** The socket of a reader in another process, for logs that are closed to us; undefined where there is none. */
  readonly readerPath?: string | undefined
  readonly version: string
  readonly log: Log
  readonly now: () => Instant
  /** Where to begin with a log that was never read. */
  readonly startAt: 'start' | 'end'
  readonly onDecision: (decision: Decision) => void
  /** Undefined where none is to be sent. */
  readonly printReport?: PrintReport
  /** A configuration has come into force. */
  readonly onAccepted?: (configuration: Configuration) => void
  /** Something that cannot be. The daemon is not to be trusted any more. */
  readonly onFault: (error: unknown) => void
}

export interface Daemon {
  readonly control: DaemonControl
  /** Commits what was found and ends; the tables stay as they are. */
  stop(): Promise<void>
}

/** How many decisions `view` can show. */
const DECISIONS_HELD_MAX = 100
/** One step of purging; small, so that nothing waits for it. */
const PURGE_ROWS = 500
const PURGE_EVERY_MS = 10 * SECOND_MS
/** The same where there is more. */
const PURGE_ON_MS = 100
/** How soon it is tried again to put the configuration before back. */
const UNDO_AGAIN_MS = 5 * SECOND_MS
/** How long the answer to an order waits for the firewall to follow it. */
const FOLLOW_MS_MAX = 2 * SECOND_MS

/**
 * The daemon: joins sources, core, store and keeper, owns the only clock, and answers the control socket. Everything that
 * can be wrong with a configuration or the machine is told before the first line is read.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  keepHeapModest()
  const { log } = options
  const startedAt = options.now()
  let clock = new SteadyClock({ wall: options.now, log })
  const now = () => clock.now()
  const { keeperPath, readerPath } = options
  const { stateFolder, control: socketPath } = options.configuration
  makeStateFolder(stateFolder)
  const lock = orExplain(() => lockState(stateFolder))
  const databasePath = join(stateFolder, 'state.db')
  const aborter = new AbortController()
  let named = namedIn(options.configuration)
  const run = createRunner({ path: process.env.PATH, signal: aborter.signal, named: () => named })
  const machine = thisMachine(run)
  const commandRuns = new CommandRuns({ run, log })
  const blindSpots = new BlindSpotWatch({ path: join(stateFolder, 'blind-spots.json'), log, now })
  const quarantine = new Quarantine({ path: join(stateFolder, 'quarantine.json'), log })
  const panic = new PanicFolder(keeperFolderIn(stateFolder), log)
  const host = hostname()
  const teller = new Teller({ host, log, timers, now })
  const metricsFile = new MetricsFile(log)
  const { printReport } = options
  const weekly =
    printReport &&
    new WeeklyReport({
      ...{ host, log, now },
      path: join(stateFolder, 'reported'),
      print: (as) => printReport(as, { stateFolder, socketPath }),
      send: (message) => teller.tell(message),
    })
  let current: Running
  /** What was decided last. */
  const latest: Decision[] = []

  const since = (rules: Configuration['rules']) => (rule: string) => {
    const window = rules.get(rule)?.window
    return window === undefined ? FOR_LIFE : now() - parseDuration(window)!
  }
  const opened = orExplain(() => openState(databasePath, since(options.configuration.rules)))
  const tellKeptAside = () => log.warning(`the damaged database is kept as ${databasePath}.corrupt`)
  if (opened.damage) {
    log.error(opened.damage.message)
    tellKeptAside()
  }
  let { store } = opened
  clock = new SteadyClock({ wall: options.now, log, notBefore: opened.saved.clockAt ?? 0 })
  let isKeptAside = false
  const committer = new Committer({
    store,
    log,
    open: () => {
      store = reopenState(databasePath)
      return store
    },
    beginAnew: () => {
      // Tried again, it must not put a new database in the place of the damaged one.
      if (!isKeptAside) {
        keepAside(databasePath)
        tellKeptAside()
      }
      isKeptAside = true
      store = openSqlite(databasePath)
      isKeptAside = false
      return { store, present: current.engine.present() }
    },
  })

  /** What a configuration needs to be in force; nothing has happened yet. */
  async function prepare(configuration: Configuration): Promise<Running & { readonly protection: Protection }> {
    refuseOwnOutput(configuration.logs)
    named = namedIn(configuration)
    const readMachine = () => readProtected(machine)
    const watch = new ProtectionWatch({ ...configuration, readMachine, log })
    const keeper = keeperPath
      ? keeperClient({ path: keeperPath, log, timers, now, onFault: options.onFault })
      : createKeeper({
          ...{ dialectOf, run, log, timers, now, readProtection: readMachine, named: () => named, keep: putKeptFile },
          ownAddresses: () => ownAddresses(machine.interfaces()),
          isPanic: () => panic.isPanic(),
          remember: (tables) => panic.remember(tables),
        })
    const { startAt } = options
    const keptFiles = new KeptFiles({
      files: configuration.keptFiles,
      bans: () => engine.core.bans(),
      put: (table, entries) => keeper.handle({ kind: 'keep', table, entries }),
      log,
    })
    const onDecision = (decision: Decision) => {
      if (decision.kind === 'run') commandRuns.carryOut(decision, configuration.commands)
      if (decision.kind === 'ban' || decision.kind === 'unban') keptFiles.changed(decision.table)
      teller.decided(decision)
      if (latest.push(decision) > DECISIONS_HELD_MAX) latest.shift()
      options.onDecision(decision)
    }
    const { onFault } = options
    // One for each configuration: it reads commands.json when it is asked first.
    const reader = readerPath === undefined ? undefined : readerClient({ path: readerPath, log })
    const engine = new Engine({
      ...{ configuration, committer, keeper, reader, blindSpots, quarantine, log, now, startAt, onDecision, onFault },
    })
    try {
      await keeper.declare([...configuration.tables.values()])
    } catch (error) {
      if (error instanceof RequestError) throw new UserError(exitStatus.unavailable, error.message, { cause: error })
      throw error
    }
    return { configuration, engine, keeper, reader, watch, keptFiles, protection: (await watch.look())! }
  }

  const first = await prepare(options.configuration)
  current = first
  /** The day of the last snapshot. */
  let snapshotDay: number | undefined
  let looking: NodeJS.Timeout | undefined
  let purging: NodeJS.Timeout | undefined
  let measuring: NodeJS.Timeout | undefined
  let server: ControlServer | undefined

  /** Tables whose entries are still to be taken up as bans, with what hindered it. */
  const orphaned = new Map<string, string>()

  /** The database is lost, the tables are not: what they hold are bans whose reasons nobody knows any more. */
  async function adoptOrphaned(): Promise<void> {
    for (const [table, hindrance] of orphaned) {
      if (!current.configuration.tables.has(table)) continue
      try {
        await current.engine.adopt(table)
        orphaned.delete(table)
      } catch (error) {
        if (error instanceof RequestError) throw error
        const { message } = error as Error
        if (message !== hindrance) log.warning(`table ${table}: its entries cannot be taken up as bans yet: ${message}`)
        orphaned.set(table, message)
      }
    }
  }

  const look = async () => {
    const { watch, engine, keptFiles } = current
    const protection = await watch.look()
    if (protection) engine.protect(protection, now())
    await keptFiles.write()
    blindSpots.look()
    snapshotDaily()
    await adoptOrphaned()
    if (teller.isHeard) teller.look(troublesOf(await control.status()))
    // It takes its time, and nothing waits for it.
    if (current.configuration.notify?.hasReport) void weekly?.look()
  }
  const measure = async () => {
    const { metrics } = current.configuration
    if (metrics) metricsFile.write(metrics.file, metricsOf(await control.status()))
  }
  /** Whom to tell from now on, and where what is counted is written. */
  function tell({ notify, metrics, commands }: Configuration): void {
    clearInterval(measuring)
    if (metrics) measuring = setInterval(() => void measure().catch(options.onFault), metrics.everyMs)
    teller.use(notify?.channels.map((spec) => openChannel(spec, { host, run, commands })) ?? [], notify?.digestMs ?? DAY_MS)
  }

  /** Those whom a file held before it was ours are banned for life as well; then it is ours. */
  async function takeUpKeptFiles(): Promise<void> {
    const { engine, keptFiles } = current
    for (const { table, path, networks } of keptFiles.found()) {
      const reason = `was in ${path}`
      const decisions = networks.flatMap((network) => engine.order({ do: 'ban', network, table, until: FOR_LIFE, reason }, now()))
      const taken = decisions.filter(({ kind }) => kind === 'ban').length
      log.info(`${path}: ${taken} of ${networks.length} are taken up as bans for life`)
    }
    await keptFiles.write()
  }

  let reloading: Promise<unknown> = Promise.resolve()
  /** Why the configuration in force is not that of the files, where somebody wanted it to be. */
  let notReloaded: string | undefined
  function afterReloads<T>(change: () => Promise<T>): Promise<T> {
    const done = reloading.then(change)
    reloading = done.catch(() => {})
    return done
  }
  const trial = new Trial<Before>({ timers, now, log, undo: (before) => afterReloads(() => undo(before)) })

  /** Puts a configuration back that was in force, and lifts what rules have banned since. */
  async function undo(before: Before): Promise<void> {
    current.engine.order({ do: 'withdraw', except: before.bans, reason: 'the configuration was not confirmed' }, now())
    try {
      await putInForce(before.configuration)
    } catch (error) {
      if (!(error instanceof UserError)) return options.onFault(error)
      log.error(`the configuration before cannot be put in force now: ${error.message}`)
      timers.after(UNDO_AGAIN_MS, () => void afterReloads(() => undo(before)))
    }
  }
  const control: DaemonControl = {
    async status() {
      const kept = await current.keeper.report()
      const report = statusReport({
        ...current,
        kept,
        version: options.version,
        blindSpots,
        committer,
        databasePath,
        startedAt,
        now: now(),
      })
      return {
        ...report,
        troubles: [
          ...report.troubles,
          ...[trial.trouble, notReloaded, current.configuration.metrics && metricsFile.trouble].filter(
            (one) => one !== undefined,
          ),
        ],
      }
    },
    view: (most) => ({
      climbing: current.engine.climbing(most).map(climbingReport),
      decisions: latest.slice(-most),
    }),
    *bans({ table }) {
      for (const ban of current.engine.core.bans()) if (table === undefined || ban.table === table) yield ban
    },
    ban({ address, forMs, table = firstTable(), reason, invoker }) {
      if (invoker && overlaps(invoker, address)) {
        throw new UserError(exitStatus.no, `${formatNetwork(address)} is where you are logged in from; nobody bans himself`)
      }
      if (!current.configuration.tables.has(table)) {
        const known = [...current.configuration.tables.keys()].join(', ')
        throw new UserError(exitStatus.usage, `there is no table "${table}"; there are ${known}`)
      }
      const at = now()
      const until = forMs === null ? FOR_LIFE : at + forMs
      return carryOut({ do: 'ban', network: address, table, until, reason }, at)
    },
    snapshot({ table, addresses, entries }) {
      if (table === undefined) return snapshotAll()
      current.engine.snapshot(table, entries, addresses)
      return [{ table, entries }]
    },
    release: (name) => current.engine.release(name),
    dismiss(network) {
      current.engine.order({ do: 'dismiss', network }, now())
    },
    standing(network) {
      const { refusal = null, rules } = current.engine.standing(network)
      return {
        address: formatNetwork(network),
        database: databasePath,
        refusal,
        rules: rules.map(({ threshold = null, quarantine = null, frozen = null, ...rule }) => ({
          ...rule,
          threshold,
          quarantine,
          frozen,
        })),
      }
    },
    unban: ({ address, reason }) => carryOut({ do: 'unban', network: address, reason }, now()),
    reload: (order) => afterReloads(() => reloadNow(order)),
    confirm(connection) {
      const isConfirmed = trial.confirm(connection)
      if (isConfirmed) options.onAccepted?.(current.configuration)
      return isConfirmed
    },
  }

  /** Of our own tables the numbers are enough: bans tell who was in them. */
  function snapshotAll(): readonly { readonly table: string; readonly entries: number }[] {
    const { engine, configuration } = current
    return [...configuration.tables.keys()].map((table) => {
      const entries = engine.entriesOf(table)
      engine.snapshot(table, entries, [])
      return { table, entries }
    })
  }

  function snapshotDaily(): void {
    const today = dayOf(now())
    if (today === snapshotDay) return
    snapshotDay = today
    snapshotAll()
  }

  async function carryOut(order: OrderFact['order'], at: Instant): Promise<OrderAnswer> {
    const { engine, keeper } = current
    const decisions = engine.order(order, at)
    await Promise.race([engine.settled(), sleep(FOLLOW_MS_MAX, undefined, { ref: false })])
    for (const decision of decisions) {
      if (decision.kind !== 'ban' && decision.kind !== 'unban') continue
      const { table, address } = decision
      const because = await keeper.hindrance(table, address)
      if (because !== undefined) return { decisions, notEnforced: `table ${table}: ${because}` }
    }
    return { decisions }
  }

  function firstTable(): string {
    const [first] = current.configuration.tables.keys()
    if (first === undefined) throw new UserError(exitStatus.configuration, 'the configuration declares no table')
    return first
  }

  /** Loads and checks, and only then lets the new configuration take the place of the old one. */
  async function reloadNow(order: TrialOrder | undefined): Promise<ReloadAnswer> {
    try {
      const answer = await reloadOrThrow(order)
      notReloaded = undefined
      return answer
    } catch (error) {
      if (error instanceof UserError) {
        const [first, ...more] = error.message.split('\n')
        const others = more.length === 0 ? '' : ` (and ${more.length} more)`
        notReloaded = `the configuration was not loaded again at ${isoTime(now())}; the one before is in force: ${first}${others}`
      }
      throw error
    }
  }

  async function reloadOrThrow(order: TrialOrder | undefined): Promise<ReloadAnswer> {
    const configuration = await options.reload()
    if (configuration.stateFolder !== stateFolder || configuration.control !== socketPath) {
      throw new UserError(exitStatus.configuration, 'stateFolder and control can be changed by a restart only')
    }
    const before = { configuration: current.configuration, bans: new Set(order && current.engine.core.bans().map(banKey)) }
    await putInForce(configuration)
    if (order) trial.begin(order, before)
    else {
      trial.stop()
      options.onAccepted?.(configuration)
    }
    const { folder, logs, rules, tables } = configuration
    return { configuration: folder ?? null, logs: logs.length, rules: rules.size, tables: tables.size }
  }

  /** Has a checked configuration take the place of the one that works; with any fault that one goes on. */
  async function putInForce(configuration: Configuration): Promise<void> {
    const next = await prepare(configuration)
    await current.engine.stop()
    if (!committer.flush(now())) {
      // What waits in memory must not be left behind: the old configuration goes on with it.
      current.engine.resume()
      await next.keeper.stop()
      throw new UserError(
        exitStatus.unavailable,
        `the database cannot be written now; reload when it can: ${committer.trouble?.message}`,
      )
    }
    try {
      orExplain(() => next.engine.restore(store.load(since(configuration.rules))))
    } catch (error) {
      current.engine.resume()
      await next.keeper.stop()
      throw error
    }
    await current.keeper.stop()
    current.reader?.close()
    current = next
    next.engine.start(next.protection)
    await takeUpKeptFiles()
    tell(configuration)
    log.info('the configuration was loaded again', { folder: configuration.folder })
  }

  function purgeLater(ms: number): void {
    purging = setTimeout(() => {
      const hasMore = committer.purge(now() - KEEP_MS, PURGE_ROWS, now())
      purgeLater(hasMore ? PURGE_ON_MS : PURGE_EVERY_MS)
    }, ms)
  }

  async function stop(): Promise<void> {
    clearInterval(looking)
    clearTimeout(purging)
    clearInterval(measuring)
    trial.stop()
    await server?.close()
    await current.engine.stop()
    blindSpots.write()
    await teller.stop()
    await current.keptFiles.write()
    await current.keeper.stop()
    current.reader?.close()
    aborter.abort()
    if (!committer.close(now())) log.warning('what was found last could not be stored; those lines will be read again')
    lock.release()
  }

  // The last that can be wrong; whoever asks is answered when all has begun.
  try {
    server = await listenForControl({ path: socketPath, control, log, now })
    // What is saved is read as it is needed.
    orExplain(() => first.engine.restore(opened.saved))
  } catch (error) {
    await stop()
    throw error
  }
  const bansAtStart = new Set(options.trial && first.engine.core.bans().map(banKey))
  first.engine.start(first.protection)
  tell(first.configuration)
  await takeUpKeptFiles()
  if (options.trial) trial.begin(options.trial.order, { configuration: options.trial.before, bans: bansAtStart })
  else options.onAccepted?.(first.configuration)
  looking = setInterval(() => void look().catch(options.onFault), PROTECTION_LOOK_MS)
  purgeLater(PURGE_EVERY_MS)
  if (opened.damage) {
    for (const table of first.configuration.tables.keys()) orphaned.set(table, '')
    await adoptOrphaned()
  }
  return { control, stop }
}

function climbingReport({ source, threshold, pattern, lastAt, ...scored }: Climbing): ClimbingReport {
  const address = formatNetwork(sourceNetwork(source))
  return { address, ...scored, threshold: threshold ?? null, pattern: pattern ?? null, lastAt: isoTime(lastAt) }
}

/** One configuration with all that was made for it. */
interface Running {
  readonly configuration: Configuration
  readonly engine: Engine
  readonly keeper: KeeperLink
  readonly reader: ReaderLink | undefined
  readonly watch: ProtectionWatch
  readonly keptFiles: KeptFiles
}

/** What a configuration on trial gives way to. */
interface Before {
  readonly configuration: Configuration
  /** Whom rules had banned; see `banKey`. */
  readonly bans: ReadonlySet<string>
}

/** Each line that we write would lead to the next. */
function refuseOwnOutput(logs: Configuration['logs']): void {
  const faults = logs.flatMap(({ key }) => {
    const fault = ownOutputFault(key)
    return fault === undefined ? [] : `logs["${key}"]: ${fault}`
  })
  if (faults.length > 0) throw new UserError(exitStatus.configuration, faults.join('\n'))
}

/** What the store says of a folder or database that it cannot use is for the user to mend. */
function orExplain<T>(open: () => T): T {
  try {
    return open()
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    throw new UserError(error.fault === 'busy' ? exitStatus.no : exitStatus.unavailable, error.message, { cause: error })
  }
}

/** What the tables of a configuration may use by name. Its commands.json had no fault when it was loaded. */
function namedIn({ folder }: Configuration): Named {
  return namedOf(folder === undefined ? { commands: undefined, faults: [] } : loadCommands(folder))
}

function makeStateFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    const { message } = error as Error
    throw new UserError(
      exitStatus.configuration,
      `the state folder ${path} cannot be made: ${message}; set stateFolder in parameters.ts`,
    )
  }
}
