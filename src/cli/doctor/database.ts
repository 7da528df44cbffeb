import { statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Database } from '../../store/database.ts'
import { type Finding, ok, warning, wrong } from './finding.ts'

/** With less free than this, what is decided is soon not stored any more; with less than the other, there is time to act. */
const FREE_BYTES_MIN = 64 * 2 ** 20
const FREE_BYTES_WISHED = 512 * 2 ** 20
const BUSY_TIMEOUT_MS = 5_000

/** Reads the whole database without changing it, as the user that this process is. */
export function databaseFindings(path: string): readonly Finding[] {
  const about = 'database'
  let bytes: number
  try {
    bytes = statSync(path).size
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return [warning(about, `there is no ${path} yet`, 'start the daemon, which makes it')]
    return [wrong(about, message, "its folder must belong to the daemon's user")]
  }
  return [integrity(path, bytes), room(dirname(path))]
}

function integrity(path: string, bytes: number): Finding {
  const about = 'database'
  try {
    const db = new Database(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS })
    try {
      const said = String(Object.values(db.prepare('PRAGMA quick_check(1)').get() ?? {})[0])
      if (said === 'ok') return ok(about, `${path} is sound, ${mebibytes(bytes)}`)
      return wrong(
        about,
        `${path} is damaged: ${said.split('\n').join(' ')}`,
        'restart the daemon: it keeps this one aside and begins a new one with all that is in force',
      )
    } finally {
      db.close()
    }
  } catch (error) {
    return wrong(
      about,
      `${path} cannot be read: ${(error as Error).message}`,
      "it must belong to the daemon's user; a damaged one is kept aside when the daemon starts",
    )
  }
}

function room(folder: string): Finding {
  const { bavail, bsize } = statfsSync(folder)
  const free = bavail * bsize
  const says = `${mebibytes(free)} are free for it in ${folder}`
  if (free < FREE_BYTES_MIN) return wrong('disk', says, 'make room: bans go on without it, and are forgotten at the next start')
  return free < FREE_BYTES_WISHED ? warning('disk', says, 'make room before it is needed') : ok('disk', says)
}

function mebibytes(bytes: number): string {
  return bytes < 2 ** 20 ? `${Math.ceil(bytes / 1024)} KiB` : `${Math.floor(bytes / 2 ** 20).toLocaleString('en-US')} MiB`
}
