import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { formatAddress, parseNetwork } from '../base/address.ts'
import { logTo } from '../base/log.ts'
import { DAY_MS, HOUR_MS } from '../base/units.ts'
import type { ProtectedNetwork } from '../core/model.ts'
import { dialectOf } from './index.ts'
import { createKeeper, PANIC_LOOK_MS } from './keeper.ts'
import { alwaysProtected } from './protected.ts'
import { type Request, RequestError } from './request.ts'

const START = Date.UTC(2026, 0, 1)
const until = START + HOUR_MS
const own = { network: parseNetwork('203.0.113.7')!, because: 'own address of eth0' }
const tables = [{ name: 'bad_ip', kind: 'dryRun', options: {} }]

function scene({ isDeclared = true }: { isDeclared?: boolean } = {}) {
  const lines: string[] = []
  const timers: (() => void)[] = []
  let networks = [...alwaysProtected, own]
  const newest: ProtectedNetwork[] = []
  const keeper = createKeeper({
    dialectOf,
    run: async () => assert.fail('a dry run ran something'),
    log: logTo((line) => lines.push(line)),
    timers: {
      after: (_, run) => {
        timers.push(run)
        return () => {}
      },
    },
    now: () => START,
    readProtection: async () => ({ networks, troubles: [] }),
    ownAddresses: () => newest,
  })
  const ask = async (request: unknown) => keeper.handle(request as Request)
  return {
    keeper,
    ask,
    lines,
    newest,
    begin: async () => {
      if (isDeclared) await ask({ kind: 'declare', tables })
      await ask({ kind: 'begin' })
      await keeper.settled()
    },
    protect: async (address: string) => {
      networks = [...networks, { network: parseNetwork(address)!, because: 'own address of wg0' }]
      for (const run of timers.splice(0)) run()
      await new Promise((resolve) => setImmediate(resolve))
    },
    listed: async () => {
      await keeper.settled()
      const answer = await ask({ kind: 'list', table: 'bad_ip' })
      assert.equal(answer.kind, 'entries')
      return answer.kind === 'entries' ? answer.entries.map(({ address }) => address) : []
    },
  }
}

test('what is asked before the beginning is in the table after it, and later changes at once', async () => {
  const { keeper, ask, begin, listed } = scene({ isDeclared: false })
  await ask({ kind: 'declare', tables })
  await ask({
    kind: 'add',
    table: 'bad_ip',
    entries: [
      { address: '192.0.2.1', until },
      { address: '2001:db8::/64', until: null },
    ],
  })
  assert.equal(keeper.status()[0]!.enforced, 0)
  await begin()
  assert.deepEqual(await listed(), ['192.0.2.1', '2001:db8::/64'])
  await ask({ kind: 'delete', table: 'bad_ip', addresses: ['192.0.2.1', '192.0.2.9'] })
  assert.deepEqual(await listed(), ['2001:db8::/64'])
})

describe('the protected set', () => {
  test('is never banned, by hand neither, and the others of the same request are', async () => {
    const { ask, begin, listed, lines } = scene()
    await begin()
    const addresses = ['203.0.113.7', '127.0.0.1', '192.0.2.1', '203.0.113.0/24', 'fe80::/64']
    for (const byHand of [false, true]) {
      const answer = await ask({
        kind: 'add',
        table: 'bad_ip',
        byHand,
        entries: addresses.map((address) => ({ address, until })),
      })
      assert.deepEqual(answer, {
        kind: 'done',
        refused: [
          { address: '203.0.113.7', because: '203.0.113.7 is protected: own address of eth0' },
          { address: '127.0.0.1', because: '127.0.0.0/8 is protected: loopback' },
          { address: '203.0.113.0/24', because: '203.0.113.7 is protected: own address of eth0' },
          { address: 'fe80::/64', because: 'fe80::/10 is protected: link-local' },
        ],
      })
    }
    assert.deepEqual(await listed(), ['192.0.2.1'])
    assert.equal(lines[0], 'warning: table bad_ip: 203.0.113.7 is refused: 203.0.113.7 is protected: own address of eth0')
  })

  test('has an address of the machine from the moment on that it is one', async () => {
    const { ask, begin, listed, newest } = scene()
    await begin()
    newest.push({ network: parseNetwork('192.0.2.2')!, because: 'own address of wg0' })
    const entries = ['192.0.2.1', '192.0.2.2'].map((address) => ({ address, until }))
    assert.deepEqual(await ask({ kind: 'add', table: 'bad_ip', entries }), {
      kind: 'done',
      refused: [{ address: '192.0.2.2', because: '192.0.2.2 is protected: own address of wg0' }],
    })
    assert.deepEqual(await listed(), ['192.0.2.1'])
  })

  test('grows while we run: what was banned already is let go', async () => {
    const { ask, begin, listed, protect } = scene()
    await begin()
    await ask({
      kind: 'add',
      table: 'bad_ip',
      entries: ['192.0.2.1', '192.0.2.2', '198.51.100.1'].map((address) => ({ address, until })),
    })
    await protect('192.0.2.2')
    assert.deepEqual(await listed(), ['192.0.2.1', '198.51.100.1'])
    await ask({ kind: 'protect', networks: [{ address: '198.51.100.0/24', because: 'ignore list' }] })
    assert.deepEqual(await listed(), ['192.0.2.1'])
    await ask({ kind: 'protect', networks: [] })
    const answer = await ask({ kind: 'add', table: 'bad_ip', entries: [{ address: '192.0.2.2', until }] })
    assert.equal(answer.kind === 'done' && answer.refused.length, 1)
  })
})

