import assert from 'node:assert/strict'
import { appendFileSync, writeFileSync } from 'node:fs'
import { connect as connectTo } from 'node:net'
import type { TestContext } from 'node:test'
import {
  formatNetwork,
  maskAddress,
  type Network,
  overlaps,
  parseAddress,
  parseNetwork,
  sourceNetwork,
  sourceOf,
} from '../../src/base/address.ts'
import { exitStatus } from '../../src/base/exit-status.ts'
import { HOUR_MS, MINUTE_MS } from '../../src/base/units.ts'
import type { Answer } from '../../src/firewall/keeper.ts'
import type { EntryText, Request } from '../../src/firewall/request.ts'
import { framed, type KeeperMessage, Unframer, WIRE_VERSION } from '../../src/firewall/wire.ts'
import { connect, createNamespace, type Namespace } from './namespace.ts'
import { noProcesses, Processes } from './processes.ts'
import { needs, program } from './programs.ts'
import { Running } from './running.ts'
import { tcpClient, tcpServer } from './tcp-peers.ts'
import { waitFor } from './wait-for.ts'

/** Why nobody can be locked out here; false where it can be tried. */
export function noLockOut(): false | string {
  return noProcesses() || needs(['mount'])
}

const WAIT_MS_MAX = 10 * MINUTE_MS
const PORT = 2222

const INNOCENT = '192.0.2.200'
const PROXIES = ['198.51.100.80', '2001:db8:80::80'] as const

/** Whose bans would lock somebody out, as hostile lines name them. */
const never = {
  own: ['203.0.113.1', '::ffff:203.0.113.1', '2001:db8:c::1', '2001:db8:c::dead', '127.0.0.1', '::1'],
  gateway: ['203.0.113.254', '::ffff:203.0.113.254', '2001:db8:c:fe::fe'],
  resolver: ['192.0.2.53', '::ffff:192.0.2.53', '2001:db8:53::53'],
  'logged in': ['198.51.100.22', '::ffff:198.51.100.22', '2001:db8:22:22::22', '2001:db8:22:22::dead'],
  proxy: [...PROXIES, '::ffff:198.51.100.80', '2001:db8:80:1::1'],
  ignored: ['192.0.2.65', '::ffff:192.0.2.66', '198.51.100.9', '2001:db8:9:9::9'],
  /** Named by those behind a proxy, before the word of the proxy. */
  innocent: [INNOCENT],
} as const
/** Given to the machine while lines name them already. */
const later = { ipv4: '203.0.113.2', ipv6: '2001:db8:c:2::2' }
/** Has an open connection to the machine, and no more. */
const CONNECTED = '203.0.113.50'

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1)
/** Far from all others, in the networks of those who must not be banned, and behind proxies. */
const attackers = [
  CONNECTED,
  ...numbers(30).flatMap((n) => [`11.0.${n}.7`, `::ffff:11.1.${n}.7`, `2001:db8:bad:${n}::7`]),
  ...numbers(9).flatMap((n) => [`203.0.113.10${n}`, `198.51.100.10${n}`, `192.0.2.10${n}`, `2001:db8:c:b${n}::7`]),
]
const behindProxies = numbers(30).map((n) => `11.2.${n}.7`)
/** Lines that are written at once. */
const PART_LINES = 30_000

const LOGS = ['auth.log', 'app.log', 'access.log'] as const
type Lines = Record<(typeof LOGS)[number], string[]>

/**
 * Has `count` hostile lines read, of which most name those who must not be banned, then orders given by hand, and the keeper
 * asked in its own words: none of them is banned at any moment, and all attackers are.
 */
export async function nobodyIsLockedOut(t: TestContext, count: number): Promise<void> {
  const lockOut = await LockOut.create(t)
  const { wrongDecisions, wrongEntries, missed, ...figures } = await lockOut.run(count)
  t.diagnostic(JSON.stringify(figures))
  assert.deepEqual({ wrongDecisions, wrongEntries, missed }, { wrongDecisions: [], wrongEntries: [], missed: [] })
  await lockOut.orderByHand()
  assert.deepEqual(await lockOut.ask(), [])
}

interface LockedOut {
  readonly lines: number
  readonly attackers: number
  /** Bans of those who must not be, as the engine decided, and as the kernel held them. */
  readonly wrongDecisions: readonly string[]
  readonly wrongEntries: readonly string[]
  /** Attackers that were not banned. */
  readonly missed: readonly string[]
  readonly refusals: number
  readonly seconds: number
}

/**
 * Keeper and engine as their units run them, with a real nftables, on a machine with addresses, gateways and resolvers of its
 * own; `count` hostile lines in three logs, of which most name those who must not be banned.
 */
