import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { formatNetwork, parseNetwork } from '../../src/base/address.ts'
import { DAY_MS, FOR_LIFE, HOUR_MS, SECOND_MS } from '../../src/base/units.ts'
import type { Entry } from '../../src/core/model.ts'
import { addressFile } from '../../src/firewall/address-file.ts'
import { commands } from '../../src/firewall/commands.ts'
import { dryRun } from '../../src/firewall/dry-run.ts'
import type { CommandResult, Dialect, Named, Step, Table } from '../../src/firewall/firewall.ts'
import { ipset } from '../../src/firewall/ipset.ts'
import { nftables } from '../../src/firewall/nftables.ts'
import { numberOf, route } from '../../src/firewall/route.ts'
import { createRunner, type Runner } from '../../src/firewall/runner.ts'
import { withVia } from '../../src/firewall/via.ts'
import { createNamespace, NAMESPACE_PROGRAMS, type Namespace } from '../lib/namespace.ts'
import { needs, program } from '../lib/programs.ts'

/** One contract for every dialect that can be run here. What a dialect cannot be asked is not asked of it. */
interface Case {
  readonly dialect: Dialect
  readonly programs: readonly string[]
  /** Empties the whole firewall, as an administrator may do at any time. */
  readonly flushAll?: readonly (readonly string[])[]
  readonly options?: Table['options']
  /** What commands.json names, in a folder made for the test. */
  readonly named?: (folder: string) => Named
}

const TABLE_NAMES = ['bad_ip', 'wifi-2'] as const

const NOTHING: Named = { commands: new Map(), files: new Map(), via: new Map() }

const IPSET_PROGRAMS = ['ipset', 'iptables', 'ip6tables', 'iptables-restore', 'ip6tables-restore']
const FLUSH_ALL_OF_IPSET = [
  ...['iptables', 'ip6tables'].flatMap((iptables) => [
    [iptables, '-t', 'raw', '-F'],
    [iptables, '-t', 'raw', '-X'],
  ]),
  ['ipset', 'destroy'],
]

const cases: readonly Case[] = [
  { dialect: nftables, programs: ['nft'], flushAll: [['nft', 'flush', 'ruleset']] },
  {
    dialect: ipset,
    programs: IPSET_PROGRAMS,
    flushAll: FLUSH_ALL_OF_IPSET,
  },
  {
    dialect: route,
    programs: ['ip'],
    flushAll: ['-4', '-6'].flatMap((family) => [
      ['ip', family, 'rule', 'flush', 'pref', '76'],
      ['ip', family, 'route', 'flush', 'table', numberOf({ name: 'bad_ip', kind: 'route', options: {} })],
    ]),
  },
  // Through what ssh does with its words: they are joined, and a shell reads them.
  ...[nftables, ipset].map((dialect) => ({
    dialect: withVia(dialect),
    programs: ['sh', ...(dialect === nftables ? ['nft'] : IPSET_PROGRAMS)],
    options: { via: 'far' },
    named: () => ({ ...NOTHING, via: new Map([['far', [program('sh'), '-c', 'exec sh -c "$*"', 'ssh']]]) }),
  })),
  ...(['plain', 'deny', 'geo'] as const).map((form) => ({
    dialect: addressFile,
    programs: ['touch', 'rm'],
    options: { form, after: 'touch' },
    named: (folder: string) => ({ ...filesOf(folder), commands: new Map([['touch', [program('touch'), `${folder}/touched`]]]) }),
  })),
  {
    dialect: commands,
    programs: ['sh', 'grep', 'cat', 'truncate'],
    options: { add: 'put', delete: 'take', list: 'show', flush: 'empty' },
    named: commandsOf,
  },
  { dialect: dryRun, programs: [] },
]

/** Each table has a file of its name. */
function filesOf(folder: string): Named {
  return { ...NOTHING, files: new Map(TABLE_NAMES.map((name) => [name, path.join(folder, name)])) }
}

/** A firewall of shell scripts: one file for each table, addresses as words and on standard input. */
function commandsOf(folder: string): Named {
  const file = `${folder}/{table}.list`
  const script = (text: string) => [program('sh'), '-c', text, 'sh', file]
  return {
    ...NOTHING,
    commands: new Map([
      ['put', [...script('grep -qsxF -- "$2" "$1" || echo "$2" >>"$1"'), '{address}']],
      // Addresses come on standard input where no word holds them.
      ['take', script('touch "$1"; grep -vxF -f - "$1" >"$1.new"; mv "$1.new" "$1"')],
      ['show', script('touch "$1"; cat "$1"')],
      ['empty', script(': >"$1"')],
    ]),
  }
}