describe('whoever is logged in', () => {
  const entries = (...addresses: readonly string[]) => addresses.map((address) => ({ address, until }))
  const refusal = (address: string, source: string) => ({ address, because: `${source} is protected: logged in at this moment` })

  test('is refused, alone and in a network, until he is gone', async () => {
    const { ask, begin, listed } = scene()
    await begin()
    await ask({ kind: 'loggedIn', came: ['192.0.2.1', '2001:db8::/64', '198.51.100.1'], left: [] })
    await ask({ kind: 'protect', networks: [] })
    const wanted = entries(
      '192.0.2.1',
      '192.0.2.0/24',
      '192.0.2.2',
      '2001:db8::/64',
      '2001:db8::1',
      '2001:db8::/48',
      '2001:db8:0:1::/64',
    )
    assert.deepEqual(await ask({ kind: 'add', table: 'bad_ip', entries: wanted }), {
      kind: 'done',
      refused: [
        refusal('192.0.2.1', '192.0.2.1'),
        refusal('192.0.2.0/24', '192.0.2.1'),
        refusal('2001:db8::/64', '2001:db8::/64'),
        refusal('2001:db8::1', '2001:db8::/64'),
        refusal('2001:db8::/48', '2001:db8::/64'),
      ],
    })
    await ask({ kind: 'loggedIn', came: ['198.51.100.2'], left: ['192.0.2.1', '203.0.113.9'] })
    assert.deepEqual(await ask({ kind: 'add', table: 'bad_ip', entries: entries('192.0.2.1', '198.51.100.1', '198.51.100.2') }), {
      kind: 'done',
      refused: [refusal('198.51.100.1', '198.51.100.1'), refusal('198.51.100.2', '198.51.100.2')],
    })
    assert.deepEqual(await listed(), ['192.0.2.2', '2001:db8:0:1::/64', '192.0.2.1'])
  })

  test('is let go where he was banned, with the network around him, and nobody else', async () => {
    const { ask, begin, listed, lines } = scene()
    await begin()
    const neighbours = ['192.0.2.2', '192.0.3.1', '2001:db8:0:1::/64', '2001:db8::/63']
    const his = ['192.0.2.1', '192.0.2.0/24', '2001:db8::1', '2001:db8::/64']
    await ask({ kind: 'add', table: 'bad_ip', entries: entries(...his, ...neighbours), byHand: true })
    await ask({ kind: 'loggedIn', came: ['192.0.2.1', '2001:db8:0:1::/64'], left: [] })
    assert.deepEqual(await listed(), ['2001:db8::1', '2001:db8::/64', '192.0.2.2', '192.0.3.1'])
    assert.ok(
      lines.includes('warning: table bad_ip: 192.0.2.0/24 is taken out: 192.0.2.1 is protected: logged in at this moment'),
      lines.join('\n'),
    )
    await ask({ kind: 'loggedIn', came: ['2001:db8::/64'], left: [] })
    assert.deepEqual(await listed(), ['192.0.2.2', '192.0.3.1'])
  })

  for (const [what, message] of [
    ['a network that is no source', { came: ['192.0.2.0/24'], left: [] }],
    ['an address of IPv6 that is no source', { came: [], left: ['2001:db8::1'] }],
    ['what is no address', { came: ['you'], left: [] }],
    ['no list', { came: ['192.0.2.1'] }],
    ['another key', { came: [], left: [], networks: [] }],
  ] as const) {
    test(`is not told by ${what}`, async () => {
      const { ask, begin } = scene()
      await begin()
      await assert.rejects(ask({ kind: 'loggedIn', ...message }), RequestError)
    })
  }

  test('is one of 100,000 at most', async () => {
    const { keeper, ask, begin } = scene()
    await begin()
    const without = keeper.report().protected
    const sources = Array.from({ length: 100_000 }, (_, n) => formatAddress(0x0b00_0000 + n))
    await ask({ kind: 'loggedIn', came: sources, left: [] })
    await ask({ kind: 'loggedIn', came: ['192.0.2.1'], left: sources.slice(0, 1) })
    await assert.rejects(ask({ kind: 'loggedIn', came: ['192.0.2.2'], left: [] }), /more than 100000 are logged in/)
    assert.equal(keeper.report().protected, without + 100_000, 'and is not held')
  })
})

