import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { formatNetwork, parseNetwork } from '../base/address.ts'
import { logTo } from '../base/log.ts'
import { DAY_MS, FOR_LIFE, HOUR_MS, MINUTE_MS, SECOND_MS, type Until } from '../base/units.ts'
import type { Command, CommandResult, Dialect, Step } from './firewall.ts'
import type { KeyedEntry } from './request.ts'
import { TABLE_ENTRIES_MAX, TableKeeper, type Timers } from './table-keeper.ts'

const START = Date.UTC(2026, 0, 1)
const TABLE = { name: 'bad_ip', kind: 'pretend', options: {} }

/** A clock and its timers, moved by hand; what waits for nothing but promises is let run at each step. */
function pretendTime() {
  let now = START
  let timers: { at: number; run: () => void }[] = []
  const rest = async () => {
    for (let i = 0; i < 60; i++) await new Promise((resolve) => setImmediate(resolve))
  }
  const after: Timers['after'] = (ms, run) => {
    const timer = { at: now + ms, run }
    timers.push(timer)
    return () => {
      timers = timers.filter((one) => one !== timer)
    }
  }
  return {
    timers: { after },
    now: () => now,
    rest,
    async pass(ms: number): Promise<void> {
      const end = now + ms
      for (;;) {
        await rest()
        const next = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
        if (!next) break
        timers = timers.filter((one) => one !== next)
        now = Math.max(now, next.at)
        next.run()
      }
      now = end
      await rest()
    },
  }
}

/** A firewall in memory, transactions and all: one element that it refuses spoils the whole command. */
function pretendFirewall(time: { now: () => number }, { canProbe = true }: { canProbe?: boolean } = {}) {
  /** When it last ended entries by itself. */
  let endedAt = 0
  const firewall = {
    isThere: false,
    entries: new Map<string, Until>(),
    size: Number.POSITIVE_INFINITY,
    refuses: (_key: string): boolean => false,
    /** What the user must still do. */
    unmet: undefined as string | undefined,
    /** What every command answers instead, while it is set. */
    trouble: undefined as Partial<CommandResult> | undefined,
    /** Of how many connections were cut, command by command. */
    cut: [] as number[],
    /** What commands that cut answer instead, while it is set. */
    cutTrouble: undefined as Partial<CommandResult> | undefined,
    /** The verbs of all commands, with the number of entries. */
    said: [] as string[],
    ofSaid: (verb: string) => firewall.said.filter((text) => text.startsWith(verb)),
    async run(step: Step): Promise<CommandResult> {
      await Promise.resolve()
      if (!('argv' in step)) throw new Error('this firewall knows commands only')
      const { argv, stdin = '[]' } = step
      const [verb] = argv
      const items = JSON.parse(stdin) as [string, number | null][]
      if (verb === 'cut') {
        firewall.cut.push(items.length)
        return { status: 0, stdout: '', stderr: '', ...firewall.cutTrouble }
      }
      firewall.said.push(items.length > 0 ? `${verb} ${items.length}` : verb!)
      if (firewall.trouble) return { status: 1, stdout: '', stderr: '', ...firewall.trouble }
      if (endedAt < time.now()) for (const [key, until] of firewall.entries) if (until <= time.now()) firewall.entries.delete(key)
      endedAt = time.now()
      const fail = (stderr: string) => ({ status: 1, stdout: '', stderr })
      const ok = (stdout = '') => ({ status: 0, stdout, stderr: '' })
      if (verb === 'set-up') firewall.isThere = true
      if (verb === 'tear-down') {
        firewall.isThere = false
        firewall.entries.clear()
        return ok()
      }
      if (verb === 'check') return ok(String(firewall.isThere))
      if (!firewall.isThere) return fail('no such table')
      if (verb === 'list')
        return ok(JSON.stringify([...firewall.entries].map(([key, until]) => [key, until === FOR_LIFE ? null : until])))
      if (verb === 'probe') return items.every(([key]) => firewall.entries.has(key)) ? ok() : fail('not in')
      if (verb === 'add' || verb === 'renew') {
        if (items.some(([key]) => firewall.refuses(key))) return fail('refused')
        const added = items.filter(([key]) => !firewall.entries.has(key)).length
        if (firewall.entries.size + added > firewall.size) return fail('full')
        for (const [key, until] of items) firewall.entries.set(key, until ?? FOR_LIFE)
      }
      if (verb === 'delete') for (const [key] of items) firewall.entries.delete(key)
      return ok()
    },
  }
  const say = (verb: string) => [{ argv: [verb] }]
  const sayAll = (verb: string, items: readonly (readonly [string, number | null])[]): Command => ({
    argv: [verb],
    stdin: JSON.stringify(items),
  })
  const dialect: Dialect<Command> = {
    kind: 'pretend',
    batchMax: 100,
    timeoutMsMax: 100 * DAY_MS,
    faults: () => [],
    setUp: () => say('set-up'),
    check: () => say('check'),
    missing: (_, [result]) => (result!.stdout === 'true' ? undefined : 'table bad_ip'),
    unmet: () => firewall.unmet,
    limits: () => new Map(Number.isFinite(firewall.size) ? [['', firewall.size]] : []),
    cut: (_, networks) => [
      sayAll(
        'cut',
        networks.map((network) => [formatNetwork(network), null]),
      ),
    ],
    add: (_, entries) => [
      sayAll(
        'add',
        entries.map(({ network, until }) => [formatNetwork(network), until === FOR_LIFE ? null : until]),
      ),
    ],
    renew: (_, entries) => [
      sayAll(
        'renew',
        entries.map(({ network, until }) => [formatNetwork(network), until === FOR_LIFE ? null : until]),
      ),
    ],
    delete: (_, networks) => [
      sayAll(
        'delete',
        networks.map((network) => [formatNetwork(network), null]),
      ),
    ],
    ...(canProbe && {
      probe: (_, networks) =>
        sayAll(
          'probe',
          networks.map((network) => [formatNetwork(network), null]),
        ),
    }),
    list: () => say('list'),
    present: (_, [text]) =>
      (JSON.parse(text!) as [string, number | null][]).map(([key, until]) => ({
        network: parseNetwork(key)!,
        until: until ?? FOR_LIFE,
      })),
    excludes: ({ address, bits }) => bits < (typeof address === 'number' ? 32 : 64),
    tearDown: () => say('tear-down'),
    explain(_, { stderr }) {
      if (stderr === 'full') return { kind: 'full', sentence: 'table bad_ip is full' }
      if (stderr === 'refused') return { kind: 'entry', sentence: 'it is refused' }
      return stderr === 'no rights' ? { kind: 'unusable', sentence: 'not permitted; run as root' } : undefined
    },
  }
  return { firewall, dialect }
}

