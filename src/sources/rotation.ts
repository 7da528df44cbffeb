import { readdirSync, realpathSync, statSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'

/** How many rotated files of one log are looked at; where there are more, the oldest of them are not there for us. */
const SIBLINGS_MAX = 10_000
/** How often a folder is looked at, at most, until nothing has been renamed in it meanwhile. */
const LOOKS_MAX = 100

const compressed = /\.(?:gz|bz2|xz|zst|lz4|Z)$/
/** After the name: `.1`, `-20240131`, `.2024-01-31_235959`, `.old`. */
const markAfter = /^[.-](?:\d[\d._:T-]*|old)$/
/** Within the name only dates: `access-2.log` is more often a second log than an old one. */
const markWithin = /^[._-](?=(?:\D*\d){6})\d{2}[\d._:T-]*$/
const smallNumber = /^\.(\d{1,4})$/

/** A file beside a log that may be an earlier generation of it. */
export interface Sibling {
  readonly path: string
  readonly dev: number
  readonly ino: number
  readonly size: number
  readonly changedAt: number
  readonly isGzip: boolean
  /** By its name it was rotated away from the log; else it only begins like it (`authlog.backup`). */
  readonly isRotation: boolean
  /** The N of `authlog.N`: the greater, the older. */
  readonly number: number | undefined
}

/**
 * The names of the logs that a file may have been rotated away from: `authlog` for `authlog.1`, `authlog.0.gz` and
 * `authlog-20240131`, `access.log` for `access-20240131.log`. None for most names.
 */
export function originalsOf(name: string): string[] {
  const plain = name.replace(compressed, '')
  const originals = plain === name ? [] : [plain]
  const extension = extname(plain)
  const stem = plain.slice(0, plain.length - extension.length)
  for (let i = 1; i < plain.length; i++) {
    if (markAfter.test(plain.slice(i))) originals.push(plain.slice(0, i))
    if (markWithin.test(stem.slice(i))) originals.push(stem.slice(0, i) + extension)
  }
  return originals
}

/**
 * The files that may be earlier generations of a log, the oldest first. Where a file is there plain and compressed, it is
 * just being compressed, and only the plain one counts. `unreadable` are those in formats we do not read. Throws the system's
 * errors where the folder cannot be listed.
 *
 * A rotation renames one file after the other, and a file that is renamed between two calls would be missed: so it is looked
 * twice, and again until nothing has changed.
 */
export function siblingsOf(log: string): Siblings {
  let found = look(log)
  for (let looks = 1; looks < LOOKS_MAX; looks++) {
    const again = look(log)
    if (namesAndFiles(found) === namesAndFiles(again)) return again
    found = again
  }
  return found
}

interface Siblings {
  readonly siblings: readonly Sibling[]
  readonly unreadable: readonly string[]
}

function namesAndFiles({ siblings, unreadable }: Siblings): string {
  return [...siblings.map(({ path, dev, ino }) => `${path} ${dev} ${ino}`), ...unreadable].sort().join('\n')
}

function look(log: string): Siblings {
  const siblings = new Map<string, Sibling>()
  const unreadable: string[] = []
  for (const path of new Set([log, realPath(log)])) {
    const own = basename(path)
    const folder = dirname(path)
    const names = new Set(
      namesIn(folder).filter(
        (name) => name.startsWith(`${own}.`) || name.startsWith(`${own}-`) || originalsOf(name).includes(own),
      ),
    )
    for (const name of newest(names)) {
      const plain = name.replace(compressed, '')
      if (plain !== name && names.has(plain)) continue
      const isGzip = name.endsWith('.gz')
      if (plain !== name && !isGzip) {
        unreadable.push(join(folder, name))
        continue
      }
      const stat = statSync(join(folder, name), { throwIfNoEntry: false })
      if (!stat?.isFile()) continue
      const number = smallNumber.exec(plain.slice(own.length))?.[1]
      siblings.set(`${stat.dev}:${stat.ino}`, {
        path: join(folder, name),
        dev: stat.dev,
        ino: stat.ino,
        size: stat.size,
        changedAt: stat.mtimeMs,
        isGzip,
        isRotation: originalsOf(name).includes(own),
        number: number === undefined ? undefined : Number(number),
      })
    }
  }
  return { siblings: [...siblings.values()].sort(byAge), unreadable }
}

/** As many as we look at. By their names, so that none has to be opened: a small number or a late date is new. */
function newest(names: ReadonlySet<string>): Iterable<string> {
  if (names.size <= SIBLINGS_MAX) return names
  const numberOf = (name: string) => Number(/\.(\d{1,4})$/.exec(name.replace(compressed, ''))?.[1] ?? -1)
  return [...names].sort((a, b) => numberOf(a) - numberOf(b) || (a < b ? 1 : -1)).slice(0, SIBLINGS_MAX)
}

/** Numbered files by their numbers, all others by their times: a number is given on purpose, a time can be touched. */
function byAge(a: Sibling, b: Sibling): number {
  if (a.number !== undefined && b.number !== undefined && a.number !== b.number) return b.number - a.number
  return a.changedAt - b.changedAt || (a.path < b.path ? -1 : 1)
}

function realPath(path: string): string {
  return unlessGone(() => realpathSync(path)) ?? path
}

function namesIn(folder: string): string[] {
  return unlessGone(() => readdirSync(folder)) ?? []
}

function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
