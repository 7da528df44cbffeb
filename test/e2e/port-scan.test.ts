import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Log2table } from '../lib/log2table.ts'
import { connect, createNamespace, NAMESPACE_PROGRAMS, type Namespace } from '../lib/namespace.ts'
import { needs, program } from '../lib/programs.ts'
import { RUNNING_PROGRAMS, Running } from '../lib/running.ts'
import { SetWatch } from '../lib/set-watch.ts'
import { waitFor } from '../lib/wait-for.ts'

const SERVER = { ipv4: '203.0.113.1', ipv6: '2001:db8:a::1' }
const strangerOf = (n: number) => ({ ipv4: `203.0.113.${n}`, ipv6: `2001:db8:a:${n}::9`, network: `2001:db8:a:${n}::` })
const STRANGERS = [2, 3, 4, 5, 6, 7]
const OPEN_PORT = 7000

/** Everything but one port is refused, and logged where our daemon listens. */
const RULES = `
flush ruleset
table inet filter {
  chain input {
    type filter hook input priority filter; policy accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
    tcp dport ${OPEN_PORT} accept
    log prefix "refused " group 5 snaplen 256 queue-threshold 1 drop
  }
}
`

/** As a rule that logs what a table of ours refuses: it sees all that comes, before we do. */
const LOG_BEFORE = `
table inet before {
  chain prerouting {
    type filter hook prerouting priority -400; policy accept
    log prefix "banned " group 5 snaplen 256 queue-threshold 1
  }
}
`

// tcpdump gives its rights away, which takes a machine's own root.
const skip =
  process.getuid?.() !== 0
    ? 'needs root'
    : needs([...NAMESPACE_PROGRAMS, ...RUNNING_PROGRAMS, 'nft', 'tcpdump', 'nmap', 'python3'])