function scene(options?: { canProbe?: boolean }) {
  const time = pretendTime()
  const { firewall, dialect } = pretendFirewall(time, options)
  const lines: string[] = []
  const log = logTo((line) => lines.push(line))
  const make = () =>
    new TableKeeper({ table: TABLE, dialect, run: (step) => firewall.run(step), log, timers: time.timers, now: time.now })
  return { time, firewall, lines, make, keeper: make() }
}

const entry = (address: string, until: number = START + HOUR_MS): KeyedEntry => ({
  key: address,
  network: parseNetwork(address)!,
  until,
})
const entries = (count: number, until?: number) =>
  Array.from({ length: count }, (_, i) => entry(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, until))

describe('a table at the start', () => {
  test('is set up, listed, and told only what it lacks, in batches', async () => {
    const { time, firewall, keeper } = scene()
    for (const { key, until } of entries(120)) firewall.entries.set(key, until)
    firewall.isThere = true
    keeper.want(entries(350))
    assert.deepEqual(firewall.said, [])
    keeper.begin()
    await time.rest()
    assert.deepEqual(firewall.said, ['set-up', 'check', 'list', 'add 100', 'add 100', 'add 30'])
    assert.equal(firewall.entries.size, 350)
    const { state, desired, enforced, queued } = keeper.status()
    assert.deepEqual({ state, desired, enforced, queued }, { state: 'enforcing', desired: 350, enforced: 350, queued: 0 })
  })

  test('loses what was unbanned while nobody listened, and keeps what somebody else put in', async () => {
    const { time, firewall, keeper, lines } = scene()
    firewall.isThere = true
    firewall.entries.set('192.0.2.1', FOR_LIFE).set('192.0.2.99', FOR_LIFE)
    keeper.unwant([entry('192.0.2.1')])
    keeper.begin()
    await time.rest()
    assert.deepEqual([...firewall.entries.keys()], ['192.0.2.99'])
    assert.equal(keeper.status().strange, 1)
    assert.deepEqual(lines, ['table bad_ip: 1 entry put in by somebody else; kept one=192.0.2.99'])
  })

  test('does not let a new ban wait for the listing', async () => {
    const { time, firewall, keeper } = scene()
    const run = firewall.run
    let answer = () => {}
    const slow = new Promise<void>((resolve) => (answer = resolve))
    firewall.run = run
    const waiting = new TableKeeper({
      table: TABLE,
      dialect: pretendFirewall(time).dialect,
      run: async (step) => {
        const result = await run(step)
        if ('argv' in step && step.argv[0] === 'list') await slow
        return result
      },
      log: logTo(() => {}),
      timers: time.timers,
      now: time.now,
    })
    keeper.stop()
    waiting.want(entries(3))
    waiting.begin()
    await time.rest()
    waiting.want([entry('192.0.2.1')])
    waiting.unwant([entry('10.0.0.1')])
    await time.rest()
    assert.deepEqual([...firewall.entries.keys()], ['192.0.2.1'])
    answer()
    await time.rest()
    assert.deepEqual([...firewall.entries.keys()].sort(), ['10.0.0.0', '10.0.0.2', '192.0.2.1'])
    assert.equal(waiting.status().strange, 0)
  })
})