for (const { dialect, programs, flushAll, options = {}, named } of cases) {
  const title = [dialect.kind, ...(options.form ? [options.form] : []), ...(options.via ? ['via a shell'] : [])].join(', ')
  describe(title, { skip: needs([...NAMESPACE_PROGRAMS, ...programs]) }, () => {
    const [table, other] = TABLE_NAMES.map((name): Table => {
      return { name, kind: dialect.kind, options: dialect === addressFile ? { ...options, file: name } : options }
    }) as [Table, Table]
    let namespace: Namespace
    let folder: string
    let run: Runner

    before(async () => {
      namespace = await createNamespace()
      folder = mkdtempSync(path.join(os.tmpdir(), 'log2table-contract-'))
      const names = named?.(folder)
      run = createRunner({ path: namespace.folderOf(programs), ...(names && { named: () => names }) })
    })
    after(async () => {
      rmSync(folder, { recursive: true, force: true })
      await namespace.close()
    })
    beforeEach(async () => {
      if (dialect === addressFile) for (const name of TABLE_NAMES) rmSync(path.join(folder, name), { force: true })
      for (const each of [table, other]) {
        for (const command of dialect.tearDown(each)) await run(command)
        await all(dialect.setUp(each))
      }
    })

    async function all(steps: readonly Step[]): Promise<readonly CommandResult[]> {
      const results: CommandResult[] = []
      for (const step of steps) {
        const result = await run(step)
        assert.equal(result.status, 0, `${JSON.stringify(step).slice(0, 600)}: ${result.trouble ?? ''} ${result.stderr}`)
        results.push(result)
      }
      return results
    }

    const entry = (address: string, until: number): Entry => ({ network: parseNetwork(address)!, until })
    const add = (entries: readonly Entry[], to = table) => all(dialect.add(to, entries, Date.now()))
    const renew = (entries: readonly Entry[]) => all((dialect.renew ?? dialect.add)(table, entries, Date.now()))
    const remove = (addresses: readonly string[]) =>
      all(
        dialect.delete(
          table,
          addresses.map((address) => parseNetwork(address)!),
        ),
      )

    async function present(of = table): Promise<readonly Entry[]> {
      const results = await all(dialect.list!(of)!)
      return dialect.present(
        of,
        results.map(({ stdout }) => stdout),
        Date.now(),
      )
    }

    async function missing(of = table): Promise<string | undefined> {
      const results: CommandResult[] = []
      for (const command of dialect.check(of)) results.push(await run(command))
      return dialect.missing(of, results)
    }

    function assertEntries(actual: readonly Entry[], expected: readonly Entry[]): void {
      const texts = (entries: readonly Entry[]) => entries.map(({ network }) => formatNetwork(network)).sort()
      assert.deepEqual(texts(actual), texts(expected))
      if (dialect.timeoutMsMax === undefined) return
      for (const { network, until } of expected) {
        const found = actual.find((one) => formatNetwork(one.network) === formatNetwork(network))!
        const isSame = found.until === until || Math.abs(found.until - until) <= 2 * SECOND_MS
        assert.ok(isSame, `${formatNetwork(network)} ends ${(found.until - until) / 1000} s from where it should`)
      }
    }

    /** One of each kind; the same all through a test. */
    let kindsOfTest: readonly Entry[] = []
    const kinds = () => kindsOfTest
    beforeEach(() => {
      kindsOfTest = [
        entry('192.0.2.1', Date.now() + HOUR_MS),
        entry('192.0.2.2', FOR_LIFE),
        entry('198.51.100.0/24', Date.now() + 7 * DAY_MS),
        entry('203.0.113.64/26', FOR_LIFE),
        entry('2001:db8:0:1::/64', Date.now() + HOUR_MS),
        entry('2001:db8:0:2::/64', FOR_LIFE),
        entry('2001:db8:7::/48', Date.now() + HOUR_MS),
        entry('2001:db8:8:9::7', Date.now() + HOUR_MS),
      ]
    })

    test('a table that was set up lacks nothing, and is set up again without a fault', async () => {
      assert.equal(await missing(), undefined)
      await all(dialect.setUp(table))
      assert.equal(await missing(), undefined)
    })

    test('adds are safe to run again, and so are deletes', async () => {
      await add(kinds())
      await add(kinds())
      await renew(kinds())
      await remove(kinds().map(({ network }) => formatNetwork(network)))
      await remove(kinds().map(({ network }) => formatNetwork(network)))
    })

    if (dialect.list) {
      test('entries of every kind are listed as they were added', async () => {
        await add(kinds())
        assertEntries(await present(), kinds())
      })

      test('a renewed entry has its new end, later, earlier, for life and no more for life', async () => {
        await add([
          entry('192.0.2.1', Date.now() + HOUR_MS),
          entry('192.0.2.2', Date.now() + HOUR_MS),
          entry('192.0.2.3', FOR_LIFE),
          entry('2001:db8::/48', Date.now() + HOUR_MS),
        ])
        const renewed = [
          entry('192.0.2.1', Date.now() + 2 * HOUR_MS),
          entry('192.0.2.2', FOR_LIFE),
          entry('192.0.2.3', Date.now() + 60 * SECOND_MS),
          entry('2001:db8::/48', Date.now() + 60 * SECOND_MS),
          ...(dialect.timeoutMsMax === undefined ? [] : [entry('192.0.2.4', Date.now() + HOUR_MS)]),
        ]
        await renew(renewed)
        assertEntries(await present(), renewed)
      })

      test('what is deleted is out, the rest is in, and one that was not in does not matter', async () => {
        await add(kinds())
        await remove(['192.0.2.1', '192.0.2.77', '2001:db8:0:1::/64', '2001:db8:7::/48', '198.51.100.0/24', '10.0.0.0/8'])
        assertEntries(await present(), [kinds()[1]!, kinds()[3]!, kinds()[5]!, kinds()[7]!])
      })

      test('entries survive a second set-up, and that of another table', async () => {
        await add(kinds())
        await all(dialect.setUp(table))
        await all(dialect.setUp(other))
        assertEntries(await present(), kinds())
        assertEntries(await present(other), [])
      })

      test('one table is torn down, the other stays', async () => {
        const all = kinds()
        await add(all)
        await add(all, other)
        const steps = dialect.tearDown(table)
        if (steps.length === 0) await remove(all.map(({ network }) => formatNetwork(network)))
        for (const step of steps) await run(step)
        if (dialect.check(table).length > 0 && steps.length > 0) assert.notEqual(await missing(), undefined)
        else assertEntries(await present(), [])
        assert.equal(await missing(other), undefined)
        assertEntries(await present(other), all)
      })

      test('a whole batch goes in by one call', async () => {
        const until = Date.now() + HOUR_MS
        // A command for each takes its time.
        const count = dialect === commands ? 100 : dialect.batchMax
        const entries = Array.from({ length: count }, (_, i) => entry(`10.1.${i >> 8}.${i & 255}`, until))
        await add(entries)
        assert.equal((await present()).length, count)
        await renew(entries)
        await remove(entries.map(({ network }) => formatNetwork(network)))
        assert.deepEqual(await present(), [])
      })
    }

    if (dialect.timeoutMsMax !== undefined) {
      test('an entry ends by itself', async () => {
        await add([entry('192.0.2.1', Date.now() + SECOND_MS), entry('192.0.2.2', FOR_LIFE)])
        const deadline = Date.now() + 5 * SECOND_MS
        while ((await present()).length > 1 && Date.now() < deadline) await namespace.run(['sleep', '0.1'])
        assertEntries(await present(), [entry('192.0.2.2', FOR_LIFE)])
      })

      test('the longest end is taken', async () => {
        const longest = entry('192.0.2.1', Date.now() + dialect.timeoutMsMax!)
        await add([longest])
        assertEntries(await present(), [longest])
      })
    }

    if (dialect.probe) {
      test('a probe finds what is in, tells that one is missing, and changes nothing', async () => {
        await add(kinds())
        const probe = async (addresses: readonly string[]) =>
          (
            await run(
              dialect.probe!(
                table,
                addresses.map((address) => parseNetwork(address)!),
              ),
            )
          ).status === 0
        const addresses = kinds().map(({ network }) => formatNetwork(network))
        assert.equal(await probe(addresses), true)
        assert.equal(await probe([...addresses, '192.0.2.9']), false)
        for (const absent of ['192.0.2.9', '2001:db8:0:9::/64', '198.51.100.0/25', '2001:db8:9::/48'])
          assert.equal(await probe([absent]), false)
        assertEntries(await present(), kinds())
      })
    }

    if (flushAll) {
      test('it is noticed that all is gone, and a set-up brings it back', async () => {
        await add(kinds())
        for (const [name, ...args] of flushAll) await namespace.run([program(name!), ...args])
        assert.notEqual(await missing(), undefined)
        await all(dialect.setUp(table))
        assert.equal(await missing(), undefined)
        await add(kinds())
        assertEntries(await present(), kinds())
      })
    }
  })
}

