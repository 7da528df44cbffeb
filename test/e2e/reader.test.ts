import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { rowsOf } from '../lib/chaos-count.ts'
import { connect, createNamespace } from '../lib/namespace.ts'
import { ENGINE_UID, noProcesses, Processes } from '../lib/processes.ts'
import { needs, program } from '../lib/programs.ts'
import { waitFor } from '../lib/wait-for.ts'

const misbehave = (address: string) => [`bad ${address} 1`, `bad ${address} 2`]
const isHeld = async (scene: Processes, address: string) => (await scene.held()).includes(address)

interface LogStatus {
  readonly log: string
  readonly state: string
  readonly reason: string | null
  readonly isByReader: boolean
}

async function logStatus(scene: Processes, log = scene.logPath): Promise<LogStatus> {
  const { stdout } = await scene.run('status', '--json')
  const { logs = [] } = stdout === '' ? {} : (JSON.parse(stdout) as { logs?: readonly LogStatus[] })
  return logs.find((one) => one.log === log) ?? { log, state: 'unknown', reason: null, isByReader: false }
}

/** How often each line was counted, by its number. */
function counted(scene: Processes): readonly number[] {
  return rowsOf(scene.path('state/state.db'), 'SELECT line FROM hits').map(({ line }) => Number(String(line).split(' ')[2]))
}

async function started(t: TestContext, options: Parameters<typeof Processes.create>[1]): Promise<Processes> {
  const scene = await Processes.create(t, options)
  await scene.startKeeper()
  await scene.startReader()
  scene.startEngine()
  await scene.engineRuns()
  return scene
}

describe('a log that is closed to the engine', { skip: noProcesses() }, () => {
  test('is read by the reader, through rotation and compression, and status says so', async (t) => {
    const scene = await started(t, { isLogClosed: true })
    scene.log(misbehave('192.0.2.1'))
    await waitFor('it is banned', 20_000, () => isHeld(scene, '192.0.2.1'))
    assert.deepEqual(await logStatus(scene), { ...(await logStatus(scene)), state: 'reading', reason: null, isByReader: true })

    const doctor = await scene.asRoot([
      'env',
      `LOG2TABLE_USER=${ENGINE_UID}`,
      ...scene.log2table('doctor', '--config', scene.path('etc')),
    ])
    assert.match(doctor.stdout, /^ok +log \S+\/app\.log: it is closed to the daemon, and the reader reads it$/m)

    renameSync(scene.logPath, `${scene.logPath}.1`)
    writeFileSync(scene.logPath, '', { mode: 0o600 })
    scene.log(misbehave('192.0.2.2'))
    await waitFor('what comes after the rotation is banned', 20_000, () => isHeld(scene, '192.0.2.2'))

    // All goes on while nobody reads.
    await scene.kill('engine', 'reader')
    scene.log(misbehave('192.0.2.3'))
    renameSync(`${scene.logPath}.1`, `${scene.logPath}.2`)
    renameSync(scene.logPath, `${scene.logPath}.1`)
    writeFileSync(`${scene.logPath}.1.gz`, gzipSync(readFileSync(`${scene.logPath}.1`)), { mode: 0o600 })
    rmSync(`${scene.logPath}.1`)
    writeFileSync(scene.logPath, '', { mode: 0o600 })
    scene.log(misbehave('192.0.2.4'))
    await scene.startReader()
    scene.startEngine()
    await waitFor('what was missed is banned', 30_000, async () => {
      return (await isHeld(scene, '192.0.2.3')) && (await isHeld(scene, '192.0.2.4'))
    })
    await waitFor('all is counted, once', 10_000, () => counted(scene).length === 8)
  })

  test('is read again by the daemon itself where it may, and by the reader from the rotation on that closes it', async (t) => {
    const scene = await Processes.create(t)
    scene.allowReader([scene.path('logs')])
    await scene.startKeeper()
    await scene.startReader()
    scene.startEngine()
    await scene.engineRuns()
    scene.log(misbehave('192.0.2.1'))
    await waitFor('it is banned', 20_000, () => isHeld(scene, '192.0.2.1'))
    assert.equal((await logStatus(scene)).isByReader, false)
    assert.equal(scene.reader.output.includes('reading pid='), false, 'nobody has asked for a reader, and none was started')

    // As it is made, so it stays.
    chmodSync(scene.logPath, 0o600)
    scene.rotateLog(1)
    scene.log(misbehave('192.0.2.2'))
    await waitFor('what comes after the rotation is banned', 20_000, () => isHeld(scene, '192.0.2.2'))
    await waitFor('the reader reads it', 10_000, async () => (await logStatus(scene)).isByReader)
    assert.deepEqual(counted(scene), [1, 2, 1, 2])
  })

  test('is told of, with what to do, where no reader may read it or none is there', async (t) => {
    const scene = await Processes.create(t, { isLogClosed: true })
    scene.allowReader(['/var/log'])
    await scene.startKeeper()
    scene.startEngine()
    await scene.engineRuns()
    assert.equal(
      (await logStatus(scene)).reason,
      'permission denied; let a group read it that log2table is in, or have the reader read it (docs/processes.md)',
    )
    await scene.kill('engine')

    await scene.startReader()
    scene.startEngine()
    await waitFor('it says why', 20_000, async () => {
      const { reason } = await logStatus(scene)
      const add = `add ${JSON.stringify(scene.path('logs'))} to "logs" of commands.json`
      return reason === `permission denied; the reader may read /var/log; ${add}`
    })
    // It is asked anew by each configuration.
    scene.allowReader([scene.path('logs')])
    scene.log(misbehave('192.0.2.1'))
    assert.equal((await scene.run('reload')).status, 0)
    await waitFor('it is banned', 20_000, () => isHeld(scene, '192.0.2.1'))
    await scene.kill('reader')
    await waitFor('it says so', 10_000, async () => /^the reader cannot be reached: /.test((await logStatus(scene)).reason ?? ''))
    scene.log(misbehave('192.0.2.2'))
    await scene.startReader()
    await waitFor('what came meanwhile is banned', 20_000, () => isHeld(scene, '192.0.2.2'))
  })

  test('is found by its glob in a folder that is closed as well', async (t) => {
    const scene = await Processes.create(t)
    const closed = scene.path('logs/closed')
    mkdirSync(closed, { mode: 0o700 })
    writeFileSync(`${closed}/a.log`, `${misbehave('192.0.2.1').join('\n')}\n`)
    scene.allowReader([scene.path('logs')])
    configureLogs(scene, [`${closed}/*.log`])
    await scene.startKeeper()
    await scene.startReader()
    scene.startEngine()
    await waitFor('what is in it is banned', 30_000, () => isHeld(scene, '192.0.2.1'))
    writeFileSync(`${closed}/b.log`, `${misbehave('192.0.2.2').join('\n')}\n`, { mode: 0o600 })
    await waitFor('a new one is found', 20_000, () => isHeld(scene, '192.0.2.2'))
    assert.equal((await logStatus(scene, `${closed}/b.log`)).isByReader, true)
  })
})

