import { formatNetwork, type Network } from '../base/address.ts'
import type { Log } from '../base/log.ts'
import { type Instant, MINUTE_MS, SECOND_MS } from '../base/units.ts'
import type { ProtectedNetwork } from '../core/model.ts'
import type { Dialect, Named, Table } from './firewall.ts'
import { type Guard, guard } from './guard.ts'
import { type KeptEntry, keptText } from './kept-file.ts'
import { withoutLoss } from './protected.ts'
import type { Protection } from './read-protected.ts'
import {
  checkRequest,
  type EntryText,
  entryText,
  type KeyedEntry,
  type KeyedNetwork,
  type Request,
  RequestError,
} from './request.ts'
import type { Runner } from './runner.ts'
import { tableRefusal } from './shared-tables.ts'
import { SourceGuard } from './source-guard.ts'
import { TableKeeper, type TableStatus, type Timers } from './table-keeper.ts'

/** The keeper as the engine knows it: in the same process, or at the other end of a socket. */
export interface KeeperLink {
  /** The tables that there will be, checked and sealed. Rejects with a `RequestError` where the keeper does not take them. */
  declare(tables: readonly Table[]): Promise<void>
  /**
   * Tells all that must be in the tables, up to and with the request `begin`, after which they are enforced. A keeper in
   * another process may be started anew at any time, and is told everything once more then.
   */
  begin(everything: () => Iterable<Request>): Promise<void>
  /**
   * Does what is asked, or rejects with a `RequestError`: who says such a thing must not be listened to any longer. What
   * is done to the firewall follows at once, and is told by `report`.
   */
  handle(request: Request): Promise<Answer>
  report(): KeeperReport | Promise<KeeperReport>
  /** Why an address (canonical text) is not, or not yet, in or out of a table as it must be; undefined where it is. */
  hindrance(table: string, address: string): string | undefined | Promise<string | undefined>
  /** When nothing is left to do, or nothing can be done for now. */
  settled(): Promise<void>
  /** What is queued is carried out, if it can be soon; all entries stay in. */
  stop(): Promise<void>
}

/** How it stands with what the keeper keeps. */
export interface KeeperReport {
  readonly tables: readonly TableStatus[]
  /** How many networks are never banned, as the keeper sees it. */
  readonly protected: number
}

/** The half that may change the firewall. It is asked in plain data, checks every request, and believes no one. */
export interface Keeper extends KeeperLink {
  report(): KeeperReport
  status(): readonly TableStatus[]
  hindrance(table: string, address: string): string | undefined
  /** Takes away everything that we set up in the firewall; nothing is put back by this keeper. True when all of it is gone. */
  panic(): Promise<boolean>
}

export type Answer =
  | { readonly kind: 'done'; readonly refused: readonly Refusal[] }
  | { readonly kind: 'entries'; readonly table: string; readonly entries: readonly EntryText[] }

/** An entry that was not taken. */
export interface Refusal {
  readonly address: string
  readonly because: string
}

export interface KeeperOptions {
  readonly dialectOf: (kind: string) => Dialect | undefined
  readonly run: Runner
  readonly log: Log
  readonly timers: Timers
  now(): Instant
  /** What commands.json gives names to. */
  readonly named?: () => Named
  /** Puts a file in its place; throws where it cannot. */
  readonly keep?: (path: string, text: string) => void
  /** Whether somebody wants nobody to be banned any more; asked at the beginning and then every `PANIC_LOOK_MS`. */
  readonly isPanic?: () => boolean
  /** Remembers the tables that are enforced from now on, for those who must empty them without us. */
  readonly remember?: (tables: readonly Table[]) => void
  /** The machine's protected set; asked at the start and then every `PROTECTION_EVERY_MS`. */
  readProtection(): Promise<Protection>
  /** The machine's own addresses at this moment; asked at each `add`, so that one which it has just been given is not banned. */
  ownAddresses?(): readonly ProtectedNetwork[]
}

