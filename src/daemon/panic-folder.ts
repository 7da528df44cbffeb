import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../base/log.ts'
import type { Table } from '../firewall/firewall.ts'

/**
 * What a keeper leaves in a folder of its own for the day when somebody must get rid of all bans at once: which tables there are,
 * so that they can be emptied without it; and it looks there for a file called `panic`, which anybody who may write there can make.
 */
export class PanicFolder {
  readonly #folder: string
  readonly #log: Log

  constructor(folder: string, log: Log) {
    this.#folder = folder
    this.#log = log
  }

  get #switch(): string {
    return join(this.#folder, 'panic')
  }

  get #tables(): string {
    return join(this.#folder, 'tables.json')
  }

  isPanic(): boolean {
    return existsSync(this.#switch)
  }

  /** Throws where that is not allowed. Follows no link that somebody else has put there. */
  begin(): void {
    try {
      closeSync(openSync(this.#switch, 'wx', 0o644))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }

  /** False where there was no panic. */
  end(): boolean {
    if (!this.isPanic()) return false
    unlinkSync(this.#switch)
    return true
  }

  remember(tables: readonly Table[]): void {
    const text = `${JSON.stringify(tables)}\n`
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o755 })
      if (this.#text() === text) return
      writeFileSync(`${this.#tables}.new`, text, { mode: 0o644 })
      renameSync(`${this.#tables}.new`, this.#tables)
    } catch (error) {
      this.#log.warning(`"log2table panic" will not know the tables: ${(error as Error).message}`)
    }
  }

  /** Undefined where no keeper has remembered any. */
  tables(): readonly Table[] | undefined {
    const text = this.#text()
    // Whoever declares them checks them.
    return text === undefined ? undefined : (JSON.parse(text) as readonly Table[])
  }

  #text(): string | undefined {
    try {
      return readFileSync(this.#tables, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }
}

/** Where the one process that does it all has that folder, in its own state folder. */
export function keeperFolderIn(stateFolder: string): string {
  return join(stateFolder, 'keeper')
}
