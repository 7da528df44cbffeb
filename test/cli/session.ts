import { Readable } from 'node:stream'
import { type ExitStatus, exitStatus } from '../../src/base/exit-status.ts'
import type { Output } from '../../src/cli/command.ts'
import { runProgram } from '../../src/cli/program.ts'
import type { DaemonControl, StatusReport } from '../../src/daemon/control-protocol.ts'

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
}

/** Half past nine in the morning in UTC. */
export const NOW = Date.UTC(2026, 10, 21, 9, 30)

/** Runs one command line within this process; arguments are parted by single spaces, or given as a list. */
export async function log2table(line: string | readonly string[], { env = {}, terminal, now = NOW }: SessionOptions = {}): Promise<Seen> {
  const written = { stdout: '', stderr: '' }
  const output = (name: keyof typeof written): Output => ({
    write: (text) => {
      written[name] += text
    },
    isTerminal: terminal !== undefined,
    width: terminal?.width,
    hasColour: terminal?.hasColour ?? false,
    closed: new Promise(() => {}),
  })
  const argv = typeof line === 'string' ? line.split(' ').filter((word) => word !== '') : line
  const io = { stdin: Readable.from([]), stdout: output('stdout'), stderr: output('stderr'), env, now: () => now }
  return { status: await runProgram(argv, io), ...written }
}

/** What is seen where all went well. */
export const printed = (stdout: string): Seen => ({ status: exitStatus.done, stdout, stderr: '' })
/** What is seen of a mistake. */
export const failed = (status: ExitStatus, stderr: string): Seen => ({ status, stdout: '', stderr: `log2table: ${stderr}\n` })

/** A daemon of which all is well, and which does nothing. */
export function idleControl(changes: Partial<DaemonControl> = {}): DaemonControl {
  return {
    status: () => wellReport,
    bans: () => [],
    ban: () => ({ decisions: [] }),
    unban: () => ({ decisions: [] }),
    reload: () => Promise.resolve({ configuration: '/etc/log2table', logs: 2, rules: 1, tables: 1 }),
    ...changes,
  }
}

export const wellReport: StatusReport = {
  troubles: [],
  version: '2.0.0',
  pid: 4711,
  startedAt: '2026-11-20T09:30:00.000Z',
  upMs: 86_400_000,
  mode: 'enforcing',
  configuration: '/etc/log2table',
  state: '/var/lib/log2table',
  protected: 12,
  logs: [
    {
      log: '/var/log/auth.log',
      state: 'reading',
      reason: null,
      behindBytes: 0,
      lagMs: 0,
      lines: 12_345,
      hits: 99,
      overlongLines: 0,
      lostBytes: 0,
    },
  ],
  tables: [{ table: 'bad_ip', kind: 'nftables', desired: 3, enforced: 3, state: 'enforcing', reason: null, queued: 0 }],
  rules: [{ rule: 'hackers', state: 'running', reason: null, hits: 99, bans: 7, scored: 21 }],
  store: { path: '/var/lib/log2table/log2table.db', state: 'keeping', reason: null, pending: 0 },
  bounds: [{ name: 'addresses with points', limit: 1_000_000, used: 21 }],
}
