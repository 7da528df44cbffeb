import { chmodSync, existsSync, lstatSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { exitStatus } from '../../base/exit-status.ts'
import { UserError } from '../../base/user-error.ts'
import type { PlannedFile } from './plan.ts'

/** All that `init` may write. */
const names = ['parameters.ts', 'rules.ts', 'commands.json']

/** What is in the folder already and would be in the way, links that lead nowhere too. */
export function filesInTheWay(folder: string): readonly string[] {
  return names.map((name) => join(folder, name)).filter(isThere)
}

function isThere(path: string): boolean {
  try {
    lstatSync(path)
    return true
  } catch {
    return false
  }
}

/** Writes all files, or none; overwrites nothing. The engine's user reads them, and root's umask may be narrow. */
export function writeFiles(folder: string, files: readonly PlannedFile[]): void {
  const written: string[] = []
  try {
    makeFolder(folder)
    for (const { name, text } of files) {
      const path = join(folder, name)
      writeFileSync(path, text, { flag: 'wx' })
      written.push(path)
      chmodSync(path, 0o644)
    }
  } catch (error) {
    for (const path of written) rmSync(path)
    const { code, message } = error as NodeJS.ErrnoException
    const isForbidden = code === 'EACCES' || code === 'EPERM'
    const advice = isForbidden ? '; run this as root, or name another folder with --config DIR' : ''
    throw new UserError(
      isForbidden ? exitStatus.notPermitted : exitStatus.unavailable,
      `nothing was written: ${message}${advice}`,
    )
  }
}

function makeFolder(folder: string): void {
  if (existsSync(folder)) return
  makeFolder(dirname(folder))
  mkdirSync(folder)
  chmodSync(folder, 0o755)
}
