import assert from 'node:assert/strict'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { DecisionRecord } from '../../src/core/decision-record.ts'
import { createNamespace, NAMESPACE_PROGRAMS, type Namespace } from '../lib/namespace.ts'
import { needs, program } from '../lib/programs.ts'
import { Running } from '../lib/running.ts'
import { type Entry, JOURNAL_PROGRAMS, TestJournal } from '../lib/systemd-journal.ts'
import { waitFor } from '../lib/wait-for.ts'

const command = resolve(import.meta.dirname, '../../bin/log2table')
const WITHIN_MS = 15_000

/** The daemon at work on some logs, into a dry run, in a network of its own. It is started and killed at will. */
class Scene {
  readonly folder: string
  readonly namespace: Namespace
  readonly #runs: Running[] = []
  readonly #programs: string

  private constructor(folder: string, namespace: Namespace) {
    this.folder = folder
    this.namespace = namespace
    this.#programs = join(folder, 'bin')
    mkdirSync(join(folder, 'etc'))
    mkdirSync(this.#programs)
  }

  static async make(t: TestContext): Promise<Scene> {
    const folder = mkdtempSync(join(tmpdir(), 'log2table-sources-'))
    const scene = new Scene(folder, await createNamespace())
    t.after(async () => {
      await scene.kill()
      await scene.namespace.close()
      rmSync(folder, { recursive: true, force: true })
    })
    return scene
  }

  /** `logs` as in parameters.ts; every pattern weighs 20, so the fifth hit is the ban. */
  configure(logs: string, commands: Readonly<Record<string, { readonly argv: readonly string[] }>> = {}): void {
    writeFileSync(
      join(this.folder, 'etc/parameters.ts'),
      `import { dryRun, Hackers, parameters } from 'log2table'
import { sshd } from 'log2table/patterns'

const told = [{ name: 'told', weight: 20, regex: /^login failed from (?<ip>\\S+)/ }]
export default parameters({
  stateFolder: '${this.folder}/state',
  tables: { bad_ip: dryRun() },
  rules: { hackers: new Hackers({ table: 'bad_ip', window: '1d' }) },
  logs: { ${logs} },
})
`,
    )
    writeFileSync(join(this.folder, 'etc/commands.json'), JSON.stringify({ commands }))
  }

  /** A program that the daemon finds before all others. */
  provide(name: string, script: string): void {
    writeFileSync(join(this.#programs, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  }

  async start(): Promise<void> {
    const argv = this.namespace.inside([command, 'run', '--json', '--config', join(this.folder, 'etc')])
    const env = {
      PATH: `${this.#programs}:${process.env.PATH}`,
      LOG2TABLE_NODE: process.execPath,
      LOG2TABLE_SOCKET: join(this.folder, 'control.sock'),
      SSH_CONNECTION: '',
      TZ: 'UTC',
    }
    this.#runs.push(new Running(argv, { env }))
    await this.#runs.at(-1)!.line(/^running /, { withinMs: WITHIN_MS })
  }

  async kill(): Promise<void> {
    this.#runs.at(-1)?.signal('SIGKILL')
    await this.#runs.at(-1)?.end()
  }

  async stop(): Promise<void> {
    this.#runs.at(-1)!.signal('SIGTERM')
    assert.equal(await this.#runs.at(-1)!.end(), 0)
  }

  get said(): string {
    return this.#runs.map(({ output }) => output).join('\n')
  }

  /** Addresses that were banned since the first start, in order, each with the score that did it. */
  get bans(): readonly string[] {
    const lines = this.#runs.flatMap((run) => run.lines.filter(({ from }) => from === 'stdout'))
    const decisions = lines.map(({ text }): DecisionRecord => JSON.parse(text))
    return decisions.filter(({ kind }) => kind === 'ban').map(({ address, score }) => `${address} ${score}`)
  }

  async banned(address: string): Promise<void> {
    await this.#until(`${address} is banned`, () => this.bans.some((ban) => ban.startsWith(`${address} `)))
  }

  async saidThat(pattern: RegExp): Promise<void> {
    await this.#until(`it says ${pattern}`, () => pattern.test(this.said))
  }

  async #until(what: string, isSo: () => boolean): Promise<void> {
    try {
      await waitFor(what, WITHIN_MS, isSo)
    } catch (error) {
      throw new Error(`${(error as Error).message}; it said:\n${this.said}`, { cause: error })
    }
  }
}

let processId = 1000
const failure = (address: string) => `Failed password for root from ${address} port 5022 ssh2`

test('journal: nothing is lost and nothing counts twice, over kills of the daemon and of journalctl', {
  skip: needs([...NAMESPACE_PROGRAMS, ...JOURNAL_PROGRAMS]),
}, async (t) => {
  const scene = await Scene.make(t)
  const journal = new TestJournal(join(scene.folder, 'journal'))
  const pids = join(scene.folder, 'pids')
  scene.provide('journalctl', `echo $$ >>${pids}; exec ${journal.journalctl.join(' ')} "$@"`)
  scene.configure(`'journal:ssh.service': { hackers: sshd }`)
  const fail = (address: string, times = 1, file = 'a') => {
    const entry = (): Entry => ({ at: Date.now(), message: failure(address), fields: { _PID: String(processId++) } })
    return journal.append(Array.from({ length: times }, entry), file)
  }
  // Where this one is banned, all before it was read.
  let markers = 0
  const allIsRead = async (file = 'a') => {
    const marker = `198.51.100.${++markers}`
    await fail(marker, 5, file)
    await scene.banned(marker)
  }

  await fail('203.0.113.9')
  await scene.start()
  await allIsRead()
  await fail('203.0.113.9')
  await scene.kill()
  await fail('203.0.113.9')
  await scene.start()
  await allIsRead()
  process.kill(Number(readFileSync(pids, 'utf8').trim().split('\n').at(-1)), 'SIGKILL')
  await fail('203.0.113.9')
  await scene.saidThat(/journalctl ended \(SIGKILL\); started again in 100ms/)
  await allIsRead()
  assert.deepEqual(scene.bans, ['198.51.100.1 100', '198.51.100.2 100', '198.51.100.3 100'])
  await scene.kill()
  await fail('203.0.113.9', 1, 'b')
  unlinkSync(join(journal.folder, 'a.journal'))
  await scene.start()
  await scene.saidThat(/journal:ssh\.service: the entry that was read last is gone/)
  await scene.banned('203.0.113.9')
  assert.equal(scene.bans.at(-1), '203.0.113.9 100')
})

test('command: one that is killed is started again, and so is one whose daemon was', {
  skip: needs(NAMESPACE_PROGRAMS),
}, async (t) => {
  const scene = await Scene.make(t)
  const log = join(scene.folder, 'log')
  const pid = join(scene.folder, 'pid')
  writeFileSync(log, '')
  const script = `echo $$ >${pid}; exec tail -n 0 -f ${log}`
  scene.configure(`'command:remote': { hackers: told }`, { remote: { argv: ['/bin/sh', '-c', script] } })
  // tail looks for its place first, and then watches.
  const follows = () =>
    waitFor('it follows', WITHIN_MS, () => {
      const fds = existsSync(pid) ? `/proc/${readFileSync(pid, 'utf8').trim()}/fd` : ''
      return existsSync(fds) && readdirSync(fds).some((fd) => linkOf(`${fds}/${fd}`).includes('inotify'))
    })
  const fail = (address: string, times = 1) => appendFileSync(log, `login failed from ${address}\n`.repeat(times))

  await scene.start()
  await follows()
  fail('203.0.113.9', 2)
  fail('198.51.100.1', 5)
  await scene.banned('198.51.100.1')
  process.kill(Number(readFileSync(pid, 'utf8')), 'SIGKILL')
  rmSync(pid)
  await scene.saidThat(/command:remote: ended \(SIGKILL\); started again in 100ms/)
  await follows()
  fail('203.0.113.9', 2)
  fail('198.51.100.2', 5)
  await scene.banned('198.51.100.2')
  const before = Number(readFileSync(pid, 'utf8'))
  await scene.stop()
  await waitFor('the command is gone with its daemon', WITHIN_MS, () => !isAlive(before))
  rmSync(pid)
  await scene.start()
  await follows()
  assert.deepEqual(scene.bans, ['198.51.100.1 100', '198.51.100.2 100'])
  fail('203.0.113.9')
  await scene.banned('203.0.113.9')
  assert.equal(scene.bans.at(-1), '203.0.113.9 100')
  await scene.stop()
})

test('syslog: what a real logger and a real rsyslogd send, over UDP, TCP and a Unix socket, in each form', {
  skip: needs([...NAMESPACE_PROGRAMS, 'logger', 'rsyslogd']),
}, async (t) => {
  const scene = await Scene.make(t)
  const { folder, namespace } = scene
  scene.configure(
    ['syslog:udp://127.0.0.1:5514', 'syslog:tcp://[::1]:5514', `syslog:unix://${folder}/log.sock`]
      .map((key) => `'${key}': { hackers: sshd }`)
      .join(', '),
  )
  const ways: Readonly<Record<string, readonly string[]>> = {
    '203.0.113.1': ['--udp', '--server', '127.0.0.1', '--port', '5514', '--rfc3164'],
    '203.0.113.2': ['--udp', '--server', '127.0.0.1', '--port', '5514', '--rfc5424'],
    '203.0.113.3': ['--tcp', '--server', '::1', '--port', '5514', '--rfc3164'],
    '203.0.113.4': ['--tcp', '--server', '::1', '--port', '5514', '--rfc5424', '--octet-count'],
    '203.0.113.5': ['--socket', `${folder}/log.sock`],
    '203.0.113.6': ['--socket', `${folder}/udp.relay`],
    '203.0.113.7': ['--socket', `${folder}/tcp.relay`],
    '203.0.113.8': ['--socket', `${folder}/counted.relay`],
  }
  const log = async (address: string, times: number) => {
    for (let i = 0; i < times; i++) {
      const tag = ['--tag', 'sshd', `--id=${processId++}`, '--priority', 'auth.info']
      await namespace.run([program('logger'), ...ways[address]!, ...tag, '--', failure(address)])
    }
  }
  const relay = new Running(namespace.inside([program('rsyslogd'), '-n', '-i', 'NONE', '-f', join(folder, 'rsyslog.conf')]))
  writeFileSync(join(folder, 'rsyslog.conf'), rsyslogConfiguration(folder))
  t.after(async () => {
    relay.signal('SIGTERM')
    await relay.end()
  })

  await scene.start()
  const relays = ['udp', 'tcp', 'counted'].map((name) => join(folder, `${name}.relay`))
  await waitFor('rsyslogd listens', WITHIN_MS, () => relays.every((path) => existsSync(path) && statSync(path).isSocket()))
  for (const address of Object.keys(ways)) await log(address, 4)
  await log('203.0.113.1', 1)
  await scene.banned('203.0.113.1')
  for (const address of Object.keys(ways).slice(1)) await log(address, 1)
  for (const address of Object.keys(ways)) await scene.banned(address)
  assert.deepEqual(
    scene.bans.toSorted(),
    Object.keys(ways).map((address) => `${address} 100`),
  )
})

test('syslog: what rsyslogd could not send over TCP while we were down comes when we are up again', {
  skip: needs([...NAMESPACE_PROGRAMS, 'logger', 'rsyslogd']),
}, async (t) => {
  const scene = await Scene.make(t)
  const { folder, namespace } = scene
  scene.configure(`'syslog:tcp://[::1]:5514': { hackers: sshd }`)
  writeFileSync(join(folder, 'rsyslog.conf'), rsyslogConfiguration(folder))
  const relay = new Running(namespace.inside([program('rsyslogd'), '-n', '-i', 'NONE', '-f', join(folder, 'rsyslog.conf')]))
  t.after(async () => {
    relay.signal('SIGTERM')
    await relay.end()
  })
  const socket = join(folder, 'counted.relay')
  const log = (address: string) => {
    const tag = ['--tag', 'sshd', `--id=${processId++}`, '--priority', 'auth.info']
    return namespace.run([program('logger'), '--socket', socket, ...tag, '--', failure(address)])
  }
  await waitFor('rsyslogd listens', WITHIN_MS, () => existsSync(socket))
  await scene.start()
  for (let i = 0; i < 3; i++) await log('203.0.113.9')
  for (let i = 0; i < 5; i++) await log('198.51.100.1')
  await scene.banned('198.51.100.1')
  await scene.stop()
  await log('203.0.113.9')
  await log('203.0.113.9')
  assert.deepEqual(scene.bans, ['198.51.100.1 100'])
  await scene.start()
  await scene.banned('203.0.113.9')
  assert.equal(scene.bans.at(-1), '203.0.113.9 100')
})

test("docker: a container's lines, also when its file is rotated in the middle of one while we are down", {
  skip: needs(NAMESPACE_PROGRAMS),
}, async (t) => {
  const scene = await Scene.make(t)
  const container = join(scene.folder, 'containers/abc')
  const log = join(container, 'abc-json.log')
  mkdirSync(container, { recursive: true })
  scene.configure(`'docker:${scene.folder}/containers/*/*-json.log': { hackers: told }`)
  const write = (text: string) =>
    appendFileSync(log, `${JSON.stringify({ log: text, stream: 'stderr', time: new Date().toISOString() })}\n`)
  const fail = (address: string, times: number) => {
    for (let i = 0; i < times; i++) write(`login failed from ${address}\n`)
  }
  const rotate = () => {
    if (existsSync(`${log}.1`)) renameSync(`${log}.1`, `${log}.2`)
    renameSync(log, `${log}.1`)
  }

  fail('203.0.113.9', 1)
  await scene.start()
  fail('198.51.100.1', 5)
  await scene.banned('198.51.100.1')
  write('login failed ')
  await scene.kill()
  rotate()
  write('from 203.0.113.9\n')
  fail('203.0.113.9', 1)
  rotate()
  fail('203.0.113.9', 1)
  await scene.start()
  fail('198.51.100.2', 5)
  await scene.banned('198.51.100.2')
  assert.deepEqual(scene.bans, ['198.51.100.1 100', '198.51.100.2 100'])
  rotate()
  fail('203.0.113.9', 1)
  await scene.banned('203.0.113.9')
  assert.equal(scene.bans.at(-1), '203.0.113.9 100')
})

function linkOf(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}

function isAlive(pid: number): boolean {
  // What has ended and was not waited for yet is still in the list of processes.
  return existsSync(`/proc/${pid}/status`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
}

/** Three sockets of its own, for what comes over each another way on. */
function rsyslogConfiguration(folder: string): string {
  const ways = {
    udp: 'target="127.0.0.1" port="5514" protocol="udp" template="RSYSLOG_ForwardFormat"',
    tcp: 'target="::1" port="5514" protocol="tcp" template="RSYSLOG_TraditionalForwardFormat"',
    counted: 'target="::1" port="5514" protocol="tcp" TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format"',
  }
  const again = 'action.resumeRetryCount="-1" action.resumeInterval="1" queue.type="LinkedList"'
  const relays = Object.entries(ways).map(
    ([name, way]) => `ruleset(name="${name}") { action(type="omfwd" ${way} ${again}) }
input(type="imuxsock" Socket="${folder}/${name}.relay" CreatePath="on" ruleset="${name}" UseSysTimeStamp="off")`,
  )
  return `global(workDirectory="${folder}")\nmodule(load="imuxsock" SysSock.Use="off")\n${relays.join('\n')}\n`
}
