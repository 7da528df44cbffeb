import { accessSync, closeSync, constants, existsSync, openSync, readFileSync, statSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { formatNetwork, overlaps } from '../../base/address.ts'
import type { CommandResult } from '../../firewall/firewall.ts'
import { alwaysProtected, ownAddresses } from '../../firewall/protected.ts'
import type { Runner } from '../../firewall/runner.ts'
import { expandGlob, isGlob } from '../../sources/wildcards.ts'

/** The systems that we know our way about in. */
export type System = 'openbsd' | 'freebsd' | 'netbsd' | 'linux'

/** Whom a file or folder belongs to, and who may do what with it. */
export interface Owner {
  readonly uid: number
  readonly gid: number
  readonly mode: number
}

/** What a machine tells of itself. All paths are its own, wherever its files are. */
export interface Site {
  readonly system: System
  /** The text of a file; undefined where there is none, or it is closed to us. */
  textOf(path: string): string | undefined
  /** The paths there are, for a path or a glob. */
  pathsOf(pattern: string): readonly string[]
  ownerOf(path: string): Owner | undefined
  /** We ourselves can read it. */
  isReadable(path: string): boolean
  /** A file without a byte. */
  isEmpty(path: string): boolean
  /** Its own addresses, without loopback and link-local ones; none where it is not the one that we run on. */
  readonly addresses: readonly string[]
  /** Where a program is. */
  programAt(name: string): string | undefined
  /** What a program says; undefined where it is another machine's, whose programs cannot be asked. */
  ask(...argv: readonly string[]): Promise<CommandResult | undefined>
}

const PROGRAM_FOLDERS = [
  '/usr/local/sbin',
  '/usr/local/bin',
  '/usr/sbin',
  '/usr/bin',
  '/sbin',
  '/bin',
  '/usr/libexec',
  '/usr/pkg/sbin',
]

/** The machine that we run on; `run` asks its programs. */
export function thisSite(run?: Runner): Site {
  const own = ownAddresses(networkInterfaces()).map(({ network }) => network)
  const addresses = own.filter((one) => !alwaysProtected.some(({ network }) => overlaps(network, one))).map(formatNetwork)
  return { ...siteAt('/', { platform: process.platform, ...(run && { run }) }), addresses }
}

/** The machine whose root folder this is, such as an image or a jail: without `run`, only its files are known. */
export function siteAt(root: string, { run, platform }: { run?: Runner; platform?: NodeJS.Platform } = {}): Site {
  const at = (path: string) => join(root, path)
  const site: Omit<Site, 'system'> = {
    addresses: [],
    textOf(path) {
      try {
        return readFileSync(at(path), 'utf8')
      } catch {
        return undefined
      }
    },
    pathsOf(pattern) {
      if (!isGlob(pattern)) return existsSync(at(pattern)) ? [pattern] : []
      return expandGlob(at(pattern)).map((path) => path.slice(at('/').length - 1))
    },
    ownerOf(path) {
      try {
        const { uid, gid, mode } = statSync(at(path))
        return { uid, gid, mode }
      } catch {
        return undefined
      }
    },
    isReadable(path) {
      try {
        // A fifo would keep us waiting.
        closeSync(openSync(at(path), constants.O_RDONLY | constants.O_NONBLOCK))
        return true
      } catch {
        return false
      }
    },
    isEmpty(path) {
      try {
        const stat = statSync(at(path))
        return stat.isFile() && stat.size === 0
      } catch {
        return false
      }
    },
    programAt: (name) => PROGRAM_FOLDERS.map((folder) => `${folder}/${name}`).find((path) => isProgram(at(path))),
    ask: async (...argv) => await run?.({ argv }),
  }
  return { system: systemOf(site, platform), ...site }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** By what only this system has, where the platform does not say. */
function systemOf({ pathsOf }: Pick<Site, 'pathsOf'>, platform: NodeJS.Platform | undefined): System {
  const known = [platform, ...marks.filter(([path]) => pathsOf(path).length > 0).map(([, system]) => system)]
  return known.find((name): name is System => name !== undefined && marks.some(([, system]) => system === name)) ?? 'linux'
}

const marks: readonly (readonly [path: string, system: System])[] = [
  ['/bsd', 'openbsd'],
  ['/bin/freebsd-version', 'freebsd'],
  ['/netbsd', 'netbsd'],
  ['/etc/os-release', 'linux'],
]
