import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { HackersOptions } from '../../src/rules/hackers.ts'
import { Log2table } from './log2table.ts'
import { connect, createNamespace, NAMESPACE_PROGRAMS, type Namespace } from './namespace.ts'
import { needs, program } from './programs.ts'
import { RUNNING_PROGRAMS } from './running.ts'
import { SetWatch } from './set-watch.ts'
import { SSH_CLIENT_PROGRAMS, SshClient } from './ssh-client.ts'
import { type LogLine, SSH_SERVER_PROGRAMS, SshServer } from './ssh-server.ts'
import { waitFor } from './wait-for.ts'

/** For the `skip` option of a test: false where the scene can be made, else the reason. */
export function noSshScene(): false | string {
  if (process.getuid?.() !== 0) return 'sshd and PAM work for root only'
  return needs([...NAMESPACE_PROGRAMS, ...RUNNING_PROGRAMS, ...SSH_SERVER_PROGRAMS, ...SSH_CLIENT_PROGRAMS, 'nft'])
}

/** The attackers' network; its first address is the server's, and so is the first /64. */
const ATTACKERS = { ipv4: (n: number) => `203.0.113.${n}`, ipv6: (n: number) => `2001:db8:a:${n}::` }
const OFFICE = { ipv4: '198.51.100.7', ipv6: '2001:db8:b:7::7' }
const ATTACKERS_MAX = 30
const GUESSES_IN_A_CONNECTION = 3

/** A server with sshd that strangers on one side and its owners on the other can reach, and nobody else. */
export class SshScene {
  readonly #folder: string
  readonly #namespaces: readonly Namespace[]
  readonly #server: Namespace
  readonly #watch: SetWatch
  readonly sshd: SshServer
  /** Has all addresses that `newAttacker` gives. */
  readonly attacker: SshClient
  /** Whoever is there has one address, as behind a router that translates addresses. */
  readonly office: SshClient
  readonly officeAddress = OFFICE
  #attackers = 1
  #daemons = 0

  private constructor(parts: { folder: string; namespaces: readonly Namespace[]; sshd: SshServer; watch: SetWatch }) {
    this.#folder = parts.folder
    this.#namespaces = parts.namespaces
    this.#watch = parts.watch
    this.sshd = parts.sshd
    const [server, attacker, office] = parts.namespaces
    this.#server = server!
    const client = (name: string, namespace: Namespace, server4: string, server6: string) =>
      new SshClient({
        namespace,
        folder: newFolder(parts.folder, name),
        serverOf: (from) => (from.includes(':') ? server6 : server4),
      })
    this.attacker = client('attacker', attacker!, ATTACKERS.ipv4(1), `${ATTACKERS.ipv6(0)}1`)
    this.office = client('office', office!, '198.51.100.1', '2001:db8:b::1')
  }

  static async start(): Promise<SshScene> {
    const folder = mkdtempSync(join(tmpdir(), 'log2table-e2e-'))
    const server = await createNamespace()
    const attacker = await createNamespace(server)
    const office = await createNamespace(server)
    const numbers = Array.from({ length: ATTACKERS_MAX }, (_, index) => index + 2)
    await connect(
      { namespace: server, interface: 'attackers', addresses: [`${ATTACKERS.ipv4(1)}/24`, `${ATTACKERS.ipv6(0)}1/48`] },
      {
        namespace: attacker,
        interface: 'server',
        addresses: numbers.flatMap((n) => [`${ATTACKERS.ipv4(n)}/24`, `${ATTACKERS.ipv6(n)}9/48`, `${ATTACKERS.ipv6(n)}a/48`]),
      },
    )
    await connect(
      { namespace: server, interface: 'office', addresses: ['198.51.100.1/24', '2001:db8:b::1/48'] },
      { namespace: office, interface: 'server', addresses: [`${OFFICE.ipv4}/24`, `${OFFICE.ipv6}/48`] },
    )
    const sshd = await SshServer.start(server, newFolder(folder, 'sshd'))
    const watch = await SetWatch.start(server)
    return new SshScene({ folder, namespaces: [server, attacker, office], sshd, watch })
  }