describe('nftables alone', { skip: needs([...NAMESPACE_PROGRAMS, 'nft']) }, () => {
  const table: Table = { name: 'bad_ip', kind: 'nftables', options: { size: 1_000 } }
  let namespace: Namespace
  let run: Runner
  const nft = (text: string) => namespace.run([program('nft'), '-f', '-'], `${text}\n`)

  before(async () => {
    namespace = await createNamespace()
    run = createRunner({ path: namespace.folderOf(['nft']) })
  })
  after(() => namespace.close())
  beforeEach(async () => {
    await nft('flush ruleset')
    await setUp()
  })

  async function setUp(): Promise<void> {
    for (const command of nftables.setUp(table)) assert.equal((await run(command)).status, 0)
  }
  const missing = async () => nftables.missing(table, [await run(nftables.check(table)[0]!)])
  const ruleset = () => namespace.run([program('nft'), '-n', 'list', 'ruleset'])

  const damages: readonly (readonly [what: string, damage: readonly string[], missing: string])[] = [
    ['a rule is deleted', ['flush chain inet log2table bad_ip_in'], 'rule "ip saddr @bad_ip_v4 counter drop"'],
    ['a rule is put before ours', ['insert rule inet log2table bad_ip_in accept'], 'a chain bad_ip_in with our rules only'],
    ['the policy is changed', ['add chain inet log2table bad_ip_in { policy drop; }'], 'the hook of chain bad_ip_in'],
    ['the chain is gone', ['flush chain inet log2table bad_ip_in', 'delete chain inet log2table bad_ip_in'], 'chain bad_ip_in'],
    [
      'the chain has another hook',
      [
        'flush chain inet log2table bad_ip_in',
        'delete chain inet log2table bad_ip_in',
        'add chain inet log2table bad_ip_in { type filter hook input priority 0; }',
      ],
      'the hook of chain bad_ip_in',
    ],
    ['the table sleeps', ['add table inet log2table { flags dormant; }'], 'a table inet log2table that is not dormant'],
    ['a set is gone', ['flush chain inet log2table bad_ip_in', 'delete set inet log2table bad_ip_v6net'], 'set bad_ip_v6net'],
    ['the table is gone', ['delete table inet log2table'], 'table inet log2table'],
  ]
  for (const [what, damage, expected] of damages) {
    test(`it is seen and repaired that ${what}`, async () => {
      for (const text of damage) await nft(text)
      assert.equal(await missing(), expected)
      await setUp()
      assert.equal(await missing(), undefined)
    })
  }

  test('a set-up adds no rule twice and leaves tables of others as they are', async () => {
    const theirs =
      'add table ip filter\nadd chain ip filter INPUT { type filter hook input priority 0; policy accept; }\nadd rule ip filter INPUT tcp dport 22 accept'
    await nft(`${theirs}\nadd table inet theirs\nadd set inet theirs bad_ip_v4 { type ipv4_addr; elements = { 192.0.2.1 } }`)
    const before = await ruleset()
    await setUp()
    assert.equal(await ruleset(), before)
    for (const command of nftables.tearDown(table)) await run(command)
    assert.match(await ruleset(), /table ip filter[\s\S]*tcp dport 22 accept[\s\S]*table inet theirs[\s\S]*192\.0\.2\.1/)
  })

  test('a set that is full says so, and that of another type that it clashes', async () => {
    const until = Date.now() + HOUR_MS
    const entries = Array.from({ length: 1_001 }, (_, i) => ({ network: parseNetwork(`10.1.${i >> 8}.${i & 255}`)!, until }))
    const full = await run(nftables.add(table, entries, Date.now())[0]!)
    assert.deepEqual(nftables.explain(table, full)?.kind, 'full')

    await nft('flush ruleset')
    await nft('add table inet log2table\nadd set inet log2table bad_ip_v4 { type ipv6_addr; }')
    const [, second] = nftables.setUp(table)
    assert.deepEqual(nftables.explain(table, await run(second!))?.kind, 'clash')
  })

  test('what others put in by hand is listed too: ranges, comments and all', async () => {
    await nft('add element inet log2table bad_ip_v4net { 192.0.2.5-192.0.2.8 timeout 1h comment "a, } b" }')
    await nft('add element inet log2table bad_ip_v4 { 192.0.2.9 comment "x" }')
    await nft('add element inet log2table bad_ip_v6 { 2001:db8::1 }')
    const outputs: string[] = []
    for (const command of nftables.list!(table)!) outputs.push((await run(command)).stdout)
    const found = nftables.present(table, outputs, Date.now()).map(({ network }) => formatNetwork(network))
    assert.deepEqual(found, ['192.0.2.9', '2001:db8::1', '192.0.2.5', '192.0.2.6/31', '192.0.2.8'])
  })

  test('without the right to do it, it says what to do', { skip: process.getuid?.() !== 0 && 'needs root' }, async () => {
    const asNobody = namespace.inside([
      program('nsenter'),
      '-t',
      String(namespace.pid),
      '-n',
      '--setuid',
      '65534',
      '--setgid',
      '65534',
    ])
    const result = await run({ argv: [...asNobody, program('nft'), '-f', '-'], stdin: 'add table inet log2table\n' })
    assert.match(nftables.explain(table, result)!.sentence, /CAP_NET_ADMIN/)
  })
})

