import { type Network, parseNetwork } from '../base/address.ts'
import { explainAddress } from '../base/address-faults.ts'
import { nearest } from '../base/nearest.ts'
import { isRecord, showValue } from '../base/value.ts'
import type { KeptFile, Named, Table } from '../firewall/firewall.ts'
import { dialectOf, dialects } from '../firewall/index.ts'
import { tableRefusal } from '../firewall/shared-tables.ts'
import { checkLogs } from './check-logs.ts'
import { checkMetrics } from './check-metrics.ts'
import { checkNotify } from './check-notify.ts'
import { checkRules } from './check-rules.ts'
import { checkZones } from './check-zones.ts'
import type { Commands, Files, Via } from './commands-json.ts'
import { type Fault, Findings, type Path } from './fault.ts'
import { CONTROL_SOCKET, type Configuration, type Parameters, stateFolderOf } from './parameters.ts'

/** A checked value: the configuration, unless there is a fault. */
export interface Checked {
  readonly configuration: Configuration | undefined
  readonly faults: readonly Fault[]
}

const parameterKeys = [
  'ignore',
  'proxies',
  'tables',
  'rules',
  'logs',
  'zones',
  'notify',
  'metrics',
  'stateFolder',
  'control',
] as const satisfies readonly (keyof Parameters)[]

/** Finds everything that is wrong with what a parameters file exports, and puts the defaults in place. */
export function checkParameters(
  raw: unknown,
  {
    folder,
    commands,
    keptFiles,
    via,
    tables,
    platform = process.platform,
  }: {
    folder: string | undefined
    commands?: Commands | undefined
    keptFiles?: Files | undefined
    via?: Via | undefined
    tables?: Named['tables'] | undefined
    platform?: NodeJS.Platform
  },
): Checked {
  const findings = new Findings()
  const named = { commands, files: keptFiles ?? new Map(), via: via ?? new Map(), ...(tables && { tables }) }
  const configuration = checkAll(raw, findings, folder, named, platform)
  const { faults } = findings
  const isFaulty = faults.some(({ severity }) => severity === 'fault')
  return { configuration: isFaulty ? undefined : configuration, faults }
}

function checkAll(
  raw: unknown,
  findings: Findings,
  folder: string | undefined,
  named: UsedNames,
  platform: NodeJS.Platform,
): Configuration | undefined {
  if (!isRecord(raw)) {
    findings.fault([], `exports ${showValue(raw)}, not parameters`, 'write "export default parameters({ ... })"')
    return undefined
  }
  findings.keys([], raw, parameterKeys)
  const { commands, files } = named
  const tables = checkTables(raw.tables, findings)
  checkNames(tables, named, findings)
  const rules = checkRules(raw.rules, tables, findings)
  const configuration: Configuration = {
    folder,
    ignore: checkIgnore(raw.ignore, findings),
    proxies: checkProxies(raw.proxies, findings),
    tables,
    rules,
    logs: checkZones(raw.zones, checkLogs(raw.logs, rules, commands, findings), findings),
    commands: commands ?? new Map(),
    keptFiles: checkKeptFiles(tables, files, findings),
    notify: checkNotify(raw.notify, commands, findings),
    metrics: checkMetrics(raw.metrics, findings),
    stateFolder: checkPath(raw.stateFolder, ['stateFolder'], stateFolderOf(platform), findings),
    control: checkPath(raw.control, ['control'], CONTROL_SOCKET, findings),
  }
  if (findings.faults.every(({ severity }) => severity === 'warning')) warnOfUnused(configuration, findings)
  return configuration
}

function checkIgnore(raw: unknown, findings: Findings): Configuration['ignore'] {
  const networks: Network[] = []
  const files: string[] = []
  if (raw === undefined) return { networks, files }
  if (!Array.isArray(raw)) {
    findings.fault(['ignore'], `${showValue(raw)} is not a list`, "write ['192.0.2.0/24', 'file:/etc/log2table/friends']")
    return { networks, files }
  }
  for (const [index, entry] of raw.entries()) {
    const path = ['ignore', index]
    if (typeof entry !== 'string')
      findings.fault(path, `${showValue(entry)} is not text`, "write an address or network such as '192.0.2.0/24'")
    else if (entry.startsWith('file:')) {
      const file = entry.slice('file:'.length)
      if (file.startsWith('/')) files.push(file)
      else findings.fault(path, `${showValue(entry)} does not name an absolute path`, "write 'file:/etc/log2table/friends'")
    } else {
      const network = parseNetwork(entry)
      if (network) networks.push(network)
      else findings.fault(path, explainAddress(entry)!, entry.startsWith('/') ? `write 'file:${entry}' for a file` : undefined)
      if (network?.bits === 0) findings.warning(path, `${entry} is everybody: nobody will be banned`)
    }
  }
  return { networks, files }
}

function checkProxies(raw: unknown, findings: Findings): readonly Network[] {
  if (raw === undefined) return []
  if (!Array.isArray(raw)) {
    findings.fault(['proxies'], `${showValue(raw)} is not a list`, "write ['192.0.2.10', '2001:db8::/64']")
    return []
  }
  return raw.flatMap((entry: unknown, index): readonly Network[] => {
    const path = ['proxies', index]
    const network = typeof entry === 'string' ? parseNetwork(entry) : undefined
    if (typeof entry !== 'string')
      findings.fault(path, `${showValue(entry)} is not text`, "write an address or network such as '192.0.2.10'")
    else if (!network) findings.fault(path, explainAddress(entry)!)
    if (network?.bits === 0) findings.warning(path, `${entry} is everybody: nobody will be banned`)
    return network ? [network] : []
  })
}

const tableNamePattern = /^[A-Za-z_][\w-]*$/

