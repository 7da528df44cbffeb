import { mkdirSync, readFileSync, truncateSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Namespace } from './namespace.ts'
import { program } from './programs.ts'
import { Running } from './running.ts'
import { waitFor } from './wait-for.ts'

/** For `needs`. */
export const SSH_SERVER_PROGRAMS = ['unshare', 'sshd', 'ssh-keygen', 'rsyslogd'] as const

/** The one user of the server. */
export const USER = 'alice'
export const PASSWORD = 'correct horse'
const PASSWORD_HASH =
  '$6$rounds=1000$log2table$sXaZeRHMb/tOM4OgOy8NxfDTKc/v7FVtlQXyjmXN18F4lYXgX18yX0ce5/L..LhBC3lV3q.JkbWLi5Ri.Tjnr0'

/** A line of the log, and when it was seen there (ms, as `performance.now` counts). */
export interface LogLine {
  readonly at: number
  readonly text: string
}

/**
 * OpenSSH's server on port 22 of a namespace, which logs through rsyslog, as on Debian: PAM, traditional dates, auth.log.
 * Both have a file system view and process ids of their own, so that nothing of the machine's is used or changed: there
 * they have /dev/log, /run/sshd, PAM's configuration and the users.
 */
export class SshServer {
  readonly #machine: Running
  readonly #stopWatching: () => void
  readonly authLog: string
  /** All lines of the log since it was last emptied. */
  readonly lines: LogLine[] = []

  private constructor(namespace: Namespace, folder: string) {
    this.authLog = join(folder, 'auth.log')
    for (const [name, text] of Object.entries(filesIn(folder))) writeFileSync(join(folder, name), text)
    mkdirSync(join(folder, 'dev'))
    writeFileSync(this.authLog, '', { mode: 0o640 })
    this.#stopWatching = this.#watch()
    const unshare = [program('unshare'), '--mount', '--pid', '--fork', '--kill-child', '--']
    this.#machine = new Running(namespace.inside([...unshare, 'sh', '-euc', BOOT, 'boot', folder]), {
      env: { SSHD: program('sshd'), RSYSLOGD: program('rsyslogd'), SSH_KEYGEN: program('ssh-keygen'), TZ: 'UTC' },
    })
  }

  static async start(namespace: Namespace, folder: string): Promise<SshServer> {
    const server = new SshServer(namespace, folder)
    try {
      await waitFor('sshd listens', 10_000, () => {
        if (server.#machine.hasEnded) throw new Error('it ended')
        return server.lines.some(({ text }) => text.includes('Server listening on :: port 22'))
      })
    } catch (error) {
      await server.stop()
      throw new Error(`sshd and rsyslogd do not start: ${(error as Error).message}\n${server.#machine.output}`, { cause: error })
    }
    return server
  }

  /** Ends all connections without a word in the log, and empties that: as if it had just begun. */
  beginAnew(): void {
    for (const pid of descendants(this.#machine.pid)) {
      const name = textOf(`/proc/${pid}/cmdline`)
      if (name.startsWith('sshd') && !name.includes('[listener]')) kill(pid)
    }
    truncateSync(this.authLog)
    this.lines.length = 0
  }

  /** Waits until the log has so many lines that match, and gives them. */
  async logged(pattern: RegExp, count = 1): Promise<readonly LogLine[]> {
    const matching = () => this.lines.filter(({ text }) => pattern.test(text))
    await waitFor(
      () => `${count} lines ${pattern} in the log; its end is\n${this.#tail()}`,
      5_000,
      () => matching().length >= count,
    )
    return matching()
  }

  async stop(): Promise<void> {
    this.#stopWatching()
    this.#machine.closeInput()
    await this.#machine.end()
  }

  #tail(): string {
    return this.lines
      .slice(-10)
      .map(({ text }) => text)
      .join('\n')
  }

  #watch(): () => void {
    let read = 0
    const look = () => {
      const at = performance.now()
      const text = readFileSync(this.authLog, 'latin1')
      if (text.length < read) read = 0
      const end = text.lastIndexOf('\n') + 1
      for (const line of text.slice(read, end).split('\n').slice(0, -1)) this.lines.push({ at, text: line })
      read = Math.max(read, end)
    }
    const watcher = watch(this.authLog, look)
    return () => watcher.close()
  }
}

function descendants(pid: number): readonly number[] {
  const children = textOf(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number)
  return children.flatMap((child) => [child, ...descendants(child)])
}

/** Nothing where the process has ended meanwhile. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has ended meanwhile
  }
}

function filesIn(folder: string): Readonly<Record<string, string>> {
  return {
    passwd: `root:x:0:0::/root:/bin/sh
sshd:x:100:65534::/run/sshd:/usr/sbin/nologin
${USER}:x:1000:1000::/:/bin/sh
nobody:x:65534:65534::/:/usr/sbin/nologin
`,
    shadow: `root:*:20000::::::
sshd:*:20000::::::
${USER}:${PASSWORD_HASH}:20000::::::
`,
    // Without the two seconds that pam_unix waits after each mistake.
    pam: `auth required pam_unix.so nodelay
account required pam_unix.so
session required pam_unix.so
`,
    'rsyslog.conf': `module(load="imuxsock")
auth,authpriv.* action(type="omfile" file="${folder}/auth.log" template="RSYSLOG_TraditionalFileFormat")
`,
    sshd_config: `HostKey ${folder}/host_key
UsePAM yes
PidFile none
`,
  }
}

/** Ends when its standard input does, and all that it started with it. */
const BOOT = `
  folder=$1
  mount -t tmpfs tmpfs "$folder/dev"
  for device in full null ptmx random tty urandom zero; do
    : >"$folder/dev/$device"
    mount --bind "/dev/$device" "$folder/dev/$device"
  done
  mount --rbind "$folder/dev" /dev
  mount -t proc proc /proc
  mount -t tmpfs -o mode=755 tmpfs /run
  mount -t tmpfs -o mode=755 tmpfs /etc/pam.d
  mkdir /run/sshd
  cp "$folder/pam" /etc/pam.d/sshd
  mount --bind "$folder/passwd" /etc/passwd
  mount --bind "$folder/shadow" /etc/shadow
  "$SSH_KEYGEN" -q -t ed25519 -N '' -f "$folder/host_key"
  "$RSYSLOGD" -n -f "$folder/rsyslog.conf" -i NONE &
  until [ -S /dev/log ]; do sleep 0.02; done
  "$SSHD" -D -f "$folder/sshd_config" &
  exec cat
`
