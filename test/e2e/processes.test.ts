import assert from 'node:assert/strict'
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { ENGINE_UID, KEEPER_UID, noProcesses, Processes } from '../lib/processes.ts'
import { program } from '../lib/programs.ts'
import { waitFor } from '../lib/wait-for.ts'
import { WAITING, whileLoading } from '../lib/waiting-configuration.ts'

const misbehave = (address: string) => [`bad ${address} 1`, `bad ${address} 2`]

/** Run by the engine with its configuration: whatever it tries, it says what came of it. */
const HOSTILE = `
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
const tries: Record<string, () => unknown> = {
  'change the firewall': () => spawnSync('nft', ['add', 'table', 'inet', 'theirs'], { encoding: 'utf8' }).status !== 0 && denied(),
  'read the firewall': () => spawnSync('nft', ['list', 'ruleset'], { encoding: 'utf8' }).status !== 0 && denied(),
  'read /etc/shadow': () => readFileSync('/etc/shadow'),
  'write its own configuration': () => writeFileSync(new URL('parameters.ts', import.meta.url), ''),
  'write commands.json': () => writeFileSync(new URL('commands.json', import.meta.url), '{}'),
  'write into the folder of the keeper': () => writeFileSync(new URL('../keeper/own', import.meta.url), ''),
  'write into /etc': () => writeFileSync('/etc/log2table-test', ''),
  'write its own state': () => writeFileSync(new URL('../state/own', import.meta.url), ''),
  'become root': () => process.setuid!(0),
  'become the keeper': () => process.setuid!(${KEEPER_UID}),
}
function denied(): never {
  throw new Error('denied')
}
const done = Object.entries(tries).filter(([, attempt]) => {
  try {
    attempt()
    return true
  } catch {
    return false
  }
})
writeFileSync(new URL('../state/done.json', import.meta.url), JSON.stringify([process.getuid!(), done.map(([what]) => what)]))
`

describe('keeper and engine as two processes', { skip: noProcesses() }, () => {
  test('what the engine decides, the keeper puts into the firewall; each that is killed is over it when started again', async (t) => {
    const scene = await Processes.create(t)
    await scene.startKeeper()
    scene.startEngine()
    await scene.engineRuns()
    scene.log(misbehave('192.0.2.1'))
    await waitFor('it is banned', 10_000, async () => (await scene.held()).includes('192.0.2.1'))
    await scene.isRight()

    await scene.kill('keeper')
    const { stdout, status } = await scene.run('ban', '192.0.2.2')
    assert.match(stdout, /^banned 192\.0\.2\.2 /)
    assert.equal(status, 69, 'decided, and not enforced')
    assert.match((await scene.table()).reason ?? '', /^the keeper cannot be reached: /)
    assert.deepEqual(await scene.held(), ['192.0.2.1'], 'what was in stays in')
    await scene.run('unban', '192.0.2.1')
    await scene.startKeeper()
    await waitFor('it is right again', 15_000, async () => (await scene.held()).join() === '192.0.2.2')
    await scene.isRight()

    await scene.kill('engine')
    await scene.namespace.run([program('nft'), 'flush', 'ruleset'])
    const ms = await waitFor('the keeper alone puts it back', 10_000, async () => (await scene.held()).join() === '192.0.2.2')
    t.diagnostic(`a flushed ruleset was right again after ${Math.round(ms)} ms, with no engine`)
    scene.log(misbehave('192.0.2.3'))
    scene.startEngine()
    await waitFor('what it missed is banned', 20_000, async () => (await scene.held()).includes('192.0.2.3'))
    assert.deepEqual([...(await scene.held())].sort(), ['192.0.2.2', '192.0.2.3'])
  })

  test('configuration that does what it likes gets nothing that the engine was not given, in the daemon and in check', async (t) => {
    const scene = await Processes.create(t, { parameters: HOSTILE })
    await scene.startKeeper()
    scene.startEngine()
    await scene.engineRuns()
    const done = () => JSON.parse(readFileSync(scene.path('state/done.json'), 'utf8'))
    assert.deepEqual(done(), [ENGINE_UID, ['write its own state']])
    await scene.kill('engine')
    const env = ['env', `LOG2TABLE_USER=${ENGINE_UID}`]
    rmSync(scene.path('state/done.json'))
    const again = await scene.asRoot([...env, ...scene.log2table('check', '--config', scene.path('etc'))])
    assert.equal(again.status, 0, again.stderr)
    assert.deepEqual(done(), [ENGINE_UID, ['write its own state']])
  })

  test('who is banned for life is written by the keeper into the file that commands.json names; others there are taken up', async (t) => {
    const scene = await Processes.create(t)
    const file = scene.path('kept/blockips')
    mkdirSync(scene.path('kept'), { mode: 0o755 })
    writeFileSync(file, '192.0.2.9\n', { mode: 0o644 })
    for (const path of [scene.path('kept'), file]) chownSync(path, KEEPER_UID, KEEPER_UID)
    writeFileSync(scene.path('etc/commands.json'), JSON.stringify({ files: { blockips: file } }), { mode: 0o644 })
    scene.configure("import { keptFile } from 'log2table'", 'bad_ip', "{ file: keptFile('blockips') }")
    await scene.startKeeper()
    scene.startEngine()
    await scene.engineRuns()
    await scene.run('ban', '192.0.2.1', '--for', 'life')
    const addresses = () =>
      readFileSync(file, 'utf8')
        .match(/^[\d.]+/gm)
        ?.join()
    await waitFor('both are in it', 15_000, () => addresses() === '192.0.2.9,192.0.2.1')
    assert.equal(readFileSync(`${file}.before-log2table`, 'utf8'), '192.0.2.9\n')
    assert.deepEqual([...(await scene.held())].sort(), ['192.0.2.1', '192.0.2.9'])
  })

  test('a user who is not the engine does not get to the keeper', async (t) => {
    const scene = await Processes.create(t)
    await scene.startKeeper()
    const connect = `require('node:net').connect(${JSON.stringify(scene.path('keeper/keeper.sock'))}).on('error', (e) => console.log(e.code)).on('connect', () => { console.log('in'); process.exit() })`
    const asked = async (uid: number) => (await scene.asEngine([process.execPath, '-e', connect], uid)).stdout.trim()
    assert.equal(await asked(ENGINE_UID - 100), 'EACCES')
    assert.equal(await asked(ENGINE_UID), 'in')
  })

  test('a configuration with faults leaves the old one in force, also for an engine that is started again', async (t) => {
    const scene = await Processes.create(t)
    await scene.startKeeper()
    scene.startEngine()
    await scene.engineRuns()
    scene.log(misbehave('192.0.2.1'))
    await waitFor('it is banned', 10_000, async () => (await scene.held()).includes('192.0.2.1'))

    scene.configure('const half = {')
    assert.equal((await scene.run('reload')).status, 78)
    await scene.kill('engine')
    scene.log(misbehave('192.0.2.2'))
    scene.startEngine()
    await scene.engine.line(/the configuration has faults; the one that was accepted last is in force/, { withinMs: 20_000 })
    await waitFor('it is banned', 20_000, async () => (await scene.held()).includes('192.0.2.2'))

    scene.configure('', 'other')
    assert.equal((await scene.run('reload')).status, 0)
    await scene.isRight()
    assert.match(await scene.namespace.run([program('nft'), '-t', 'list', 'ruleset']), /set other_v4 /)
  })
})

