import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { formatAddress } from '../../src/base/address.ts'
import { logTo } from '../../src/base/log.ts'
import { HOUR_MS } from '../../src/base/units.ts'
import { dialectOf } from '../../src/firewall/index.ts'
import { createKeeper, type Keeper } from '../../src/firewall/keeper.ts'
import { alwaysProtected } from '../../src/firewall/protected.ts'
import type { EntryText } from '../../src/firewall/request.ts'
import { createRunner } from '../../src/firewall/runner.ts'
import { connect, createNamespace, NAMESPACE_PROGRAMS, type Namespace } from '../lib/namespace.ts'
import { needs, program } from '../lib/programs.ts'
import { waitFor } from '../lib/wait-for.ts'

const IPSET_PROGRAMS = ['ipset', 'iptables', 'ip6tables', 'iptables-restore', 'ip6tables-restore']

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

function keeperIn(namespace: Namespace, lines: string[]): Keeper {
  return createKeeper({
    dialectOf,
    run: createRunner({ path: namespace.folderOf([...IPSET_PROGRAMS, 'ss', 'conntrack']) }),
    log: logTo((line) => lines.push(line)),
    timers: systemTimers,
    now: Date.now,
    readProtection: async () => ({ networks: alwaysProtected, troubles: [] }),
  })
}

async function begin(keeper: Keeper, entries: readonly EntryText[], options = {}): Promise<void> {
  await keeper.handle({ kind: 'declare', tables: [{ name: 'bad_ip', kind: 'ipset', options }] })
  await keeper.handle({ kind: 'add', table: 'bad_ip', entries })
  await keeper.handle({ kind: 'begin' })
  await keeper.settled()
}

