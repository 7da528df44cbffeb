import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { exitStatus } from '../base/exit-status.ts'
import { UserError } from '../base/user-error.ts'
import { reasonOf } from '../sources/open-file.ts'

/** Writes our process id to a file, and returns what removes it. Throws where another process that lives has written its own. */
export function writePidFile(path: string): () => void {
  const other = livingProcess(path)
  if (other !== undefined) throw new UserError(exitStatus.unavailable, `${path}: process ${other} runs already; end it first`)
  try {
    writeFileSync(path, `${process.pid}\n`, { mode: 0o644 })
  } catch (error) {
    throw new UserError(exitStatus.notPermitted, `${path}: ${reasonOf(error)}`)
  }
  return () => rmSync(path, { force: true })
}

function livingProcess(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8').trim())
    if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return undefined
    process.kill(pid, 0)
    return pid
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' ? Number(readFileSync(path, 'utf8')) : undefined
  }
}
