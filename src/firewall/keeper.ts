import { formatNetwork } from '../base/address.ts'
import type { Log } from '../base/log.ts'
import { type Instant, MINUTE_MS } from '../base/units.ts'
import type { ProtectedNetwork } from '../core/model.ts'
import type { Dialect, Table } from './firewall.ts'
import { type Guard, guard } from './guard.ts'
import type { Protection } from './read-protected.ts'
import { checkRequest, type EntryText, entryText, type KeyedEntry, type Request, RequestError } from './request.ts'
import type { Runner } from './runner.ts'
import { TableKeeper, type TableStatus, type Timers } from './table-keeper.ts'

/** The half that may change the firewall. It is asked in plain data, checks every request, and believes no one. */
export interface Keeper {
  /**
   * Does what is asked, or rejects with a `RequestError`: who says such a thing must not be listened to any longer. What
   * is done to the firewall follows at once, and is told by `status`.
   */
  handle(request: Request): Promise<Answer>
  status(): readonly TableStatus[]
  /** Why an address (canonical text) is not, or not yet, in or out of a table as it must be; undefined where it is. */
  hindrance(table: string, address: string): string | undefined
  /** What is never banned, as the keeper sees it. */
  protected(): readonly ProtectedNetwork[]
  /** When nothing is left to do, or nothing can be done for now. */
  settled(): Promise<void>
  /** Takes away everything that we set up in the firewall, and puts nothing back. True when all of it is gone. */
  panic(): Promise<boolean>
  /** What is queued is carried out, if it can be soon; all entries stay in. */
  stop(): Promise<void>
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
  /** The machine's protected set; asked at the start and then every `PROTECTION_EVERY_MS`. */
  readProtection(): Promise<Protection>
}

/** How often the protected set is read again. */
const PROTECTION_EVERY_MS = MINUTE_MS / 2
/** How long `stop` waits for what is queued. */
const STOP_WAIT_MS = 2_000

export function createKeeper(options: KeeperOptions): Keeper {
  const { dialectOf, run, log, timers, now } = options
  const tables = new Map<string, TableKeeper>()
  let isSealed = false
  let machine: readonly ProtectedNetwork[] = []
  let asked: readonly ProtectedNetwork[] = []
  let refusalOf: Guard = guard([])
  let troubles = ''
  let cancelRead = () => {}

  async function readAgain(): Promise<void> {
    const { networks, troubles: found } = await options.readProtection()
    for (const trouble of found) if (!troubles.includes(trouble)) log.warning(`protected set: ${trouble}`)
    troubles = found.join('\n')
    protect(networks, asked)
  }

  /** What has become protected while it was banned is let go. */
  function protect(ofMachine: readonly ProtectedNetwork[], ofEngine: readonly ProtectedNetwork[]): void {
    const known = new Set([...machine, ...asked].map(({ network }) => formatNetwork(network)))
    const added = [...ofMachine, ...ofEngine].filter(({ network }) => !known.has(formatNetwork(network)))
    machine = ofMachine
    asked = ofEngine
    refusalOf = guard([...machine, ...asked])
    if (added.length === 0) return
    const refusalOfAdded = guard(added)
    for (const [name, table] of tables) {
      for (const [key, { network }] of table.wanted) {
        const because = refusalOfAdded(network)
        if (because === undefined) continue
        log.warning(`table ${name}: ${key} is taken out: ${because}`)
        table.unwant([{ key, network }])
      }
    }
  }

  function scheduleRead(): void {
    cancelRead = timers.after(PROTECTION_EVERY_MS, async () => {
      await readAgain()
      if (isSealed) scheduleRead()
    })
  }

  async function declare(declared: readonly Table[]): Promise<void> {
    if (isSealed) throw new RequestError('the tables are declared already')
    isSealed = true
    const keepers = declared.map((table) => {
      const dialect = dialectOf(table.kind)
      if (!dialect) throw new RequestError(`table ${table.name}: there is no firewall called ${table.kind}`)
      const faults = dialect.faults(table)
      if (faults.length > 0) throw new RequestError(`table ${table.name}: ${faults.join('; ')}`)
      return [table.name, new TableKeeper({ table, dialect, run, log, timers, now })] as const
    })
    await readAgain()
    for (const [name, keeper] of keepers) {
      if (tables.has(name)) throw new RequestError(`table ${name} is declared twice`)
      tables.set(name, keeper)
    }
    scheduleRead()
  }

  function tableOf(name: string): TableKeeper {
    const table = tables.get(name)
    if (!table) throw new RequestError(`table ${name} is not declared`)
    return table
  }

  function add(name: string, entries: readonly KeyedEntry[]): readonly Refusal[] {
    const table = tableOf(name)
    const refused: Refusal[] = []
    const accepted = entries.filter(({ key, network }) => {
      const because = refusalOf(network)
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

  return {
    async handle(message) {
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
        case 'begin':
          for (const table of tables.values()) table.begin()
          return done
        case 'list': {
          const entries = await tableOf(request.table).list()
          return { kind: 'entries', table: request.table, entries: entries.map(entryText) }
        }
      }
    },
    status: () => [...tables.values()].map((table) => table.status()),
    hindrance: (table, address) => tables.get(table)?.hindrance(address),
    protected: () => [...machine, ...asked],
    settled,
    async panic() {
      cancelRead()
      const results = await Promise.all([...tables.values()].map((table) => table.tearDown()))
      return results.every(Boolean)
    },
    async stop() {
      isSealed = true
      cancelRead()
      let cancel = () => {}
      await Promise.race([settled(), new Promise<void>((resolve) => (cancel = timers.after(STOP_WAIT_MS, resolve)))])
      cancel()
      for (const table of tables.values()) table.stop()
    },
  }
}
