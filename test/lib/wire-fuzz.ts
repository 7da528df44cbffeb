import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatAddress, parseNetwork } from '../../src/base/address.ts'
import { silentLog } from '../../src/base/log.ts'
import { HOUR_MS } from '../../src/base/units.ts'
import type { Command } from '../../src/firewall/firewall.ts'
import { dialectOf, dialects } from '../../src/firewall/index.ts'
import { createKeeper } from '../../src/firewall/keeper.ts'
import { keeperServer } from '../../src/firewall/keeper-server.ts'
import { alwaysProtected } from '../../src/firewall/protected.ts'
import { framed, Unframer, WIRE_VERSION } from '../../src/firewall/wire.ts'
import { type Random, randomFrom } from './chaos-random.ts'

const NOW = Date.UTC(2026, 0, 1)
const OWN = '203.0.113.7'
/** In each thing that must never be run. */
const HOSTILE = 'pwn'
const hostile = [
  ...[
    '; pwn',
    '$(pwn)',
    '`pwn`',
    'pwn\n',
    '| pwn',
    '../pwn',
    '/bin/pwn x',
    '-pwn x',
    '{ pwn }',
    '"pwn"',
    '@pwn/',
    'pwn\0',
    "'pwn",
  ],
  ...['192.0.2.1; pwn', '192.0.2.1\nflush pwn', '192.0.2.1 pwn', '198.51.100.1/24 pwn', '::1%pwn', 'pwn.example.org'],
]
const oddities: readonly unknown[] = [
  ...[null, true, 0, -1, 1.5, 2 ** 53, 1e308, '', [], {}, [[]], { kind: 'add' }, [null], 'add', 'begin'],
  ...['0.0.0.0/0', '::/0', '10.0.0.0/8', '010.1.2.3', '1.2.3', '::ffff:192.0.2.1', '127.0.0.1', OWN, '203.0.113.0/24', 'fe80::1'],
]

export interface Fuzzed {
  readonly messages: number
  readonly connections: number
  /** Connections that were cut because of what came. */
  readonly cut: number
  /** What the keeper had run. */
  readonly steps: number
}

/**
 * Says `count` messages to a keeper's end of the wire: good ones, good ones with something changed, and no messages at all. What
 * is run on behalf of them is checked: known programs, nothing hostile in any word or input, no ban of what is protected.
 */
export async function fuzzWire(count: number, seed: number): Promise<Fuzzed> {
  const random = randomFrom(seed)
  let steps = 0
  const timers = { after: () => () => {} }
  const server = keeperServer({
    createKeeper: () =>
      createKeeper({
        dialectOf,
        run: async (step) => {
          // As the runner does: nothing has a name in commands.json.
          if (!('argv' in step) || step.via !== undefined) return { status: null, stdout: '', stderr: '', trouble: 'not run' }
          steps++
          checkStep(step)
          return { status: 0, stdout: '', stderr: '' }
        },
        log: silentLog,
        timers,
        now: () => NOW,
        readProtection: async () => ({
          networks: [...alwaysProtected, { network: parseNetwork(OWN)!, because: 'own address' }],
          troubles: [],
        }),
      }),
    log: silentLog,
    timers,
    now: () => NOW,
    // It is the answer to each that is looked at here, and not how fast they may come.
    limits: {
      requests: { perSecond: 1, atOnce: Number.MAX_SAFE_INTEGER },
      entries: { perSecond: 1, atOnce: Number.MAX_SAFE_INTEGER },
    },
  })
  const folder = mkdtempSync(join(tmpdir(), 'log2table-fuzz-'))
  const path = join(folder, 'keeper.sock')
  const listener = createServer((socket) => server.serve(socket)).listen(path)
  await once(listener, 'listening')
  let [messages, connections, cut] = [0, 0, 0]
  while (messages < count) {
    const pieces = conversation(random)
    messages += pieces.length
    connections++
    if (await isCut(connect(path), pieces)) cut++
  }
  // After all that it still serves whoever asks for what is right.
  const declared = { id: 1, ask: { kind: 'declare', tables: [{ name: 'bad_ip', kind: 'dryRun', options: {} }] } }
  assert.equal(await isCut(connect(path), [framed({ hello: WIRE_VERSION }), framed(declared)]), false)
  await server.close()
  listener.close()
  rmSync(folder, { recursive: true })
  return { messages, connections, cut, steps }
}

const LAST = 999_999

/** Says it all, and then asks once more: whether the answer to that never came. */
async function isCut(socket: Socket, pieces: readonly Buffer[]): Promise<boolean> {
  const unframer = new Unframer()
  let isAnswered = false
  socket.on('data', (piece) => {
    for (const message of unframer.push(piece) as { id?: number }[]) if (message.id === LAST) isAnswered = true
    if (isAnswered) socket.end()
  })
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  for (const piece of pieces) socket.write(piece)
  socket.write(framed({ id: LAST, question: { kind: 'report' } }))
  // Where the last piece promised more than it held, nobody answers.
  const hangs = setTimeout(() => socket.destroy(), 200)
  socket.once('end', () => socket.destroy())
  await closed
  clearTimeout(hangs)
  return !isAnswered
}

