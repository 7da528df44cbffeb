import { Readable } from 'node:stream'
import { type ExitStatus, exitStatus } from '../../src/base/exit-status.ts'
import type { Output } from '../../src/cli/command.ts'
import { runProgram } from '../../src/cli/program.ts'
import { AS_ROOT } from '../lib/running.ts'

/** What was seen after a command line. */
export interface Seen {
  readonly status: ExitStatus
  readonly stdout: string
  readonly stderr: string
}

export interface SessionOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly terminal?: { readonly width: number; readonly hasColour?: boolean }
  readonly now?: number
  /** Settles when nobody reads the output any more. */
  readonly closed?: Promise<void>
}

/** Half past nine in the morning in UTC. */
export const NOW = Date.UTC(2026, 10, 21, 9, 30)

/** Runs one command line within this process; arguments are parted by single spaces, or given as a list. */
export async function log2table(
  line: string | readonly string[],
  { env = {}, terminal, now = NOW, closed = new Promise(() => {}) }: SessionOptions = {},
): Promise<Seen> {
  const written = { stdout: '', stderr: '' }
  const output = (name: keyof typeof written): Output => ({
    write: (text) => {
      written[name] += text
    },
    isTerminal: terminal !== undefined,
    width: terminal?.width,
    hasColour: terminal?.hasColour ?? false,
    closed,
  })
  const argv = typeof line === 'string' ? line.split(' ').filter((word) => word !== '') : line
  const io = {
    stdin: Readable.from([]),
    stdout: output('stdout'),
    stderr: output('stderr'),
    env: { ...AS_ROOT, ...env },
    now: () => now,
  }
  return { status: await runProgram(argv, io), ...written }
}

/** What is seen where all went well. */
export const printed = (stdout: string): Seen => ({ status: exitStatus.done, stdout, stderr: '' })
/** What is seen of a mistake. */
export const failed = (status: ExitStatus, stderr: string): Seen => ({ status, stdout: '', stderr: `log2table: ${stderr}\n` })
