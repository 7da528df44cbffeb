import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, describe, it } from 'node:test'
import { formatAddress, parseAddress } from '../../src/base/address.ts'
import type { LoggedPacket } from '../../src/capture/logged-packet.ts'
import { PacketLines } from '../../src/capture/packet-lines.ts'
import { randomFrom } from '../lib/chaos-random.ts'
import { icmp, ip, pcap, pfHeader } from '../lib/pcap-writer.ts'
import { needs, program } from '../lib/programs.ts'
import { randomPacket, randomPfLog } from '../lib/random-packets.ts'

const packaging = path.resolve(import.meta.dirname, '../../packaging/pflog')
const textOf = (name: string) => readFileSync(path.join(packaging, name), 'utf8')
const folder = mkdtempSync(path.join(os.tmpdir(), 'log2table-packaging-'))
after(() => rmSync(folder, { recursive: true }))

/** As the recipe that went with pfasciilogd reads such a line. */
const OLD_RECIPE = String.raw`^.*rule \d/\d\(match\): block in on \w+: <HOST>\.\d+ > `

describe("fail2ban's filter for pf's packet log", { skip: needs(['fail2ban-regex']) }, () => {
  const file = path.join(folder, 'pf.log')
  const asked = new Map<string, number>()
  const lines: string[] = []
  const random = randomFrom(54)
  const ping = ip({ source: '121.224.77.46', destination: '46.38.233.77', protocol: 1, payload: icmp(3, 3, 0, Buffer.alloc(28)) })
  const packets = Array.from({ length: 3000 }, () => randomPfLog(random, randomPacket(random)))
  const capture = pcap(
    [...packets, Buffer.concat([pfHeader(), ping])].map((bytes, i) => ({ at: 1_700_000_000_000 + i * 1000 + 0.5, bytes })),
  )
  new PacketLines().take(capture, (line, packet) => {
    lines.push(`${line}\n`)
    if (!isAsking(packet)) return
    const source = formatAddress(packet.packet.source)
    asked.set(source, (asked.get(source) ?? 0) + 1)
  })
  writeFileSync(file, lines.join(''))

  function found(filter: string): Map<string, number> {
    const argv = ['-o', 'ip', ...(filter.includes('<HOST>') ? [] : ['--usedns', 'no']), file, filter]
    const counts = new Map<string, number>()
    const output = execFileSync(program('fail2ban-regex'), argv, { encoding: 'utf8', maxBuffer: 2 ** 26 })
    for (const text of output.split('\n')) {
      const address = parseAddress(text.trim())
      if (address === undefined) continue
      const name = formatAddress(address)
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
    return counts
  }

  it('finds those whose packets asked for something and were refused, every one, and nobody else', () => {
    assert.ok(asked.size > 200)
    assert.deepEqual(found(path.join(packaging, 'fail2ban/filter.d/log2table_pflog.conf')), asked)
  })

  it('does not find the innocents that the recipe of old bans', () => {
    const old = found(OLD_RECIPE)
    const innocent = [...old.keys()].filter((address) => !asked.has(address))
    assert.ok(innocent.includes('121.224.0.77'), 'made of 121.224.77, which is no address')
    assert.ok([...asked.keys()].filter((address) => !old.has(address)).length > asked.size / 2)
  })

  it('is called by the name that its jail has, and the jail reads the file that we write', () => {
    const jail = textOf('fail2ban/jail.d/log2table_pflog.conf')
    assert.match(jail, /^\[log2table_pflog\]$/m)
    assert.match(jail, /^filter\s*= log2table_pflog$/m)
    assert.match(jail, /^logpath\s*= \/var\/log\/pf\.log$/m)
    assert.match(jail, /^maxretry\s*= 10$/m)
  })
})

function isAsking({ pf, packet }: LoggedPacket): boolean {
  const { transport } = packet
  if (pf?.action !== 'block' || pf.direction !== 'in' || pf.reason !== 0) return false
  if (transport?.kind === 'tcp') return (transport.flags & 0x3f) === 2
  if (transport?.kind === 'udp') return true
  return transport !== undefined && transport.type === (transport.kind === 'icmp' ? 8 : 128)
}

describe('the scripts that start it', () => {
  const pidFile = '/var/run/log2table_pflog.pid'

  /** Runs a script with an rc.subr that only shows what it was given. */
  function shown(system: string, subr: string, name: string): string {
    const script = path.join(folder, system)
    const text = textOf(`${system}/log2table_pflog`)
    assert.ok(text.includes(`. ${subr}\n`))
    writeFileSync(path.join(folder, 'rc.subr'), name)
    writeFileSync(script, text.replace(`. ${subr}\n`, `. ${folder}/rc.subr\n`))
    return execFileSync('sh', [script, 'start'], { encoding: 'utf8', env: { PATH: process.env.PATH } })
  }

  it('of FreeBSD has one name for service, variables and pid file, and passes its flags on', () => {
    const subr = `
load_rc_config() { echo "config $1"; log2table_pflog_flags=\${TEST_FLAGS-}; [ "$log2table_pflog_flags" ] || unset log2table_pflog_flags; }
run_rc_command() { echo "$1 $name $rcvar=$log2table_pflog_enable $pidfile $extra_commands $sig_reload"; echo "$command $log2table_pflog_flags $command_args"; }
`
    const command = `/usr/sbin/daemon  -f -S -T log2table_pflog /usr/bin/env LOG2TABLE_NODE=/usr/local/bin/node /usr/local/bin/log2table pflog`
    assert.deepEqual(shown('freebsd', '/etc/rc.subr', subr).trim().split('\n'), [
      'config log2table_pflog',
      `start log2table_pflog log2table_pflog_enable=NO ${pidFile} reload HUP`,
      `${command} -i pflog0 -o /var/log/pf.log --pid-file ${pidFile}`,
    ])
    assert.match(shown('freebsd', '/etc/rc.subr', `TEST_FLAGS="-i pflog1"\n${subr}`), / pflog -i pflog1 --pid-file /)
  })

  it('of OpenBSD finds the process that the command becomes', () => {
    const subr = `rc_cmd() { echo "$1 $daemon $daemon_flags"; echo "$pexp"; }\n`
    const [start, pexp] = shown('openbsd', '/etc/rc.d/rc.subr', subr).trim().split('\n')
    assert.equal(start, `start /usr/local/bin/log2table pflog -i pflog0 -o /var/log/pf.log --pid-file ${pidFile}`)
    const becomes =
      '/usr/local/bin/node --disable-warning=ExperimentalWarning /usr/local/lib/log2table/dist/cli/main.js pflog -i pflog0'
    assert.match(becomes, new RegExp(`^${pexp}$`))
  })

  it('are known to newsyslog by the same pid file and log', () => {
    for (const system of ['freebsd', 'openbsd']) {
      const line = textOf(`${system}/newsyslog.conf`).split('\n')[1]!
      assert.ok(line.startsWith('/var/log/pf.log '), line)
      assert.ok(line.includes(pidFile) && / 640 /.test(line), line)
    }
    assert.match(textOf('linux/logrotate'), /\/run\/log2table_pflog\.pid/)
  })
})