function conversation(random: Random): readonly Buffer[] {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const chance = (share: number) => random() < share
  const number = (below: number) => Math.floor(random() * below)
  const name = () => pick(['bad_ip', 'bad_ip', 'blockips', 'x-1'])
  const address = () =>
    chance(0.7) ? formatAddress(0x0b000000 + number(1_000)) : pick(['192.0.2.0/24', '2001:db8::/64', '2001:db8:1::/48', OWN])
  const source = () => (chance(0.9) ? pick([formatAddress(0x0b000000 + number(1_000)), '2001:db8::/64']) : address())
  const list = <T>(make: () => T) => Array.from({ length: 1 + number(4) }, make)
  const until = () => (chance(0.2) ? null : NOW + number(24 * HOUR_MS))
  const table = () => ({
    name: name(),
    kind: chance(0.6) ? 'nftables' : pick(dialects).kind,
    options: chance(0.9)
      ? {}
      : { [pick(['size', 'anchor', 'rule', 'via', 'file', 'command', 'add'])]: pick([...hostile, ...oddities]) },
  })
  const request = (): object =>
    pick([
      () => ({ kind: 'add', table: name(), entries: list(() => ({ address: address(), until: until() })), byHand: chance(0.3) }),
      () => ({ kind: 'delete', table: name(), addresses: list(address) }),
      () => ({ kind: 'protect', networks: list(() => ({ address: address(), because: pick(hostile) })) }),
      () => ({ kind: 'loggedIn', came: list(source), left: list(source) }),
      () => ({ kind: 'begin' }),
      () => ({ kind: 'list', table: name() }),
    ])()
  const question = (): object =>
    pick<object>([{ kind: 'report' }, { kind: 'settled' }, { kind: 'hindrance', table: name(), address: address() }])

  const good: object[] = [{ hello: WIRE_VERSION }]
  let id = 0
  if (chance(0.95))
    good.push({ id: id++, ask: { kind: 'declare', tables: [...new Map(list(table).map((one) => [one.name, one])).values()] } })
  if (chance(0.8)) good.push({ id: id++, ask: { kind: 'begin' } })
  for (let i = number(12); i > 0; i--) good.push(chance(0.8) ? { id: id++, ask: request() } : { id: id++, question: question() })
  const { changed, broken } = mutations(random)
  return good.map((message) => broken(framed(chance(0.08) ? changed(message) : message)))
}

export interface Mutations {
  /** The same with one thing in it changed, somewhere. */
  changed(message: object): object
  /** The same bytes, now and then cut, with others after them, or with one of them changed. */
  broken(bytes: Buffer): Buffer
}

/** What becomes of good messages on the way from one who means no good. */
export function mutations(random: Random): Mutations {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!
  const chance = (share: number) => random() < share
  const number = (below: number) => Math.floor(random() * below)
  function changed(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || chance(0.2)) return chance(0.5) ? pick(hostile) : pick(oddities)
    const copy = structuredClone(value) as Record<string, unknown>
    const keys = Object.keys(copy)
    const key = pick([...keys, ...keys, pick(['via', 'argv', '__proto__', 'kind', 'constructor'])])!
    if (chance(0.1)) delete copy[key]
    else copy[key] = changed(copy[key])
    return copy
  }
  return {
    changed(message) {
      const other = changed(message)
      return typeof other === 'object' && other !== null ? other : [other]
    },
    broken(bytes) {
      if (chance(0.97)) return bytes
      const kind = number(4)
      if (kind === 0) return bytes.subarray(0, number(bytes.length))
      if (kind === 1) return Buffer.concat([bytes, Buffer.from(pick(hostile))])
      bytes[number(bytes.length)] = number(256)
      return bytes
    },
  }
}

const programs =
  /^(?:nft|pfctl|ipset|iptables|ip6tables|iptables-restore|ip6tables-restore|ipfw|npfctl|ip|route|netstat|conntrack|ss|sysctl|tcpdrop)$/
const protectedInNft = /^(?:203\.0\.113\.(?:7|0\/24)|127\.|0\.|fe80:|::)/

function checkStep(step: Command): void {
  const text = JSON.stringify(step)
  assert.ok(!text.includes(HOSTILE), `hostile text was to be run: ${text}`)
  assert.match(step.argv[0]!, programs, text)
  if (step.argv[0] !== 'nft' || step.argv.includes('-c')) return
  const elements = (verb: string) =>
    [...(step.stdin ?? '').matchAll(new RegExp(`^${verb} element inet log2table [\\w-]+ \\{\\n([^}]*)\\}$`, 'gm'))].flatMap(
      ([, all]) =>
        all!
          .trim()
          .split(',\n')
          .map((one) => one.split(' ')[0]!),
    )
  const deleted = new Set(elements('delete'))
  for (const added of elements('add').filter((one) => !deleted.has(one))) {
    assert.ok(!protectedInNft.test(added), `${added} is protected, and was to be banned: ${text}`)
  }
}
