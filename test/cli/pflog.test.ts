import assert from 'node:assert/strict'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { exitStatus } from '../../src/base/exit-status.ts'
import { ip, pcap, pfHeader, tcp } from '../lib/pcap-writer.ts'
import { needs } from '../lib/programs.ts'
import { RUNNING_PROGRAMS, Running } from '../lib/running.ts'
import { waitFor } from '../lib/wait-for.ts'
import { failed, log2table, printed } from './session.ts'

const main = path.resolve(import.meta.dirname, '../../src/cli/main.ts')
const writer = path.resolve(import.meta.dirname, '../lib/pcap-writer.ts')
const syn = ip({ source: '203.0.113.9', destination: '192.0.2.25', protocol: 6, payload: tcp({ from: 41_854, to: 6379 }) })
const program = [process.execPath, '--disable-warning=ExperimentalWarning', main]
const PCAP_HEADER_BYTES = 24
/** Of one packet to this port. */
const captureOf = (port: number) =>
  pcap([
    {
      at: 1.7e12,
      bytes: Buffer.concat([
        pfHeader(),
        ip({ source: '203.0.113.9', destination: '192.0.2.25', protocol: 6, payload: tcp({ from: 40_000, to: port }) }),
      ]),
    },
  ])
const capture = pcap([
  {
    at: Date.parse('2026-11-21T09:00:00Z') + 123.456,
    bytes: Buffer.concat([pfHeader({ rule: 12, interface: 'vlan10.2' }), syn]),
  },
])

describe('log2table pflog -r', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'log2table-pflog-'))
  const file = path.join(folder, 'pflog')
  writeFileSync(file, capture)
  writeFileSync(path.join(folder, 'text'), 'Nov 21 10:00:00 gw kernel: no capture\n')

  it('prints the packets of a capture, each with its time here', async () => {
    const { stdout, ...rest } = await log2table(['pflog', '-r', file])
    assert.match(
      stdout,
      /^2026-11-21T\d\d:\d\d:00\.123456[+-]\d\d:\d\d rule 12\/0\(match\): block in on vlan10\.2: 203\.0\.113\.9\.41854 > 192\.0\.2\.25\.6379: Flags \[S\], seq 1, win 1024, length 0\n$/,
    )
    assert.equal(Date.parse(stdout.split(' ')[0]!), Date.parse('2026-11-21T09:00:00.123Z'))
    assert.deepEqual({ ...rest, stdout: '' }, printed(''))
  })

  it('prints them as JSON', async () => {
    const record = {
      at: '2026-11-21T09:00:00.123Z',
      rule: 12,
      reason: '0(match)',
      action: 'block',
      direction: 'in',
      interface: 'vlan10.2',
      source: '203.0.113.9',
      destination: '192.0.2.25',
      protocol: 'tcp',
      sourcePort: 41_854,
      destinationPort: 6379,
      flags: 'S',
      dataBytes: 0,
    }
    assert.deepEqual(await log2table(['pflog', '--json', '-r', file]), printed(`${JSON.stringify(record)}\n`))
  })

  it('shows them in columns on a terminal, in colour where it has any', async () => {
    const plain = await log2table(['pflog', '-r', file], { terminal: { width: 120 } })
    assert.match(
      plain.stdout,
      /^TIME {6}ACTION .*\n2026-11-21\n\d\d:\d\d:00 {2}block in .* 203\.0\.113\.9:41854 +192\.0\.2\.25:redis +S\n$/,
    )
    const { stdout } = await log2table(['pflog', '-r', file], { terminal: { width: 120, hasColour: true } })
    assert.ok(stdout.includes('  \u001b[31mblock in \u001b[39m  vlan10.2  12 '), stdout)
  })

  it('counts them with --top, for people and as JSON', async () => {
    const counts = [
      '1 packet, 1 refused, of 1 source',
      '',
      '   PACKETS  SOURCE          PACKETS  PORT               PACKETS  RULE',
      '',
    ]
    const row = '         1  203.0.113.9           1  tcp 6379 redis           1  12 block in on vlan10.2\n'
    assert.deepEqual(await log2table(['pflog', '--top', '-r', file]), printed(`${counts.join('\n')}${row}`))
    const { stdout } = await log2table(['pflog', '--top', '--json', '-r', file])
    assert.deepEqual(JSON.parse(stdout).ports, [{ name: 'tcp 6379 redis', packets: 1 }])
  })

  it('says what it cannot read', async () => {
    const text = path.join(folder, 'text')
    assert.deepEqual(
      await log2table(['pflog', '-r', text]),
      failed(exitStatus.badData, `${text}: is no capture; -r reads what tcpdump -w and pflogd write`),
    )
    const none = path.join(folder, 'none')
    assert.deepEqual(await log2table(['pflog', '-r', none]), failed(exitStatus.unavailable, `${none}: no such file`))
    assert.deepEqual(
      await log2table(['pflog', '-r', file, '-i', 'pflog0']),
      failed(exitStatus.usage, 'give one of -i and -r, not both'),
    )
    assert.deepEqual(
      await log2table('pflog -F'),
      failed(exitStatus.usage, '-F follows the file that -r names, such as -r /var/log/pflog'),
    )
    assert.deepEqual(
      await log2table(['pflog', '--top', '-o', file]),
      failed(exitStatus.usage, '--top counts packets and prints none; leave out one of --top and -o'),
    )
  })

  it('tells of what could not be understood', async () => {
    const damaged = path.join(folder, 'damaged')
    writeFileSync(damaged, Buffer.concat([capture, Buffer.alloc(5)]))
    const { status, stderr } = await log2table(['pflog', '-r', damaged])
    assert.deepEqual([status, stderr], [0, 'warning: not all could be read records=0 bytes=5\n'])
  })
})

