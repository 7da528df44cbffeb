import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import type { TestContext } from 'node:test'
import { numberIn } from './chaos-lines.ts'

export interface WriterOptions {
  readonly log: string
  /** A file for the truth; see `readTruth`. */
  readonly truth: string
  readonly rotation: 'rename' | 'copytruncate'
  readonly everyMs: number
  readonly linesPerSecond: number
  readonly seed: number
  /** A file with the number of the last line that was read; what comes after it is not deleted. */
  readonly counted?: string
}

/** What a writer has done. */
export interface Written {
  /** Lines were numbered from 1 to this. */
  readonly issued: number
  readonly rotations: number
  /** Numbers of the lines that were written between a copy and the emptying after it: nobody finds them who did not read them then. */
  readonly atRisk: readonly number[]
}

/** Starts a process that writes until it is stopped, or the test is over. */
export function startWriter(t: Pick<TestContext, 'after'>, options: WriterOptions): { stop(): Promise<Written> } {
  const script = new URL('chaos-writer.ts', import.meta.url).pathname
  const argv = ['--disable-warning=ExperimentalWarning', script, JSON.stringify(options)]
  const child = spawn(process.execPath, argv, { stdio: ['pipe', 'pipe', 'inherit'] })
  const printed = text(child.stdout)
  const ended = once(child, 'exit')
  t.after(() => child.kill('SIGKILL'))
  return {
    async stop() {
      child.stdin.end()
      await ended
      return JSON.parse(await printed)
    },
  }
}

/** By its number: where each line was written, in bytes within its file, and the line. */
export function readTruth(path: string): Map<number, { readonly position: number; readonly line: string }> {
  const truth = new Map<number, { position: number; line: string }>()
  for (const text of readFileSync(path, 'latin1').split('\n').slice(0, -1)) {
    const space = text.indexOf(' ')
    const line = text.slice(space + 1)
    truth.set(numberIn(line)!, { position: Number(text.slice(0, space)), line })
  }
  return truth
}
