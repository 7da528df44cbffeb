import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { PacketLines } from '../../src/capture/packet-lines.ts'
import { createNamespace, NAMESPACE_PROGRAMS, type Namespace } from '../lib/namespace.ts'
import { icmp, ip, type PfHeader, pcap, pfHeader, tcp, udp } from '../lib/pcap-writer.ts'
import { needs, program } from '../lib/programs.ts'
import { RUNNING_PROGRAMS, Running } from '../lib/running.ts'

const packaging = resolve(import.meta.dirname, '../../packaging/pflog/fail2ban')
const MINUTE = 60_000
const TO = { ipv4: '192.0.2.25', ipv6: '2001:db8::25' }

/** Each asks for twelve ports, as rules of pf with these numbers refuse it. */
const scanners: Readonly<Record<string, PfHeader>> = {
  '203.0.113.9': { rule: 1 },
  '203.0.113.10': { rule: 12 },
  '203.0.113.11': { rule: 3, interface: 'vlan10.2' },
  '203.0.113.12': { rule: 7, ruleset: 'ban/ssh', subrule: 2 },
  '2001:db8:1::9': { rule: 120 },
}
/** Sends datagrams, and pings. */
const MIXED = '203.0.113.20'
/** A router that says fifteen times that a port of somebody else cannot be reached. */
const ROUTER = '121.224.77.46'
/** What the old recipe makes of the router's address. */
const MISREAD = '121.224.0.77'
/** Its connection is forgotten: the rest of it is refused, thirty packets. */
const PEER = '198.51.100.7'
/** Tries one closed port again and again, less than ten times. */
const CLIENT = '198.51.100.8'
/** A scanner that both filters find: who has banned it has read all. */
const LAST = '203.0.113.99'

function log(now: number): string {
  const packets: { readonly at: number; readonly bytes: Buffer }[] = []
  const add = (i: number, packet: Buffer, header: PfHeader = {}) => {
    const family = packet[0]! >> 4 === 6 ? 24 : 2
    packets.push({ at: now - 5 * MINUTE + i * 1000, bytes: Buffer.concat([pfHeader({ family, ...header }), packet]) })
  }
  const from = (source: string, protocol: number, payload: Buffer) =>
    ip({ source, destination: source.includes(':') ? TO.ipv6 : TO.ipv4, protocol, payload })
  for (let i = 0; i < 12; i++) {
    for (const [source, header] of Object.entries(scanners)) add(i, from(source, 6, tcp({ from: 40_000, to: 8000 + i })), header)
    add(i, i % 2 === 0 ? from(MIXED, 17, udp(40_000, 1900 + i)) : from(MIXED, 1, icmp(8, 0, i)), { rule: 2 })
  }
  for (let i = 0; i < 15; i++) add(20 + i, from(ROUTER, 1, icmp(3, 3, 0, from(TO.ipv4, 17, udp(5, 53)))))
  for (let i = 0; i < 30; i++)
    add(40 + i, from(PEER, 6, tcp({ from: 443, to: 40_000, flags: [0x18, 0x11, 0x10][i % 3]!, acknowledged: 7 })))
  for (let i = 0; i < 8; i++) add(80 + i, from(CLIENT, 6, tcp({ from: 40_000, to: 8080 })))
  for (let i = 0; i < 20; i++) add(90 + i, from(CLIENT, 6, tcp({ from: 40_000, to: 9000 + i })), { action: 0 })
  for (let i = 0; i < 12; i++) add(120 + i, from(LAST, 6, tcp({ from: 40_000, to: 8000 + i })))
  let text = ''
  new PacketLines().take(pcap(packets), (line) => {
    text += `${line}\n`
  })
  return text
}

/** The recipe that went with pfasciilogd. */
const OLD_FILTER = String.raw`[Definition]
failregex = ^.*rule \d/\d\(match\): block in on \w+: <HOST>\.\d+ >
`
const OLD_JAIL = `[old]
enabled = true
filter = old
backend = polling
maxretry = 10
findtime = 10m
bantime = 10m
`

const skip = process.getuid?.() !== 0 ? 'needs root' : needs([...NAMESPACE_PROGRAMS, ...RUNNING_PROGRAMS, 'fail2ban-server'])

describe("Debian's fail2ban on what log2table pflog writes", { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'log2table-fail2ban-'))
  const own = join(folder, 'fail2ban.log')
  let namespace: Namespace
  let running: Running
  before(async () => {
    const file = join(folder, 'pf.log')
    writeFileSync(file, log(Date.now()))
    configure(folder, file)
    namespace = await createNamespace()
    running = new Running(namespace.inside([program('fail2ban-server'), '-c', folder, '-f', '-x', 'start']), { env: { TZ: '' } })
    await until(() => ['log2table_pflog', 'old'].every((jail) => bansOf(jail).includes(LAST)), 60_000)
  })
  after(async () => {
    running.signal('SIGTERM')
    await running.end()
    await namespace.close()
    rmSync(folder, { recursive: true, force: true })
  })

  async function until(isSo: () => boolean, withinMs: number): Promise<void> {
    const end = Date.now() + withinMs
    while (!isSo()) {
      if (Date.now() > end || running.hasEnded)
        assert.fail(`${existsSync(own) ? readFileSync(own, 'utf8') : ''}\n${running.output}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  function bansOf(jail: string): readonly string[] {
    const text = existsSync(own) ? readFileSync(own, 'utf8') : ''
    return [...text.matchAll(/\[(\S+)\] Ban (\S+)/g)].filter(([, name]) => name === jail).map(([, , address]) => address!)
  }

  it('bans exactly the scanners with our filter and jail', async () => {
    assert.deepEqual(new Set(bansOf('log2table_pflog')), new Set([...Object.keys(scanners), MIXED, LAST]))
  })

  it('bans innocents with the recipe of old, and lets scanners go', () => {
    const bans = new Set(bansOf('old'))
    for (const innocent of [MISREAD, PEER]) assert.ok(bans.has(innocent), `${innocent} of ${[...bans]}`)
    for (const missed of ['203.0.113.10', '203.0.113.11', '203.0.113.12', '2001:db8:1::9']) assert.ok(!bans.has(missed), missed)
  })
})

/** Our jail as it is shipped, beside the old one; what they have in common with a machine is put beside them. */
function configure(folder: string, file: string): void {
  const write = (name: string, text: string) => {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  write('jail.conf', `[DEFAULT]\naction =\nlogpath = ${file}\n`)
  write('jail.local', OLD_JAIL)
  write('filter.d/old.conf', OLD_FILTER)
  mkdirSync(join(folder, 'jail.d'))
  mkdirSync(join(folder, 'action.d'))
  for (const name of ['filter.d', 'jail.d']) {
    copyFileSync(join(packaging, name, 'log2table_pflog.conf'), join(folder, name, 'log2table_pflog.conf'))
  }
  write('jail.d/log2table_pflog.local', `[log2table_pflog]\nenabled = true\nlogpath = ${file}\nbackend = polling\n`)
  const state = ['socket', 'pidfile', 'dbfile'].map((name) => `${name} = ${folder}/${name}`).join('\n')
  write(
    'fail2ban.conf',
    `[Definition]\nloglevel = INFO\nallowipv6 = auto\nlogtarget = ${folder}/fail2ban.log\nsyslogsocket = auto\n${state}\ndbpurgeage = 1d\ndbmaxmatches = 10\n[Thread]\n`,
  )
}
