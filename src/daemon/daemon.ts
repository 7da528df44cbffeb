import { mkdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { formatNetwork, overlaps } from '../base/address.ts'
import { parseDuration } from '../base/duration.ts'
import { exitStatus } from '../base/exit-status.ts'
import { dayOf } from '../base/listings.ts'
import type { Log } from '../base/log.ts'
import { DAY_MS, FOR_LIFE, type Instant, SECOND_MS } from '../base/units.ts'
import { UserError } from '../base/user-error.ts'
import { banKey } from '../core/bans.ts'
import type { Decision, OrderFact } from '../core/model.ts'
import type { Named } from '../firewall/firewall.ts'
import { dialectOf } from '../firewall/index.ts'
import { createKeeper, type KeeperLink } from '../firewall/keeper.ts'
import { keeperClient } from '../firewall/keeper-client.ts'
import { readProtected, thisMachine } from '../firewall/read-protected.ts'
import { RequestError } from '../firewall/request.ts'
import { createRunner } from '../firewall/runner.ts'
import { openChannel } from '../notify/open.ts'
import { Teller } from '../notify/teller.ts'
import { loadCommands, namedOf } from '../parameters/commands-json.ts'
import type { Configuration } from '../parameters/parameters.ts'
import { Committer } from '../store/committer.ts'
import { lockState } from '../store/lock.ts'
import { keepAside, openState, reopenState } from '../store/open.ts'
import { openSqlite } from '../store/sqlite.ts'
import { StoreError } from '../store/store.ts'
import { BlindSpotWatch } from './blind-spot-watch.ts'
import { CommandRuns } from './command-runs.ts'
import { type ControlServer, listenForControl } from './control.ts'
import type { DaemonControl, OrderAnswer, ReloadAnswer } from './control-protocol.ts'
import { Engine, type Protection } from './engine.ts'
import { KeptFiles, putKeptFile } from './kept-files.ts'
import { keepHeapModest } from './modest-heap.ts'
import { keeperFolderIn, PanicFolder } from './panic-folder.ts'
import { PROTECTION_LOOK_MS, ProtectionWatch } from './protection.ts'
import { statusReport } from './status.ts'
import { SteadyClock } from './steady-clock.ts'
import { timers } from './timers.ts'
import { Trial, type TrialOrder } from './trial.ts'
import { troublesOf } from './troubles.ts'

export interface DaemonOptions {
  readonly configuration: Configuration
  /** Loads the configuration anew; rejects with a `UserError` that holds all its faults. */
  readonly reload: () => Promise<Configuration>
  /** The configuration is on trial, and gives way to that one where nobody confirms it. */
  readonly trial?: { readonly order: TrialOrder; readonly before: Configuration } | undefined
  /** The socket of a keeper in another process; undefined where this one does it all. */
  readonly keeperPath?: string | undefined
  readonly version: string
  readonly log: Log
  readonly now: () => Instant
  /** Where to begin with a log that was never read. */
  readonly startAt: 'start' | 'end'
  readonly onDecision: (decision: Decision) => void
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

/** Evidence and ended bans are kept this long. */
const KEEP_MS = 400 * DAY_MS
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
  const { keeperPath } = options
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
  const panic = new PanicFolder(keeperFolderIn(stateFolder), log)
  const host = hostname()
  const teller = new Teller({ host, log, timers, now })
  let current: Running

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
    named = namedIn(configuration)
    const readMachine = () => readProtected(machine)
    const watch = new ProtectionWatch({ ...configuration, readMachine, log })
    const keeper = keeperPath
      ? keeperClient({ path: keeperPath, log, timers, onFault: options.onFault })
      : createKeeper({
          ...{ dialectOf, run, log, timers, now, readProtection: readMachine, named: () => named, keep: putKeptFile },
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
      options.onDecision(decision)
    }
    const { onFault } = options
    const engine = new Engine({ configuration, committer, keeper, blindSpots, log, now, startAt, onDecision, onFault })
    try {
      await keeper.declare([...configuration.tables.values()])
    } catch (error) {
      if (error instanceof RequestError) throw new UserError(exitStatus.unavailable, error.message, { cause: error })
      throw error
    }
    return { configuration, engine, keeper, watch, keptFiles, protection: (await watch.look())! }
  }

  const first = await prepare(options.configuration)
  current = first
  /** The day of the last snapshot. */
  let snapshotDay: number | undefined
  let looking: NodeJS.Timeout | undefined
  let purging: NodeJS.Timeout | undefined
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
  }
  /** Whom to tell from now on. */
  function tell({ notify, commands }: Configuration): void {
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
      return { ...report, troubles: [...report.troubles, ...(trial.trouble === undefined ? [] : [trial.trouble])] }
    },
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
    trial.stop()
    await server?.close()
    await current.engine.stop()
    blindSpots.write()
    await teller.stop()
    await current.keptFiles.write()
    await current.keeper.stop()
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

/** One configuration with all that was made for it. */
interface Running {
  readonly configuration: Configuration
  readonly engine: Engine
  readonly keeper: KeeperLink
  readonly watch: ProtectionWatch
  readonly keptFiles: KeptFiles
}

/** What a configuration on trial gives way to. */
interface Before {
  readonly configuration: Configuration
  /** Whom rules had banned; see `banKey`. */
  readonly bans: ReadonlySet<string>
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
