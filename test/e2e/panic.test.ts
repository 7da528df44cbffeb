import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { exitStatus } from '../../src/base/exit-status.ts'
import { noProcesses, Processes } from '../lib/processes.ts'
import { program } from '../lib/programs.ts'
import { waitFor } from '../lib/wait-for.ts'

describe('a panic, with a real nftables', { skip: noProcesses() }, () => {
  const ruleset = (scene: Processes) => scene.namespace.run([program('nft'), 'list', 'ruleset'])
  const isGone = async (scene: Processes) => !/bad_ip/.test(await ruleset(scene))

  async function running(t: Parameters<typeof Processes.create>[0]): Promise<Processes> {
    const scene = await Processes.create(t)
    await scene.startKeeper()
    scene.startEngine()
    await scene.engineRuns()
    await scene.run('ban', '192.0.2.1')
    await waitFor('it is banned', 10_000, async () => (await scene.held()).includes('192.0.2.1'))
    return scene
  }

  test('takes all away; new bans are decided and not enforced, until it ends: then all are in', async (t) => {
    const scene = await running(t)
    const { status, stdout, stderr } = await scene.panic()
    assert.deepEqual(
      [status, stdout],
      [0, '1 table torn down: nobody is banned by us; "log2table panic --end" ends this\n'],
      stderr,
    )
    assert.ok(await isGone(scene))
    assert.equal((await scene.run('ban', '192.0.2.2')).status, exitStatus.unavailable)
    const table = await scene.table()
    assert.deepEqual(
      [table.state, table.enforced, table.reason],
      ['not enforcing', 0, 'torn down by a panic; "log2table panic --end" ends it'],
    )
    await scene.kill('engine')
    scene.startEngine()
    await scene.engineRuns()
    await scene.run('ban', '192.0.2.3')
    assert.ok(await isGone(scene), 'another engine changes nothing')

    const ended = await scene.panic('--end')
    assert.deepEqual([ended.status, ended.stdout], [0, 'the panic is over; all who are banned are put into the tables again\n'])
    await waitFor('all are in', 10_000, async () => (await scene.held()).length === 3)
    assert.deepEqual([...(await scene.held())].sort(), ['192.0.2.1', '192.0.2.2', '192.0.2.3'])
    assert.equal((await scene.panic('--end')).status, exitStatus.no)
  })

  test('is begun by a file that somebody makes, with the engine dead', async (t) => {
    const scene = await running(t)
    await scene.kill('engine')
    writeFileSync(scene.path('kept-by-keeper/panic'), '')
    const ms = await waitFor('all is gone', 5_000, () => isGone(scene))
    t.diagnostic(`gone after ${Math.round(ms)} ms`)
  })

  test('needs neither engine nor keeper', async (t) => {
    const scene = await running(t)
    await scene.kill('engine', 'keeper')
    assert.ok(!(await isGone(scene)))
    assert.equal((await scene.panic()).status, 0)
    assert.ok(await isGone(scene))
    await scene.startKeeper()
    scene.startEngine()
    await scene.engineRuns()
    await scene.run('ban', '192.0.2.4')
    assert.ok(await isGone(scene), 'a start does not end it')
    await scene.panic('--end')
    await waitFor('both are in', 10_000, async () => (await scene.held()).length === 2)
  })

  test('says so where it is not allowed, and where no keeper was ever', async (t) => {
    const scene = await running(t)
    const folders = ['--config', scene.path('etc'), '--state', scene.path('kept-by-keeper')]
    const asEngine = await scene.asEngine(scene.log2table('panic', ...folders))
    assert.equal(asEngine.status, exitStatus.notPermitted)
    assert.ok((await scene.held()).includes('192.0.2.1'))
    const elsewhere = await scene.asRoot(scene.log2table('panic', '--state', scene.path('nowhere')))
    assert.equal(elsewhere.status, exitStatus.unavailable)
    assert.match(elsewhere.stderr, /no keeper has left its tables in .*nowhere; name its folder with --state/)
  })
})
