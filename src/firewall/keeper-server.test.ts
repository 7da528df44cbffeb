import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { waitFor } from '../../test/lib/wait-for.ts'
import { formatAddress } from '../base/address.ts'
import { logTo } from '../base/log.ts'
import { HOUR_MS } from '../base/units.ts'
import { dialectOf } from './index.ts'
import { createKeeper, type Keeper, type KeeperLink } from './keeper.ts'
import { keeperClient } from './keeper-client.ts'
import { type KeeperServer, type KeeperServerOptions, keeperServer } from './keeper-server.ts'
import { alwaysProtected } from './protected.ts'
import { type Request, RequestError } from './request.ts'
import type { Timers } from './table-keeper.ts'
import { framed, Unframer, WIRE_VERSION } from './wire.ts'

const until = Date.now() + HOUR_MS
const tables = [{ name: 'bad_ip', kind: 'dryRun', options: {} }]
const add = (...addresses: readonly string[]): Request => ({
  kind: 'add',
  table: 'bad_ip',
  entries: addresses.map((address) => ({ address, until })),
})

let folder: string
let path: string
let lines: string[]
let faults: unknown[]
/** All keepers that were made, in their order. */
let keepers: Keeper[]
let server: KeeperServer
let listener: Server
let links: KeeperLink[]
/** How far the client's clock is ahead. */
let aheadMs: number

const timers: Timers = {
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}
const log = logTo((line) => lines.push(line))

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'log2table-keeper-'))
  path = join(folder, 'keeper.sock')
  lines = []
  faults = []
  keepers = []
  links = []
  aheadMs = 0
  await start()
})

afterEach(async () => {
  for (const link of links) await link.stop()
  await stop()
  rmSync(folder, { recursive: true })
})

async function start(more: Partial<KeeperServerOptions> = {}): Promise<void> {
  server = keeperServer({
    createKeeper() {
      const keeper = createKeeper({
        dialectOf,
        run: async () => assert.fail('a dry run ran something'),
        log,
        timers,
        now: Date.now,
        readProtection: async () => ({ networks: alwaysProtected, troubles: [] }),
      })
      keepers.push(keeper)
      return keeper
    },
    log,
    timers,
    now: Date.now,
    ...more,
  })
  listener = createServer((socket) => server.serve(socket))
  listener.listen(path)
  await once(listener, 'listening')
}

async function stop(): Promise<void> {
  listener.close()
  await server.close()
}

function client(quick = 1): KeeperLink {
  const after: Timers['after'] = (ms, run) => timers.after(ms / quick, run)
  const link = keeperClient({
    path,
    log,
    timers: { after },
    now: () => Date.now() + aheadMs,
    onFault: (error) => faults.push(error),
  })
  links.push(link)
  return link
}

async function listed(keeper: KeeperLink): Promise<readonly string[]> {
  await keeper.settled()
  const answer = await keeper.handle({ kind: 'list', table: 'bad_ip' })
  return answer.kind === 'entries' ? answer.entries.map(({ address }) => address) : assert.fail('no entries')
}

/** An engine that has declared, and begun with these addresses. */
async function engine(...addresses: readonly string[]): Promise<KeeperLink> {
  return await begun(client(), addresses)
}

async function begun(link: KeeperLink, addresses: readonly string[]): Promise<KeeperLink> {
  await link.declare(tables)
  await link.begin(() => [add(...addresses), { kind: 'begin' }])
  return link
}

test('what an engine asks for over the socket is done, and answered as by a keeper in its own process', async () => {
  const link = await engine('192.0.2.1')
  assert.deepEqual(await link.handle(add('192.0.2.2', '127.0.0.1')), {
    kind: 'done',
    refused: [{ address: '127.0.0.1', because: '127.0.0.0/8 is protected: loopback' }],
  })
  await link.handle({ kind: 'delete', table: 'bad_ip', addresses: ['192.0.2.1'] })
  assert.deepEqual(await listed(link), ['192.0.2.2'])
  assert.equal(await link.hindrance('bad_ip', '192.0.2.2'), undefined)
  const report = await link.report()
  assert.deepEqual(report, JSON.parse(JSON.stringify(keepers[0]!.report())))
  assert.deepEqual([report.tables[0]!.state, report.tables[0]!.enforced], ['enforcing', 1])
})

