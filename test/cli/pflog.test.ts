import assert from 'node:assert/strict'
import {
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

  it('colours what pf did on a terminal', async () => {
    const { stdout } = await log2table(['pflog', '-r', file], { terminal: { width: 80, hasColour: true } })
    assert.ok(stdout.includes(': \u001b[31mblock in on\u001b[39m vlan10.2: '))
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
  })

  it('tells of what could not be understood', async () => {
    const damaged = path.join(folder, 'damaged')
    writeFileSync(damaged, Buffer.concat([capture, Buffer.alloc(5)]))
    const { status, stderr } = await log2table(['pflog', '-r', damaged])
    assert.deepEqual([status, stderr], [0, 'warning: not all could be read records=0 bytes=5\n'])
  })
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
    assert.match(running.output, /ended; every packet that tcpdump gave was written/)
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
    const argv = [
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      main,
      'pflog',
      '-i',
      'pflog0',
      '-o',
      this.file,
      ...args,
    ]
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
