import { accessSync, constants, readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ourModule, ourModules } from '../base/our-files.ts'
import { checkParameters } from './check.ts'
import { loadCommands } from './commands-json.ts'
import { type Fault, formatPath } from './fault.ts'
import { readIgnoreFile } from './ignore-file.ts'
import { importModule } from './import-module.ts'
import { describeImportFault, describeThrown } from './load-faults.ts'
import type { Configuration } from './parameters.ts'
import { type PermissionFault, permissionFaults } from './permissions.ts'

/** A configuration folder that was read: its configuration where there is no fault, and all that is to be said of it. */
export interface Loaded {
  readonly configuration: Configuration | undefined
  /** Warnings too. */
  readonly faults: readonly Fault[]
  /** The files that were run, the parameters file first. */
  readonly files: readonly string[]
  /** There is no parameters file: nothing is wrong, nothing was written yet. */
  readonly isMissing: boolean
}

const LOAD_MS_MAX = 10_000

/** The running package, whose exports a configuration gets: sources in a checkout, built files when installed. */
const ourExports: Readonly<Record<string, string>> = {
  log2table: ourModule('index').href,
  'log2table/patterns': ourModule('patterns/index').href,
}

/** Each load gets a number of its own, so that a reload reads every file of the user's anew, imported ones too. */
let loads = 0

/** Runs FOLDER/parameters.ts in this process and checks what it exports. Never throws for what a user did. */
export async function loadConfiguration(folder: string): Promise<Loaded> {
  const file = join(resolve(folder), 'parameters.ts')
  const run = await runFile(file, process.geteuid?.() ?? 0)
  if (!('exports' in run)) return { configuration: undefined, ...run }
  const { exports, files } = run
  const faulty = (fault: Omit<Fault, 'severity' | 'file'>): Loaded => {
    return { configuration: undefined, faults: [{ severity: 'fault', file, ...fault }], files, isMissing: false }
  }
  if (!Object.hasOwn(exports, 'default')) {
    return faulty({ path: '', message: 'has no default export', hint: 'write "export default parameters({ ... })"' })
  }
  try {
    const { commands, files: keptFiles, via, tables, faults: commandFaults } = loadCommands(resolve(folder))
    const named = { commands, keptFiles, via, tables }
    const { configuration, faults } = checkParameters(exports.default, { folder: resolve(folder), ...named })
    const all = [
      ...faults.map((fault) => ({ ...fault, file })),
      ...commandFaults,
      ...ignoreFileFaults(configuration, exports.default, file),
    ]
    const isFaulty = all.some(({ severity }) => severity === 'fault')
    return { configuration: isFaulty ? undefined : configuration, faults: all, files, isMissing: false }
  } catch (error) {
    // A getter or proxy of the user's that throws while its value is looked at.
    return { ...faulty({ path: '', message: 'threw' }), faults: [describeThrown(error, files)] }
  }
}

/** Runs one file of patterns or rules, as a configuration would import it. */
export async function loadFile(file: string): Promise<Run> {
  return await runFile(resolve(file), process.geteuid?.() ?? 0)
}

type Run =
  | { readonly exports: Readonly<Record<string, unknown>>; readonly files: readonly string[] }
  | { readonly faults: readonly Fault[]; readonly files: readonly string[]; readonly isMissing: boolean }

/**
 * Most files hold no types, and what takes types away needs longer to start than all else that is read of a configuration: so they are
 * taken for JavaScript first.
 */
async function runFile(file: string, uid: number): Promise<Run> {
  return (await runFileAs('module', file, uid)) ?? (await runFileAs('module-typescript', file, uid))!
}

