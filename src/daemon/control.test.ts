import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import fc from 'fast-check'
import { parseNetwork } from '../base/address.ts'
import { exitStatus } from '../base/exit-status.ts'
import { logTo } from '../base/log.ts'
import { FOR_LIFE } from '../base/units.ts'
import { UserError } from '../base/user-error.ts'
import type { SavedBan } from '../core/model.ts'
import { idleControl } from './control.testing.ts'
import { type ControlServer, listenForControl } from './control.ts'
import { CONNECTIONS_MAX, type DaemonControl, REQUEST_BYTES_MAX } from './control-protocol.ts'

const NOW = Date.UTC(2026, 10, 21, 9, 30)

let folder: string
let path: string
let servers: ControlServer[]
let logged: string[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log2table-control-'))
  path = join(folder, 'run', 'control.sock')
  servers = []
  logged = []
})

afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()))
  rmSync(folder, { recursive: true })
})

async function listen(changes: Partial<DaemonControl> = {}, { idleMs = 5_000, at = path } = {}): Promise<ControlServer> {
  const log = logTo((line) => logged.push(line))
  const server = await listenForControl({ path: at, control: idleControl(changes), log, now: () => NOW, idleMs })
  servers.push(server)
  return server
}

/** Everything that the server says to these bytes, until it hangs up. */
async function say(bytes: string | Uint8Array, { end = true } = {}): Promise<string> {
  const socket = connect({ path, allowHalfOpen: true })
  let text = ''
  socket.setEncoding('utf8')
  socket.on('data', (data) => {
    text += data
  })
  socket.on('end', () => socket.destroy())
  socket.on('error', () => {}) // the server may hang up while we still talk
  if (end) socket.end(bytes)
  else socket.write(bytes)
  await once(socket, 'close')
  return text
}

/** The answer's lines. */
async function ask(request: object): Promise<readonly Record<string, unknown>[]> {
  return (await say(`${JSON.stringify(request)}\n`))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(setImmediate)
}

const isAlive = async () => assert.deepEqual((await ask({ do: 'bans' })).at(-1), { kind: 'end', status: exitStatus.done })

const savedBan = (network: string): SavedBan => ({
  id: network,
  at: NOW,
  network: parseNetwork(network)!,
  table: 'bad_ip',
  rule: 'hackers',
  until: FOR_LIFE,
  score: 100,
  reason: 'sshd/failed-password in /var/log/auth.log',
})

test('the socket and its folder are for root and the group only', async () => {
  await listen()
  assert.equal(statSync(path).mode & 0o777, 0o660)
  assert.equal(statSync(join(folder, 'run')).mode & 0o777, 0o750)
})

test('the socket is gone when the daemon is', async () => {
  const server = await listen()
  await server.close()
  assert.equal(existsSync(path), false)
})

for (const [fault, prepare] of [
  ['is a symbolic link', () => symlinkSync(folder, join(folder, 'run'))],
  ['is no folder', () => writeFileSync(join(folder, 'run'), '')],
  [
    'is writable by others',
    () => {
      mkdirSync(join(folder, 'run'))
      chmodSync(join(folder, 'run'), 0o777)
    },
  ],
] as const) {
  test(`a folder that ${fault} is refused`, async () => {
    prepare()
    const message = `${join(folder, 'run')}: ${fault}; the control socket must be in a folder that only root or this user can change`
    await assert.rejects(listen(), new UserError(exitStatus.notPermitted, message))
  })
}

test('a second daemon notices the first, and leaves it its socket', async () => {
  await listen()
  const message = `log2table is running already: a daemon answers on ${path}`
  await assert.rejects(listen(), new UserError(exitStatus.no, message))
  await isAlive()
})

test('a socket that a killed daemon left behind is taken over', async () => {
  mkdirSync(join(folder, 'run'))
  const dead = createServer().listen(join(folder, 'run', 'other'))
  await once(dead, 'listening')
  renameSync(join(folder, 'run', 'other'), path)
  dead.close()
  await once(dead, 'close')
  assert.ok(lstatSync(path).isSocket())
  await listen()
  await isAlive()
})