const BAD = String.raw`[{ name: 'bad', regex: /^bad (?<ip>\S+) \d+$/, weight: 50 }]`

/** parameters.ts with these keys of `logs`. */
function configureLogs(scene: Processes, keys: readonly string[], patterns = BAD): void {
  const logs = keys.map((key) => `${JSON.stringify(key)}: { hackers: ${patterns} }`).join(', ')
  writeFileSync(
    scene.path('etc/parameters.ts'),
    `import { Hackers, nftables, parameters } from 'log2table'
import { portScan } from 'log2table/patterns'
void portScan
export default parameters({
  stateFolder: '${scene.path('state')}',
  control: '${scene.path('run/control.sock')}',
  tables: { bad_ip: nftables() },
  rules: { hackers: new Hackers({ table: 'bad_ip' }) },
  logs: { ${logs} },
})
`,
  )
}

describe('a configuration that names what is no log', { skip: noProcesses() }, () => {
  test('gets nothing from the reader, whatever leads there, and is told why', async (t) => {
    const scene = await Processes.create(t)
    const [closed, secret] = [scene.path('logs/closed'), scene.path('private')]
    mkdirSync(closed, { mode: 0o700 })
    mkdirSync(secret, { mode: 0o700 })
    writeFileSync(`${secret}/shadow`, 'bad 192.0.2.66 1\nbad 192.0.2.66 2\n', { mode: 0o600 })
    writeFileSync(`${secret}/gshadow`, 'bad 192.0.2.66 3\nbad 192.0.2.66 4\n', { mode: 0o600 })
    symlinkSync(`${secret}/shadow`, `${closed}/link.log`)
    symlinkSync(secret, `${closed}/folder`)
    linkSync(`${secret}/shadow`, `${closed}/hard.log`)
    execFileSync('mkfifo', ['-m', '600', `${closed}/fifo`])
    symlinkSync('/dev/zero', `${closed}/device`)
    writeFileSync(`${closed}/good.log`, `${misbehave('192.0.2.1').join('\n')}\n`, { mode: 0o600 })
    scene.allowReader([scene.path('logs')])
    const outside = `the reader may read ${scene.path('logs')}; add ${JSON.stringify(secret)} to "logs" of commands.json`
    const reasons: Record<string, string | null> = {
      '/etc/shadow': `permission denied; ${outside.replace(secret, '/etc')}`,
      [`${secret}/shadow`]: `permission denied; ${outside}`,
      [`${closed}/../../private/gshadow`]: 'permission denied; the reader takes whole paths, without ".."',
      [`${closed}/link.log`]: 'it is a link that leads out of what the reader may read',
      [`${closed}/folder/shadow`]: 'it is a link that leads out of what the reader may read',
      [`${closed}/hard.log`]: 'it has 2 names (hard links), and the reader cannot know whose file it is',
      [`${closed}/fifo`]: 'it is a FIFO, not a file',
      [`${closed}/device`]: 'it is a link that leads out of what the reader may read',
      [`${closed}/good.log`]: null,
    }
    configureLogs(scene, Object.keys(reasons))
    await scene.startKeeper()
    await scene.startReader()
    scene.startEngine()
    await waitFor('a good one is read', 30_000, () => isHeld(scene, '192.0.2.1'))
    const told = async () => {
      const { stdout } = await scene.run('status', '--json')
      const { logs } = JSON.parse(stdout) as { logs: readonly (LogStatus & { readonly lines: number })[] }
      return logs
    }
    await waitFor('each is told of', 20_000, async () => (await told()).every(({ reason }) => reason !== 'permission denied'))
    const logs = await told()
    assert.deepEqual(Object.fromEntries(logs.map(({ log, reason }) => [log, reason])), reasons)
    assert.deepEqual(
      logs.filter(({ lines }) => lines > 0).map(({ log }) => log),
      [`${closed}/good.log`],
    )
    assert.equal(await isHeld(scene, '192.0.2.66'), false)
  })

  test('a user who is not the engine does not get to the reader', async (t) => {
    const scene = await Processes.create(t)
    await scene.startReader()
    const connect = `require('node:net').connect(${JSON.stringify(scene.path('reader/reader.sock'))}).on('error', (e) => console.log(e.code)).on('connect', () => { console.log('in'); process.exit() })`
    const asked = async (uid: number) => (await scene.asEngine([process.execPath, '-e', connect], uid)).stdout.trim()
    assert.equal(await asked(ENGINE_UID - 100), 'EACCES')
    assert.equal(await asked(ENGINE_UID), 'in')
  })
})