describe('ipset alone', { skip: needs([...NAMESPACE_PROGRAMS, ...IPSET_PROGRAMS]) }, () => {
  const table: Table = { name: 'bad_ip', kind: 'ipset', options: { size: 1_000 } }
  let namespace: Namespace
  let run: Runner
  const inside = ([name, ...args]: readonly string[], stdin?: string) => namespace.run([program(name!), ...args], stdin)

  before(async () => {
    namespace = await createNamespace()
    run = createRunner({ path: namespace.folderOf(IPSET_PROGRAMS) })
  })
  after(() => namespace.close())
  beforeEach(async () => {
    for (const argv of FLUSH_ALL_OF_IPSET) await inside(argv)
    assert.equal(await setUp(), undefined)
  })

  /** The result of the command that failed. */
  async function setUp(): Promise<CommandResult | undefined> {
    for (const command of ipset.setUp(table)) {
      const result = await run(command)
      if (result.status !== 0) return result
    }
    return undefined
  }
  async function missing(): Promise<string | undefined> {
    const results: CommandResult[] = []
    for (const command of ipset.check(table)) results.push(await run(command))
    return ipset.missing(table, results)
  }
  async function everything(): Promise<string> {
    const rules = await Promise.all(['iptables', 'ip6tables'].map((name) => inside([name, '-t', 'raw', '-S'])))
    return [await inside(['ipset', 'save']), ...rules].join('\n')
  }

  const damages: readonly (readonly [what: string, damage: readonly (readonly string[])[], missing: RegExp])[] = [
    [
      'the chain is emptied',
      [['iptables', '-t', 'raw', '-F', 'LOG2TABLE_bad_ip']],
      /^rule "-A LOG2TABLE_bad_ip -m set --match-set log2table_bad_ip_v4 src -j DROP" of iptables$/,
    ],
    [
      'a rule is put before ours',
      [['ip6tables', '-t', 'raw', '-I', 'LOG2TABLE_bad_ip', '1', '-j', 'ACCEPT']],
      /^a chain LOG2TABLE_bad_ip of ip6tables with our rules only$/,
    ],
    [
      'the chain is no more called',
      [['ip6tables', '-t', 'raw', '-F', 'PREROUTING']],
      /^rule "-A PREROUTING -j LOG2TABLE_bad_ip"/,
    ],
    [
      'the chain is gone',
      [
        ['iptables', '-t', 'raw', '-F'],
        ['iptables', '-t', 'raw', '-X'],
      ],
      /^chain LOG2TABLE_bad_ip of iptables$/,
    ],
    [
      'a set is gone',
      [
        ['iptables', '-t', 'raw', '-F'],
        ['ipset', 'destroy', 'log2table_bad_ip_n4'],
      ],
      /^set log2table_bad_ip_n4$/,
    ],
  ]
  for (const [what, damage, expected] of damages) {
    test(`it is seen and repaired that ${what}`, async () => {
      const before = await everything()
      for (const argv of damage) await inside(argv)
      assert.match((await missing())!, expected)
      assert.equal(await setUp(), undefined)
      assert.equal(await missing(), undefined)
      assert.deepEqual((await everything()).split('\n').sort().length, before.split('\n').length)
    })
  }

  test('a set-up adds no rule twice, and sets and rules of others stay as they are', async () => {
    await inside(['ipset', 'restore'], 'create bad_ip hash:ip\nadd bad_ip 192.0.2.1\ncreate bad_ip_v4 hash:net\n')
    for (const name of ['iptables', 'ip6tables']) {
      await inside([name, '-t', 'raw', '-N', 'THEIRS'])
      await inside([name, '-t', 'raw', '-A', 'THEIRS', '-p', 'tcp', '--dport', '22', '-j', 'ACCEPT'])
      await inside([name, '-t', 'raw', '-A', 'PREROUTING', '-j', 'THEIRS'])
    }
    await inside(['iptables', '-t', 'raw', '-A', 'THEIRS', '-m', 'set', '--match-set', 'bad_ip', 'src', '-j', 'DROP'])
    const before = await everything()
    assert.equal(await setUp(), undefined)
    assert.equal(await everything(), before)

    for (const command of ipset.tearDown(table)) assert.equal((await run(command)).status, 0)
    const after = await everything()
    assert.doesNotMatch(after, /log2table/i)
    for (const theirs of [
      'add bad_ip 192.0.2.1',
      'create bad_ip_v4',
      '-A PREROUTING -j THEIRS',
      '--match-set bad_ip src -j DROP',
    ])
      assert.ok(after.includes(theirs), theirs)
  })

  const clashes: readonly (readonly [what: string, set: string])[] = [
    ['type', 'log2table_bad_ip_v4 hash:net family inet maxelem 1000 timeout 0'],
    ['family', 'log2table_bad_ip_v4 hash:ip family inet6 maxelem 1000 timeout 0'],
    ['size', 'log2table_bad_ip_v4 hash:ip family inet maxelem 999 timeout 0'],
    ['mask', 'log2table_bad_ip_v6 hash:ip family inet6 maxelem 1000 netmask 48 timeout 0'],
  ]
  for (const [what, set] of clashes) {
    test(`a set of ours that somebody made with another ${what} clashes, and is made anew`, async () => {
      for (const argv of FLUSH_ALL_OF_IPSET) await inside(argv)
      await inside(['ipset', 'restore'], `create ${set}\n`)
      assert.equal(ipset.explain(table, (await setUp())!)?.kind, 'clash')
      for (const command of ipset.tearDown(table)) await run(command)
      assert.equal(await setUp(), undefined)
      assert.equal(await missing(), undefined)
    })
  }

  test('a set that is full keeps what was in before the line that failed, and says so', async () => {
    const until = Date.now() + HOUR_MS
    const entries = Array.from({ length: 1_001 }, (_, i) => ({ network: parseNetwork(`10.1.${i >> 8}.${i & 255}`)!, until }))
    const full = await run(ipset.add(table, entries, Date.now())[0]!)
    assert.equal(ipset.explain(table, full)?.kind, 'full')
    assert.match(await inside(['ipset', 'list', '-t', 'log2table_bad_ip_v4']), /Number of entries: 1000/)
    assert.equal((await run(ipset.add(table, entries.slice(0, 1_000), Date.now())[0]!)).status, 0)
  })

  test('without the right to do it, it says what to do', { skip: process.getuid?.() !== 0 && 'needs root' }, async () => {
    const asNobody = ['-t', String(namespace.pid), '-n', '--setuid', '65534', '--setgid', '65534']
    for (const command of [...ipset.setUp(table), ...ipset.check(table)]) {
      const [name, ...args] = command.argv
      const argv = namespace.inside([program('nsenter'), ...asNobody, program(name!), ...args])
      const result = await run({ argv, ...(command.stdin !== undefined && { stdin: command.stdin }) })
      assert.match(ipset.explain(table, result)!.sentence, /CAP_NET_ADMIN and CAP_NET_RAW/, command.argv.join(' '))
    }
  })
})