describe('the keeper over a real ipset', { skip: needs([...NAMESPACE_PROGRAMS, ...IPSET_PROGRAMS]) }, () => {
  let namespace: Namespace
  let lines: string[]
  let keeper: Keeper
  const inside = ([name, ...args]: readonly string[], stdin?: string) => namespace.run([program(name!), ...args], stdin)

  beforeEach(async () => {
    namespace = await createNamespace()
    lines = []
    keeper = keeperIn(namespace, lines)
  })
  afterEach(async () => {
    await keeper.stop()
    await namespace.close()
  })

  async function held(): Promise<readonly EntryText[]> {
    const answer = await keeper.handle({ kind: 'list', table: 'bad_ip' })
    return answer.kind === 'entries' ? answer.entries : []
  }

  for (const [count, goalMs] of [
    [10_000, 500],
    [100_000, 2_000],
  ] as const) {
    test(`${count} bans are in force after a start, and after a restart that finds them there`, async (t) => {
      const entries = entriesOf(count)
      let began = Date.now()
      await begin(keeper, entries)
      t.diagnostic(`from nothing: ${Date.now() - began} ms (goal ${goalMs})`)
      assert.equal(keeper.status()[0]!.enforced, count)
      assert.equal((await held()).length, count)
      await keeper.stop()
      keeper = keeperIn(namespace, lines)
      began = Date.now()
      await begin(keeper, entries)
      t.diagnostic(`with all of them there: ${Date.now() - began} ms`)
      assert.equal(keeper.status()[0]!.state, 'enforcing')
      assert.equal((await held()).length, count)
      assert.deepEqual(lines, [])
    })
  }

  const ours = 'log2table_bad_ip_v4'
  const damages = [
    ['the set is flushed', 10_000, [['ipset', 'flush', ours]], /10,000 of 10,000 entries were gone; restored/],
    ['all sets are flushed', 100_000, [['ipset', 'flush']], /100,000 of 100,000 entries were gone; restored/],
    ['one entry is deleted', 10_000, [['ipset', 'del', ours, '11.0.3.7']], /: 1 of 10,000 entries were gone; restored/],
    [
      'all rules are flushed, and the sets destroyed',
      10_000,
      [
        ['iptables', '-t', 'raw', '-F'],
        ['iptables', '-t', 'raw', '-X'],
        ['ip6tables', '-t', 'raw', '-F'],
        ['ip6tables', '-t', 'raw', '-X'],
        ['ipset', 'destroy'],
      ],
      /set log2table_bad_ip_v4 was missing and 10,000 of 10,000 entries were gone; restored/,
    ],
    [
      'our chain is no more called',
      10_000,
      [['iptables', '-t', 'raw', '-F', 'PREROUTING']],
      /rule "-A PREROUTING -j LOG2TABLE_bad_ip" of iptables was missing; restored/,
    ],
  ] as const
  for (const [what, count, damage, said] of damages) {
    test(`${what}, with ${count} entries: right again`, async (t) => {
      await begin(keeper, entriesOf(count))
      for (const argv of damage) await inside(argv)
      const ms = await waitFor('said', RIGHT_MS_MAX, () => lines.length > 0)
      t.diagnostic(`right again (goal 5,000 ms) after ${Math.round(ms)} ms: ${lines.join('; ')}`)
      assert.match(lines[0]!, said)
      assert.equal(lines.length, 1)
      assert.equal((await held()).length, count)
      assert.match(await inside(['iptables', '-t', 'raw', '-S']), /-A PREROUTING -j LOG2TABLE_bad_ip\n/)
    })
  }

  test('a set with room for 1,000 holds 1,000 of 2,000, and says so once', async () => {
    await begin(keeper, entriesOf(2_000), { size: 1_000 })
    const { state, desired, enforced } = keeper.status()[0]!
    assert.deepEqual({ state, desired, enforced }, { state: 'partly enforcing', desired: 2_000, enforced: 1_000 })
    assert.equal((await held()).length, 1_000)
    assert.deepEqual(lines, ['error: table bad_ip: a set of table bad_ip is full; give it a greater size than 1000'])
  })

  test('in a full set those that end soonest are let go for others that end later', async () => {
    await begin(keeper, entriesOf(2_000), { size: 1_000 })
    const until = Date.now() + 2 * HOUR_MS
    const later = Array.from({ length: 100 }, (_, i) => ({ address: `198.51.100.${i}`, until }))
    await keeper.handle({ kind: 'add', table: 'bad_ip', entries: later })
    await keeper.settled()
    const addresses = (await held()).map(({ address }) => address)
    assert.equal(addresses.length, 1_000)
    assert.deepEqual(
      later.filter(({ address }) => !addresses.includes(address)),
      [],
    )
  })

  test('a set of ours that somebody made of another type is made anew', async () => {
    await inside(['ipset', 'create', ours, 'hash:net', 'family', 'inet6'])
    await begin(keeper, entriesOf(10))
    assert.equal((await held()).length, 10)
    assert.deepEqual(lines, ['warning: table bad_ip: what was there could not be kept; made anew'])
  })

  test('stopping leaves the bans in force; panic takes all of ours away and nothing else', async () => {
    await inside(['ipset', 'create', 'bad_ip', 'hash:ip'])
    await begin(keeper, entriesOf(10))
    await keeper.stop()
    assert.equal((await held()).length, 10)
    assert.equal(await keeper.panic(), true)
    assert.equal(await inside(['ipset', 'list', '-n']), 'bad_ip\n')
    assert.doesNotMatch(await inside(['iptables', '-t', 'raw', '-S']), /LOG2TABLE/)
  })
})

describe('packets', { skip: needs([...NAMESPACE_PROGRAMS, ...IPSET_PROGRAMS, 'python3']) }, () => {
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
    keeper = keeperIn(server, [])
    await begin(keeper, [])
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
    for (const address of Object.values(addresses)) await waitFor(`${address} connects`, 5_000, () => connects(address))
    const banned = [addresses.bad4, '192.0.3.0/24', '2001:db8:2::/64', '2001:db8:3::/48']
    await keeper.handle({ kind: 'add', table: 'bad_ip', entries: banned.map((address) => ({ address, until: until() })) })
    await keeper.settled()
    for (const [name, address] of Object.entries(addresses)) {
      if (name.startsWith('good')) await waitFor(`${address} connects`, 5_000, () => connects(address))
      else assert.equal(await connects(address), false, name)
    }
    await keeper.handle({ kind: 'delete', table: 'bad_ip', addresses: banned })
    await keeper.settled()
    for (const address of Object.values(addresses)) await waitFor(`${address} connects`, 5_000, () => connects(address))
  })
})
