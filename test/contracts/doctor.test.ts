import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { formatNetwork, type Network } from '../../src/base/address.ts'
import { logTo } from '../../src/base/log.ts'
import { version } from '../../src/base/version.ts'
import type { Finding } from '../../src/cli/doctor/finding.ts'
import type { SavedBan } from '../../src/core/model.ts'
import { idleControl, wellReport } from '../../src/daemon/control.testing.ts'
import { type ControlServer, listenForControl } from '../../src/daemon/control.ts'
import type { Command, Dialect, Table } from '../../src/firewall/firewall.ts'
import { ipset } from '../../src/firewall/ipset.ts'
import { nftables } from '../../src/firewall/nftables.ts'
import { createRunner, type Runner } from '../../src/firewall/runner.ts'
import { createNamespace, NAMESPACE_PROGRAMS, type Namespace } from '../lib/namespace.ts'
import { needs, program } from '../lib/programs.ts'
import { RUNNING_PROGRAMS, runToEnd } from '../lib/running.ts'

const main = resolve(import.meta.dirname, '../../src/cli/main.ts')
const COMMAND_MS_MAX = 30_000
const IPSET_PROGRAMS = ['ipset', 'iptables', 'ip6tables', 'iptables-restore', 'ip6tables-restore']

const bothFamilies = (rule: (program: string) => string) => ['iptables', 'ip6tables'].map(rule).join('\n')

/**
 * What was done to the firewall, the command line that does it, what must be said of the table, and whether packets of who is
 * banned are dropped.
 */
const cases: readonly {
  readonly dialect: Dialect<Command>
  readonly programs: readonly string[]
  readonly damages: readonly (readonly [what: string, script: string, said: RegExp, isDropped: boolean])[]
}[] = [
  {
    dialect: nftables,
    programs: ['nft'],
    damages: [
      ['the rules are there', '', /nothing goes past/, true],
      [
        'a chain of an earlier priority accepts, which ends nothing but that chain',
        `nft add table inet early
         nft 'add chain inet early pre { type filter hook prerouting priority -500; policy accept; }'
         nft add rule inet early pre accept`,
        /nothing goes past/,
        true,
      ],
      [
        'the rules are flushed',
        'nft flush chain inet log2table bad_ip_in',
        /rule "ip saddr @bad_ip_v4 counter drop" is missing/,
        false,
      ],
      ['the whole ruleset is flushed', 'nft flush ruleset', /table inet log2table is missing/, false],
      [
        'an accept stands before ours in our own chain',
        'nft insert rule inet log2table bad_ip_in accept',
        /a chain bad_ip_in with our rules only is missing/,
        false,
      ],
      [
        'our table is dormant',
        "nft 'add table inet log2table { flags dormant; }'",
        /a table inet log2table that is not dormant is missing/,
        false,
      ],
    ],
  },
  {
    dialect: ipset,
    programs: IPSET_PROGRAMS,
    damages: [
      ['the rules are there', '', /nothing goes past/, true],
      [
        'a rule before ours accepts on loopback only, and another marks',
        bothFamilies((name) => `${name} -t raw -I PREROUTING 1 -i lo -j ACCEPT\n${name} -t raw -I PREROUTING 1 -j CT --notrack`),
        /nothing goes past/,
        true,
      ],
      [
        'a rule before ours accepts',
        bothFamilies((name) => `${name} -t raw -I PREROUTING 1 -p udp -j ACCEPT`),
        /rule "-A PREROUTING -p udp -j ACCEPT" of iptables stands before ours in raw and lets some packets past/,
        false,
      ],
      [
        'a rule before ours calls a chain that accepts',
        bothFamilies(
          (name) => `${name} -t raw -N THEIRS\n${name} -t raw -A THEIRS -j ACCEPT\n${name} -t raw -I PREROUTING 1 -j THEIRS`,
        ),
        /rule "-A PREROUTING -j THEIRS" of iptables stands before ours/,
        false,
      ],
      [
        'nothing calls our chain any more',
        bothFamilies((name) => `${name} -t raw -F PREROUTING`),
        /rule "-A PREROUTING -j LOG2TABLE_bad_ip" of iptables is missing/,
        false,
      ],
    ],
  },
]

