import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { parseNetwork } from '../../src/base/address.ts'
import { HOUR_MS } from '../../src/base/units.ts'
import type { Command, Dialect, Table } from '../../src/firewall/firewall.ts'
import { ipset } from '../../src/firewall/ipset.ts'
import { nftables } from '../../src/firewall/nftables.ts'
import { route } from '../../src/firewall/route.ts'
import { createRunner, type Runner } from '../../src/firewall/runner.ts'
import { connect, createNamespace, NAMESPACE_PROGRAMS, type Namespace } from '../lib/namespace.ts'
import { needs, program } from '../lib/programs.ts'
import { type TcpClient, tcpClient, tcpServer } from '../lib/tcp-peers.ts'
import { waitFor } from '../lib/wait-for.ts'

/**
 * What a ban does to packets: three namespaces, of which the middle one is the machine with the firewall. It has a server of
 * its own, forwards to another, and has a port that is another's by DNAT, as Docker does it.
 */
const cases: readonly { readonly dialect: Dialect<Command>; readonly programs: readonly string[] }[] = [
  { dialect: nftables, programs: ['nft'] },
  { dialect: ipset, programs: ['ipset', 'iptables', 'ip6tables', 'iptables-restore', 'ip6tables-restore'] },
  { dialect: route, programs: ['ip'] },
]

const OWN_PORT = 7001
const SERVER_PORT = 7002
const DNAT_PORT = 7003

const families = [
  { name: 'IPv4', bad: '198.51.100.2', good: '198.51.100.3', banned: '198.51.100.2', router: '198.51.100.1', server: '10.0.0.2' },
  {
    name: 'IPv6',
    bad: '2001:db8:0:1::2',
    good: '2001:db8:0:2::2',
    banned: '2001:db8:0:1::/64',
    router: '2001:db8:0:3::1',
    server: 'fd00::2',
  },
] as const

