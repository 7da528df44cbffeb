import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { formatAddress } from '../../src/base/address.ts'
import { logTo } from '../../src/base/log.ts'
import { HOUR_MS, SECOND_MS } from '../../src/base/units.ts'
import { dialectOf } from '../../src/firewall/index.ts'
import { createKeeper, type Keeper } from '../../src/firewall/keeper.ts'
import { alwaysProtected } from '../../src/firewall/protected.ts'
import type { EntryText } from '../../src/firewall/request.ts'
import { createRunner } from '../../src/firewall/runner.ts'
import { connect, createNamespace, NAMESPACE_PROGRAMS, type Namespace } from '../lib/namespace.ts'
import { needs, program } from '../lib/programs.ts'
import { waitFor } from '../lib/wait-for.ts'

const systemTimers = {
  after(ms: number, run: () => void) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

/** However busy the machine is. */
const RIGHT_MS_MAX = 60_000

const until = () => Date.now() + HOUR_MS
const entriesOf = (count: number): EntryText[] =>
  Array.from({ length: count }, (_, i) => ({ address: formatAddress(0x0b000000 + i), until: until() }))

describe('the keeper over a real nftables', { skip: needs([...NAMESPACE_PROGRAMS, 'nft']) }, () => {
  let namespace: Namespace
  let folder: string
  let lines: string[]
  let keeper: Keeper
  const shutdown = new AbortController()
  const nft = (text: string) => namespace.run([program('nft'), '-f', '-'], `${text}\n`)

  before(async () => {
    namespace = await createNamespace()
    folder = namespace.folderOf(['nft', 'ss', 'conntrack'])
  })
  after(() => namespace.close())
  beforeEach(async () => {
    await nft('flush ruleset')
    lines = []
    keeper = make()
  })
  afterEach(() => keeper.stop())

  function make(timeoutMs?: number): Keeper {
    return createKeeper({
      dialectOf,
      run: createRunner({ path: folder, signal: shutdown.signal, ...(timeoutMs !== undefined && { timeoutMs }) }),
      log: logTo((line) => lines.push(line)),
      timers: systemTimers,
      now: Date.now,
      readProtection: async () => ({ networks: alwaysProtected, troubles: [] }),
    })
  }

  async function begin(entries: readonly EntryText[], options = {}): Promise<void> {
    await keeper.handle({ kind: 'declare', tables: [{ name: 'bad_ip', kind: 'nftables', options }] })
    await keeper.handle({ kind: 'add', table: 'bad_ip', entries })
    await keeper.handle({ kind: 'begin' })
    await keeper.settled()
  }

  async function held(): Promise<readonly EntryText[]> {
    const answer = await keeper.handle({ kind: 'list', table: 'bad_ip' })
    return answer.kind === 'entries' ? answer.entries : []
  }

  /** A program of that name takes the place of nft, until the returned function is called. */
  function instead(script: string): () => void {
    const file = path.join(folder, 'nft')
    const real = path.join(folder, 'nft.real')
    symlinkSync(program('nft'), real)
    rmSync(file)
    writeFileSync(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    return () => {
      unlinkSync(real)
      unlinkSync(file)
      writeFileSync(file, `#!/bin/sh\nexec ${namespace.inside([program('nft')]).join(' ')} "$@"\n`, { mode: 0o755 })
    }
  }

  for (const [count, goalMs] of [
    [10_000, 500],
    [100_000, 2_000],
  ] as const) {
    test(`${count} bans are in force after a start, and after a restart that finds them there`, async (t) => {
      const entries = entriesOf(count)
      let began = Date.now()
      await begin(entries)
      t.diagnostic(`from nothing: ${Date.now() - began} ms (goal ${goalMs})`)
      assert.deepEqual(keeper.status()[0]!.enforced, count)
      assert.equal((await held()).length, count)
      await keeper.stop()
      keeper = make()
      began = Date.now()
      await begin(entries)
      t.diagnostic(`with all of them there: ${Date.now() - began} ms`)
      assert.equal(keeper.status()[0]!.state, 'enforcing')
      assert.equal((await held()).length, count)
    })
  }

  test('a single ban takes some milliseconds, in a large table too', async (t) => {
    await begin(entriesOf(100_000))
    const times: number[] = []
    for (let i = 0; i < 100; i++) {
      const began = performance.now()
      await keeper.handle({ kind: 'add', table: 'bad_ip', entries: [{ address: `198.51.100.${i}`, until: until() }] })
      await keeper.settled()
      times.push(performance.now() - began)
    }
    times.sort((a, b) => a - b)
    t.diagnostic(`median ${times[50]!.toFixed(1)} ms, p95 ${times[95]!.toFixed(1)} ms (the way into the namespace included)`)
    assert.equal(keeper.status()[0]!.enforced, 100_100)
  })

  const damages = [
    ['the whole ruleset is flushed', 'flush ruleset', /table inet log2table was missing and 10,000 of 10,000 entries were gone/],
    ['a set is flushed', 'flush set inet log2table bad_ip_v4', /10,000 of 10,000 entries were gone/],
    [
      'the rules are flushed',
      'flush chain inet log2table bad_ip_in',
      /rule "ip saddr @bad_ip_v4 counter drop" was missing; restored/,
    ],
    ['one entry is deleted', 'delete element inet log2table bad_ip_v4 { 11.0.3.7 }', /1 of 10,000 entries were gone/],
  ] as const
  for (const [what, damage, said] of damages) {
    test(`${what}: right again`, async (t) => {
      await begin(entriesOf(10_000))
      await nft(damage)
      const ms = await waitFor('said', RIGHT_MS_MAX, () => lines.length > 0)
      t.diagnostic(`right again (goal 5,000 ms) after ${ms} ms: ${lines.join('; ')}`)
      assert.match(lines[0]!, said)
      assert.equal((await held()).length, 10_000)
      assert.match(await namespace.run([program('nft'), '-t', 'list', 'ruleset', 'inet']), /ip saddr @bad_ip_v4 counter/)
    })
  }

  test('the end of a ban that is extended is the new one, and a ban that is taken back is out', async () => {
    await begin([])
    await keeper.handle({ kind: 'add', table: 'bad_ip', entries: [{ address: '192.0.2.1', until: Date.now() + 60_000 }] })
    await keeper.handle({ kind: 'add', table: 'bad_ip', entries: [{ address: '192.0.2.2', until: until() }] })
    await keeper.settled()
    await keeper.handle({ kind: 'add', table: 'bad_ip', entries: [{ address: '192.0.2.1', until: null }] })
    await keeper.handle({ kind: 'delete', table: 'bad_ip', addresses: ['192.0.2.2'] })
    await keeper.settled()
    assert.deepEqual(await held(), [{ address: '192.0.2.1', until: null }])
  })

  test('what somebody put in by hand is kept, and counted', async () => {
    await begin([])
    await keeper.stop()
    await nft('add element inet log2table bad_ip_v4 { 192.0.2.98, 192.0.2.99 }')
    keeper = make()
    await begin(entriesOf(10))
    const { enforced, strange, rooms } = keeper.status()[0]!
    assert.deepEqual(
      [enforced, strange, rooms.find(({ set }) => set === 'v4')],
      [10, 2, { set: 'v4', limit: 1_048_576, used: 12 }],
    )
    assert.equal((await held()).length, 12)
    assert.match(lines.join('\n'), /^table bad_ip: 2 entries put in by somebody else; kept one=192\.0\.2\.9/m)
  })

  test('one bad element among 1,000 does not keep the others out', async () => {
    await begin([])
    await nft('add element inet log2table bad_ip_v4net { 198.51.100.128/25 }')
    const entries = entriesOf(999)
    entries.splice(500, 0, { address: '198.51.100.0/24', until: until() })
    await keeper.handle({ kind: 'add', table: 'bad_ip', entries })
    await keeper.settled()
    const { state, enforced, setAside } = keeper.status()[0]!
    assert.deepEqual({ state, enforced, setAside }, { state: 'partly enforcing', enforced: 999, setAside: 1 })
    assert.equal((await held()).length, 1_000)
    assert.match(
      lines.join('\n'),
      /^error: table bad_ip: 198\.51\.100\.0\/24 could not be put in: it overlaps with a network that somebody else put in/,
    )
  })

  test('a set with room for 1,000 holds 1,000 of 2,000, and says so; ends can be changed in it even then', async () => {
    await begin(entriesOf(2_000), { size: 1_000 })
    const { state, desired, enforced } = keeper.status()[0]!
    assert.deepEqual({ state, desired, enforced }, { state: 'partly enforcing', desired: 2_000, enforced: 1_000 })
    assert.equal((await held()).length, 1_000)
    assert.deepEqual(lines, ['error: table bad_ip: a set of table bad_ip is full; give it a greater size than 1000'])
    const first = (await held())[0]!.address
    await keeper.handle({ kind: 'add', table: 'bad_ip', entries: [{ address: first, until: null }] })
    await keeper.handle({ kind: 'delete', table: 'bad_ip', addresses: ['192.0.2.1'] })
    await keeper.settled()
    assert.equal((await held()).length, 1_000)
  })

  test('in a full set those that end soonest are let go for others that end later', async () => {
    await begin(entriesOf(2_000), { size: 1_000 })
    const later = Array.from({ length: 100 }, (_, i) => ({ address: `198.51.100.${i}`, until: until() + HOUR_MS }))
    await keeper.handle({ kind: 'add', table: 'bad_ip', entries: later })
    await keeper.settled()
    const addresses = (await held()).map(({ address }) => address)
    assert.equal(addresses.length, 1_000)
    assert.deepEqual(
      later.filter(({ address }) => !addresses.includes(address)),
      [],
    )
    assert.match(lines.at(-1)!, /100 entries that end soonest were let go for others, since it is full$/)
  })

  test('a program that hangs, prints without end, fails or is killed stops the enforcing, loses nothing, and is got over', async (t) => {
    keeper = make(500)
    await begin(entriesOf(10))
    let expected = 10
    for (const [what, script] of [
      ['hanging', 'sleep 1000'],
      ['printing', 'exec yes'],
      ['failing', 'echo boom >&2; exit 1'],
      ['killed', 'kill -9 $$'],
    ] as const) {
      const restore = instead(script)
      await keeper.handle({ kind: 'add', table: 'bad_ip', entries: [{ address: `192.0.2.${expected++}`, until: until() }] })
      await waitFor(`${what} is seen`, 5_000, () => keeper.status()[0]!.state === 'not enforcing')
      t.diagnostic(`${what}: ${keeper.status()[0]!.reason}`)
      restore()
      await waitFor(
        `${what} is over`,
        10_000,
        () => keeper.status()[0]!.state === 'enforcing' && keeper.status()[0]!.queued === 0,
      )
      assert.equal((await held()).length, expected)
    }
  })

  test('a set that somebody made of another type is made anew', async () => {
    await nft('add table inet log2table\nadd set inet log2table bad_ip_v4 { type ipv6_addr; }')
    await begin(entriesOf(10))
    assert.equal((await held()).length, 10)
    assert.deepEqual(lines, ['warning: table bad_ip: what was there could not be kept; made anew'])
  })

  test('stopping leaves the bans in force; panic takes all of ours away and nothing else', async () => {
    await nft('add table inet theirs')
    await begin(entriesOf(10))
    await keeper.stop()
    assert.equal((await held()).length, 10)
    assert.equal(await keeper.panic(), true)
    const left = await namespace.run([program('nft'), 'list', 'ruleset'])
    assert.doesNotMatch(left, /bad_ip/)
    assert.match(left, /table inet theirs/)
  })
})

describe('packets', { skip: needs([...NAMESPACE_PROGRAMS, 'nft', 'python3']) }, () => {
  let server: Namespace
  let client: Namespace
  let keeper: Keeper
  let listener: ReturnType<typeof spawn>
  const addresses = {
    good4: '192.0.2.20',
    bad4: '192.0.2.30',
    net4: '192.0.3.40',
    good6: '2001:db8:1::20',
    bad6: '2001:db8:2::30',
    net6: '2001:db8:3:4::40',
  }

  before(async () => {
    server = await createNamespace()
    client = await createNamespace(server)
    await connect(
      { namespace: server, interface: 'l2t0', addresses: ['192.0.2.1/16', '2001:db8::1/32'] },
      {
        namespace: client,
        interface: 'l2t1',
        addresses: Object.values(addresses).map((one) => `${one}/${one.includes(':') ? 32 : 16}`),
      },
    )
    const listen =
      "import socket;s=socket.create_server(('::',2222),family=socket.AF_INET6,dualstack_ipv6=True,backlog=64);print('ready',flush=True)\nwhile True:\n c,_=s.accept();c.close()"
    const argv = server.inside([program('python3'), '-c', listen])
    listener = spawn(argv[0]!, argv.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(listener.stdout!, 'data')
    keeper = createKeeper({
      dialectOf,
      run: createRunner({ path: server.folderOf(['nft', 'ss', 'conntrack']) }),
      log: logTo(() => {}),
      timers: systemTimers,
      now: Date.now,
      readProtection: async () => ({ networks: alwaysProtected, troubles: [] }),
    })
    await keeper.handle({ kind: 'declare', tables: [{ name: 'bad_ip', kind: 'nftables', options: {} }] })
    await keeper.handle({ kind: 'begin' })
    await keeper.settled()
  })
  after(async () => {
    await keeper.stop()
    listener.kill()
    await client.close()
    await server.close()
  })

  async function connects(from: string): Promise<boolean> {
    const to = from.includes(':') ? '2001:db8::1' : '192.0.2.1'
    const text = `import socket;socket.create_connection(('${to}',2222),timeout=0.7,source_address=('${from}',0))`
    return client.run([program('python3'), '-c', text]).then(
      () => true,
      () => false,
    )
  }

  test('a banned address no longer connects, its neighbour does, IPv4 and IPv6, single and network, until it is unbanned', async () => {
    for (const address of Object.values(addresses)) await waitFor(`${address} connects`, 10_000, () => connects(address))
    const banned = [addresses.bad4, '192.0.3.0/24', '2001:db8:2::/64', '2001:db8:3::/48']
    await keeper.handle({
      kind: 'add',
      table: 'bad_ip',
      entries: banned.map((address) => ({ address, until: Date.now() + HOUR_MS })),
    })
    await keeper.settled()
    for (const [name, address] of Object.entries(addresses)) {
      if (name.startsWith('good')) await waitFor(`${address} connects`, 10_000, () => connects(address))
      else assert.equal(await connects(address), false, name)
    }
    await keeper.handle({ kind: 'delete', table: 'bad_ip', addresses: banned })
    await keeper.settled()
    for (const address of Object.values(addresses)) await waitFor(`${address} connects`, 10_000, () => connects(address))
  })

  test('a ban ends by itself', async () => {
    await keeper.handle({
      kind: 'add',
      table: 'bad_ip',
      // Longer than a busy machine takes to try it once.
      entries: [{ address: addresses.bad4, until: Date.now() + 5 * SECOND_MS }],
    })
    await keeper.settled()
    assert.equal(await connects(addresses.bad4), false)
    await waitFor('connects again', 15_000, () => connects(addresses.bad4))
  })
})
