import { closeSync, copyFileSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { formatNetwork, type Network } from '../base/address.ts'
import { escapeText } from '../base/escape.ts'
import type { Log } from '../base/log.ts'
import { FOR_LIFE, isoTime } from '../base/units.ts'
import type { SavedBan } from '../core/model.ts'
import { isKeptText, KEPT_ENTRIES_MAX, KEPT_NOTE_LENGTH_MAX, type KeptEntry, keptText } from '../firewall/kept-file.ts'
import { parseIgnoreFile } from '../parameters/ignore-file.ts'

const MODE = 0o644
const REASON_CHARACTERS_MAX = 200

export interface KeptFilesOptions {
  /** Paths by table. */
  readonly files: ReadonlyMap<string, string>
  /** All live bans. */
  readonly bans: () => readonly SavedBan[]
  /** Has whoever may write the file of a table do it; see `putKeptFile`. */
  readonly put: (table: string, entries: readonly KeptEntry[]) => Promise<unknown>
  readonly log: Log
}

/**
 * The text files that hold those who are in a table for life, for the firewall to load at boot. They are read here, and written
 * by the keeper.
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
        if (isKeptText(text)) return []
        this.#takenUp.add(table)
        const { networks, faults } = parseIgnoreFile(text)
        for (const { line, message } of faults) this.#options.log.warning(`${copyOf(path)}:${line}: is not taken up: ${message}`)
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
  async write(): Promise<void> {
    for (const table of [...this.#stale]) {
      const path = this.#options.files.get(table)!
      const lifers = this.#options.bans().filter((ban) => ban.table === table && ban.until === FOR_LIFE)
      const entries = lifers.map(entryOf)
      this.#stale.delete(table)
      try {
        if (entries.length > KEPT_ENTRIES_MAX) throw new Error(`it can hold no more than ${KEPT_ENTRIES_MAX} entries`)
        const before = textOf(path)
        if (!isKeptText(before) && !this.#takenUp.has(table)) throw new Error('it is not ours; restart log2table to take it up')
        if (before !== keptText(entries)) await this.#options.put(table, entries)
        if (this.#troubles.delete(table)) this.#options.log.info(`${path} is written again`)
      } catch (error) {
        const trouble = `${path}, the file of table ${table}, cannot be written: ${(error as Error).message}`
        if (this.#troubles.get(table) !== trouble) this.#options.log.warning(trouble)
        this.#troubles.set(table, trouble)
        this.#stale.add(table)
      }
    }
  }

  get troubles(): readonly string[] {
    return [...this.#troubles.values()]
  }
}

function entryOf({ at, network, rule, reason }: SavedBan): KeptEntry {
  const because = escapeText(reason).slice(0, REASON_CHARACTERS_MAX)
  const note = `${isoTime(at).slice(0, 10)} ${escapeText(rule)}${because === '' ? '' : `: ${because}`}`
  return { address: formatNetwork(network), note: note.slice(0, KEPT_NOTE_LENGTH_MAX) }
}

function copyOf(path: string): string {
  return `${path}.before-log2table`
}

/**
 * Writes a file whole, beside its place, and then puts it there, so that whoever reads it finds the one before or this one. Of
 * what somebody else wrote a copy is kept.
 */
export function putKeptFile(path: string, text: string): void {
  if (!isKeptText(textOf(path))) copyFileSync(path, copyOf(path))
  replaceFile(path, text)
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
