import { accessSync, constants } from 'node:fs'
import path from 'node:path'

/** Where to look: what tools/programs has unpacked, then the machine's own. */
const folders = [
  path.resolve(import.meta.dirname, '../../.tools/bin'),
  ...(process.env.PATH ?? '').split(path.delimiter),
  '/usr/local/sbin',
  '/usr/sbin',
  '/sbin',
]

/** The path of a program that tests run; throws where it is not there (ask `needs` first). */
export function program(name: string): string {
  const found = find(name)
  if (!found) throw new Error(`${name} is not there; run tools/programs, or install it`)
  return found
}

/**
 * For the `skip` option of a test: false where every program is there, else the reason to skip it. In CI (CI=true) a
 * missing program is a failure, so there it throws.
 */
export function needs(names: readonly string[]): false | string {
  const missing = names.filter((name) => !find(name))
  if (missing.length === 0) return false
  const reason = `needs ${missing.join(', ')}; run tools/programs, or install it`
  if (process.env.CI === 'true') throw new Error(reason)
  return reason
}

function find(name: string): string | undefined {
  return folders.map((folder) => path.join(folder, name)).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