/** Undefined where a file is no JavaScript; then nothing was run yet, for all files are read before. */
async function runFileAs(ts: 'module' | 'module-typescript', file: string, uid: number): Promise<Run | undefined> {
  const files: string[] = []
  const forbidden: Fault[] = []
  let missing: { readonly error: unknown; readonly fault: Fault } | undefined
  const refused = (faults: readonly Fault[], isMissing = false): Run => ({ faults, files, isMissing })
  const mayLoad = (path: string): boolean => {
    const found = permissionFaults(path, uid)
    const isNew = (fault: PermissionFault) => !forbidden.some((known) => known.file === fault.file)
    forbidden.push(...found.filter(isNew).map((fault) => ({ severity: 'fault' as const, path: '', ...fault })))
    return found.length === 0
  }
  try {
    accessSync(file, constants.R_OK)
  } catch (error) {
    return refused([unreadable(file, error as NodeJS.ErrnoException)], (error as NodeJS.ErrnoException).code === 'ENOENT')
  }

  const entry = `${pathToFileURL(file).href}?v=${++loads}`
  const query = entry.slice(entry.lastIndexOf('?'))
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const ours = Object.hasOwn(ourExports, specifier) ? ourExports[specifier] : undefined
      if (ours) return { url: ours, shortCircuit: true }
      if (specifier !== entry && !context.parentURL?.endsWith(query)) return next(specifier, context)
      let resolved: ReturnType<typeof next>
      try {
        resolved = next(specifier, context)
      } catch (error) {
        missing = { error, fault: describeImportFault(error, specifier, fileURLToPath(context.parentURL!)) }
        throw error
      }
      if (!resolved.url.startsWith('file:') || resolved.url.startsWith(ourModules.href)) return resolved
      const path = fileURLToPath(resolved.url)
      if (!files.includes(path)) files.push(path)
      // As it was written, so that the links on the way are looked at too.
      const written = /^(?:\.{0,2}\/|file:)/.test(specifier) ? fileURLToPath(new URL(specifier, context.parentURL)) : path
      if (!mayLoad(written)) return { url: STAND_IN, shortCircuit: true }
      // Said outright, so that Node neither guesses nor warns that it had to guess.
      const format = !path.endsWith('.ts') ? resolved.format : mayHaveTypeArguments(path) ? 'module-typescript' : ts
      return { ...resolved, format, url: pathToFileURL(path).href + query }
    },
  })
  try {
    const exports = await inTime(importModule(entry))
    if (forbidden.length > 0) return refused(forbidden)
    if (exports) return { exports, files }
    const message = `did not end within ${LOAD_MS_MAX / 1000}s`
    return refused([{ severity: 'fault', file, path: '', message, hint: 'it must not wait for anything' }])
  } catch (error) {
    if (ts === 'module' && error instanceof SyntaxError) return undefined
    return refused(
      forbidden.length > 0
        ? forbidden
        : [(missing?.error === error ? missing?.fault : undefined) ?? describeThrown(error, files)],
    )
  } finally {
    hooks.deregister()
  }
}

/**
 * The one thing of types that JavaScript reads as something else: `f<Date>(x)` are two comparisons there. Other things may look
 * like it, but named groups of regexes and arrow functions do not.
 */
function mayHaveTypeArguments(path: string): boolean {
  return /[^=]>(?:\s*[(`/]|[ \t]*$)/m.test(readFileSync(path, 'utf8').replace(/\(\?<\w+>/g, ''))
}

/** Takes the place of a file that must not be loaded: ends the load, but only after all other imports were looked at. */
const STAND_IN = 'data:text/javascript,throw null'

/** Undefined where it takes too long: a configuration that waits for ever would keep the daemon from starting without a word. */
async function inTime<T>(loading: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), LOAD_MS_MAX)
  })
  try {
    return await Promise.race([loading, late])
  } finally {
    clearTimeout(timer)
  }
}

function unreadable(file: string, { code, message }: NodeJS.ErrnoException): Fault {
  const at = { severity: 'fault', file, path: '' } as const
  if (code === 'ENOENT') return { ...at, message: 'does not exist', hint: 'write it, or name another folder with --config DIR' }
  if (code === 'EACCES') return { ...at, message: 'permission denied', hint: 'make it readable for the user that runs log2table' }
  return { ...at, message }
}

/** A file of friends that is not there or not understood is a fault: without it, a friend could be banned. */
function ignoreFileFaults(configuration: Configuration | undefined, raw: unknown, parametersFile: string): readonly Fault[] {
  const entries = (raw as { ignore?: readonly unknown[] }).ignore ?? []
  return (configuration?.ignore.files ?? []).flatMap((file) => {
    return (readIgnoreFile(file).trouble ?? []).map(({ line, message, hint }): Fault => {
      const more = hint === undefined ? {} : { hint }
      if (line !== undefined) return { severity: 'fault', file, line, path: '', message, ...more }
      const path = formatPath(['ignore', entries.indexOf(`file:${file}`)])
      return { severity: 'fault', file: parametersFile, path, message: `${file} ${message}`, ...more }
    })
  })
}
