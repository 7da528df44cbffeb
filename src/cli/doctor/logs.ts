import { accessSync, closeSync, constants, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { escapeText } from '../../base/escape.ts'
import { parseTimestamp } from '../../lines/timestamp.ts'
import type { Configuration } from '../../parameters/parameters.ts'
import { expandGlob, isGlob } from '../../sources/wildcards.ts'
import { type Finding, ok, warning, wrong } from './finding.ts'
import type { LastLine } from './machine.ts'

export interface LogsView {
  readonly findings: readonly Finding[]
  readonly lastLines: readonly LastLine[]
  /** Keys of which only the daemon knows, since they are no files. */
  readonly others: readonly string[]
}

/** What the end of a log is looked for in. */
const END_BYTES = 64 * 1024
/** As many files of one glob as the daemon follows. */
const FILES_MAX = 1_000

/** Opens every log as the daemon would, as the user that this process is. */
export function viewOfLogs({ logs, commands }: Pick<Configuration, 'logs' | 'commands'>, user: string): LogsView {
  const findings: Finding[] = []
  const lastLines: LastLine[] = []
  const others: string[] = []
  for (const { key, zone } of logs) {
    const about = `log ${key}`
    const path = pathOf(key)
    if (path !== undefined) {
      const files = isGlob(path) ? expandGlob(path).slice(0, FILES_MAX) : [path]
      const looks = files.map((file) => look(file, zone))
      findings.push(findingOf(about, files, looks, user))
      lastLines.push(...looks.flatMap(({ last }) => (last ? [{ log: key, ...last }] : [])))
    } else if (key.startsWith('command:')) {
      const program = commands.get(key.slice('command:'.length))?.[0]
      if (program !== undefined) findings.push(programFinding(about, program, user))
    } else others.push(key)
  }
  return { findings, lastLines, others }
}

/** Of a key that is a file or a glob: `/var/log/authlog`, `docker:/var/lib/...`, `pflog:/var/log/pflog`. */
function pathOf(key: string): string | undefined {
  const path = key.replace(/^(?:docker|pflog):/, '')
  return isAbsolute(path) ? path : undefined
}

interface Look {
  readonly code?: string
  readonly last?: { readonly saidAt: number; readonly writtenAt: number }
}

function look(file: string, zone: string | undefined): Look {
  try {
    // A fifo would keep us waiting.
    if (!statSync(file).isFile()) return { code: 'no file' }
    const descriptor = openSync(file, 'r')
    try {
      const { size, mtimeMs } = fstatSync(descriptor)
      const bytes = Buffer.alloc(Math.min(size, END_BYTES))
      const read = readSync(descriptor, bytes, 0, bytes.length, size - bytes.length)
      const line = bytes.toString('latin1', 0, read).split('\n').slice(0, -1).at(-1) ?? ''
      const saidAt = parseTimestamp(line, { by: mtimeMs, zone })
      return saidAt === undefined ? {} : { last: { saidAt, writtenAt: mtimeMs } }
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code ?? 'no file' }
  }
}

function findingOf(about: string, files: readonly string[], looks: readonly Look[], user: string): Finding {
  if (files.length === 0)
    return warning(about, 'no file matches', 'see whether the path is right; it is read as soon as there is one')
  const failed = looks.findIndex(({ code }) => code !== undefined)
  if (failed < 0)
    return ok(about, files.length === 1 ? `user ${user} can read it` : `user ${user} can read all its ${files.length} files`)
  const file = files.length === 1 ? 'it' : escapeText(files[failed]!)
  switch (looks[failed]!.code) {
    case 'ENOENT':
      return warning(about, 'there is no such file', 'see whether the path is right; it is read as soon as there is one')
    case 'EACCES':
    case 'EPERM':
      return wrong(
        about,
        `user ${user} may not read ${file}`,
        `let a group read it, and the folders above it, that ${user} is in; or the reader, see docs/processes.md`,
      )
    case 'no file':
      return wrong(about, `${file} is no file`, 'name a file, or the files of a folder with /*')
    default:
      return wrong(about, `${file} cannot be read: ${looks[failed]!.code}`, 'see to the disk that it is on')
  }
}

function programFinding(about: string, program: string, user: string): Finding {
  try {
    accessSync(program, constants.X_OK)
    return ok(about, `user ${user} can run ${program}`)
  } catch {
    return wrong(about, `user ${user} cannot run ${program}`, 'mend its argv in commands.json, or the rights of the program')
  }
}
