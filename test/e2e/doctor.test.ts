import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { ENGINE_UID, noProcesses, Processes } from '../lib/processes.ts'
import { needs, program } from '../lib/programs.ts'

/** Run with the configuration: it says as whom. */
const WHO = `
import { writeFileSync } from 'node:fs'
writeFileSync(new URL('../state/who', import.meta.url), String(process.getuid!()))
`

describe('doctor beside keeper and engine as two users', { skip: noProcesses() || needs(['unshare']) }, () => {
  test('as root it runs no configuration, asks the firewall, and sees packets of its probe dropped; nothing of it is left', async (t) => {
    const scene = await Processes.create(t, { parameters: WHO })
    await scene.startKeeper()
    scene.startEngine()
    await scene.engineRuns()
    await scene.isRight()
    const path = [...new Set(['nft', 'unshare', 'ip'].map((name) => join(program(name), '..')))].join(':')
    const env = ['env', `LOG2TABLE_USER=${ENGINE_UID}`, `PATH=${path}:${process.env.PATH}`]
    const doctor = (...args: readonly string[]) =>
      scene.asRoot([...env, ...scene.log2table('doctor', '--config', scene.path('etc'), ...args)])

    rmSync(scene.path('state/who'))
    const well = await doctor('--probe')
    assert.equal(well.stderr, '')
    assert.match(well.stdout, /^all is well\n\nok {7}node: /)
    assert.equal(well.status, 0)
    assert.equal(readFileSync(scene.path('state/who'), 'utf8'), String(ENGINE_UID))
    assert.match(well.stdout, /^ok {7}log \S+\/app\.log: user 65533 can read it$/m)
    assert.match(well.stdout, /^ok {7}database: \S+\/state\.db is sound, /m)
    assert.match(well.stdout, /^ok {7}probe bad_ip IPv4: our rule dropped 3 of 3 packets from 192\.0\.2\.253, /m)
    assert.match(well.stdout, /^ok {7}probe bad_ip IPv6: our rule dropped 3 of 3 packets from 2001:db8:d0c:1::1, /m)
    assert.deepEqual(await scene.banned(), [])
    assert.deepEqual(await scene.held(), [])

    chmodSync(scene.path('logs/app.log'), 0o600)
    const closed = await doctor()
    assert.equal(closed.status, 1)
    assert.match(closed.stdout, /^wrong {4}log \S+\/app\.log: user 65533 may not read it\n {9}let a group read it/m)
    chmodSync(scene.path('logs/app.log'), 0o644)

    await scene.kill('engine', 'keeper')
    const alone = await doctor('--probe')
    assert.equal(alone.status, 1)
    assert.match(alone.stdout, /^wrong {4}daemon: no daemon answers on /m)
    assert.match(alone.stdout, /^ok {7}table bad_ip: nftables: sets and rules are there/m)
    assert.match(alone.stdout, /^warning {2}probe: there is no daemon with a table to ban in$/m)

    const asNobody = await scene.asEngine([...env, ...scene.log2table('doctor', '--config', scene.path('etc'))])
    assert.equal(asNobody.status, 69)
    assert.match(asNobody.stdout, /^warning {2}table bad_ip: nft may not change the firewall\n {9}run this as root$/m)
  })

  test('faults of the configuration are told, and where nothing can be asked it ends with 69', async (t) => {
    const scene = await Processes.create(t)
    mkdirSync(scene.path('other'), { mode: 0o755 })
    writeFileSync(scene.path('other/parameters.ts'), 'export default 1\n', { mode: 0o644 })
    const { status, stdout } = await scene.asRoot([
      ...['env', `LOG2TABLE_USER=${ENGINE_UID}`, `PATH=${process.env.PATH}`],
      ...scene.log2table('doctor', '--json', '--config', scene.path('other')),
    ])
    const findings = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    assert.match(findings.find(({ about }) => about === 'configuration').says, /other\/parameters\.ts: /)
    assert.ok(findings.every(({ kind }) => kind === 'finding'))
    assert.equal(status, 69)
  })
})