/** How often the protected set is read again. */
const PROTECTION_EVERY_MS = MINUTE_MS / 2
/** How long it may take until a panic is noticed. */
export const PANIC_LOOK_MS = SECOND_MS
/** More than an engine keeps of sessions. */
const LOGGED_IN_MAX = 100_000
/** How long `stop` waits for what is queued. */
const STOP_WAIT_MS = 2_000

export function createKeeper(options: KeeperOptions): Keeper {
  const { dialectOf, run, log, timers, now } = options
  const tables = new Map<string, TableKeeper>()
  /** Names of kept files, by table. */
  const files = new Map<string, string>()
  let declaredTables: readonly Table[] = []
  let isSealed = false
  let isStopped = false
  let machine: readonly ProtectedNetwork[] = []
  let asked: readonly ProtectedNetwork[] = []
  let refusalOf: Guard = guard([])
  const loggedIn = new SourceGuard('logged in at this moment')
  let troubles = ''
  let cancelRead = () => {}
  let cancelLook = () => {}

  async function readAgain(): Promise<void> {
    const read = await options.readProtection()
    const { troubles: found } = read
    for (const trouble of found) if (!troubles.includes(trouble)) log.warning(`protected set: ${trouble}`)
    troubles = found.join('\n')
    protect(withoutLoss(machine, read), asked)
  }

  /** What has become protected while it was banned is let go. */
  function protect(ofMachine: readonly ProtectedNetwork[], ofEngine: readonly ProtectedNetwork[]): void {
    const known = new Set([...machine, ...asked].map(({ network }) => formatNetwork(network)))
    const added = [...ofMachine, ...ofEngine].filter(({ network }) => !known.has(formatNetwork(network)))
    machine = ofMachine
    asked = ofEngine
    refusalOf = guard([...machine, ...asked])
    if (added.length === 0) return
    letGo(added, guard(added))
  }

  /** The same for whoever logs in. On a busy machine somebody comes or goes with each batch of lines: no more is done than they need. */
  function changeLoggedIn(came: readonly KeyedNetwork[], left: readonly KeyedNetwork[]): void {
    for (const { network } of left) loggedIn.delete(network.address)
    const added = came.filter(({ network }) => !loggedIn.has(network.address))
    if (loggedIn.size + added.length > LOGGED_IN_MAX) throw new RequestError(`more than ${LOGGED_IN_MAX} are logged in`)
    for (const { network } of added) loggedIn.add(network.address)
    letGo(added, (network) => loggedIn.refusal(network))
  }

  /** Takes out what has come to be protected. */
  function letGo(added: readonly { readonly network: Network }[], refusalOfAdded: Guard): void {
    const networks = added.map(({ network }) => network)
    for (const [name, table] of tables) {
      const entries = table.wanted.overlapping(networks)
      for (const { key, network } of entries) log.warning(`table ${name}: ${key} is taken out: ${refusalOfAdded(network)}`)
      if (entries.length > 0) table.unwant(entries)
    }
  }

  function scheduleRead(): void {
    if (isStopped) return
    cancelRead = timers.after(PROTECTION_EVERY_MS, async () => {
      await readAgain()
      scheduleRead()
    })
  }

  async function declare(declared: readonly Table[]): Promise<void> {
    if (isSealed) throw new RequestError('the tables are declared already')
    isSealed = true
    declaredTables = declared
    const keepers = declared.map((table) => {
      const dialect = dialectOf(table.kind)
      if (!dialect) throw new RequestError(`table ${table.name}: there is no firewall called ${table.kind}`)
      const faults = [...dialect.faults(table), ...unknownNames(dialect, table)]
      if (faults.length > 0) throw new RequestError(`table ${table.name}: ${faults.join('; ')}`)
      if (table.file) files.set(table.name, table.file.keptFile)
      return [table.name, new TableKeeper({ table, dialect, run, log, timers, now })] as const
    })
    await readAgain()
    for (const [name, keeper] of keepers) {
      if (tables.has(name)) throw new RequestError(`table ${name} is declared twice`)
      tables.set(name, keeper)
    }
    scheduleRead()
  }

  function unknownNames(dialect: Dialect, table: Table): readonly string[] {
    const named = options.named?.()
    const said = { ...dialect.names?.(table) }
    if (table.file) said.files = [...(said.files ?? []), table.file.keptFile]
    const refusal = tableRefusal(dialect, table, named ?? {})
    const unknown = (['commands', 'files', 'via'] as const).flatMap((kind) =>
      (said[kind] ?? []).flatMap((name) => (named?.[kind].has(name) ? [] : [`commands.json has no "${name}" in "${kind}"`])),
    )
    return refusal === undefined ? unknown : [refusal, ...unknown]
  }

  function keep(table: string, entries: readonly KeptEntry[]): void {
    tableOf(table)
    const path = options.named?.().files.get(files.get(table) ?? '')
    if (path === undefined || !options.keep) throw new RequestError(`table ${table} has no kept file`)
    options.keep(path, keptText(entries))
  }

  function tableOf(name: string): TableKeeper {
    const table = tables.get(name)
    if (!table) throw new RequestError(`table ${name} is not declared`)
    return table
  }

  function add(name: string, entries: readonly KeyedEntry[]): readonly Refusal[] {
    const table = tableOf(name)
    const refused: Refusal[] = []
    const refusalOfOwn = guard(options.ownAddresses?.() ?? [])
    const accepted = entries.filter(({ key, network }) => {
      const because = refusalOf(network) ?? loggedIn.refusal(network) ?? refusalOfOwn(network)
      if (because !== undefined) refused.push({ address: key, because })
      return because === undefined
    })
    for (const { key } of table.want(accepted)) refused.push({ address: key, because: `table ${name} can hold no more entries` })
    for (const { address, because } of refused) log.warning(`table ${name}: ${address} is refused: ${because}`)
    return refused
  }

  const done: Answer = { kind: 'done', refused: [] }
  const settled = async () => {
    await Promise.all([...tables.values()].map((table) => table.settled()))
  }

  async function handle(message: Request): Promise<Answer> {
    const request = checkRequest(message, now())
    switch (request.kind) {
      case 'declare':
        await declare(request.tables)
        return done
      case 'add':
        return { kind: 'done', refused: add(request.table, request.entries) }
      case 'delete':
        tableOf(request.table).unwant(request.networks)
        return done
      case 'protect':
        protect(machine, request.networks)
        return done
      case 'loggedIn':
        changeLoggedIn(request.came, request.left)
        return done
      case 'begin':
        options.remember?.(declaredTables)
        if (await lookForPanic()) return done
        for (const table of tables.values()) table.begin()
        return done
      case 'keep':
        keep(request.table, request.entries)
        return done
      case 'list': {
        const entries = await tableOf(request.table).list()
        return { kind: 'entries', table: request.table, entries: entries.map(entryText) }
      }
    }
  }

  async function panic(): Promise<boolean> {
    isStopped = true
    cancelRead()
    const results = await Promise.all([...tables.values()].map((table) => table.tearDown()))
    return results.every(Boolean)
  }

  /** True where there is a panic; what could not be taken away is tried again until it is. */
  async function lookForPanic(): Promise<boolean> {
    if (!options.isPanic) return false
    const isPanic = options.isPanic()
    const isGone = isPanic && (await panic())
    if (!isGone) cancelLook = timers.after(PANIC_LOOK_MS, () => void lookForPanic())
    return isPanic
  }

  const status = () => [...tables.values()].map((table) => table.status())

  return {
    async declare(declared) {
      await handle({ kind: 'declare', tables: declared })
    },
    async begin(everything) {
      for (const request of everything()) await handle(request)
    },
    handle,
    report: () => ({ tables: status(), protected: machine.length + asked.length + loggedIn.size }),
    status,
    hindrance: (table, address) => tables.get(table)?.hindrance(address),
    settled,
    panic,
    async stop() {
      isSealed = true
      isStopped = true
      cancelRead()
      cancelLook()
      let cancel = () => {}
      await Promise.race([settled(), new Promise<void>((resolve) => (cancel = timers.after(STOP_WAIT_MS, resolve)))])
      cancel()
      for (const table of tables.values()) table.stop()
    },
  }
}
