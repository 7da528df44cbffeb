import { readFileSync } from 'node:fs'
import { isAbsolute, join, resolve } from 'node:path'
import { isRecord, showValue } from '../base/value.ts'
import type { Named } from '../firewall/firewall.ts'
import { dialects } from '../firewall/index.ts'
import type { AllowedLogs } from '../reader/allowed-logs.ts'
import { type Fault, Findings, type Path } from './fault.ts'
import { permissionFaults } from './permissions.ts'

/** Programs that may be run, by name: what `command:NAME` stands for. */
export type Commands = ReadonlyMap<string, readonly string[]>

/** Files that are kept, by name: what `keptFile(NAME)` stands for. */
export type Files = ReadonlyMap<string, string>

/** Words that are put before a command, by name: what the option `via` of a table stands for. */
export type Via = ReadonlyMap<string, readonly string[]>

/** As a key of `logs` in parameters.ts names it. */
const capture = /^(?:pflog:[a-z][\w.]*|nflog:\d+)$/i

/** Where commands.json does not say what the reader may read: where logs are, and no captures. */
const LOGS_DEFAULT: AllowedLogs = { paths: ['/var/log', '/var/www/logs'], captures: [] }

export interface LoadedCommands {
  /** Undefined where the file has a fault. */
  readonly commands: Commands | undefined
  readonly files?: Files | undefined
  readonly via?: Via | undefined
  readonly tables?: Named['tables'] | undefined
  /** Undefined where the file says nothing of it. */
  readonly logs?: AllowedLogs | undefined
  readonly faults: readonly Fault[]
}

/** Firewalls whose tables are not ours alone. */
const SHARED_KINDS = dialects.flatMap(({ kind, sharedName }) => (sharedName ? [kind] : []))

const EXAMPLE = '{ "commands": { "mail": { "argv": ["/usr/bin/ssh", "mail", "tail", "-F", "/var/log/maillog"] } } }'

/**
 * Reads commands.json of a configuration folder: plain data, which only root or the user who runs this may write. Where
 * there is none, there are no commands.
 */
export function loadCommands(folder: string, uid: number = process.geteuid?.() ?? 0): LoadedCommands {
  const file = join(folder, 'commands.json')
  const faulty = (...faults: Omit<Fault, 'severity'>[]): LoadedCommands => {
    return { commands: undefined, faults: faults.map((fault) => ({ severity: 'fault', ...fault })) }
  }
  let raw: unknown
  try {
    const forbidden = permissionFaults(file, uid)
    if (forbidden.length > 0) return faulty(...forbidden.map((fault) => ({ path: '', ...fault })))
    raw = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return { commands: new Map(), faults: [] }
    if (code === 'EACCES')
      return faulty({ file, path: '', message: 'permission denied', hint: 'make it readable for the user that runs log2table' })
    if (code !== undefined) return faulty({ file, path: '', message })
    return faulty({ file, path: '', message: `is not JSON: ${message}`, hint: `write ${EXAMPLE}` })
  }
  const { faults, ...checked } = checkCommands(raw)
  return { ...checked, faults: faults.map((fault) => ({ ...fault, file })) }
}

/** What the keeper may be told to use by name, of a commands.json that has no fault; else nothing. */
export function namedOf({ commands, files, via, tables }: LoadedCommands): Named {
  return { commands: commands ?? new Map(), files: files ?? new Map(), via: via ?? new Map(), ...(tables && { tables }) }
}

/** What the reader may read, by a commands.json that has no fault. */
export function allowedLogsOf({ logs = LOGS_DEFAULT }: LoadedCommands): AllowedLogs {
  return logs
}