test('what is no socket is not removed', async () => {
  mkdirSync(join(folder, 'run'))
  writeFileSync(path, 'precious')
  await assert.rejects(listen(), /is there already and is no socket; remove it, or give another path with --socket$/)
  assert.equal(statSync(path).size, 8)
})

test('a path that cannot be is explained', async () => {
  await assert.rejects(
    listen({}, { at: join(folder, 'a', 'b', 'c') }),
    /^Error: the folder above .* does not exist; make it, or give another path with --socket$/,
  )
  await assert.rejects(
    listen({}, { at: join(folder, 'x'.repeat(120)) }),
    /: the path of a socket has at most 103 bytes; give a shorter one with --socket$/,
  )
})

test('status says first whether all is well', async () => {
  await listen()
  const [status, end] = await ask({ do: 'status' })
  assert.deepEqual(Object.keys(status!).slice(0, 4), ['at', 'kind', 'isWell', 'troubles'])
  assert.equal(status!.isWell, true)
  assert.deepEqual(end, { kind: 'end', status: exitStatus.done })
})

test('bans are listed with the keys that all bans have, in their order', async () => {
  await listen({ bans: ({ table }) => (table === 'bad_ip' ? [savedBan('203.0.113.9')] : []) })
  const answers = await ask({ do: 'bans', table: 'bad_ip' })
  assert.deepEqual(answers, [
    {
      at: '2026-11-21T09:30:00.000Z',
      kind: 'ban',
      address: '203.0.113.9',
      table: 'bad_ip',
      until: null,
      rule: 'hackers',
      score: 100,
      reason: 'sshd/failed-password in /var/log/auth.log',
    },
    { kind: 'end', status: exitStatus.done },
  ])
  assert.deepEqual(Object.keys(answers[0]!), ['at', 'kind', 'address', 'table', 'until', 'rule', 'score', 'reason'])
})

test('an order that the firewall does not follow yet says so, and one that is refused is a no', async () => {
  const decision = { kind: 'unban', at: NOW, address: '203.0.113.9', table: 'bad_ip', rule: 'hackers', reason: '' } as const
  await listen({ unban: () => ({ decisions: [decision], notEnforced: 'nft: killed after 10s' }), ban: () => ({ decisions: [] }) })
  const answers = await ask({ do: 'unban', address: '203.0.113.9' })
  assert.deepEqual(answers.slice(1), [
    { kind: 'warning', message: 'nft: killed after 10s' },
    { kind: 'end', status: exitStatus.unavailable },
  ])
  assert.deepEqual(await ask({ do: 'ban', address: '203.0.113.9', forMs: 1 }), [{ kind: 'end', status: exitStatus.no }])
})

test('what a user can mend is told with its status, and what is our fault is logged too', async () => {
  await listen({
    reload: () => Promise.reject(new UserError(exitStatus.configuration, 'rules: unknown key')),
    status: () => assert.fail('impossible'),
    *bans() {
      yield savedBan('203.0.113.9')
      throw new Error('half way')
    },
  })
  assert.deepEqual(await ask({ do: 'reload' }), [
    { kind: 'error', status: exitStatus.configuration, message: 'rules: unknown key' },
  ])
  assert.deepEqual(logged, [])
  assert.deepEqual(await ask({ do: 'status' }), [
    { kind: 'error', status: exitStatus.software, message: 'our fault: impossible' },
  ])
  const answers = await ask({ do: 'bans' })
  assert.deepEqual(
    answers.map(({ kind }) => kind),
    ['ban', 'error'],
  )
  assert.equal(logged.length, 2)
})

test('a request without a line feed counts once the client has no more to say, and only the first line counts', async () => {
  await listen()
  const end = `${JSON.stringify({ kind: 'end', status: 0 })}\n`
  assert.equal(await say('{"do":"bans"}'), end)
  assert.equal(await say('{"do":"bans"}\n{"do":"reload"}\n'), end)
})

