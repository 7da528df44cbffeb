import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { exitStatus } from '../../src/base/exit-status.ts'
import { log2table } from '../cli/session.ts'
import { DaemonProcess } from '../lib/daemon-process.ts'
import { noProcesses, Processes } from '../lib/processes.ts'
import { needs } from '../lib/programs.ts'
import { RUNNING_PROGRAMS } from '../lib/running.ts'
import { waitFor } from '../lib/wait-for.ts'

describe('a configuration on trial', { skip: needs(RUNNING_PROGRAMS) }, () => {
  const from = (port: number) => ({ SSH_CONNECTION: `198.51.100.7 ${port} 198.51.100.1 22` })
  const run = (daemon: DaemonProcess, line: string, env: Record<string, string> = {}) =>
    log2table(line, { env: { LOG2TABLE_SOCKET: daemon.path('run/control.sock'), ...env }, now: Date.now() })
  const banned = async (daemon: DaemonProcess) =>
    (await run(daemon, 'bans --json')).stdout
      .split('\n')
      .flatMap((line) => (line === '' ? [] : String(JSON.parse(line).address)))
      .sort()

  test('that nobody confirms is undone, with what rules banned since; who was banned before, or by hand, stays so', async (t) => {
    const daemon = new DaemonProcess(t)
    await daemon.start()
    daemon.misbehave('203.0.113.1')
    await daemon.bans('203.0.113.1')
    daemon.configure({ more: "ignore: ['203.0.113.9']," })
    const { status, stdout } = await run(daemon, 'reload --confirm 3s')
    assert.equal(status, 0)
    assert.match(stdout, /is in force: .*\nfor 3s, unless "log2table confirm" comes from a new connection\n$/)
    const { troubles } = await daemon.troubles()
    assert.match(troubles.join('\n'), /^the configuration is on trial: it is undone at /m)
    daemon.misbehave('203.0.113.2')
    await daemon.bans('203.0.113.2')
    await run(daemon, 'ban 203.0.113.3')
    assert.equal((await run(daemon, 'ban 203.0.113.9')).status, exitStatus.no)

    await daemon.says(/nobody confirmed the configuration/)
    await daemon.says(/"kind":"unban","address":"203\.0\.113\.2".*"reason":"the configuration was not confirmed"/)
    assert.deepEqual(await banned(daemon), ['203.0.113.1', '203.0.113.3'])
    // What the one before did not ignore is not ignored.
    daemon.misbehave('203.0.113.9')
    await daemon.bans('203.0.113.9')
    assert.equal((await run(daemon, 'confirm')).status, exitStatus.usage)
  })

  test('that is confirmed over another connection stays', async (t) => {
    const daemon = new DaemonProcess(t)
    await daemon.start()
    daemon.configure({ more: "ignore: ['203.0.113.9']," })
    await run(daemon, 'reload --confirm 1h', from(50_000))
    const same = await run(daemon, 'confirm', from(50_000))
    assert.equal(same.status, exitStatus.no)
    assert.match(same.stderr, /log in anew and confirm from there/)
    assert.deepEqual(await run(daemon, 'confirm', from(50_001)), {
      ...{ status: 0, stdout: 'confirmed: the configuration stays in force\n', stderr: '' },
    })
    const { troubles } = await daemon.troubles()
    assert.doesNotMatch(troubles.join('\n'), /on trial/)
    assert.equal((await run(daemon, 'ban 203.0.113.9')).status, exitStatus.no)
  })

  test('at the start gives way to the one accepted last; without such a one it does not start', async (t) => {
    const daemon = new DaemonProcess(t)
    const accepted = ['--accepted', daemon.path('accepted')]
    const { status, stderr } = await daemon.startInVain(...accepted, '--confirm', '1h')
    assert.equal(status, exitStatus.usage)
    assert.match(stderr, /needs a configuration to go back to, and FOLDER\/accepted holds none/)
    await daemon.start(...accepted)
    await daemon.stop()
    daemon.configure({ more: "ignore: ['203.0.113.9']," })
    await daemon.start(...accepted, '--confirm', '2s')
    await daemon.says(/on trial/)
    daemon.misbehave('203.0.113.2')
    await daemon.says(/the configuration was loaded again/)
    await waitFor('nobody is banned', 5_000, async () => (await banned(daemon)).length === 0)
    daemon.misbehave('203.0.113.9')
    await daemon.bans('203.0.113.9')
  })

  test('is asked for with a length of time, of a day at most', async (t) => {
    const daemon = new DaemonProcess(t)
    await daemon.start()
    assert.equal((await run(daemon, 'reload --confirm soon')).status, exitStatus.usage)
    assert.equal((await run(daemon, 'reload --confirm 2d')).status, exitStatus.usage)
  })
})

describe('the same, as root', { skip: noProcesses() }, () => {
  test('the keeper tells its first engine, and one that begins later nothing of it', async (t) => {
    const scene = await Processes.create(t)
    const before = scene.startAsRoot()
    await before.line(/^running /, { withinMs: 30_000 })
    before.signal('SIGTERM')
    await before.end(20_000)
    const root = scene.startAsRoot('--confirm', '3s')
    await root.line(/the configuration is on trial/, { withinMs: 30_000 })
    const { text } = await root.line(/^running /, { withinMs: 30_000 })
    await root.line(/nobody confirmed the configuration/, { withinMs: 10_000 })
    await root.line(/the configuration was loaded again/, { withinMs: 10_000 })
    const seen = root.lines.length
    process.kill(Number(/pid=(\d+)/.exec(text)![1]), 'SIGKILL')
    await root.line(/^running /, { withinMs: 30_000, after: seen })
    assert.deepEqual(
      root.lines.slice(seen).filter((line) => line.text.includes('on trial')),
      [],
    )
  })
})