class LockOut {
  readonly #scene: Processes
  readonly #t: TestContext
  readonly #client: Namespace
  readonly #monitor: Running
  /** Whatever was ever in force, as the kernel tells it. */
  readonly #entered = new Set<string>()
  #ends = 0
  #lines = 0
  /** Lines of the engine in which the ends were looked for already. */
  #looked = 0

  static async create(t: TestContext): Promise<LockOut> {
    const namespace = await createNamespace()
    const client = await createNamespace(namespace)
    t.after(() => client.close())
    const theirs = { namespace: client, interface: 'server', addresses: [`${CONNECTED}/24`, '203.0.113.254/24'] }
    await connect({ namespace, interface: 'outside', addresses: ['203.0.113.1/24', '2001:db8:c::1/48'] }, theirs)
    const ip = (...words: readonly string[]) => namespace.run([program('ip'), ...words])
    await ip('route', 'add', 'default', 'via', '203.0.113.254')
    await ip('-6', 'route', 'add', 'default', 'via', '2001:db8:c:fe::fe')
    // Its own resolvers are for it alone to see.
    const resolvers = { file: '' }
    const mounted = (argv: readonly string[]) => [
      ...[
        program('unshare'),
        '--mount',
        'sh',
        '-c',
        `${program('mount')} --bind ${resolvers.file} /etc/resolv.conf && exec "$@"`,
      ],
      ...['sh', ...argv],
    ]
    const scene = await Processes.create(t, {
      namespace: { ...namespace, inside: (argv) => namespace.inside(mounted(argv)) },
    })
    resolvers.file = scene.path('etc/resolv.conf')
    writeFileSync(resolvers.file, 'nameserver 192.0.2.53\nnameserver 2001:db8:53::53\n', { mode: 0o644 })
    const lockOut = new LockOut(t, scene, client)
    t.after(() => lockOut.#monitor.signal('SIGKILL'))
    return lockOut
  }

  private constructor(t: TestContext, scene: Processes, client: Namespace) {
    this.#t = t
    this.#scene = scene
    this.#client = client
    // To delete, one is added first, in the same transaction: what was in force is what is left at its end.
    const added = new Set<string>()
    this.#monitor = new Running(scene.namespace.inside([program('nft'), 'monitor']), {
      onLine: ({ text }) => {
        const [, verb, elements] = /^(add|delete) element inet log2table \S+ \{ (.*) \}/.exec(text) ?? []
        for (const element of elements?.split(', ') ?? []) {
          const [address = ''] = element.split(' ')
          if (verb === 'add') added.add(address)
          else added.delete(address)
        }
        if (!text.startsWith('# new generation')) return
        for (const address of added) this.#entered.add(address)
        added.clear()
      },
    })
    for (const log of LOGS) writeFileSync(scene.path(log), '', { mode: 0o644 })
    writeFileSync(scene.path('etc/friends'), '198.51.100.9\n2001:db8:9:9::/64\n', { mode: 0o644 })
    writeFileSync(scene.path('etc/parameters.ts'), parametersOf(scene), { mode: 0o644 })
  }

  /** Has the engine read `count` lines, and tells whom it banned. */
  async run(count: number): Promise<LockedOut> {
    const scene = this.#scene
    const began = performance.now()
    await this.#connectUnauthenticated()
    await scene.startKeeper()
    scene.startEngine()
    await scene.engineRuns()
    this.#write({ 'auth.log': logins })
    await this.#tell(0)
    await this.#tell(Math.floor(count / 2))
    for (const address of [`${later.ipv4}/24`, `${later.ipv6}/48`])
      await scene.namespace.run([program('ip'), 'address', 'add', address, 'dev', 'outside'])
    const before = scene.engine.lines.length
    await waitFor('the engine knows its new addresses', WAIT_MS_MAX, () => {
      this.#write({ 'app.log': Object.values(later).flatMap((address) => [badLine(address, 1), badLine(address, 2)]) })
      const refused = this.#decided('refused', before)
      return Object.values(later).every((address) => refused.some((text) => touches(text, [address])))
    })
    const known = scene.engine.lines.length
    await this.#tell(Math.ceil(count / 2), [later.ipv4, `::ffff:${later.ipv4}`, later.ipv6])

    const banned = (await scene.banned()).map(networkOfText)
    const mustNot = Object.values(never).flat()
    return {
      lines: this.#lines,
      attackers: attackers.length + behindProxies.length,
      wrongDecisions: [
        ...this.#decided('ban', 0).filter((text) => touches(text, mustNot)),
        // What the engine decides until it knows of an address, the keeper refuses.
        ...this.#decided('ban', known).filter((text) => touches(text, Object.values(later))),
      ],
      wrongEntries: this.#wrongEntries(),
      missed: [...attackers, ...behindProxies].filter((text) => !banned.some((one) => overlaps(one, networkOfText(text)))),
      refusals: this.#decided('refused', 0).length,
      seconds: (performance.now() - began) / 1000,
    }
  }

  async #connectUnauthenticated(): Promise<void> {
    const server = await tcpServer(this.#scene.namespace, PORT)
    const client = tcpClient(this.#client)
    this.#t.after(() => {
      client.close()
      server.close()
    })
    client.open('one', CONNECTED, '203.0.113.1', PORT)
    await waitFor('a connection is open', 10_000, async () => ((await client.states()).one?.echoes ?? 0) > 0)
  }

  /** Orders bans of them; fails where one is not refused. */
  async orderByHand(): Promise<void> {
    for (const [address] of [never.own, never.gateway, never.resolver, never['logged in'], never.proxy, never.ignored]) {
      const { status, stdout } = await this.#scene.run('ban', address)
      assert.equal(status, exitStatus.no, stdout)
    }
  }

  /**
   * Asks the keeper, in its own words, to ban each of those who must not be and networks around them; fails where it does not
   * refuse. What only an engine knows, its ignore list for one, is told before. Gives what of it the kernel ever held.
   */
  async ask(): Promise<readonly string[]> {
    await this.#scene.kill('engine')
    const { innocent: _, ...known } = never
    const sources = [...new Set([...Object.values(known).flat(), ...Object.values(later)].map(networkOfText).map(formatNetwork))]
    const widened = sources.flatMap((text) => {
      const { address } = parseNetwork(text)!
      const lengths = typeof address === 'number' ? [31, 24, 16, 8, 0] : [63, 48, 32, 0]
      return lengths.map((bits) => formatNetwork({ address: maskAddress(address, bits), bits }))
    })
    const asked = [...new Set([...sources, ...widened])]
    const narrow = asked.filter((text) => parseNetwork(text)!.bits >= (text.includes(':') ? 48 : 24))
    const ofEngine = [...known.proxy, ...known.ignored].map(networkOfText)
    const loggedIn = known['logged in'].map((text) => formatNetwork(sourceNetwork(sourceOf(networkOfText(text).address))))
    const attacker = '11.3.3.3'
    const entry = (address: string): EntryText => ({ address, until: Date.now() + HOUR_MS })
    const answers = await this.#say([
      { kind: 'declare', tables: [{ name: 'bad_ip', kind: 'nftables', options: {} }] },
      {
        kind: 'protect',
        networks: ofEngine.map((network) => ({ address: formatNetwork(network), because: 'the engine knows' })),
      },
      { kind: 'loggedIn', came: [...new Set(loggedIn)], left: [] },
      { kind: 'begin' },
      { kind: 'add', table: 'bad_ip', entries: [...narrow, attacker].map(entry) },
      { kind: 'add', table: 'bad_ip', entries: asked.map(entry), byHand: true },
    ])
    const refused = answers.slice(4).map((answer) => (answer.kind === 'done' ? answer.refused.map(({ address }) => address) : []))
    assert.deepEqual(refused, [narrow, asked])
    await waitFor('what else was asked for is in', 10_000, () => this.#entered.has(attacker))
    return this.#wrongEntries()
  }

  /** What the kernel ever held of those who must not be banned. */
  #wrongEntries(): readonly string[] {
    return [...this.#entered].filter((text) => touches(text, [...Object.values(never).flat(), ...Object.values(later)]))
  }

  /** Addresses of decisions, from a line of the engine's output on. */
  #decided(kind: 'ban' | 'refused', from: number): readonly string[] {
    const texts = this.#scene.engine.lines.slice(from).map(({ text }) => text)
    return texts.filter((text) => text.includes(`,"kind":"${kind}",`)).map((text) => JSON.parse(text).address)
  }

  #write(lines: Partial<Lines>): void {
    for (const [log, texts] of Object.entries(lines)) {
      this.#lines += texts.length
      appendFileSync(this.#scene.path(log), texts.map((text) => `${text}\n`).join(''))
    }
  }

  /** Writes `count` lines, of those who must not be banned and of attackers; returns when all of them are decided on. */
  async #tell(count: number, more: readonly string[] = []): Promise<void> {
    const protectedOnes = [...Object.values(never).flat(), ...more]
    const hostile = [...attackers, ...behindProxies]
    const turn = (all: readonly string[], i: number) => all[i % all.length]!
    for (let from = 0; from < count; from += PART_LINES) {
      const lines: Lines = { 'auth.log': [], 'app.log': [], 'access.log': [] }
      for (let i = from; i < Math.min(count, from + PART_LINES); i++) {
        const n = Math.floor(i / LOGS.length)
        const address = n % 5 === 0 ? turn(hostile, n / 5) : turn(protectedOnes, n)
        const log = behindProxies.includes(address) || address === INNOCENT ? 'access.log' : LOGS[i % LOGS.length]!
        lines[log].push(lineOf[log](address, i))
      }
      this.#write(lines)
    }
    this.#ends++
    for (const [i, log] of LOGS.entries()) {
      const last = `11.9.${i}.${this.#ends}`
      this.#write({ [log]: Array.from({ length: 6 }, (_, n) => lineOf[log](last, 2 * n)) })
      const isBanned = new RegExp(`,"kind":"ban","address":"${last.replaceAll('.', '\\.')}"`)
      await this.#scene.engine.line(isBanned, { withinMs: WAIT_MS_MAX, after: this.#looked })
    }
    this.#looked = this.#scene.engine.lines.length
  }

  /** Says these requests to the keeper as an engine does, and gives its answers; fails where it cuts us off. */
  async #say(requests: readonly Request[]): Promise<readonly Answer[]> {
    const socket = connectTo(this.#scene.path('keeper/keeper.sock'))
    const unframer = new Unframer()
    const answers: Answer[] = []
    socket.write(framed({ hello: WIRE_VERSION }))
    for (const [id, ask] of requests.entries()) socket.write(framed({ id, ask }))
    for await (const piece of socket) {
      for (const message of unframer.push(piece) as KeeperMessage[]) {
        if (!('answer' in message)) assert.fail(JSON.stringify(message))
        answers.push(message.answer as Answer)
      }
      if (answers.length === requests.length) return answers
    }
    assert.fail('the keeper has cut us off')
  }
}