test('a long list comes whole', async () => {
  const addresses = Array.from({ length: 50_001 }, (_, i) => formatAddress(0x0b000000 + i))
  const link = await engine(...addresses)
  assert.deepEqual(await listed(link), addresses)
})

test('a keeper that refuses the tables says why, and is not asked again', async () => {
  const link = client()
  await assert.rejects(
    Promise.resolve(link.declare([{ ...tables[0]!, kind: 'netsh' }])),
    (error) => error instanceof RequestError && /there is no firewall called netsh/.test(error.message),
  )
  assert.match(lines.join('\n'), /error: the engine is cut off: it said what no engine says because="table bad_ip: there is no/)
  assert.deepEqual(faults, [])
})

test('an engine that asks for something else is cut off and told so; its table stays as it was', async () => {
  const link = await engine('192.0.2.1')
  const wrong = link.handle(add('192.0.2.2', '198.50.0.0/16'))
  const after = link.handle(add('192.0.2.3'))
  await assert.rejects(wrong, RequestError)
  await assert.rejects(after, RequestError)
  assert.match(String(faults), /198\.50\.0\.0\/16 is wider than \/24/)
  assert.deepEqual(await listed(keepers[0]!), ['192.0.2.1'])
})

test('a keeper that died is told everything once more when there is one again, and what was missed meanwhile', async () => {
  const wanted = ['192.0.2.1']
  const link = client()
  await link.declare(tables)
  await link.begin(() => [add(...wanted), { kind: 'begin' }])
  await stop()
  wanted.push('192.0.2.2')
  assert.deepEqual(await link.handle(add('192.0.2.2')), { kind: 'done', refused: [] })
  await waitFor('the loss is told', 2_000, () => /error: the keeper cannot be reached/.test(lines.join('\n')))
  const { state, reason } = (await link.report()).tables[0]!
  assert.equal(state, 'not enforcing')
  assert.match(reason!, /^the keeper cannot be reached: .*; what is in the table stays in$/)
  assert.match((await link.hindrance('bad_ip', '192.0.2.2'))!, /cannot be reached/)
  await link.settled()
  await start()
  await waitFor('it is found again', 5_000, async () => (await link.report()).tables[0]!.state === 'enforcing')
  assert.deepEqual(await listed(link), wanted)
  await link.handle(add('192.0.2.3'))
  assert.deepEqual(await listed(link), [...wanted, '192.0.2.3'])
  assert.deepEqual(faults, [])
})

test('a keeper that is not there yet is waited for', async () => {
  await stop()
  const link = await engine('192.0.2.1')
  assert.equal((await link.report()).tables[0]!.state, 'not enforcing')
  await start()
  await waitFor('it is found', 5_000, async () => (await link.report()).tables[0]!.state === 'enforcing')
  assert.deepEqual(await listed(link), ['192.0.2.1'])
})

test('a keeper that hangs is not waited for: what it said last is told, and when that was', async () => {
  const link = await begun(client(20), ['192.0.2.1'])
  await link.settled()
  assert.equal((await link.report()).tables[0]!.state, 'enforcing')
  Object.assign(keepers[0]!, { handle: () => new Promise(() => {}) })
  const waiting = link.handle(add('192.0.2.2'))
  await new Promise((resolve) => setImmediate(resolve))
  const { state, reason, enforced } = (await link.report()).tables[0]!
  assert.deepEqual([state, enforced], ['enforcing', 1])
  assert.match(reason!, /^the keeper has not answered yet; this is how it was \d+s ago$/)
  assert.match((await link.hindrance('bad_ip', '192.0.2.2'))!, /^the keeper has not answered yet/)
  aheadMs = 10_000
  const later = (await link.report()).tables[0]!
  assert.equal(later.state, 'partly enforcing')
  assert.match(later.reason!, /this is how it was 1\ds ago$/)
  await stop()
  await waiting
})

test('an engine that goes away leaves its table to be looked after, until the next one has begun', async () => {
  const first = await engine('192.0.2.1')
  await first.stop()
  await waitFor('it is seen', 2_000, () => /the engine is gone; its tables are kept as it left them/.test(lines.join('\n')))
  assert.equal(keepers[0]!.status()[0]!.state, 'enforcing')
  const second = await engine('192.0.2.2')
  assert.deepEqual(await listed(second), ['192.0.2.2'])
})

test('an engine that declares and does not begin changes nothing; one that begins takes the place of the other', async () => {
  const first = await engine('192.0.2.1')
  const second = client()
  await second.declare(tables)
  await first.handle(add('192.0.2.2'))
  assert.deepEqual(await listed(first), ['192.0.2.1', '192.0.2.2'])
  assert.deepEqual(faults, [])
  await second.begin(() => [{ kind: 'begin' }])
  await waitFor('the first is told', 2_000, () => faults.length > 0)
  assert.match(String(faults), /another engine has taken its place/)
})

test('engine and keeper of different versions do not talk', async () => {
  const socket = connect(path)
  socket.write(framed({ hello: WIRE_VERSION + 1 }))
  const [piece] = await once(socket, 'data')
  const because = `engine and keeper are of different versions (${WIRE_VERSION + 1}, ${WIRE_VERSION}); restart both`
  assert.deepEqual(new Unframer().push(piece), [{ fault: because }])
  await once(socket, 'close')
})

test('an engine that asks too fast is not cut off but has to wait, and nothing more of it is read meanwhile', async () => {
  await stop()
  const [pauses, waiting]: [number[], (() => void)[]] = [[], []]
  await start({
    now: () => until,
    timers: {
      after(ms, run) {
        pauses.push(ms)
        waiting.push(run)
        return () => {}
      },
    },
    limits: { requests: { perSecond: 10, atOnce: 4 }, entries: { perSecond: 10, atOnce: 30 } },
  })
  const socket = connect(path)
  let answers = 0
  const unframer = new Unframer()
  socket.on('data', (piece) => (answers += unframer.push(piece).length))
  const ask = (id: number, request: Request) => socket.write(framed({ id, ask: request }))
  socket.write(framed({ hello: WIRE_VERSION }))
  ask(1, { kind: 'declare', tables })
  ask(2, add(...Array.from({ length: 40 }, (_, i) => `192.0.2.${i}`)))
  await waitFor('the second has to wait', 10_000, () => pauses.length === 1 && answers === 1)
  assert.deepEqual(pauses, [1_000])
  // More than what may lie between the two ends.
  const sent = Array.from({ length: 200 }, (_, i) =>
    ask(3 + i, { kind: 'delete', table: 'bad_ip', addresses: Array(2_000).fill('192.0.2.1') }),
  )
  assert.equal(sent.at(-1), false, 'what nobody reads stays with the engine')
  waiting[0]!()
  await waitFor('it is done, and the third has to wait', 10_000, () => pauses.length === 2 && answers === 2)
  assert.deepEqual(pauses, [1_000, 201_000])
  assert.equal(lines.filter((line) => /warning: an engine asks for more than is taken, and has to wait/.test(line)).length, 1)
  socket.destroy()
})

test('more connections than there can be engines are refused', async () => {
  const sockets = Array.from({ length: 9 }, () => connect(path))
  await waitFor('one is refused', 2_000, () => lines.some((line) => line.includes('too many connections')))
  for (const socket of sockets) socket.destroy()
})