describe('changes', () => {
  async function begun(options?: { canProbe?: boolean }) {
    const all = scene(options)
    all.keeper.begin()
    await all.time.rest()
    all.firewall.said.length = 0
    return all
  }

  test('go out at once, and those that come meanwhile together after them; the last word on an address counts', async () => {
    const { time, firewall, keeper } = await begun()
    keeper.want([entry('192.0.2.1')])
    keeper.want([entry('192.0.2.2')])
    keeper.want([entry('192.0.2.3')])
    keeper.unwant([entry('192.0.2.3')])
    keeper.want([entry('192.0.2.4')])
    await time.rest()
    assert.deepEqual(firewall.said, ['add 1', 'delete 1', 'add 2'])
    assert.deepEqual([...firewall.entries.keys()], ['192.0.2.1', '192.0.2.2', '192.0.2.4'])
  })

  test('an entry that is in is renewed, not added', async () => {
    const { time, firewall, keeper } = await begun()
    keeper.want([entry('192.0.2.1')])
    await time.rest()
    keeper.want([entry('192.0.2.1', FOR_LIFE), entry('192.0.2.2')])
    await time.rest()
    assert.deepEqual(firewall.said, ['add 1', 'renew 1', 'add 1'])
    assert.equal(firewall.entries.get('192.0.2.1'), FOR_LIFE)
  })

  test('an unban takes out also what somebody else put in', async () => {
    const { time, firewall, keeper } = await begun()
    firewall.entries.set('192.0.2.99', FOR_LIFE)
    keeper.unwant([entry('192.0.2.99')])
    await time.rest()
    assert.equal(firewall.entries.size, 0)
  })

  test('of two networks one within the other the firewall holds the wider, and the narrower again when that is gone', async () => {
    const { time, firewall, keeper } = await begun()
    const held = () => [...firewall.entries.keys()].sort()
    keeper.want([entry('198.51.100.0/26'), entry('198.51.100.7')])
    await time.rest()
    keeper.want([entry('198.51.100.0/24')])
    await time.rest()
    assert.deepEqual(held(), ['198.51.100.0/24', '198.51.100.7'])
    assert.equal(keeper.status().enforced, 3)
    keeper.want([entry('198.51.100.64/26')])
    await time.rest()
    assert.deepEqual(held(), ['198.51.100.0/24', '198.51.100.7'])
    keeper.unwant([entry('198.51.100.0/24')])
    await time.rest()
    assert.deepEqual(held(), ['198.51.100.0/26', '198.51.100.64/26', '198.51.100.7'])
  })

  test('whatever is asked in whatever order, and however it fails for a while, the table holds it in the end', async () => {
    const networks = ['192.0.2.1', '192.0.2.2', '192.0.2.0/25', '192.0.2.0/24', '2001:db8::/64', '2001:db8::/48', '10.0.0.1']
    const step = fc.oneof(
      fc.record({ kind: fc.constant('want'), address: fc.constantFrom(...networks), hours: fc.integer({ min: 1, max: 9 }) }),
      fc.record({ kind: fc.constant('unwant'), address: fc.constantFrom(...networks) }),
      fc.record({ kind: fc.constantFrom('rest', 'begin', 'fail', 'work', 'flush', 'remove') }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), async (steps, canProbe) => {
        const { time, firewall, keeper } = scene({ canProbe })
        const wanted = new Map<string, number>()
        for (const each of steps) {
          if ('hours' in each) {
            wanted.set(each.address, START + each.hours * HOUR_MS)
            keeper.want([entry(each.address, START + each.hours * HOUR_MS)])
          } else if ('address' in each) {
            wanted.delete(each.address)
            keeper.unwant([entry(each.address)])
          } else if (each.kind === 'rest') await time.pass(100)
          else if (each.kind === 'begin') keeper.begin()
          else if (each.kind === 'fail') firewall.trouble = { stderr: 'boom' }
          else if (each.kind === 'work') firewall.trouble = undefined
          else if (each.kind === 'remove') firewall.entries.delete([...firewall.entries.keys()][0] ?? '')
          else {
            firewall.entries.clear()
            firewall.isThere = false
          }
        }
        firewall.trouble = undefined
        keeper.begin()
        await time.pass(90 * SECOND_MS)
        for (const key of [...wanted.keys()]) {
          const { bits, address } = parseNetwork(key)!
          const isNet = bits < (typeof address === 'number' ? 32 : 64)
          const wider = key.startsWith('192') ? '192.0.2.0/24' : '2001:db8::/48'
          if (isNet && wider !== key && wanted.has(wider)) wanted.delete(key)
        }
        assert.deepEqual(new Map([...firewall.entries].sort()), new Map([...wanted].sort()))
        assert.equal(keeper.status().state, 'enforcing')
        assert.equal(keeper.status().queued, 0)
        keeper.stop()
      }),
      { numRuns: 60 },
    )
  })

  test('one bad entry among a batch is found and set aside, the others get in, and it is tried again later', async () => {
    const { time, firewall, keeper, lines } = await begun()
    firewall.refuses = (key) => key === '10.0.0.77'
    keeper.want(entries(100))
    await time.rest()
    assert.equal(firewall.entries.size, 99)
    assert.ok(firewall.ofSaid('add').length <= 16, `${firewall.said.length} commands`)
    assert.deepEqual(lines, ['error: table bad_ip: 10.0.0.77 could not be put in: it is refused'])
    const { state, setAside, reason } = keeper.status()
    assert.deepEqual({ state, setAside, reason }, { state: 'partly enforcing', setAside: 1, reason: 'it is refused' })
    firewall.refuses = () => false
    await time.pass(35 * SECOND_MS)
    assert.equal(firewall.entries.size, 100)
    assert.equal(keeper.status().state, 'enforcing')
  })

  test('a table that is full takes as many as it can, says so once, and the rest when there is room', async () => {
    const { time, firewall, keeper, lines } = await begun()
    firewall.size = 1_000
    keeper.want(entries(2_000))
    await time.pass(90 * SECOND_MS)
    assert.equal(firewall.entries.size, 1_000)
    assert.deepEqual(lines, ['error: table bad_ip: table bad_ip is full'])
    const { state, desired, enforced, queued } = keeper.status()
    assert.deepEqual(
      { state, desired, enforced, queued },
      { state: 'partly enforcing', desired: 2_000, enforced: 1_000, queued: 1_000 },
    )
    keeper.unwant(entries(300))
    await time.rest()
    assert.equal(firewall.entries.size, 1_000)
    keeper.unwant(entries(1_500))
    await time.rest()
    assert.equal(firewall.entries.size, 500)
    assert.equal(keeper.status().state, 'enforcing')
  })

  test('in a full table those who end soonest are let go for others who end later, and come back when there is room', async () => {
    const { time, firewall, keeper, lines } = await begun()
    firewall.size = 300
    keeper.want(entries(290))
    await time.rest()
    keeper.want(Array.from({ length: 20 }, (_, i) => entry(`192.0.2.${i}`, START + 100 * SECOND_MS + i * MINUTE_MS)))
    await time.rest()
    keeper.want(Array.from({ length: 5 }, (_, i) => entry(`198.51.100.${i}`, START + 2 * HOUR_MS)))
    keeper.want([entry('203.0.113.1', FOR_LIFE)])
    await time.rest()
    assert.equal(firewall.entries.size, 300)
    for (let i = 0; i < 5; i++) assert.ok(firewall.entries.has(`198.51.100.${i}`))
    assert.ok(firewall.entries.has('203.0.113.1'))
    // Of the 20 there was room for 10, those that end last, of which six went in the end.
    const ends = [...firewall.entries.values()]
      .filter((until) => until < START + HOUR_MS)
      .map((until) => (until - START) / MINUTE_MS)
    assert.equal(ends.length, 4)
    const { desired, enforced, state } = keeper.status()
    assert.deepEqual({ desired, enforced, state }, { desired: 316, enforced: 300, state: 'partly enforcing' })
    assert.deepEqual(lines, [
      'error: table bad_ip: table bad_ip is full',
      'warning: table bad_ip: 10 entries that end soonest were let go for others, since it is full',
    ])
    keeper.unwant(entries(16))
    await time.rest()
    assert.equal(firewall.entries.size, 300)
    assert.equal(keeper.status().state, 'enforcing')
  })

  test('a full table that is emptied is filled again at once', async () => {
    const { time, firewall, keeper, lines } = await begun()
    firewall.size = 300
    keeper.want(entries(400))
    await time.pass(10 * SECOND_MS)
    firewall.entries.clear()
    lines.length = 0
    await time.pass(5 * SECOND_MS)
    assert.equal(firewall.entries.size, 300)
    assert.match(lines.join('\n'), /^warning: table bad_ip: 300 of 400 entries were gone; restored in/m)
  })

  test('nobody is let go for others who end at about the same time, however often it is tried', async () => {
    const { time, firewall, keeper } = await begun()
    firewall.size = 100
    keeper.want(entries(100))
    await time.rest()
    keeper.want(Array.from({ length: 50 }, (_, i) => entry(`192.0.2.${i}`, START + HOUR_MS + 50 * SECOND_MS)))
    await time.pass(5 * MINUTE_MS)
    assert.equal(firewall.ofSaid('delete').length, 0)
    assert.deepEqual(
      [...firewall.entries.keys()].sort(),
      entries(100)
        .map(({ key }) => key)
        .sort(),
    )
  })

  test('most of the room taken is told once, and in the status until it is not any more', async () => {
    const { time, firewall, keeper, lines } = await begun()
    firewall.size = 1_000
    keeper.want(entries(799))
    await time.pass(5 * SECOND_MS)
    assert.deepEqual(keeper.status().rooms, [{ set: '', limit: 1_000, used: 799 }])
    keeper.want([entry('192.0.2.1')])
    await time.pass(5 * SECOND_MS)
    assert.deepEqual(keeper.status().rooms, [{ set: '', limit: 1_000, used: 800 }])
    assert.deepEqual(lines, ['warning: table bad_ip: it holds 800 of at most 1,000 entries'])
    assert.equal(keeper.status().state, 'enforcing')
    keeper.unwant(entries(100))
    await time.pass(5 * SECOND_MS)
    assert.deepEqual(keeper.status().rooms, [{ set: '', limit: 1_000, used: 700 }])
    assert.equal(lines.length, 1)
  })

  test('in a full table those who are in are given their new ends, while others wait for room', async () => {
    const { time, firewall, keeper } = await begun()
    firewall.size = 100
    keeper.want(entries(100, START + 100 * SECOND_MS))
    await time.rest()
    keeper.want([entry('192.0.2.1')])
    await time.rest()
    assert.equal(keeper.status().queued, 1)
    keeper.want(entries(100, START + HOUR_MS))
    await time.pass(SECOND_MS)
    assert.deepEqual(new Set(firewall.entries.values()), new Set([START + HOUR_MS]))
    assert.equal(keeper.status().queued, 1)
  })

  test('an end that changes while the entry is being put in, or taken out, is the one that it gets', async () => {
    const { time, firewall, keeper } = await begun()
    keeper.want([entry('192.0.2.1')])
    keeper.want([entry('192.0.2.1', FOR_LIFE)])
    await time.rest()
    assert.equal(firewall.entries.get('192.0.2.1'), FOR_LIFE)
    keeper.unwant([entry('192.0.2.1')])
    keeper.want([entry('192.0.2.1')])
    await time.rest()
    assert.deepEqual(firewall.said, ['add 1', 'renew 1', 'delete 1', 'add 1'])
  })

  test('why an entry is not as it must be is known of each', async () => {
    const { time, firewall, keeper } = await begun()
    firewall.refuses = (key) => key === '192.0.2.1'
    keeper.want([entry('192.0.2.1'), entry('192.0.2.2')])
    assert.equal(keeper.hindrance('192.0.2.2'), 'the firewall has not answered yet')
    await time.rest()
    assert.equal(keeper.hindrance('192.0.2.1'), 'it is refused')
    assert.equal(keeper.hindrance('192.0.2.2'), undefined)
    firewall.trouble = { stderr: 'no rights' }
    keeper.unwant([entry('192.0.2.2')])
    await time.rest()
    assert.equal(keeper.hindrance('192.0.2.2'), 'not permitted; run as root')
  })

  test('more entries than a table may be asked to hold are given back', () => {
    const { keeper } = scene()
    assert.equal(keeper.want(entries(TABLE_ENTRIES_MAX)).length, 0)
    assert.deepEqual(keeper.want([entry('192.0.2.1'), entry('10.0.0.1')]), [entry('192.0.2.1')])
  })

  test('stopping takes nothing out, and nothing is done after it', async () => {
    const { time, firewall, keeper } = await begun()
    keeper.want(entries(10))
    await time.rest()
    keeper.stop()
    keeper.want([entry('192.0.2.1')])
    firewall.said.length = 0
    await time.pass(HOUR_MS)
    assert.deepEqual(firewall.said, [])
    assert.equal(firewall.entries.size, 10)
  })

  test('a table that is torn down stays so', async () => {
    const { time, firewall, keeper } = await begun()
    keeper.want(entries(10))
    await time.rest()
    assert.equal(await keeper.tearDown(), true)
    await time.pass(60 * SECOND_MS)
    assert.equal(firewall.isThere, false)
    assert.equal(keeper.status().state, 'torn down')
  })
})