describe('a port scan, by the packets that the kernel refuses', { skip }, () => {
  let server: Namespace
  let stranger: Namespace
  let watch: SetWatch
  let folder: string
  let listener: Running
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'log2table-port-scan-'))
    server = await createNamespace()
    stranger = await createNamespace(server)
    await connect(
      { namespace: server, interface: 'outside', addresses: [`${SERVER.ipv4}/24`, `${SERVER.ipv6}/48`] },
      {
        namespace: stranger,
        interface: 'server',
        addresses: STRANGERS.flatMap((n) => [`${strangerOf(n).ipv4}/24`, `${strangerOf(n).ipv6}/48`]),
      },
    )
    watch = await SetWatch.start(server)
    const script = `require('net').createServer((socket) => socket.on('error', () => {})).listen(${OPEN_PORT}, '::', () => console.log('listening'))`
    listener = new Running(server.inside([process.execPath, '-e', script]))
    await listener.line(/listening/, { withinMs: 10_000 })
    for (const address of [SERVER.ipv4, SERVER.ipv6]) await waitFor(`${address} answers`, 10_000, () => answers(address))
  })
  after(async () => {
    listener.signal('SIGTERM')
    await listener.end()
    await watch.stop()
    await stranger.close()
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** The cable is in: until then packets wait for the other's link address, and few of them. */
  async function answers(address: string): Promise<boolean> {
    const script = `require('net').connect({ host: '${address}', port: ${OPEN_PORT} }).on('connect', () => process.exit(0)).on('error', () => process.exit(1)); setTimeout(() => process.exit(1), 500)`
    return stranger.run([process.execPath, '-e', script]).then(
      () => true,
      () => false,
    )
  }

  async function macOf(): Promise<string> {
    return /link\/ether (\S+)/.exec(await server.run([program('ip'), 'link', 'show', 'outside']))![1]!
  }

  async function daemonOf(t: TestContext): Promise<Log2table> {
    await server.run([program('nft'), '-f', '-'], RULES)
    const daemon = new Log2table(t, {
      namespace: server,
      folder: mkdtempSync(join(folder, 'daemon-')),
      parameters: `  tables: { bad_ip: nftables() },
  rules: { hackers: new Hackers({ table: 'bad_ip', ban: ['10m', '1d'] }) },
  logs: { 'nflog:5': { hackers: portScan } },
`,
    })
    await listening(daemon)
    return daemon
  }

  /** Starts it, and waits until its tcpdump has the group. */
  async function listening(daemon: Log2table): Promise<void> {
    const before = daemon.said.length
    await daemon.start()
    await waitFor('tcpdump listens', 10_000, () =>
      daemon.said.slice(before).some((line) => line.includes('listening on nflog:5')),
    )
  }

  /** Knocks at each port once; nothing is sent twice. */
  async function knock(from: string, to: string, ports: readonly number[]): Promise<void> {
    const script = `
const [from, to, ...ports] = process.argv.slice(1)
const net = require('net')
;(async () => {
  for (const port of ports) {
    await new Promise((done) => {
      const socket = net.connect({ host: to, port: Number(port), localAddress: from })
      const end = () => { socket.destroy(); done() }
      socket.on('error', end).on('connect', end)
      setTimeout(end, 20)
    })
  }
})()`
    await stranger.run([process.execPath, '-e', script, from, to, ...ports.map(String)])
  }

  const pointsOf = async (daemon: Log2table, address: string) => {
    const { stdout } = await daemon.run('why', address)
    return stdout
  }
  const bansOf = (daemon: Log2table) => daemon.decisions.filter(({ kind }) => kind === 'ban').map(({ address }) => address)
  const portsFrom = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i)

  for (const family of ['ipv4', 'ipv6'] as const) {
    test(`over ${family} is banned with the tenth port, within a second, and what it sends then is no hit`, async (t) => {
      const daemon = await daemonOf(t)
      const from = strangerOf(2)[family]
      await knock(from, SERVER[family], portsFrom(8000, 9))
      await sleep(300)
      assert.deepEqual(bansOf(daemon), [])
      const at = performance.now()
      const knocking = knock(from, SERVER[family], [8009])
      const addedAt = await watch.addedAt(family === 'ipv4' ? from : strangerOf(2).network, 2000)
      t.diagnostic(
        `in the set ${Math.round(addedAt - at)} ms after the tenth knock began, the start of the knocking program included`,
      )

      await knocking
      const hitsAtBan = (await daemon.status()).logs[0]!.hits
      await knock(from, SERVER[family], portsFrom(8020, 10))
      await sleep(200)
      assert.equal((await daemon.status()).logs[0]!.hits, hitsAtBan)
      assert.equal(bansOf(daemon).length, 1)
      assert.equal(await daemon.stop(), 0)
    })
  }

  for (const family of ['ipv4', 'ipv6'] as const) {
    test(`of nmap over ${family} is seen and banned, within a second of its tenth probe`, async (t) => {
      const daemon = await daemonOf(t)
      const from = strangerOf(5)[family]
      const isIPv6 = family === 'ipv6'
      // One probe each 100 ms: ten that still come through to the filter after the tenth would be a second.
      const options = ['-sS', '-Pn', '-n', '-r', '--max-retries', '0', '--scan-delay', '100ms', '--max-scan-delay', '100ms']
      const scan = [...options, '-p', '8100-8139', '-e', 'server', '-S', from, ...(isIPv6 ? ['-6'] : []), SERVER[family]]
      const scanning = stranger.run([program('nmap'), ...scan])
      await watch.addedAt(isIPv6 ? strangerOf(5).network : from, 20_000)
      await scanning
      const [ban, ...more] = daemon.decisions.filter(({ kind }) => kind === 'ban')
      assert.ok(ban?.kind === 'ban' && ban.score === 100, JSON.stringify(ban))
      assert.deepEqual(more, [])
      const { lines } = (await daemon.status()).logs[0]!
      t.diagnostic(`${lines} of 40 probes came to the filter`)
      assert.ok(lines >= 10 && lines <= 20, `${lines} probes`)
      assert.equal(await daemon.stop(), 0)
    })
  }

  test('goes on to be refused and logged, by a rule that stands before our table, and that is no hit', async (t) => {
    const daemon = await daemonOf(t)
    const { ipv4 } = strangerOf(6)
    await knock(ipv4, SERVER.ipv4, portsFrom(8200, 10))
    await waitFor('the ban', 5000, () => bansOf(daemon).length === 1)
    await server.run([program('nft'), '-f', '-'], LOG_BEFORE)
    const before = await daemon.status()
    await knock(ipv4, SERVER.ipv4, portsFrom(8300, 20))
    await waitFor('they are read', 5000, async () => (await daemon.status()).logs[0]!.lines >= before.logs[0]!.lines + 20)
    const { rules } = await daemon.status()
    assert.deepEqual(rules, before.rules)
    assert.equal(bansOf(daemon).length, 1)
    assert.equal(await daemon.stop(), 0)
  })

  test('is seen again at once after the daemon was killed: its tcpdump ends with it', async (t) => {
    const daemon = await daemonOf(t)
    await daemon.kill()
    // Nothing is sent meanwhile that would end a tcpdump that writes to nobody.
    await listening(daemon)
    await knock(strangerOf(7).ipv4, SERVER.ipv4, portsFrom(8400, 10))
    await waitFor('the ban', 5000, () => bansOf(daemon).length === 1)
    assert.equal(await daemon.stop(), 0)
  })

  test('of which the kernel drops packets, as they come faster than they are read, is said to have lost some', async (t) => {
    const daemon = await daemonOf(t)
    const tcpdump = tcpdumpIn(server)
    process.kill(tcpdump, 'SIGSTOP')
    const mac = await macOf()
    await stranger.run([program('python3'), '-c', FLOOD, mac, '20000'])
    process.kill(tcpdump, 'SIGCONT')
    await waitFor('the loss is told', 30_000, () =>
      daemon.said.some((line) => /packets came faster than they were taken/.test(line)),
    )
    const { lostLines = 0 } = (await daemon.status()).logs[0]!
    t.diagnostic(`the kernel says ${lostLines} times that packets came too fast`)
    assert.ok(lostLines > 0)
    assert.equal(await daemon.stop(), 0)
  })

  test('is not a client that tries the same few ports again and again', async (t) => {
    const daemon = await daemonOf(t)
    const { ipv4 } = strangerOf(3)
    for (let i = 0; i < 15; i++) await knock(ipv4, SERVER.ipv4, [8000, 8001, 8002])
    await sleep(300)
    // 3 x 10, and 42 x 1.
    assert.match(await pointsOf(daemon, ipv4), /\b72 points\b|\b72\b/)
    assert.deepEqual(bansOf(daemon), [])
    assert.equal(await daemon.stop(), 0)
  })

  test('is not an honest peer whose connections we have forgotten', async (t) => {
    const daemon = await daemonOf(t)
    const script = `
const sockets = Array.from({ length: 20 }, () => require('net').connect({ host: '${SERVER.ipv4}', port: ${OPEN_PORT}, localAddress: '${strangerOf(4).ipv4}' }).on('error', () => {}))
Promise.all(sockets.map((socket) => new Promise((open) => socket.on('connect', open)))).then(() => console.log('connected'))
process.stdin.once('data', () => { for (const socket of sockets) socket.end('bye'); setTimeout(() => process.exit(), 800) })`
    const peer = new Running(stranger.inside([process.execPath, '-e', script]))
    await peer.line(/connected/, { withinMs: 10_000 })
    await server.run([
      program('nft'),
      'insert',
      'rule',
      'inet',
      'filter',
      'input',
      'log',
      'group',
      '5',
      'queue-threshold',
      '1',
      'drop',
    ])
    peer.write(Buffer.from('\n'))
    await peer.end(10_000)
    await waitFor('the packets came', 5000, async () => (await daemon.status()).logs[0]!.lines >= 20)
    assert.equal((await daemon.status()).logs[0]!.hits, 0)
    assert.deepEqual(bansOf(daemon), [])
    assert.equal(await daemon.stop(), 0)
  })

  test('with forged senders bans none for longer than the first step, however many there are', async (t) => {
    const daemon = await daemonOf(t)
    const mac = await macOf()
    const began = performance.now()
    await stranger.run([program('python3'), '-c', FLOOD, mac, String(FORGED)])
    t.diagnostic(`${FORGED} forged senders in ${Math.round(performance.now() - began)} ms`)
    let last = -1
    await waitFor('all are read', 60_000, async () => {
      const { lines } = (await daemon.status()).logs[0]!
      const isSame = lines === last
      last = lines
      if (!isSame) await sleep(500)
      return isSame && lines > 0
    })
    const { hits, lines } = (await daemon.status()).logs[0]!
    const rss = residentBytes(daemon)
    t.diagnostic(`${lines} packets read, ${hits} hits, ${bansOf(daemon).length} bans, ${Math.round(rss / 2 ** 20)} MiB`)
    assert.ok(lines > FORGED / 10)
    assert.ok(rss < RSS_MAX)
    // Each sender for itself, never a network that many are in.
    for (const address of bansOf(daemon)) assert.match(address!, /^198\.1[89]\.\d+\.\d+$|^2001:db8:[\da-f:]*::\/64$/)
    for (const { kind, until, at, address } of daemon.decisions) {
      if (kind !== 'ban') continue
      assert.ok(until !== null && Date.parse(until!) - Date.parse(at) <= 600_000, `${address} until ${until}`)
    }
    assert.ok(bansOf(daemon).length >= 20)
    assert.equal(await daemon.stop(), 0)
  })
})

