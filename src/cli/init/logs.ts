import { dirname } from 'node:path'
import { isGlob } from '../../sources/wildcards.ts'
import { type KnownService, knownServices, type SetName } from './known-logs.ts'
import { isStarted } from './rc-conf.ts'
import type { Site } from './site.ts'
import { logsOfWebServers } from './web-servers.ts'

/** A log that is there, with the sets of patterns for those who write into it. */
export interface FoundLog {
  /** As it stands in a configuration: a path, a glob, or `journal:...`. */
  readonly key: string
  readonly sets: readonly SetName[]
  readonly about: string
  /** Its files, as they are now; of a journal, those of journald. */
  readonly files: readonly string[]
}

export interface Logs {
  readonly found: readonly FoundLog[]
  /** Keys that every machine should have one of, and that are not there. */
  readonly absent: readonly string[]
}

const journalFiles = ['/var/log/journal/*/system.journal', '/run/log/journal/*/system.journal']
/** Where there is a journal, the files of syslog are written only while one of these gets the lines from it. */
const syslogDaemons = ['rsyslogd', 'syslog-ng', 'metalog']

/**
 * Looks which logs there are: those of known services, and those that the configuration of a web server names. Services that
 * write into the same file share its entry; one that writes a file and the journal is read from the file.
 */
export function lookForLogs(site: Site): Logs {
  const logs = new Map<string, FoundLog>()
  const absent: string[] = []
  const journal = journalFiles.flatMap((files) => site.pathsOf(files))
  const isOnlyJournal = journal.length > 0 && !syslogDaemons.some((name) => site.programAt(name))
  const add = (key: string, files: readonly string[], { set, about }: Pick<KnownService, 'set' | 'about'>) => {
    const known = logs.get(key)
    const sets = known?.sets.includes(set) ? known.sets : [...(known?.sets ?? []), set]
    logs.set(key, { key, sets: sets.toSorted(), about: known?.about ?? about, files })
  }
  for (const service of knownServices) {
    const isThere = hasSigns(service, site)
    if (service.signs && !isThere && !service.isUsual) continue
    if (isOnlyJournal && service.journal !== undefined) {
      if (isThere) add(`journal:${service.journal}`, journal, service)
      continue
    }
    for (const key of service.logs) {
      const files = filesOf(key, site)
      if (files.length > 0) add(key, files, service)
      else if (service.isUsual) absent.push(key)
      if (files.length > 0 && !service.every) break
    }
  }
  const isInGlob = (path: string) => [...logs.values()].some(({ files }) => files.includes(path))
  for (const { path, ...service } of logsOfWebServers(site)) {
    if (logs.has(path) || (!isInGlob(path) && site.pathsOf(path).length > 0)) add(path, [path], service)
  }
  return { found: [...logs.values()], absent }
}

/** Of a glob whose folder is closed to us, the folder: what is in it, we cannot tell. */
function filesOf(key: string, { pathsOf, isReadable }: Site): readonly string[] {
  const files = pathsOf(key)
  const folder = dirname(key)
  return files.length === 0 && isGlob(key) && pathsOf(folder).length > 0 && !isReadable(folder) ? [folder] : files
}

function hasSigns({ signs = [], set, rc = set }: KnownService, site: Site): boolean {
  const isThere = signs.some((sign) =>
    sign.startsWith('/') ? site.pathsOf(sign).length > 0 : site.programAt(sign) !== undefined,
  )
  return isThere && isStarted(site, rc) !== false
}