describe('trouble', () => {
  test('a failing firewall is tried again, ever more seldom, and nothing is lost', async () => {
    const { time, firewall, keeper, lines } = scene()
    firewall.trouble = { stderr: 'no rights' }
    keeper.want(entries(250))
    keeper.begin()
    await time.pass(5 * 60 * SECOND_MS)
    assert.ok(firewall.said.length < 60, `${firewall.said.length} commands`)
    keeper.want([entry('192.0.2.1')])
    const { state, reason, enforced, desired, lastError } = keeper.status()
    assert.deepEqual(
      { state, reason, enforced, desired },
      { state: 'not enforcing', reason: 'not permitted; run as root', enforced: 0, desired: 251 },
    )
    assert.equal(lastError, 'set-up: exit status 1: no rights')
    firewall.trouble = undefined
    await time.pass(31 * SECOND_MS)
    assert.equal(firewall.entries.size, 251)
    assert.equal(keeper.status().state, 'enforcing')
    assert.equal(lines[0], 'error: table bad_ip: not enforcing: not permitted; run as root')
    assert.match(lines[1]!, /^table bad_ip: enforcing again after \d+\.\d s$/)
    assert.equal(lines.length, 2)
  })

  test('a program that hangs while it adds leaves the table not enforcing until it answers', async () => {
    const { time, firewall, keeper } = scene()
    keeper.begin()
    await time.rest()
    firewall.trouble = { status: null, trouble: 'killed after 10s' }
    keeper.want(entries(5))
    await time.pass(SECOND_MS)
    assert.equal(keeper.status().state, 'not enforcing')
    assert.match(keeper.status().reason!, /killed after 10s/)
    assert.equal(keeper.status().queued, 5)
    firewall.trouble = undefined
    await time.pass(31 * SECOND_MS)
    assert.equal(firewall.entries.size, 5)
  })

  test('one trouble that several commands meet with is told once, its strange text escaped', async () => {
    const { time, firewall, keeper, lines } = scene()
    keeper.begin()
    await time.pass(10 * SECOND_MS)
    firewall.trouble = { stderr: 'boom \x1b[2J' }
    await time.pass(3 * SECOND_MS)
    keeper.want(entries(5))
    await time.pass(60 * SECOND_MS)
    assert.equal(keeper.status().reason, 'add: exit status 1: boom \x1b[2J')
    assert.deepEqual(lines, ['error: table bad_ip: not enforcing: check: exit status 1: boom \\x1b[2J'])
  })

  test('trouble without a change of ours is noticed, and so is its end', async () => {
    const { time, firewall, keeper } = scene()
    keeper.begin()
    await time.pass(10 * SECOND_MS)
    firewall.trouble = { stderr: 'no rights' }
    await time.pass(3 * SECOND_MS)
    assert.equal(keeper.status().state, 'not enforcing')
    firewall.trouble = undefined
    await time.pass(31 * SECOND_MS)
    assert.equal(keeper.status().state, 'enforcing')
  })
})