/** The design's bound for a million sources. */
const RSS_MAX = 250 * 2 ** 20

function residentBytes({ said }: Log2table): number {
  const pid = said.map((line) => /^running .* pid=(\d+)/.exec(line)?.[1]).findLast((one) => one !== undefined)
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) * 1024
}

/** The one process of tcpdump in a namespace. */
function tcpdumpIn({ pid }: Namespace): number {
  const networkOf = (one: string | number) => readlinkSync(`/proc/${one}/ns/net`)
  const found = readdirSync('/proc').filter((one) => {
    try {
      return (
        /^\d+$/.test(one) && networkOf(one) === networkOf(pid) && /\/tcpdump\0/.test(readFileSync(`/proc/${one}/cmdline`, 'utf8'))
      )
    } catch {
      return false
    }
  })
  assert.equal(found.length, 1)
  return Number(found[0])
}

const FORGED = 100_000

/** A SYN from each of so many forged senders of 198.18.0.0/15 and 2001:db8::/32, and twelve from each of a few of them. */
const FLOOD = `
import socket, struct, sys, time
mac = bytes.fromhex(sys.argv[1].replace(':', ''))
count = int(sys.argv[2])
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(('server', 0))
def total(data):
    s = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while s > 0xffff: s = (s & 0xffff) + (s >> 16)
    return ~s & 0xffff
def tcp(pseudo, port):
    t = struct.pack('!HHIIBBHHH', 40000, port, 1, 0, 0x50, 2, 1024, 0, 0)
    return t[:16] + struct.pack('!H', total(pseudo + t)) + t[18:]
to4 = socket.inet_aton('${SERVER.ipv4}')
to6 = socket.inet_pton(socket.AF_INET6, '${SERVER.ipv6}')
def send4(n, port):
    source = struct.pack('!I', 0xc6120000 + n)
    t = tcp(source + to4 + struct.pack('!BBH', 0, 6, 20), port)
    h = struct.pack('!BBHHHBBH', 0x45, 0, 40, 1, 0, 64, 6, 0) + source + to4
    h = h[:10] + struct.pack('!H', total(h)) + h[12:]
    out.send(mac + b'\\2\\0\\0\\0\\0\\2\\x08\\0' + h + t)
def send6(n, port):
    source = bytes.fromhex('20010db8') + struct.pack('!IQ', n << 8, 9)
    t = tcp(source + to6 + struct.pack('!IBBBB', 20, 0, 0, 0, 6), port)
    out.send(mac + b'\\2\\0\\0\\0\\0\\2\\x86\\xdd' + struct.pack('!IHBB', 0x60000000, 20, 6, 64) + source + to6 + t)
for n in range(count):
    (send4 if n % 2 else send6)(1 + n // 2, 8000 + n % 1000)
# What comes faster than it is read is lost in the kernel; these are not to be.
time.sleep(1)
for n in range(20):
    for port in range(9000, 9012):
        send4(1 + n, port)
        send6(1 + n, port)
`
