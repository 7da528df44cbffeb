import { constants, fstatSync, lstatSync, openSync, realpathSync, type Stats, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { closeReadOnly, type OpenFile, reasonOf, refuseOthers, Unreadable } from '../sources/open-file.ts'
import type { AllowedLogs } from './allowed-logs.ts'

/** Why a file is not to be read, and what to do; undefined where it may be. It says nothing of what is really there. */
export function pathRefusal(path: string, { paths }: AllowedLogs): string | undefined {
  if (!isAbsolute(path) || resolve(path) !== path || path.includes('\0')) return 'the reader takes whole paths, without ".."'
  if (paths.some((allowed) => isWithin(path, resolve(allowed)))) return undefined
  return refusal(paths, dirname(path))
}

/** The same of a capture. */
export function captureRefusal(key: string, { captures }: AllowedLogs): string | undefined {
  return captures.includes(key) ? undefined : refusal(captures, key)
}

function refusal(allowed: readonly string[], wanted: string): string {
  const says = allowed.length === 0 ? 'nothing of the kind' : allowed.join(', ')
  return `the reader may read ${says}; add ${JSON.stringify(wanted)} to "logs" of commands.json`
}

/** True where the file that the path means now is one that may be read. */
export function isInside(path: string, allowed: AllowedLogs): boolean {
  try {
    return rootOf(realpathSync(path), allowed) !== undefined
  } catch {
    return false
  }
}

/**
 * Opens a file for reading that lies where commands.json allows it, also at the moment when it is opened: links are followed
 * first, and what they lead to is then gone to folder by folder, by names that are no links. Whoever may write in a folder of
 * logs gains nothing by putting links there, not even by changing them while we look, nor by giving a foreign file a second
 * name. Throws an `Unreadable`. The working folder is / afterwards.
 */
export function openAllowed(allowed: AllowedLogs): OpenFile {
  return (path) => {
    const refused = pathRefusal(path, allowed)
    if (refused !== undefined) throw new Unreadable(refused)
    try {
      const real = realpathSync(path)
      const root = rootOf(real, allowed)
      if (root === undefined) throw new Unreadable('it is a link that leads out of what the reader may read')
      enter(root, dirname(real))
      return openHere(basename(real))
    } catch (error) {
      throw error instanceof Unreadable ? error : new Unreadable(reasonOf(error), { cause: error })
    } finally {
      process.chdir('/')
    }
  }
}

/** The folder, free of links, below which a file without links may be read. */
function rootOf(real: string, { paths }: AllowedLogs): string | undefined {
  for (const path of paths) {
    const allowed = realPath(path)
    if (allowed !== undefined && isWithin(real, allowed)) return allowed === real ? dirname(real) : allowed
  }
  return undefined
}

/** Goes down from one folder to another below it. Where a link is put in the way meanwhile, it is not followed. */
function enter(root: string, folder: string): void {
  process.chdir(root)
  for (const name of relative(root, folder).split('/').filter(Boolean)) {
    const expected = lstatSync(name)
    if (!expected.isDirectory()) throw new Unreadable(CHANGING)
    process.chdir(name)
    refuseAnother(statSync('.'), expected)
  }
}

const CHANGING = 'it was moved while it was opened'

function openHere(name: string): ReturnType<OpenFile> {
  // A FIFO may block for ever, and opening a device may do something.
  const expected = lstatSync(name)
  if (expected.isSymbolicLink()) throw new Unreadable(CHANGING)
  refuseOthers(expected)
  const fd = openSync(name, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY | constants.O_NOFOLLOW)
  try {
    const stat = fstatSync(fd)
    refuseOthers(stat)
    refuseAnother(stat, expected)
    if (stat.nlink > 1)
      throw new Unreadable(`it has ${stat.nlink} names (hard links), and the reader cannot know whose file it is`)
    return { fd, stat }
  } catch (error) {
    closeReadOnly(fd)
    throw error
  }
}

function refuseAnother(stat: Stats, expected: Stats): void {
  if (stat.dev !== expected.dev || stat.ino !== expected.ino) throw new Unreadable(CHANGING)
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path)
  } catch {
    return undefined
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(join(folder, '/'))
}