describe('anything else is not done', () => {
  const add = (address: unknown, end: unknown = until, more = {}) => ({
    kind: 'add',
    table: 'bad_ip',
    entries: [{ address, until: end }],
    ...more,
  })
  const bad: readonly (readonly [string, unknown])[] = [
    ['an unknown request', { kind: 'shell', command: 'id' }],
    ['no request', 'add'],
    ['a table that was not declared', { ...add('192.0.2.1'), table: 'other' }],
    ['a second declaration', { kind: 'declare', tables }],
    ['a key too many', { ...add('192.0.2.1'), via: 'sh' }],
    ['an address that tools read otherwise', add('010.1.2.3')],
    ['a mapped address', add('::ffff:192.0.2.1')],
    ['a zone', add('fe80::1%eth0')],
    ['a host name', add('localhost')],
    ['host bits', add('192.0.2.1/24')],
    ['text that is not canonical', add('2001:DB8::1')],
    ['a number', add(3221225985)],
    ['an automatic ban wider than /24', add('198.50.0.0/16')],
    ['an automatic ban wider than /48', add('2001:db8::/32')],
    ['no end', { kind: 'add', table: 'bad_ip', entries: [{ address: '192.0.2.1' }] }],
    ['an end that is no number', add('192.0.2.1', Number.NaN)],
    ['an end before there was time', add('192.0.2.1', -1)],
    ['an end in two hundred years', add('192.0.2.1', START + 73_000 * DAY_MS)],
    ['text to delete that is no address', { kind: 'delete', table: 'bad_ip', addresses: ['192.0.2.1; flush ruleset'] }],
  ]
  for (const [what, request] of bad) {
    test(what, async () => {
      const { ask, begin, listed } = scene()
      await begin()
      await assert.rejects(ask(request), RequestError)
      assert.deepEqual(await listed(), [])
    })
  }

  test('a table that its firewall does not take, or that no firewall is for', async () => {
    const declare = (table: object) => scene({ isDeclared: false }).ask({ kind: 'declare', tables: [{ ...tables[0], ...table }] })
    await assert.rejects(declare({ kind: 'netsh' }), /there is no firewall called netsh/)
    await assert.rejects(declare({ kind: 'nftables', options: { size: 'big' } }), /size must be a whole number/)
    await assert.rejects(declare({ name: 'a; reboot' }), RequestError)
  })

  test("a table that may be somebody else's, and that commands.json does not list", async () => {
    const { ask } = scene({ isDeclared: false })
    const declare = { kind: 'declare', tables: [{ name: 'spamd-white', kind: 'pf', options: {} }] }
    await assert.rejects(
      ask(declare),
      /^Error: table spamd-white: commands\.json allows no table "spamd-white" of pf; list it there/,
    )
  })

  test('a wide network by hand is done', async () => {
    const { ask, begin, listed } = scene()
    await begin()
    await ask(add('198.50.0.0/16', until, { byHand: true }))
    assert.deepEqual(await listed(), ['198.50.0.0/16'])
  })

  test('whatever comes, the keeper does it or refuses it by a RequestError', async () => {
    const { ask, begin } = scene()
    await begin()
    const value = fc.oneof(fc.anything(), fc.constantFrom('bad_ip', '192.0.2.1', null, 'add', 'delete', 'list'))
    const request = fc.record(
      {
        kind: fc.constantFrom('add', 'delete', 'list', 'begin', 'protect', 'loggedIn', 'declare'),
        came: value,
        left: value,
        table: value,
        entries: value,
        addresses: value,
        networks: value,
        tables: value,
      },
      { requiredKeys: ['kind'] },
    )
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.anything(), request), async (message) => {
        await ask(message).catch((error) => assert.ok(error instanceof RequestError, String(error)))
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('a kept file', () => {
  const kept = { name: 'blockips', kind: 'dryRun', options: {}, file: { keptFile: 'blockips' } }
  function keeping(files: ReadonlyMap<string, string>) {
    const written: string[][] = []
    const keeper = createKeeper({
      dialectOf,
      run: async () => assert.fail('a dry run ran something'),
      log: logTo(() => {}),
      timers: { after: () => () => {} },
      now: () => START,
      readProtection: async () => ({ networks: alwaysProtected, troubles: [] }),
      named: () => ({ commands: new Map(), via: new Map(), files }),
      keep: (path, text) => written.push([path, text]),
    })
    return { keeper, written }
  }

  test('is written where commands.json says, with the addresses and notes that were told', async () => {
    const { keeper, written } = keeping(new Map([['blockips', '/etc/blockips']]))
    await keeper.declare([...tables, kept])
    const entries = [{ address: '192.0.2.1', note: '2026-01-01 hackers' }]
    await keeper.handle({ kind: 'keep', table: 'blockips', entries })
    const header = '# Written by log2table, and written anew when somebody comes or goes; see "log2table parole".\n'
    assert.deepEqual(written, [['/etc/blockips', `${header}192.0.2.1 # 2026-01-01 hackers\n`]])
    for (const request of [
      { kind: 'keep', table: 'bad_ip', entries },
      { kind: 'keep', table: 'blockips', entries: [{ address: '192.0.2.1', note: 'a\n198.51.100.1' }] },
      { kind: 'keep', table: 'blockips', entries: [{ address: '192.0.2.1 x', note: '' }] },
      { kind: 'keep', table: 'blockips', entries: [{ address: '192.0.2.1', note: '', path: '/etc/passwd' }] },
    ])
      await assert.rejects(keeper.handle(request as Request), RequestError)
    assert.equal(written.length, 1)
  })

  test('must be named in commands.json', async () => {
    const { keeper } = keeping(new Map())
    await assert.rejects(keeper.declare([kept]), /table blockips: commands\.json has no "blockips" in "files"/)
  })
})

describe('while there is a panic', () => {
  function panicking({ isPanic = false }: { isPanic?: boolean } = {}) {
    const state = { isPanic }
    const remembered: unknown[] = []
    const timers: (() => void)[] = []
    const keeper = createKeeper({
      dialectOf,
      run: async () => assert.fail('a dry run ran something'),
      log: logTo(() => {}),
      timers: {
        after: (ms, run) => {
          if (ms === PANIC_LOOK_MS) timers.push(run)
          return () => {}
        },
      },
      now: () => START,
      readProtection: async () => ({ networks: alwaysProtected, troubles: [] }),
      isPanic: () => state.isPanic,
      remember: (tables) => remembered.push(tables),
    })
    const entries = [{ address: '192.0.2.1', until }]
    return {
      ...{ keeper, state, remembered, timers },
      stateNow: () => keeper.status().map((one) => `${one.state} ${one.enforced}`),
      begin: async () => {
        await keeper.declare(tables)
        await keeper.handle({ kind: 'add', table: 'bad_ip', entries })
        await keeper.handle({ kind: 'begin' })
        await keeper.settled()
      },
      look: async () => {
        for (const run of timers.splice(0)) run()
        for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve))
      },
    }
  }

  test('all is taken away within a second, nothing is added, and it is said why', async () => {
    const { keeper, state, stateNow, begin, look, timers } = panicking()
    await begin()
    assert.deepEqual(stateNow(), ['enforcing 1'])
    await look()
    assert.deepEqual(stateNow(), ['enforcing 1'])
    state.isPanic = true
    await look()
    await keeper.handle({ kind: 'add', table: 'bad_ip', entries: [{ address: '192.0.2.2', until }] })
    await keeper.settled()
    assert.deepEqual(stateNow(), ['torn down 0'])
    const reason = 'torn down by a panic; "log2table panic --end" ends it'
    assert.deepEqual([keeper.status()[0]!.reason, keeper.hindrance('bad_ip', '192.0.2.2')], [reason, reason])
    // What is done is done: a keeper that has torn down is made anew, or never bans again.
    assert.equal(timers.length, 0)
  })

  test('a keeper that begins puts nothing in; without, it remembers what it has declared', async () => {
    const { begin, stateNow, remembered } = panicking({ isPanic: true })
    await begin()
    assert.deepEqual(stateNow(), ['torn down 0'])
    assert.deepEqual(remembered, [tables])
  })
})

test('panic takes all away and says so', async () => {
  const { keeper, begin } = scene()
  await begin()
  assert.equal(await keeper.panic(), true)
  assert.equal(keeper.status()[0]!.state, 'torn down')
})