describe('right again within 5 s', () => {
  async function holding(count: number) {
    const all = scene()
    all.keeper.want(entries(count, FOR_LIFE))
    all.keeper.begin()
    await all.time.pass(10 * SECOND_MS)
    assert.equal(all.firewall.entries.size, count)
    return all
  }

  test('a table that is gone is set up and filled', async () => {
    const { time, firewall, lines } = await holding(1_000)
    firewall.entries.clear()
    firewall.isThere = false
    await time.pass(5 * SECOND_MS)
    assert.equal(firewall.entries.size, 1_000)
    assert.match(
      lines.join('\n'),
      /^warning: table bad_ip: table bad_ip was missing and 1,000 of 1,000 entries were gone; restored in \d\.\d\d s$/,
    )
  })

  test('a table that was emptied is filled, and found out by few questions', async () => {
    const { time, firewall, lines } = await holding(1_000)
    firewall.entries.clear()
    firewall.said.length = 0
    await time.pass(5 * SECOND_MS)
    assert.equal(firewall.entries.size, 1_000)
    const probes = firewall.said.slice(0, firewall.said.indexOf('list')).filter((text) => text.startsWith('probe'))
    assert.equal(probes.length, 1 + 8, 'all of a part, then some of it one by one')
    assert.match(lines.join('\n'), /^warning: table bad_ip: 1,000 of 1,000 entries were gone; restored in \d\.\d\d s$/)
  })

  test('who is banned meanwhile does not wait until all others are back', async () => {
    const { time, firewall, keeper } = await holding(1_000)
    firewall.entries.clear()
    firewall.said.length = 0
    const { run } = firewall
    let isAsked = false
    firewall.run = async (step) => {
      const result = await run(step)
      if (!isAsked && firewall.ofSaid('add').length === 3) {
        isAsked = true
        keeper.want([entry('192.0.2.1')])
      }
      return result
    }
    await time.pass(5 * SECOND_MS)
    assert.deepEqual(firewall.ofSaid('add').slice(0, 5), ['add 100', 'add 100', 'add 100', 'add 1', 'add 100'])
    assert.equal(firewall.entries.size, 1_001)
  })

  test('one that is too large to be listed is not, however few it held when it was looked into first', async () => {
    const { time, firewall, lines } = await holding(100_001)
    firewall.entries.clear()
    firewall.said.length = 0
    await time.pass(60 * SECOND_MS)
    assert.equal(firewall.entries.size, 100_001)
    assert.match(lines.join('\n'), /^warning: table bad_ip: 100,001 of 100,001 entries were gone; restored in \d\.\d\d s$/)
    assert.deepEqual(firewall.ofSaid('list'), [])
  })

  test('a single entry is put back, and said once', async () => {
    for (const index of [0, 431, 999]) {
      const { time, firewall, lines } = await holding(1_000)
      firewall.entries.delete(entries(1_000)[index]!.key)
      await time.pass(5 * SECOND_MS)
      assert.equal(firewall.entries.size, 1_000)
      assert.match(lines.join('\n'), /^warning: table bad_ip: 1 of 1,000 entries were gone; restored in \d\.\d\d s$/)
    }
  })

  test('nothing is listed but seldom while all is well', async () => {
    const { time, firewall } = await holding(1_000)
    firewall.said.length = 0
    await time.pass(60 * SECOND_MS)
    assert.equal(firewall.ofSaid('list').length, 2)
    assert.equal(firewall.ofSaid('check').length, 30)
    assert.deepEqual(firewall.ofSaid('add'), [])
  })

  test('what was added by hand is kept and reported', async () => {
    const { time, firewall, keeper } = await holding(10)
    firewall.entries.set('192.0.2.99', FOR_LIFE)
    await time.pass(60 * SECOND_MS)
    assert.ok(firewall.entries.has('192.0.2.99'))
    assert.equal(keeper.status().strange, 1)
  })

  test('an end that somebody changed is set right', async () => {
    const { time, firewall } = await holding(10)
    firewall.entries.set('10.0.0.3', START + HOUR_MS)
    await time.pass(60 * SECOND_MS)
    assert.equal(firewall.entries.get('10.0.0.3'), FOR_LIFE)
  })
})