/** All that comes to the filter from outside is refused, and logged to a group. */
const REFUSE = `
table inet filter {
  chain input {
    type filter hook input priority filter; policy accept
    ip protocol tcp log prefix "refused " group 5 snaplen 256 queue-threshold 1 drop
  }
}
`

describe('packets that the engine may not capture', { skip: noProcesses() || needs(['tcpdump']) }, () => {
  test('are captured by the reader, where commands.json names them; a reader that dies is asked again', async (t) => {
    const scene = await Processes.create(t)
    const stranger = await createNamespace(scene.namespace)
    t.after(() => stranger.close())
    await connect(
      { namespace: scene.namespace, interface: 'outside', addresses: ['203.0.113.1/24'] },
      { namespace: stranger, interface: 'server', addresses: ['203.0.113.2/24', '203.0.113.3/24'] },
    )
    await scene.namespace.run([program('nft'), '-f', '-'], REFUSE)
    configureLogs(scene, ['nflog:5', 'nflog:6'], 'portScan')
    scene.allowReader(['nflog:5'])
    await scene.startKeeper()
    await scene.startReader(['net_admin', 'net_raw'])
    scene.startEngine()
    await scene.engine.line(/listening on nflog:5/, { withinMs: 30_000 })
    const knock = (from: string) =>
      stranger.run([
        ...[process.execPath, '-e'],
        `for (let port = 8000; port < 8012; port++) require('net').connect({ host: '203.0.113.1', port, localAddress: '${from}' }).on('error', () => {})
setTimeout(() => process.exit(), 500)`,
      ])
    const isBanned = async (address: string) => {
      await knock(address)
      return (await scene.banned()).includes(address)
    }
    await waitFor('the first is banned', 30_000, () => isBanned('203.0.113.2'))
    const { state, isByReader } = await logStatus(scene, 'nflog:5')
    assert.deepEqual([state, isByReader], ['reading', true])
    assert.match(
      (await logStatus(scene, 'nflog:6')).reason ?? '',
      /; the reader may read nflog:5; add "nflog:6" to "logs" of commands\.json$/,
    )

    await scene.kill('reader')
    const before = scene.engine.lines.length
    await scene.startReader(['net_admin', 'net_raw'])
    await scene.engine.line(/listening on nflog:5/, { withinMs: 30_000, after: before })
    await waitFor('the second is banned', 30_000, () => isBanned('203.0.113.3'))
  })
})

describe('root without a service manager', { skip: noProcesses() }, () => {
  test('starts a reader once a log is closed to the engine, again when it dies, and ends it', async (t) => {
    const scene = await Processes.create(t, { isLogClosed: true })
    const root = scene.startAsRoot()
    await root.line(/^running /, { withinMs: 20_000 })
    const [, pid] = /^reading pid=(\d+)/.exec((await root.line(/^reading pid=/, { withinMs: 20_000 })).text)!
    scene.log(misbehave('192.0.2.1'))
    await waitFor('it is banned', 20_000, () => isHeld(scene, '192.0.2.1'))

    process.kill(Number(pid), 'SIGKILL')
    scene.log(misbehave('192.0.2.2'))
    await root.line(/^error: the reader ended \(SIGKILL\); it is started again/, { withinMs: 10_000 })
    await waitFor('what came meanwhile is banned', 20_000, () => isHeld(scene, '192.0.2.2'))
    assert.deepEqual(counted(scene), [1, 2, 1, 2])
    const readers = root.lines.flatMap(({ text }) => /^reading pid=(\d+)/.exec(text)?.[1] ?? [])
    assert.equal(readers.length, 2)
    root.signal('SIGTERM')
    assert.equal(await root.end(20_000), 0)
    await waitFor('it has ended', 10_000, () => !isAlive(Number(readers[1])))
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