  /** Addresses that nobody has attacked from yet: one of IPv4, and two of one /64. */
  newAttacker(): { readonly ipv4: string; readonly ipv6: string; readonly neighbour: string; readonly network: string } {
    const n = ++this.#attackers
    const prefix = ATTACKERS.ipv6(n)
    return { ipv4: ATTACKERS.ipv4(n), ipv6: `${prefix}9`, neighbour: `${prefix}a`, network: `${prefix}/64` }
  }

  /** A daemon that knows nothing yet, for one test, with an empty log and no firewall; it is not started. */
  log2table(t: TestContext, options?: Omit<HackersOptions, 'table'>): Log2table {
    const folder = newFolder(this.#folder, `daemon-${this.#daemons++}`)
    return new Log2table(t, { namespace: this.#server, folder, parameters: this.parameters(options) })
  }

  /** Follows auth.log into nftables, with these options of `Hackers`. */
  parameters(options: Omit<HackersOptions, 'table'> = {}): string {
    return `  tables: { bad_ip: nftables() },
  rules: { hackers: new Hackers(${JSON.stringify({ table: 'bad_ip', ...options })}) },
  logs: { '${this.sshd.authLog}': { hackers: sshd } },
`
  }

  /** As if nobody had ever come. */
  async clear(): Promise<void> {
    await this.flushFirewall()
    this.sshd.beginAnew()
  }

  async flushFirewall(): Promise<void> {
    await this.#server.run([program('nft'), 'flush', 'ruleset'])
  }

  /**
   * Types so many wrong passwords, three in a connection (PAM allows no more), and gives their lines in the log. The last
   * connection is left open until the test ends: it may be cut off, and then waits in vain.
   */
  async guess(t: TestContext, client: SshClient, { from, user = 'root', count }: { from: string; user?: string; count: number }) {
    const before = this.#failuresOf(from).length
    for (let typed = 0; typed < count; typed += GUESSES_IN_A_CONNECTION) {
      const guesses = Math.min(count - typed, GUESSES_IN_A_CONNECTION)
      const connection = client.begin({ from, user, passwords: Array<string>(guesses).fill('wrong') })
      t.after(() => connection.giveUp())
      await this.sshd.logged(failureFrom(from), before + typed + guesses)
    }
    return this.#failuresOf(from).slice(before)
  }

  /** Waits until a daemon has read what is in the log now. One that was started on a log with lines does not count those from the start. */
  async read(daemon: Log2table, { fromTheStart = true } = {}): Promise<void> {
    const written = fromTheStart ? this.sshd.lines.length : 0
    await waitFor('the daemon has read the log', 5_000, async () => {
      const log = (await daemon.status()).logs[0]!
      return log.behindBytes === 0 && log.lines >= written
    })
  }

  /** The entries in the sets of table bad_ip, sorted. */
  async banned(): Promise<readonly string[]> {
    const ruleset = await this.#server.run([program('nft'), 'list', 'ruleset'])
    return [...elementsOf(ruleset, 'bad_ip_v4'), ...elementsOf(ruleset, 'bad_ip_v6').map((first) => `${first}/64`)].sort()
  }

  /** When this entry was added to a set last (ms, as `performance.now` counts). */
  addedAt(entry: string, withinMs: number): Promise<number> {
    return this.#watch.addedAt(entry.replace(/\/64$/, ''), withinMs)
  }

  #failuresOf(address: string): readonly LogLine[] {
    return this.sshd.lines.filter(({ text }) => failureFrom(address).test(text))
  }

  async close(): Promise<void> {
    await this.#watch.stop()
    await this.sshd.stop()
    for (const namespace of this.#namespaces) await namespace.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function failureFrom(address: string): RegExp {
  return new RegExp(`: Failed password for .* from ${address.replaceAll('.', '\\.')} port`)
}

/** Nothing where there is no such set. A set of /64s holds their first addresses. */
function elementsOf(ruleset: string, set: string): readonly string[] {
  const elements = new RegExp(`\\tset ${set} \\{[^{}]*elements = \\{([^}]*)\\}`).exec(ruleset)?.[1] ?? ''
  return elements.split(',').flatMap((element) => element.trim().split(' ')[0] || [])
}

function newFolder(above: string, name: string): string {
  const folder = join(above, name)
  mkdirSync(folder)
  return folder
}