function checkTables(raw: unknown, findings: Findings): ReadonlyMap<string, Table> {
  const tables = new Map<string, Table>()
  if (raw === undefined) return tables
  if (!isRecord(raw)) {
    findings.fault(['tables'], `${showValue(raw)} is not an object`, 'write { bad_ip: nftables() }')
    return tables
  }
  for (const [name, spec] of Object.entries(raw)) {
    const path = ['tables', name]
    if (!tableNamePattern.test(name)) {
      findings.fault(path, 'is no name of a table', 'write a letter or _, then letters, digits, _ and -')
    }
    // Declared all the same, so that a rule that names a faulty table is not blamed as well.
    tables.set(name, { kind: '', options: {}, ...(isRecord(spec) ? spec : {}), name })
    checkTable(name, spec, path, findings)
  }
  return tables
}

/** A user calls a dialect's kind as a function to get a table. */
function checkTable(name: string, spec: unknown, path: Path, findings: Findings): void {
  const kinds = dialects.map(({ kind }) => kind)
  const hint = `there are ${kinds.map((kind) => `${kind}()`).join(', ')}`
  if (!isRecord(spec) || typeof spec.kind !== 'string' || !isRecord(spec.options)) {
    const meant = typeof spec === 'string' || typeof spec === 'function' ? nearest(nameOf(spec), kinds) : undefined
    findings.fault(path, `${showValue(spec)} is not a table`, meant ? `write ${meant}()` : hint)
    return
  }
  const dialect = dialectOf(spec.kind)
  if (!dialect) findings.fault(path, `tables of kind ${showValue(spec.kind)} are not known here`, hint)
  else if (tableNamePattern.test(name))
    for (const fault of dialect.faults({ name, kind: spec.kind, options: spec.options })) findings.fault(path, fault)
}

/** What commands.json gives names to; `commands` is undefined where it has a fault. */
type UsedNames = { readonly commands: Commands | undefined; readonly files: Files; readonly via: Via } & Pick<Named, 'tables'>

/** What tables call by names of commands.json must be there, and what they write to belong to one of them only. */
function checkNames(tables: ReadonlyMap<string, Table>, named: UsedNames, findings: Findings): void {
  const owners = new Map<string, string>()
  for (const { name, file } of tables.values()) if (isRecord(file)) owners.set(String(file.keptFile), name)
  for (const table of tables.values()) {
    const path = ['tables', table.name]
    const dialect = isRecord(table.options) ? dialectOf(table.kind) : undefined
    const refusal = dialect && named.commands && tableRefusal(dialect, table, named)
    if (refusal !== undefined) findings.fault(path, refusal)
    const names = dialect?.names?.(table) ?? {}
    for (const [kind, one] of [
      ['commands', 'command'],
      ['files', 'file'],
      ['via', 'via'],
    ] as const) {
      // Undefined where commands.json has a fault of its own.
      const known = named[kind]
      for (const name of names[kind] ?? []) {
        if (!known || known.has(name)) continue
        const near = nearest(name, known.keys())
        findings.fault(path, `commands.json names no ${one} ${showValue(name)}`, near && `did you mean "${near}"?`)
      }
    }
    for (const name of names.files ?? []) {
      const owner = owners.get(name)
      if (owner !== undefined)
        findings.fault(path, `the file "${name}" is that of the table ${owner} already`, 'name another file')
      else owners.set(name, table.name)
    }
  }
}

/** The files of tables, by table; each must be named in commands.json, and serve one table only. */
function checkKeptFiles(tables: ReadonlyMap<string, Table>, files: Files, findings: Findings): ReadonlyMap<string, string> {
  const paths = new Map<string, string>()
  for (const { name: table, file } of tables.values()) {
    if (file === undefined) continue
    const path = ['tables', table, 'file']
    const name: unknown = (file as Partial<KeptFile> | null)?.keptFile
    const found = typeof name === 'string' ? files.get(name) : undefined
    const other = [...paths].find(([, taken]) => taken === found)?.[0]
    if (typeof name !== 'string') findings.fault(path, `${showValue(file)} is not a kept file`, "write keptFile('blockips')")
    else if (found === undefined) {
      const near = nearest(name, files.keys())
      const hint = near ? `did you mean "${near}"?` : `write "files": { ${showValue(name)}: "/etc/${name}" } there`
      findings.fault(path, `commands.json names no file ${showValue(name)}`, hint)
    } else if (other !== undefined) findings.fault(path, `is that of the table ${other} already`, 'name another file')
    else paths.set(table, found)
  }
  return paths
}

function nameOf(value: string | object): string {
  return typeof value === 'string' ? value : String((value as { name?: unknown }).name)
}

function checkPath(raw: unknown, path: Path, absent: string, findings: Findings): string {
  if (raw === undefined) return absent
  if (typeof raw === 'string' && raw.startsWith('/')) return raw
  findings.fault(path, `${showValue(raw)} is not an absolute path`, `write for example '${absent}'`)
  return absent
}

function warnOfUnused({ tables, rules, logs }: Configuration, findings: Findings): void {
  const fed = new Set(logs.flatMap(({ feeds }) => feeds.map(({ rule }) => rule)))
  for (const rule of rules.keys()) {
    if (!fed.has(rule)) findings.warning(['rules', rule], 'no log feeds this rule', 'name it in logs, or take it out')
  }
  const lists = [...rules.values()].map((rule) => rule.tables ?? [])
  // A rule of the user's that does not say which tables it bans into may use any of them.
  if (lists.some((list) => list.length === 0)) return
  const used = new Set(lists.flat())
  for (const table of tables.keys()) {
    if (!used.has(table)) findings.warning(['tables', table], 'no rule uses this table', 'name it in a rule, or take it out')
  }
}

/** Refuses keys that are not known, with the nearest that is. */
