import { dirname } from 'node:path'
import type { Owner, Site, System } from './site.ts'

/** A user that reads logs, by the numbers that files know. */
export interface Reader {
  readonly uid: number | undefined
  readonly gids: ReadonlySet<number>
}

/** The engine's user, as the system's own packages make it. */
export function engineUserOf(system: System): string {
  return system === 'linux' ? 'log2table' : '_log2table'
}

/** Groups that the units of systemd give the engine. */
const unitGroups = ['adm', 'systemd-journal']

/** Who the engine is, or will be: its user with all groups of it. */
export function engineOf({ system, textOf }: Pick<Site, 'system' | 'textOf'>): Reader {
  const name = engineUserOf(system)
  const [, , uid, gid] = rowsOf(textOf('/etc/passwd')).find(([known]) => known === name) ?? []
  const groups = rowsOf(textOf('/etc/group')).filter(
    ([group = '', , , members = '']) => members.split(',').includes(name) || (system === 'linux' && unitGroups.includes(group)),
  )
  return {
    uid: uid === undefined ? undefined : Number(uid),
    gids: new Set([...(gid === undefined ? [] : [gid]), ...groups.map(([, , id]) => id!)].map(Number)),
  }
}

/** Whether it has the right to read a file: on the file itself, and to pass all folders above it. */
export function mayRead(reader: Reader, path: string, ownerOf: Site['ownerOf']): boolean {
  const READ = 4
  const PASS = 1
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (!has(reader, ownerOf(folder), PASS)) return false
    if (folder === '/') return has(reader, ownerOf(path), READ)
  }
}

function has({ uid, gids }: Reader, owner: Owner | undefined, right: number): boolean {
  if (!owner) return true
  const shift = owner.uid === uid ? 6 : gids.has(owner.gid) ? 3 : 0
  return ((owner.mode >> shift) & right) !== 0
}

function rowsOf(text = ''): readonly (readonly string[])[] {
  return text.split('\n').map((line) => line.split(':'))
}