describe('ends', () => {
  test('an end beyond what the firewall takes is asserted again before it comes', async () => {
    const { time, firewall, keeper } = scene()
    keeper.want([entry('192.0.2.1', START + 120 * DAY_MS)])
    keeper.begin()
    await time.rest()
    assert.equal(firewall.entries.get('192.0.2.1'), START + 100 * DAY_MS)
    // The clock is moved as in a long sleep, not step by step.
    firewall.entries.set('192.0.2.1', START + 3 * DAY_MS)
    await time.pass(60 * SECOND_MS)
    assert.ok(firewall.entries.get('192.0.2.1')! >= START + 99 * DAY_MS)
  })

  test('what has ended is taken out, should the one who wanted it say nothing', async () => {
    const { time, firewall, keeper } = scene()
    keeper.want([entry('192.0.2.1', START + 20 * SECOND_MS)])
    keeper.begin()
    await time.rest()
    firewall.entries.set('192.0.2.1', FOR_LIFE)
    await time.pass(40 * SECOND_MS)
    assert.equal(firewall.entries.size, 0)
    assert.equal(keeper.status().desired, 0)
  })

  test('an entry that is over when it comes is not put in', async () => {
    const { time, firewall, keeper } = scene()
    keeper.begin()
    keeper.want([entry('192.0.2.1', START)])
    await time.rest()
    assert.deepEqual(firewall.ofSaid('add'), [])
  })
})

