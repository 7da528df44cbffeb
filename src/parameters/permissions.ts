import { lstatSync, readlinkSync, type Stats } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** A path that somebody could use to change what we run. */
export interface PermissionFault {
  readonly file: string
  readonly message: string
  readonly hint: string
}

const SYMBOLIC_LINKS_MAX = 40

/**
 * Who besides root and the user `uid` could change what is read at `path`? Looks at the file, at every folder above it and
 * at the links on the way. A folder that is writable by others is harmless where it is sticky: there nobody
 * can rename or delete what belongs to somebody else. Throws where the path does not exist.
 */
export function permissionFaults(path: string, uid: number): readonly PermissionFault[] {
  const faults: PermissionFault[] = []
  const names = resolve(path).split('/').filter(Boolean)
  let folder = '/'
  let links = 0
  look('/', lstatSync('/'))
  while (names.length > 0) {
    const name = names.shift()!
    if (name === '..') {
      folder = dirname(folder)
      continue
    }
    if (name === '.') continue
    const file = join(folder, name)
    const stat = lstatSync(file)
    look(file, stat)
    if (!stat.isSymbolicLink()) {
      folder = file
      continue
    }
    if (++links > SYMBOLIC_LINKS_MAX) throw new Error(`too many symbolic links on the way to ${path}`)
    const target = readlinkSync(file)
    if (target.startsWith('/')) folder = '/'
    names.unshift(...target.split('/').filter(Boolean))
  }
  return faults

  function look(file: string, stat: Stats): void {
    if (faults.some((fault) => fault.file === file)) return
    const mode = stat.mode & 0o7777
    const isSticky = stat.isDirectory() && (mode & 0o1000) !== 0
    if (stat.uid !== 0 && stat.uid !== uid) {
      faults.push({
        file,
        message: `belongs to user ${stat.uid}, who could change what log2table runs`,
        hint: `chown root ${file}`,
      })
    } else if (!stat.isSymbolicLink() && (mode & 0o022) !== 0 && !isSticky) {
      faults.push({
        file,
        message: `is writable by ${mode & 0o002 ? 'everybody' : 'its group'} (mode ${mode.toString(8).padStart(4, '0')})`,
        hint: `chmod go-w ${file}`,
      })
    }
  }
}
