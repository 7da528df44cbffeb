import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Most files of a configuration folder, folders below it included, that are copied. */
const FILES_MAX = 1_000
const FILE_BYTES_MAX = 4 * 1024 * 1024
const SKIPPED = /^(?:\.|node_modules$)/

/**
 * Keeps a copy of a configuration folder that was accepted: a process that is started again takes it where somebody is just
 * editing the folder. Throws where the copy cannot be written; then the one before stays.
 */
export function keepAccepted(folder: string, copy: string): void {
  const beside = `${copy}.new`
  rmSync(beside, { recursive: true, force: true })
  let files = 0
  copyBelow(folder, beside)
  rmSync(`${copy}.old`, { recursive: true, force: true })
  if (existsSync(copy)) renameSync(copy, `${copy}.old`)
  renameSync(beside, copy)
  rmSync(`${copy}.old`, { recursive: true, force: true })

  function copyBelow(from: string, to: string): void {
    mkdirSync(to, { mode: 0o700 })
    for (const name of readdirSync(from)) {
      if (SKIPPED.test(name)) continue
      const [source, target] = [join(from, name), join(to, name)]
      // A link to a file is a file; one to a folder may lead anywhere.
      if (lstatSync(source).isDirectory()) copyBelow(source, target)
      else if (isToBeCopied(source)) {
        if (++files > FILES_MAX) throw new Error(`${folder} holds more than ${FILES_MAX} files`)
        writeFileSync(target, readFileSync(source), { mode: 0o600 })
      }
    }
  }
}

function isToBeCopied(file: string): boolean {
  const stats = statSync(file, { throwIfNoEntry: false })
  return stats?.isFile() === true && stats.size <= FILE_BYTES_MAX
}

/** Whether there is an accepted configuration; also one that was just being replaced when the power went. */
export function acceptedIn(copy: string): string | undefined {
  return [copy, `${copy}.old`].find((folder) => existsSync(join(folder, 'parameters.ts')))
}