describe('a table that blocks nothing until the user has done his part', () => {
  test('is filled all the same, is not called enforcing, and is as soon as it is done; each is said once', async () => {
    const { time, firewall, lines, keeper } = scene()
    firewall.unmet = 'no rule blocks <bad_ip>; add one'
    keeper.want(entries(3))
    keeper.begin()
    await time.pass(10 * SECOND_MS)
    assert.equal(firewall.entries.size, 3)
    const { state, reason, desired, enforced } = keeper.status()
    assert.deepEqual(
      { state, reason, desired, enforced },
      { state: 'not enforcing', reason: firewall.unmet, desired: 3, enforced: 0 },
    )
    assert.deepEqual(lines, ['error: table bad_ip: not enforcing: no rule blocks <bad_ip>; add one'])

    firewall.unmet = undefined
    await time.pass(2 * SECOND_MS)
    assert.deepEqual(lines.slice(1), ['table bad_ip: enforcing again after 12.0 s'])
    assert.equal(keeper.status().state, 'enforcing')
    assert.equal(keeper.status().enforced, 3)
  })

  test('is seen when it comes to be so later, and repairs go on meanwhile', async () => {
    const { time, firewall, lines, keeper } = scene()
    keeper.want(entries(3))
    keeper.begin()
    await time.rest()
    firewall.unmet = 'no rule blocks <bad_ip>; add one'
    firewall.entries.clear()
    await time.pass(5 * SECOND_MS)
    assert.equal(keeper.status().state, 'not enforcing')
    assert.equal(firewall.entries.size, 3)
    assert.match(
      lines.join(),
      /^error: table bad_ip: not enforcing: no rule .*,warning: table bad_ip: 3 of 3 entries were gone; /,
    )
  })
})

