import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Namespace } from './namespace.ts'
import { program } from './programs.ts'
import { Running, runToEnd } from './running.ts'
import { PASSWORD, USER } from './ssh-server.ts'

/** For `needs`. */
export const SSH_CLIENT_PROGRAMS = ['ssh'] as const

/** How a connection ended: the passwords were not taken, or there was no connection at all. */
export type SshOutcome = 'logged in' | 'refused' | 'no connection'

export interface SshConnection {
  /** The client's own address. */
  readonly from: string
  readonly user?: string
  /** What is typed at each prompt. */
  readonly passwords?: readonly string[]
}

/** A connection that goes on until it is given up. */
export interface LiveConnection {
  giveUp(): Promise<void>
}

const CONNECT_SECONDS_MAX = 2
const LOGIN_MS_MAX = 20_000

/** A person with OpenSSH's client in a namespace. */
export class SshClient {
  readonly #namespace: Namespace
  readonly #folder: string
  readonly #serverOf: (from: string) => string
  #connections = 0

  /** `serverOf` gives the server's address for one of the client's. */
  constructor(options: { namespace: Namespace; folder: string; serverOf: (from: string) => string }) {
    this.#namespace = options.namespace
    this.#folder = options.folder
    this.#serverOf = options.serverOf
    writeFileSync(join(this.#folder, 'askpass'), '#!/bin/sh\nsed -n 1p "$PASSWORDS"\nexec sed -i 1d "$PASSWORDS"\n', {
      mode: 0o755,
    })
  }

  /** Connects once, types the passwords until one is taken, and leaves at once. */
  async connect(connection: SshConnection): Promise<SshOutcome> {
    const { argv, env } = this.#command(connection, 'true')
    const { status, stderr } = await runToEnd(argv, { env, withinMs: LOGIN_MS_MAX })
    if (status === 0) return 'logged in'
    if (stderr.includes('Permission denied') || stderr.includes('Too many authentication failures')) return 'refused'
    if (/connect to host \S+ port 22: Connection timed out/.test(stderr)) return 'no connection'
    throw new Error(`ssh from ${connection.from} ended with status ${status}: ${stderr}`)
  }

  /** Logs in and stays. */
  async stay(connection: SshConnection): Promise<LiveConnection> {
    const client = this.#begin(connection, 'echo welcome; exec cat')
    await client.line(/^welcome$/, { withinMs: LOGIN_MS_MAX })
    return endedBy(() => client.closeInput(), client)
  }

  /** Types passwords, and does not wait for what comes of it: who is banned on the way waits for the server in vain. */
  begin(connection: SshConnection): LiveConnection {
    const client = this.#begin(connection, 'true')
    return endedBy(() => client.signal('SIGTERM'), client)
  }

  #begin(connection: SshConnection, command: string): Running {
    const { argv, env } = this.#command(connection, command)
    return new Running(argv, { env })
  }

  #command({ from, user = USER, passwords = [PASSWORD] }: SshConnection, command: string) {
    const typed = join(this.#folder, `passwords-${this.#connections++}`)
    writeFileSync(typed, passwords.map((one) => `${one}\n`).join(''))
    const options = {
      ConnectTimeout: CONNECT_SECONDS_MAX,
      NumberOfPasswordPrompts: passwords.length,
      PreferredAuthentications: 'password',
      StrictHostKeyChecking: 'no',
      UserKnownHostsFile: '/dev/null',
    }
    const argv = [
      program('ssh'),
      ...['-F', '/dev/null', '-T', '-b', from],
      ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]),
      ...[`${user}@${this.#serverOf(from)}`, command],
    ]
    const env = { SSH_ASKPASS: join(this.#folder, 'askpass'), SSH_ASKPASS_REQUIRE: 'force', PASSWORDS: typed }
    return { argv: this.#namespace.inside(argv), env }
  }
}

function endedBy(ask: () => void, client: Running): LiveConnection {
  return {
    async giveUp() {
      ask()
      await client.end()
    },
  }
}