/** IPv6 stands for its /64, as in a set of them. */
function networkOfText(text: string): Network {
  return text.includes('/') ? parseNetwork(text)! : sourceNetwork(sourceOf(parseAddress(text)!))
}

function touches(text: string, addresses: readonly string[]): boolean {
  return addresses.some((address) => overlaps(networkOfText(text), networkOfText(address)))
}

const sshd = (pid: number, message: string) => `2026-11-21T10:00:00.000000+00:00 www sshd[${pid}]: ${message}`

/** Who is logged in, and stays so. */
const logins = ['198.51.100.22', '2001:db8:22:22::22'].map((address, n) =>
  sshd(n + 1, `Accepted publickey for ann from ${address} port 50022 ssh2: ED25519 SHA256:abc`),
)

function badLine(address: string, n: number): string {
  return `bad ${address} ${n}`
}

/** The line of each log in which an address misbehaves, in several forms. */
const lineOf: Readonly<Record<(typeof LOGS)[number], (address: string, n: number) => string>> = {
  'auth.log'(address, n) {
    const from = `from ${address} port ${(n % 60_000) + 1}`
    const forms = [`Failed password for root ${from} ssh2`, `Failed password for invalid user admin ${from} ssh2`]
    // As many processes as to push out whoever can be pushed out.
    return sshd(10 + (n % 200_000), [...forms, `Invalid user admin ${from}`][n % 3]!)
  },
  'app.log': badLine,
  'access.log'(address, n) {
    const isBehind = behindProxies.includes(address) || address === INNOCENT
    // What a proxy says of its client is true; what anybody else says there is not even looked at.
    const [by, forwarded] = isBehind
      ? [PROXIES[n % 2], `${INNOCENT}, ${address === INNOCENT ? behindProxies[n % 30] : address}, ${PROXIES[0]}`]
      : [address, n % 2 === 0 || (never.proxy as readonly string[]).includes(address) ? '-' : INNOCENT]
    return `${by} - - [21/Nov/2026:10:00:00 +0000] "GET /wp-login.php HTTP/1.1" 404 153 "-" "Mozilla/5.0" "${forwarded}"`
  },
}

function parametersOf(scene: Processes): string {
  return String.raw`import { Hackers, nftables, parameters } from 'log2table'
import { httpd, sshd } from 'log2table/patterns'

export default parameters({
  stateFolder: '${scene.path('state')}',
  control: '${scene.path('run/control.sock')}',
  ignore: ['192.0.2.64/28', 'file:${scene.path('etc/friends')}'],
  proxies: ['198.51.100.80', '2001:db8:80::/48'],
  tables: { bad_ip: nftables() },
  rules: { hackers: new Hackers({ table: 'bad_ip' }), web: new Hackers({ table: 'bad_ip', threshold: 50 }) },
  logs: {
    '${scene.path('auth.log')}': { hackers: sshd },
    '${scene.path('app.log')}': { hackers: [{ name: 'bad', regex: /^bad (?<ip>\S+) \d+$/, weight: 50 }] },
    '${scene.path('access.log')}': {
      hackers: httpd,
      web: [{ name: 'login', regex: /^(?<ip>\S+) - - \[[^\]]+\] "GET \/wp-login\.php HTTP\/1\.1" \d+ \d+ "-" "[^"]*" "(?<forwarded>[^"]*)"$/, weight: 25 }],
    },
  },
})
`
}