for (const { dialect, programs } of cases) {
  const all = [...NAMESPACE_PROGRAMS, ...programs, 'nft', 'conntrack', 'ss']
  describe(`traffic, ${dialect.kind}`, { skip: needs(all) }, () => {
    const table: Table = { name: 'bad_ip', kind: dialect.kind, options: {} }
    let namespaces: readonly Namespace[]
    let router: Namespace
    let run: Runner
    let peers: TcpClient
    let own: Awaited<ReturnType<typeof tcpServer>>
    let other: Awaited<ReturnType<typeof tcpServer>>

    before(async () => {
      router = await createNamespace()
      const [client, server] = [await createNamespace(router), await createNamespace(router)]
      namespaces = [client, server, router]
      await connect(
        {
          namespace: client,
          interface: 'wan',
          addresses: ['198.51.100.2/24', '198.51.100.3/24', '2001:db8:0:1::2/64', '2001:db8:0:2::2/64', '2001:db8:0:3::2/64'],
        },
        {
          namespace: router,
          interface: 'internet',
          addresses: ['198.51.100.1/24', '2001:db8:0:1::1/64', '2001:db8:0:2::1/64', '2001:db8:0:3::1/64'],
        },
      )
      await connect(
        { namespace: server, interface: 'wan', addresses: ['10.0.0.2/24', 'fd00::2/64'] },
        { namespace: router, interface: 'lan', addresses: ['10.0.0.1/24', 'fd00::1/64'] },
      )
      const ip = program('ip')
      await client.run([ip, 'route', 'add', 'default', 'via', '198.51.100.1'])
      await client.run([ip, '-6', 'route', 'add', 'default', 'via', '2001:db8:0:3::1'])
      await server.run([ip, 'route', 'add', 'default', 'via', '10.0.0.1'])
      await server.run([ip, '-6', 'route', 'add', 'default', 'via', 'fd00::1'])
      const forwarding = 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
      await router.run(['/bin/sh', '-c', forwarding])
      await router.run([program('nft'), '-f', '-'], DNAT)
      run = createRunner({ path: router.folderOf([...programs, 'ss', 'conntrack']) })
      own = await tcpServer(router, OWN_PORT)
      other = await tcpServer(server, SERVER_PORT)
      peers = tcpClient(client)
      await carryOut(dialect.setUp(table))
    })
    after(async () => {
      peers?.close()
      own?.close()
      other?.close()
      for (const namespace of namespaces ?? []) await namespace.close()
    })

    async function carryOut(commands: readonly Command[]): Promise<void> {
      for (const command of commands) {
        const { status, stderr } = await run(command)
        assert.equal(status, 0, `${command.argv.join(' ')}: ${stderr}`)
      }
    }

    for (const { name, bad, good, banned, router: self, server } of families) {
      const ways = [
        ['to the host', self, OWN_PORT],
        ['forwarded', server, SERVER_PORT],
        ['forwarded by DNAT', self, DNAT_PORT],
      ] as const
      for (const [way, to, port] of ways) {
        test(`${name} ${way}: the open connection of a banned address is cut, a new one does not come about, a good one goes on`, async (t) => {
          const network = parseNetwork(banned)!
          const id = (who: string) => `${who}-${name}-${port}`
          const echoes = async (who: string) => (await peers.states())[id(who)]?.echoes ?? 0
          peers.open(id('bad'), bad, to, port)
          peers.open(id('good'), good, to, port)
          await waitFor('both connections', 5_000, async () => (await echoes('bad')) > 3 && (await echoes('good')) > 3)

          await carryOut(dialect.add(table, [{ network, until: Date.now() + HOUR_MS }], Date.now()))
          const cutAt = Date.now()
          for (const command of dialect.cut!(table, [network])) await run(command)
          peers.open(id('new'), bad, to, port)
          const atCut = await echoes('bad')
          const goodAtCut = await echoes('good')
          if (to === self && port === OWN_PORT) {
            // The machine's own program is told, and need not wait for it.
            await waitFor('the error', 5_000, () => own.said.some((line) => line === `ECONNABORTED ${bad}`))
            t.diagnostic(`cutting, and the error in the program, took ${Date.now() - cutAt} ms`)
          }
          peers.open(id('better'), good, to, port)
          await waitFor('good connections', 5_000, async () => {
            return (await echoes('good')) > goodAtCut + 50 && (await echoes('better')) > 10
          })
          const states = await peers.states()
          assert.equal(states[id('new')]?.echoes, 0)
          // What was on its way when it was cut may still have come back.
          assert.ok((await echoes('bad')) <= atCut + 2, `${(await echoes('bad')) - atCut} bytes came back after the cut`)

          await carryOut(dialect.delete(table, [network]))
          peers.open(id('again'), bad, to, port)
          await waitFor('the connection after the ban', 5_000, async () => (await echoes('again')) > 3)
        })
      }
    }

    test('what is tracked of a banned address is forgotten, of one and of several', async () => {
      // By who began: what the other side still sends to it is tracked anew, from there.
      const tracked = async () => {
        const { stdout } = await run({ argv: ['conntrack', '-L', '-s', '198.51.100.2'] })
        return stdout.split('\n').length - 1
      }
      for (const count of [1, 8]) {
        const networks = Array.from({ length: count }, (_, i) => parseNetwork(`198.51.100.${i + 2}`)!)
        peers.open(`tracked-${count}`, '198.51.100.2', '10.0.0.2', SERVER_PORT)
        await waitFor('the connection', 5_000, async () => ((await peers.states())[`tracked-${count}`]?.echoes ?? 0) > 3)
        await waitFor('the entry', 5_000, async () => (await tracked()) > 0)
        await carryOut(
          dialect.add(
            table,
            networks.map((network) => ({ network, until: Date.now() + HOUR_MS })),
            Date.now(),
          ),
        )
        for (const command of dialect.cut!(table, networks)) await run(command)
        if (dialect !== route) assert.equal(await tracked(), 0)
        await carryOut(dialect.delete(table, networks))
      }
    })
  })
}

const DNAT = `
table inet docker {
  chain prerouting {
    type nat hook prerouting priority -100
    ip daddr 198.51.100.1 tcp dport ${DNAT_PORT} dnat ip to 10.0.0.2:${SERVER_PORT}
    ip6 daddr 2001:db8:0:3::1 tcp dport ${DNAT_PORT} dnat ip6 to [fd00::2]:${SERVER_PORT}
  }
  chain forward {
    type filter hook forward priority 0
    ct state established,related accept
  }
}
`
