import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { program } from './programs.ts'
import { Running, runToEnd } from './running.ts'

/** For `needs`. */
export const JOURNAL_PROGRAMS = ['journalctl', 'systemd-journal-remote'] as const

export interface Entry {
  readonly at: number
  readonly message: string | Buffer
  readonly fields?: Readonly<Record<string, string | Buffer>>
  /** 0 to 9: which boot it belongs to. */
  readonly boot?: number
}

/** A journal of its own in a folder, whose entries are written as they would be on another machine and sent here. */
export class TestJournal {
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
    mkdirSync(folder)
  }

  /** For the source, which would read the machine's own. */
  get journalctl(): readonly string[] {
    return [program('journalctl'), `--directory=${this.folder}`]
  }

  /** Appends entries to a file, which is made where it is not there. */
  async append(entries: readonly Entry[], file = 'a'): Promise<void> {
    const remote = new Running([program('systemd-journal-remote'), `--output=${join(this.folder, `${file}.journal`)}`, '-'])
    remote.write(Buffer.concat(entries.map(exported)))
    remote.closeInput()
    const status = await remote.end(10_000)
    if (status !== 0) throw new Error(`systemd-journal-remote: ${status}\n${remote.output}`)
  }

  /** The cursors of all entries, in order. */
  async cursors(): Promise<readonly string[]> {
    const [journalctl = '', ...args] = this.journalctl
    const { stdout } = await runToEnd([journalctl, ...args, '--output=export', '--output-fields=MESSAGE'], { withinMs: 10_000 })
    return [...stdout.matchAll(/^__CURSOR=(.*)$/gm)].map(([, cursor]) => cursor!)
  }
}

function exported({ at, message, fields, boot = 0 }: Entry): Buffer {
  const all: Record<string, string | Buffer> = {
    __REALTIME_TIMESTAMP: String(at * 1_000),
    __MONOTONIC_TIMESTAMP: String((at % 1e9) * 1_000 + 1),
    _BOOT_ID: `4c2a5c7b7d7b4b0e8c2f6a1d0e9f8a7${boot}`,
    _HOSTNAME: 'www',
    SYSLOG_IDENTIFIER: 'sshd',
    _PID: '4711',
    _SYSTEMD_UNIT: 'ssh.service',
    ...fields,
    MESSAGE: message,
  }
  return Buffer.concat([...Object.entries(all).map(([name, value]) => field(name, Buffer.from(value))), Buffer.from('\n')])
}

/** Text may stand on the line; anything else needs its length. */
function field(name: string, value: Buffer): Buffer {
  if (value.every((byte) => byte >= 32 && byte < 127)) return Buffer.from(`${name}=${value}\n`)
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(value.length))
  return Buffer.concat([Buffer.from(`${name}\n`), length, value, Buffer.from('\n')])
}
