import { closeSync, copyFileSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { formatNetwork, type Network } from '../base/address.ts'
import { escapeText } from '../base/escape.ts'
import type { Log } from '../base/log.ts'
import { FOR_LIFE, isoTime } from '../base/units.ts'
import type { SavedBan } from '../core/model.ts'
import { parseIgnoreFile } from '../parameters/ignore-file.ts'

const HEADER = '# Written by log2table, and written anew when somebody comes or goes; see "log2table parole".'
const MODE = 0o644
const REASON_CHARACTERS_MAX = 200

export interface KeptFilesOptions {
  /** Paths by table. */
  readonly files: ReadonlyMap<string, string>
  /** All live bans. */
  readonly bans: () => readonly SavedBan[]
  readonly log: Log
}

/**
 * The text files that hold those who are in a table for life, for the firewall to load at boot. Each is written whole, beside
 * its place, and then put there, so that whoever reads it finds the one before or this one.
 */
export class KeptFiles {
  readonly #options: KeptFilesOptions
  readonly #stale: Set<string>
  /** Tables whose file was somebody else's, and what was in it is ours now. */
  readonly #takenUp = new Set<string>()
  readonly #troubles = new Map<string, string>()

  constructor(options: KeptFilesOptions) {
    this.#options = options
    this.#stale = new Set(options.files.keys())
  }

  /** What somebody else wrote into the files before us: they are to be banned for life, too. A copy of the file is kept. */
  found(): readonly { readonly table: string; readonly path: string; readonly networks: readonly Network[] }[] {
    return [...this.#options.files].flatMap(([table, path]) => {
      try {
        const text = textOf(path)
        if (isOurs(text)) return []
        const copy = `${path}.before-log2table`
        copyFileSync(path, copy)
        this.#takenUp.add(table)
        const { networks, faults } = parseIgnoreFile(text)
        for (const { line, message } of faults) this.#options.log.warning(`${copy}:${line}: is not taken up: ${message}`)
        return [{ table, path, networks }]
      } catch {
        return [] // `write` meets the same, and says so
      }
    })
  }

  /** Who is in a table for life has changed. */
  changed(table: string): void {
    if (this.#options.files.has(table)) this.#stale.add(table)
  }

  /** Writes what has changed; what cannot be written is tried again at the next call. */
  write(): void {
    for (const table of this.#stale) {
      const path = this.#options.files.get(table)!
      const lifers = this.#options.bans().filter((ban) => ban.table === table && ban.until === FOR_LIFE)
      const text = `${HEADER}\n${lifers.map(lineOf).join('')}`
      try {
        const before = textOf(path)
        if (!isOurs(before) && !this.#takenUp.has(table)) throw new Error('it is not ours; restart log2table to take it up')
        if (before !== text) replaceFile(path, text)
        this.#stale.delete(table)
        if (this.#troubles.delete(table)) this.#options.log.info(`${path} is written again`)
      } catch (error) {
        const trouble = `${path}, the file of table ${table}, cannot be written: ${(error as Error).message}`
        if (this.#troubles.get(table) !== trouble) this.#options.log.warning(trouble)
        this.#troubles.set(table, trouble)
      }
    }
  }

  get troubles(): readonly string[] {
    return [...this.#troubles.values()]
  }
}

/** `203.0.113.9 # 2026-11-21 hackers: 17 listings and 5 bans within 90d`; pf takes a comment to the end of its line. */
function lineOf({ at, network, rule, reason }: SavedBan): string {
  const because = escapeText(reason).slice(0, REASON_CHARACTERS_MAX)
  return `${formatNetwork(network)} # ${isoTime(at).slice(0, 10)} ${escapeText(rule)}${because === '' ? '' : `: ${because}`}\n`
}

function isOurs(text: string): boolean {
  return text === '' || text.startsWith(HEADER)
}

/** Empty where there is no file. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

function replaceFile(path: string, text: string): void {
  const beside = `${path}.new`
  const file = openSync(beside, 'w', MODE)
  try {
    writeFileSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(beside, path)
}