test('garbage gets an answer, and the daemon goes on', async () => {
  await listen()
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 400 }),
    fc.json().map((text) => new TextEncoder().encode(`${text}\n`)),
    fc
      .record({
        do: fc.constantFrom('status', 'ban', 'bans', 'unban', 'reload', '__proto__'),
        address: fc.jsonValue(),
        forMs: fc.jsonValue(),
      })
      .map((request) => new TextEncoder().encode(JSON.stringify(request))),
  )
  await fc.assert(
    fc.asyncProperty(piece, async (bytes) => {
      const last = JSON.parse((await say(bytes)).trimEnd().split('\n').at(-1)!)
      assert.ok(last.kind === 'end' || last.kind === 'error')
    }),
    { numRuns: 300 },
  )
  assert.deepEqual(logged, [])
  await isAlive()
})

test('a request of many megabytes is refused after the first 64 KiB, without waiting for its end', async () => {
  await listen()
  const message = `the request is longer than ${REQUEST_BYTES_MAX} bytes`
  for (const bytes of [REQUEST_BYTES_MAX + 1, 8 * 1024 * 1024]) {
    const answer = await say('x'.repeat(bytes), { end: false })
    assert.deepEqual(JSON.parse(answer), { kind: 'error', status: exitStatus.usage, message })
  }
  await isAlive()
})

test('who connects and says nothing, or stops half way, is sent away', async () => {
  const server = await listen({}, { idleMs: 20 })
  assert.equal(await say('', { end: false }), '')
  assert.equal(await say('{"do":', { end: false }), '')
  await until(() => server.connections === 0)
})

test('who gets an answer and never hangs up is sent away', async () => {
  const server = await listen({}, { idleMs: 20 })
  const socket = connect({ path, allowHalfOpen: true })
  socket.on('error', () => {})
  socket.write('{"do":"bans"}\n')
  const [answer] = await once(socket, 'data')
  assert.match(String(answer), /"end"/)
  await until(() => server.connections === 0)
  socket.destroy()
})

test('who asks and does not read stops the listing, not the daemon', async () => {
  let told = 0
  const server = await listen(
    {
      *bans() {
        for (; told < 1_000_000; told++) yield savedBan('203.0.113.9')
      },
    },
    { idleMs: 50 },
  )
  const socket = connect(path)
  socket.on('error', () => {})
  socket.pause()
  socket.write('{"do":"bans"}\n')
  await until(() => server.connections === 1)
  await until(() => server.connections === 0)
  socket.destroy()
  assert.ok(told > 0 && told < 50_000, `${told} bans were made ready for nobody`)
})

test('a long list arrives whole', async () => {
  await listen({ bans: () => Array.from({ length: 20_000 }, (_, i) => savedBan(`10.0.${i >> 8}.${i & 255}`)) })
  const answers = await ask({ do: 'bans' })
  assert.equal(answers.length, 20_001)
  assert.equal(answers[19_999]!.address, '10.0.78.31')
})

test('of a thousand connections at once only so many are held, and all the others are turned away', async () => {
  const server = await listen()
  const sockets: Socket[] = []
  let most = 0
  for (let i = 0; i < 1_000; i++) {
    const socket = connect(path)
    socket.on('error', () => {})
    sockets.push(socket)
    await new Promise(setImmediate)
    most = Math.max(most, server.connections)
  }
  const turnedAway = sockets.filter((socket) => socket.destroyed || socket.readableEnded)
  assert.equal(most, CONNECTIONS_MAX)
  assert.ok(turnedAway.length > 900, `${turnedAway.length} were turned away`)
  for (const socket of sockets) socket.destroy()
  await until(() => server.connections === 0)
  await isAlive()
})

test('closing does not wait for those who dawdle', async () => {
  const server = await listen()
  const socket = connect(path)
  socket.on('error', () => {})
  await until(() => server.connections === 1)
  await server.close()
  await until(() => server.connections === 0)
  socket.destroy()
})
