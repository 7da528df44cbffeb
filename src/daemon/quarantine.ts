import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import * as v from 'valibot'
import type { Log } from '../base/log.ts'
import { nameOf, type Pattern } from '../matching/pattern.ts'

const MODE = 0o600
/** Of more the oldest are forgotten: those of regexes that were written anew since. */
const HELD_MAX = 1_000

/** A pattern in the logs of one key of the configuration. `regex` is how it is written, behind the prefix of its set. */
const held = v.object({ key: v.string(), pattern: v.string(), regex: v.string(), reason: v.string() })
type HeldPattern = v.InferOutput<typeof held>

/**
 * The patterns that took too long on some line, kept in a file, so that a restart does not let the same lines hang us
 * again. One whose regex was written anew is another pattern, and is tried.
 */
export class Quarantine {
  readonly #path: string
  readonly #log: Log
  #held: readonly HeldPattern[]

  constructor({ path, log }: { readonly path: string; readonly log: Log }) {
    this.#path = path
    this.#log = log
    this.#held = this.#read()
  }

  /** Why a pattern is not looked for in the logs of a key; undefined where it is. */
  reasonFor(key: string, pattern: Pattern): string | undefined {
    if (this.#held.length === 0) return undefined
    const [name, regex] = [nameOf(pattern), writtenOf(pattern)]
    return this.#held.find((one) => one.key === key && one.pattern === name && one.regex === regex)?.reason
  }

  add(key: string, pattern: Pattern, reason: string): void {
    if (this.reasonFor(key, pattern) !== undefined) return
    const one = { key, pattern: nameOf(pattern), regex: writtenOf(pattern), reason }
    this.#hold([...this.#held, one].slice(-HELD_MAX))
  }

  /** All patterns of that name are looked for again, in all logs. */
  release(name: string): void {
    this.#hold(this.#held.filter(({ pattern }) => pattern !== name))
  }

  #hold(all: readonly HeldPattern[]): void {
    this.#held = all
    try {
      writeFileSync(`${this.#path}.new`, JSON.stringify(all), { mode: MODE })
      renameSync(`${this.#path}.new`, this.#path)
    } catch (error) {
      this.#log.warning(
        `${this.#path}: after a restart nobody will know which patterns are quarantined: ${(error as Error).message}`,
      )
    }
  }

  #read(): readonly HeldPattern[] {
    try {
      return v.parse(v.array(held), JSON.parse(readFileSync(this.#path, 'utf8')))
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT') this.#log.warning(`${this.#path}: patterns that were quarantined are tried again: ${message}`)
      return []
    }
  }
}

/** What stands before JSON is no part of it: it never takes too long. */
function writtenOf({ regex, set }: Pattern): string {
  return `${(set?.json === undefined && set?.prefix) || ''} ${regex}`
}
