import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import type { CommandResult, FileStep } from './firewall.ts'

/**
 * Reads a file of lines, or changes it: lines of others stay as they are and where they are. Whoever reads it finds the one
 * before or the one after: the new one is written beside it, brought to the disk, and then put in its place.
 */
export async function runFileStep(path: string, { verb, lines }: FileStep): Promise<CommandResult> {
  try {
    if (verb === 'look') return ended(0, (await stat(path).catch(ifAbsent)) ? path : '')
    const text = await readFile(path, 'utf8').catch(ifAbsent)
    if (verb === 'read') return text === undefined ? ended(1, '', `${path}: no such file`) : ended(0, text)
    const present = (text ?? '').split('\n')
    // The end of the last line is not a line.
    if (present.at(-1) === '') present.pop()
    if (verb === 'test') {
      const known = new Set(present)
      const absent = lines.find((line) => !known.has(line))
      return absent === undefined ? ended(0) : ended(1, '', `${path}: has no line "${absent}"`)
    }
    if (verb === 'delete' && text === undefined) return ended(0)
    const changed = verb === 'add' ? withLines(present, lines) : withoutLines(present, lines)
    // A file that is not there is made, also where it is to hold nothing.
    if (text === undefined || changed.length !== present.length) await replace(path, changed)
    return ended(0)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const because = code === 'EACCES' || code === 'EPERM' ? `may not be written: ${message}` : message
    return { status: null, stdout: '', stderr: '', trouble: `${path}: ${because}` }
  }
}

function ended(status: number, stdout = '', stderr = ''): CommandResult {
  return { status, stdout, stderr }
}

function ifAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}

function withLines(present: readonly string[], lines: readonly string[]): readonly string[] {
  const known = new Set(present)
  return [...present, ...lines.filter((line) => !known.has(line))]
}

function withoutLines(present: readonly string[], lines: readonly string[]): readonly string[] {
  const unwanted = new Set(lines)
  return present.filter((line) => !unwanted.has(line))
}

/** Mode and owner stay what they were; a link stays one, and what it leads to is replaced. */
async function replace(path: string, lines: readonly string[]): Promise<void> {
  const target = (await realpath(path).catch(ifAbsent)) ?? path
  const before = await stat(target).catch(ifAbsent)
  const beside = `${target}.new`
  await rm(beside, { force: true })
  // Exclusively: what somebody put there meanwhile, a link for example, is not written to.
  const file = await open(beside, 'wx', 0o644)
  try {
    await file.writeFile(lines.map((line) => `${line}\n`).join(''))
    if (before) {
      await file.chmod(before.mode & 0o7777)
      const isOurs = before.uid === process.geteuid?.() && before.gid === process.getegid?.()
      if (!isOurs) await file.chown(before.uid, before.gid)
    }
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(beside, target)
}