describe('open connections', () => {
  test('those of new entries are cut, not of many at once, as at a start, nor for a new end', async () => {
    const { time, firewall, keeper } = scene()
    keeper.want(entries(230))
    keeper.begin()
    await time.rest()
    assert.deepEqual(firewall.cut, [])
    keeper.want([entry('192.0.2.1'), entry('192.0.2.2')])
    await time.rest()
    keeper.want([entry('192.0.2.1', FOR_LIFE)])
    await time.rest()
    assert.deepEqual(firewall.cut, [2])
  })

  test('that it cannot be done is said once, and is no reason for anything else', async () => {
    const { time, firewall, keeper, lines } = scene()
    firewall.cutTrouble = { status: null, trouble: 'no such program' }
    keeper.begin()
    await time.rest()
    for (let i = 0; i < 3; i++) {
      keeper.want([entry(`192.0.2.${i}`)])
      await time.rest()
    }
    assert.equal(firewall.entries.size, 3)
    assert.equal(keeper.status().state, 'enforcing')
    assert.deepEqual(lines, ['warning: table bad_ip: open connections are not cut: cut: no such program'])
  })

  test('one that was not open is no failure', async () => {
    const { time, firewall, keeper, lines } = scene()
    firewall.cutTrouble = { status: 1, stderr: '0 flow entries have been deleted.' }
    keeper.begin()
    keeper.want([entry('192.0.2.1')])
    await time.rest()
    assert.deepEqual([firewall.entries.size, lines], [1, []])
  })
})