/** Finds everything that is wrong with what commands.json holds. */
export function checkCommands(raw: unknown): LoadedCommands {
  const findings = new Findings()
  const commands = new Map<string, readonly string[]>()
  const files = new Map<string, string>()
  const via = new Map<string, readonly string[]>()
  const tables = new Map<string, readonly string[]>()
  const paths: string[] = []
  const captures: string[] = []
  if (!isRecord(raw)) findings.fault([], `holds ${showValue(raw)}, not an object`, `write ${EXAMPLE}`)
  else {
    findings.keys([], raw, ['commands', 'files', 'via', 'tables', 'logs'])
    if (raw.logs !== undefined && !Array.isArray(raw.logs))
      findings.fault(['logs'], `${showValue(raw.logs)} is not a list`, 'write ["/var/log", "pflog:pflog0"]')
    else for (const [index, log] of (raw.logs ?? []).entries()) checkLog(index, log)
    if (raw.files !== undefined && !isRecord(raw.files))
      findings.fault(['files'], `${showValue(raw.files)} is not an object`, 'write { "blockips": "/etc/blockips" }')
    else for (const [name, path] of Object.entries(raw.files ?? {})) checkFile(name, path)
    if (raw.via !== undefined && !isRecord(raw.via))
      findings.fault(['via'], `${showValue(raw.via)} is not an object`, 'write { "fw1": ["/usr/bin/ssh", "fw1", "doas"] }')
    else
      for (const [name, words] of Object.entries(raw.via ?? {})) {
        const argv = checkArgv(words, ['via', name], findings)
        if (argv) via.set(name, argv)
      }
    if (raw.tables !== undefined && !isRecord(raw.tables))
      findings.fault(['tables'], `${showValue(raw.tables)} is not an object`, 'write { "pf": ["bad_ip"] }')
    else {
      findings.keys(['tables'], raw.tables ?? {}, SHARED_KINDS)
      for (const [kind, names] of Object.entries(raw.tables ?? {})) checkTables(kind, names)
    }
    if (raw.commands !== undefined && !isRecord(raw.commands))
      findings.fault(['commands'], `${showValue(raw.commands)} is not an object`, `write ${EXAMPLE}`)
    else for (const [name, command] of Object.entries(raw.commands ?? {})) checkCommand(name, command)
  }
  const isRight = findings.faults.length === 0
  if (!isRight) return { commands: undefined, faults: findings.faults }
  return {
    commands,
    ...(files.size > 0 && { files }),
    ...(via.size > 0 && { via }),
    ...(tables.size > 0 && { tables }),
    ...(isRecord(raw) && raw.logs !== undefined && { logs: { paths, captures } }),
    faults: findings.faults,
  }

  function checkLog(index: number, log: unknown): void {
    const path = ['logs', index]
    if (typeof log === 'string' && capture.test(log)) captures.push(log)
    else if (typeof log !== 'string' || !isAbsolute(log) || /[*?[\]]/.test(log) || log.includes('\0'))
      findings.fault(
        path,
        `${showValue(log)} is no folder or file, nor a capture`,
        'write a whole path, "/var/log", or "pflog:pflog0", "nflog:5"',
      )
    else if (resolve(log) === '/' || log.split('/').includes('..'))
      findings.fault(path, `${showValue(log)} does not say which logs`, 'name their folders, without ".."')
    else paths.push(resolve(log))
  }

  function checkTables(kind: string, names: unknown): void {
    const path = ['tables', kind]
    const example = 'write ["bad_ip"], or ["ANCHOR:bad_ip"] for one in an anchor of pf'
    if (!Array.isArray(names)) {
      findings.fault(path, `${showValue(names)} is not a list of tables`, example)
      return
    }
    for (const [index, name] of names.entries()) {
      const isTable = typeof name === 'string' && /^(?:\w[\w./-]*:)?[\w-]+$/.test(name)
      if (!isTable) findings.fault([...path, index], `${showValue(name)} is no name of a table`, example)
    }
    tables.set(kind, names)
  }

  function checkFile(name: string, path: unknown): void {
    const isPath = typeof path === 'string' && path.startsWith('/') && !path.includes('\0')
    if (!isPath) findings.fault(['files', name], `${showValue(path)} is not an absolute path`, 'write "/etc/blockips"')
    else files.set(name, path)
  }

  function checkCommand(name: string, command: unknown): void {
    const path = ['commands', name]
    if (!/^[A-Za-z][\w-]*$/.test(name))
      findings.fault(path, 'is no name of a command', 'write a letter, then letters, digits, _ and -')
    if (!isRecord(command)) {
      findings.fault(path, `${showValue(command)} is not an object`, 'write { "argv": ["/usr/bin/program"] }')
      return
    }
    findings.keys(path, command, ['argv'])
    const argv = checkArgv(command.argv, [...path, 'argv'], findings)
    if (argv) commands.set(name, argv)
  }
}

/** A program with its whole path, and its arguments. */
function checkArgv(argv: unknown, path: Path, findings: Findings): readonly string[] | undefined {
  if (!Array.isArray(argv) || argv.length === 0) {
    const message = argv === undefined ? 'is missing' : `${showValue(argv)} is not a list of a program and its arguments`
    const empty = 'is empty: there is no program to run'
    findings.fault(path, Array.isArray(argv) ? empty : message, 'write ["/usr/bin/program"]; no shell reads it')
    return undefined
  }
  for (const [index, word] of argv.entries()) {
    if (typeof word !== 'string') findings.fault([...path, index], `${showValue(word)} is not text`)
    else if (word.includes('\0')) findings.fault([...path, index], 'holds a NUL, which no argument can')
    else if (index === 0 && !word.startsWith('/'))
      findings.fault([...path, index], `${showValue(word)} is not an absolute path`, 'write the program with its whole path')
  }
  return argv
}