for (const { dialect, programs, damages } of cases) {
  describe(`doctor, ${dialect.kind}`, { skip: needs([...NAMESPACE_PROGRAMS, ...RUNNING_PROGRAMS, ...programs]) }, () => {
    const table: Table = { name: 'bad_ip', kind: dialect.kind, options: {} }
    let folder: string
    let namespace: Namespace
    let run: Runner
    /** In the place of the daemon, which would put right what the tests damage: it bans, and looks after nothing. */
    let daemon: ControlServer
    let banned: Network[]

    before(async () => {
      folder = mkdtempSync(join(tmpdir(), 'log2table-doctor-'))
      mkdirSync(join(folder, 'etc'))
      writeFileSync(join(folder, 'app.log'), 'no date\n')
      writeFileSync(
        join(folder, 'etc/parameters.ts'),
        `import { ${dialect.kind}, Hackers, parameters } from 'log2table'

export default parameters({
  stateFolder: '${folder}',
  tables: { bad_ip: ${dialect.kind}() },
  rules: { hackers: new Hackers({ table: 'bad_ip' }) },
  logs: { '${folder}/app.log': { hackers: [{ name: 'bad', regex: /^bad (?<ip>\\S+)$/ }] } },
})
`,
        { mode: 0o644 },
      )
      namespace = await createNamespace()
      run = createRunner({ path: namespace.folderOf(programs) })
      const control = idleControl({
        status: () => ({ ...wellReport, version, tables: [{ ...wellReport.tables[0]!, kind: dialect.kind }] }),
        // Somebody has the first address; it is left alone.
        bans: () => [
          {
            network: { address: 0xc00002fd, bits: 32 },
            at: 0,
            until: 1,
            table: 'bad_ip',
            rule: 'x',
            score: 0,
            reason: '',
          } as SavedBan,
        ],
        async ban({ address }) {
          banned.push(address)
          for (const command of dialect.add(table, [{ network: address, until: Date.now() + 60_000 }], Date.now()))
            await run(command)
          return { decisions: [] }
        },
        async unban({ address }) {
          for (const command of dialect.delete(table, [address])) await run(command)
          banned = banned.filter((one) => formatNetwork(one) !== formatNetwork(address))
          return { decisions: [] }
        },
      })
      daemon = await listenForControl({ path: join(folder, 'control.sock'), control, log: logTo(() => {}), now: Date.now })
    })
    after(async () => {
      await daemon.close()
      await namespace.close()
      rmSync(folder, { recursive: true })
    })
    beforeEach(async () => {
      banned = []
      if (dialect === nftables) await run({ argv: ['nft', 'flush', 'ruleset'] })
      for (const name of dialect === ipset ? ['iptables', 'ip6tables'] : [])
        await run({ argv: [name, '-t', 'raw', '-F', 'PREROUTING'] })
      for (const command of dialect.setUp(table)) assert.equal((await run(command)).status, 0, command.argv.join(' '))
    })

    async function doctor(...args: readonly string[]): Promise<{ status: number | null; findings: readonly Finding[] }> {
      const command = [process.execPath, '--disable-warning=ExperimentalWarning', main, 'doctor', '--config', join(folder, 'etc')]
      const path = [...new Set([...programs, 'unshare', 'ip'].map((name) => join(program(name), '..')))].join(':')
      const { status, stdout, stderr } = await runToEnd(namespace.inside([...command, '--json', ...args]), {
        env: { PATH: `${path}:${process.env.PATH}`, LOG2TABLE_SOCKET: join(folder, 'control.sock'), SSH_CONNECTION: '' },
        withinMs: COMMAND_MS_MAX,
      })
      assert.equal(stderr, '')
      return {
        status,
        findings: stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)),
      }
    }

    for (const [what, script, said, isDropped] of damages) {
      test(`${what}: it is told, and that packets are ${isDropped ? '' : 'not '}dropped, IPv4 and IPv6`, async () => {
        if (script !== '') {
          const path = [...new Set(programs.map((name) => join(program(name), '..')))].join(':')
          await namespace.run(['/bin/sh', '-ec', `PATH=${path}:$PATH\n${script}`])
        }
        const { status, findings } = await doctor('--probe')
        const texts = (about: RegExp) =>
          findings.filter((one) => about.test(one.about)).map(({ state, says }) => `${state}: ${says}`)
        assert.match(texts(/^table bad_ip$/).join('\n'), said)
        const probes = texts(/^probe bad_ip IPv[46]$/)
        assert.equal(probes.length, 2, JSON.stringify(findings))
        for (const [i, address] of ['198.51.100.253', '2001:db8:d0c:1::1'].entries()) {
          const beginning = isDropped ? 'ok: our rule dropped 3' : 'wrong: our rule dropped 0'
          assert.ok(probes[i]!.startsWith(`${beginning} of 3 packets from ${address}, which was banned for it`), probes[i])
        }
        assert.equal(status, isDropped ? 0 : 1)
        assert.deepEqual(banned, [])
        assert.doesNotMatch(await namespace.run([program('ip'), 'link']), /l2t/)
      })
    }

    test('without --probe nobody is banned, and a rule that is gone is told', async () => {
      const { status, findings } = await doctor()
      assert.deepEqual(
        findings.filter(({ about }) => about.startsWith('probe')),
        [],
      )
      assert.equal(status, 0)
      for (const command of dialect.tearDown(table)) await run(command)
      assert.equal((await doctor()).status, 1)
    })
  })
}