describe('root without a service manager', { skip: noProcesses() }, () => {
  test('keeps the tables itself and starts an engine without rights, again when it dies, until it is asked to end', async (t) => {
    const scene = await Processes.create(t, { parameters: HOSTILE })
    const root = scene.startAsRoot()
    await root.line(/^running /, { withinMs: 20_000 })
    assert.deepEqual(JSON.parse(readFileSync(scene.path('state/done.json'), 'utf8')), [ENGINE_UID, ['write its own state']])
    scene.log(misbehave('192.0.2.1'))
    await waitFor('it is banned', 10_000, async () => (await scene.held()).includes('192.0.2.1'))

    const { pid } = JSON.parse((await scene.run('status', '--json')).stdout)
    assert.notEqual(pid, root.pid)
    process.kill(pid, 'SIGKILL')
    await root.line(/^error: the engine ended \(SIGKILL\); it is started again/, { withinMs: 10_000 })
    scene.log(misbehave('192.0.2.2'))
    await waitFor('it is banned', 20_000, async () => (await scene.held()).includes('192.0.2.2'))

    scene.configure('', 'other')
    root.signal('SIGHUP')
    await root.line(/^the configuration was loaded again /, { withinMs: 10_000 })
    root.signal('SIGTERM')
    assert.equal(await root.end(20_000), 0)
    assert.equal((await scene.run('status')).status, 69, 'the engine has ended with it')
    assert.ok((await scene.held()).includes('192.0.2.2'), 'bans stay in force')
  })

  test('a HUP while the engine starts waits for it', async (t) => {
    const scene = await Processes.create(t, { parameters: WAITING })
    const root = scene.startAsRoot()
    await whileLoading(
      (name) => scene.path(name),
      () => root.signal('SIGHUP'),
    )
    await root.line(/^the configuration was loaded again /, { withinMs: 20_000 })
    assert.doesNotMatch(root.output, /the engine ended/)
    root.signal('SIGTERM')
    assert.equal(await root.end(20_000), 0)
  })

  test('a configuration with faults ends it at the start, with all of them', async (t) => {
    const scene = await Processes.create(t, { parameters: 'const half = {' })
    const root = scene.startAsRoot()
    assert.equal(await root.end(20_000), 78)
    assert.match(root.output, /parameters\.ts:/)
  })

  test('where the user does not exist it says how to add it, and runs nothing', async (t) => {
    const scene = await Processes.create(t, { parameters: HOSTILE })
    for (const args of [['run'], ['check'], ['test']]) {
      const argv = ['env', 'LOG2TABLE_USER=nobody-of-ours', ...scene.log2table(...args, '--config', scene.path('etc'))]
      const { status, stderr } = await scene.asRoot(argv)
      assert.match(
        stderr,
        /^log2table: there is no user "nobody-of-ours", and configuration is code, which is not run as root; add it with "useradd /,
      )
      assert.equal(status, 77)
    }
    assert.equal(existsSync(scene.path('state/done.json')), false)
  })
})