describe('log2table pflog -F -r', { skip: needs(RUNNING_PROGRAMS) }, () => {
  it('goes on with what is written to the file, and with its successor', async (t) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'log2table-pflog-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const file = path.join(folder, 'pflog')
    const running = new Running([...program, 'pflog', '-F', '-r', file])
    t.after(() => running.end(0))
    await running.line(/pflog: no such file; it is waited for/, { withinMs: 10_000 })
    writeFileSync(file, captureOf(1))
    await running.line(/192\.0\.2\.25\.1: Flags/, { withinMs: 5000 })
    appendFileSync(file, captureOf(2).subarray(PCAP_HEADER_BYTES))
    await running.line(/192\.0\.2\.25\.2: Flags/, { withinMs: 5000 })
    renameSync(file, `${file}.0`)
    writeFileSync(file, captureOf(3))
    await running.line(/192\.0\.2\.25\.3: Flags/, { withinMs: 5000 })
    running.signal('SIGTERM')
    assert.equal(await running.end(), 0)
    assert.match(running.output, /ended; every packet that was captured was written/)
  })
})

describe('log2table pflog --top', { skip: needs([...RUNNING_PROGRAMS, 'script']) }, () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGQUIT'] as const) {
    it(`draws a page each second, and gives the terminal back at ${signal}`, async (t) => {
      const folder = mkdtempSync(path.join(os.tmpdir(), 'log2table-pflog-'))
      t.after(() => rmSync(folder, { recursive: true, force: true }))
      const [file, pidFile] = [path.join(folder, 'pflog'), path.join(folder, 'pid')]
      writeFileSync(file, captureOf(23))
      const command = [...program, 'pflog', '--top', '-F', '-r', file, '--pid-file', pidFile].map((word) => `'${word}'`).join(' ')
      const running = new Running(['script', '-q', '-e', '-f', '-c', `ulimit -c 0; ${command}; echo`, '/dev/null'], {
        env: { TERM: 'xterm' },
      })
      t.after(() => running.end(0))
      await running.line(/1 packet, 1 refused, of 1 source/, { withinMs: 10_000 })
      appendFileSync(file, captureOf(23).subarray(PCAP_HEADER_BYTES))
      await running.line(/2 packets, 2 refused, of 1 source/, { withinMs: 5000 })
      process.kill(Number(readFileSync(pidFile, 'utf8')), signal)
      await running.end()
      const [, page = '', after = ''] =
        /\x1b\[\?1049h\x1b\[\?25l([\s\S]*)\x1b\[\?25h\x1b\[\?1049l([\s\S]*)$/.exec(running.output) ?? []
      assert.match(page, /pflog since 2\d{3}-.* a second; \^C ends/)
      assert.equal(after.includes('\x1b[?'), false)
      // A quit leaves no time for the sums.
      if (signal !== 'SIGQUIT') assert.match(after, /2 packets, 2 refused, of 1 source[\s\S]* tcp 23 telnet /)
    })
  }
})

describe('log2table pflog -i', { skip: needs(RUNNING_PROGRAMS) }, () => {
  it('loses no packet when its file is rotated under load, by HUP and by USR1', async (t) => {
    const scene = new Scene(t, { packets: 20_000, batch: 40, everyMs: 2, atEnd: 'stay' })
    const running = scene.start()
    for (let i = 0; i < 12; i++) {
      await waitFor(
        () => `rotation ${i}: ${running.output}`,
        20_000,
        () => existsSync(scene.file) && statSync(scene.file).size > 20_000,
      )
      renameSync(scene.file, `${scene.file}.${i}`)
      running.signal(i % 2 === 0 ? 'SIGHUP' : 'SIGUSR1')
      await waitFor('a new file', 5000, () => existsSync(scene.file))
    }
    await waitFor(
      () => running.output,
      30_000,
      () => scene.ports().length >= 20_000,
    )
    assert.deepEqual(
      scene.ports().sort((a, b) => a - b),
      Array.from({ length: 20_000 }, (_, i) => i),
    )
    running.signal('SIGTERM')
    assert.equal(await running.end(), 0, running.output)
    assert.match(running.output, /ended; every packet that was captured was written/)
  })

  it('starts tcpdump again when it ends, and says how it ended', async (t) => {
    const scene = new Scene(t, { packets: 100, batch: 100, everyMs: 1, atEnd: 'stay' })
    const running = scene.start()
    await waitFor(
      () => running.output,
      10_000,
      () => scene.ports().length === 100,
    )
    process.kill(scene.tcpdumpPid, 'SIGKILL')
    await running.line(/pflog:pflog0: ended \(SIGKILL\); started again in 100ms/, { withinMs: 5000 })
    await waitFor(
      () => running.output,
      10_000,
      () => scene.ports().length === 200,
    )
    assert.deepEqual(new Set(scene.ports()).size, 200)
    running.signal('SIGINT')
    assert.equal(await running.end(), 0)
  })

  it('takes its tcpdump with it when it is killed', async (t) => {
    const scene = new Scene(t, { packets: 1, batch: 1, everyMs: 1, atEnd: 'stay' })
    const running = scene.start()
    await waitFor(
      () => running.output,
      10_000,
      () => scene.ports().length === 1,
    )
    running.signal('SIGKILL')
    await running.end()
    await waitFor('tcpdump has ended', 2000, () => !isAlive(scene.tcpdumpPid))
  })

  it('waits longer from one vain start to the next', async (t) => {
    const scene = new Scene(t, { packets: 0, batch: 1, everyMs: 1, atEnd: 'exit' })
    const running = scene.start()
    await waitFor(
      () => running.output,
      10_000,
      () => scene.starts >= 3,
    )
    await running.line(/ended \(exit status 1\); started again in 200ms/, { withinMs: 5000 })
    running.signal('SIGTERM')
    assert.equal(await running.end(), 0)
  })

  it('makes its file with mode 0640, and a pid file as long as it runs', async (t) => {
    const scene = new Scene(t, { packets: 1, batch: 1, everyMs: 1, atEnd: 'stay' })
    const running = scene.start(['--pid-file', scene.pidFile])
    await waitFor(
      () => running.output,
      10_000,
      () => scene.ports().length === 1,
    )
    assert.equal(statSync(scene.file).mode & 0o777, 0o640)
    assert.equal(readFileSync(scene.pidFile, 'utf8'), `${running.pid}\n`)
    const second = scene.start(['--pid-file', scene.pidFile])
    assert.equal(await second.end(), exitStatus.unavailable)
    assert.match(second.output, new RegExp(`process ${running.pid} runs already`))
    running.signal('SIGTERM')
    assert.equal(await running.end(), 0)
    assert.ok(!existsSync(scene.pidFile))
  })

  it('waits while the disk is full, and counts what could not be written', { skip: !existsSync('/dev/full') }, async (t) => {
    const scene = new Scene(t, { packets: 10, batch: 10, everyMs: 1, atEnd: 'stay' })
    const running = scene.start(['-o', '/dev/full'])
    await running.line(/error: \/dev\/full: no space left on device; what comes waits/, { withinMs: 10_000 })
    running.signal('SIGTERM')
    assert.equal(await running.end(), 0)
    assert.match(running.output, /warning: ended with losses packets=0 bytes=0 unread=0 unwritten=10/)
  })
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

interface Fake {
  /** How many packets it gives each time that it is started; the port of each is its number since the first. */
  readonly packets: number
  readonly batch: number
  readonly everyMs: number
  readonly atEnd: 'stay' | 'exit'
}

/** A folder with a file to write, and a tcpdump that plays what it is told. */
class Scene {
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), 'log2table-pflog-'))
  readonly file = path.join(this.#folder, 'out', 'pf.log')
  readonly pidFile = path.join(this.#folder, 'pid')
  readonly #t: TestContext

  constructor(t: TestContext, { packets, batch, everyMs, atEnd }: Fake) {
    this.#t = t
    t.after(() => rmSync(this.#folder, { recursive: true, force: true }))
    mkdirSync(path.dirname(this.file))
    const script = path.join(this.#folder, 'tcpdump.mjs')
    writeFileSync(
      script,
      `import { appendFileSync, readFileSync, writeFileSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { ip, pcapHeader, pcapRecord, pfHeader, tcp } from ${JSON.stringify(writer)}
const folder = ${JSON.stringify(this.#folder)}
appendFileSync(folder + '/starts', process.pid + '\\n')
const starts = readFileSync(folder + '/starts', 'utf8').trim().split('\\n').length
const header = pfHeader()
const record = (port) => pcapRecord({ at: 1.7e12 + port, bytes: Buffer.concat([header, ip({ source: '203.0.113.9', destination: '192.0.2.25', protocol: 6, payload: tcp({ from: 40000, to: port }) })]) })
const write = (bytes) => { for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at) }
write(pcapHeader())
const first = (starts - 1) * ${packets}
for (let i = 0; i < ${packets}; i += ${batch}) {
  write(Buffer.concat(Array.from({ length: ${batch} }, (_, j) => record(first + i + j))))
  await sleep(${everyMs})
}
${atEnd === 'stay' ? 'setInterval(() => {}, 1e6)' : 'process.exit(1)'}
`,
    )
    const command = path.join(this.#folder, 'tcpdump')
    writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' --disable-warning=ExperimentalWarning '${script}'\n`)
    chmodSync(command, 0o755)
  }

  start(args: readonly string[] = []): Running {
    const argv = [...program, 'pflog', '-i', 'pflog0', '-o', this.file, ...args]
    const running = new Running(argv, { env: { PATH: `${this.#folder}:${process.env.PATH}` } })
    this.#t.after(() => running.end(0))
    return running
  }

  get starts(): number {
    return this.#pids().length
  }

  get tcpdumpPid(): number {
    return this.#pids().at(-1)!
  }

  /** The ports of all packets in all files, in the order of rotation. */
  ports(): number[] {
    const folder = path.dirname(this.file)
    const texts = readdirSync(folder).map((name) => readFileSync(path.join(folder, name), 'utf8'))
    return [...texts.join('').matchAll(/> 192\.0\.2\.25\.(\d+): Flags \[S\], .*\n/g)].map(([, port]) => Number(port))
  }

  #pids(): number[] {
    const file = path.join(this.#folder, 'starts')
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : []
  }
}
