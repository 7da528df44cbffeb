import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { noSshScene, SshScene } from '../lib/ssh-scene.ts'
import { waitFor } from '../lib/wait-for.ts'

describe('a daemon that is told to load its configuration again', { skip: noSshScene() }, () => {
  let scene: SshScene
  before(async () => {
    scene = await SshScene.start()
  })
  after(() => scene.close())
  beforeEach(() => scene.clear())

  test('with faults it says each and goes on as it was; with none it does as it is told, and forgets nothing', async (t) => {
    const { attacker } = scene
    const [first, second, third] = [scene.newAttacker().ipv4, scene.newAttacker().ipv4, scene.newAttacker().ipv4]
    const daemon = scene.log2table(t)
    await daemon.start()
    await scene.guess(t, attacker, { from: first, count: 4 })
    await scene.guess(t, attacker, { from: second, count: 2 })

    const good = scene.parameters({ threshold: 60 })
    daemon.configure(`${good}  lgos: {},\n  ignore: ['010.1.2.3'],\n`)
    const before = daemon.said.length
    daemon.hangUp()
    await waitFor('the faults are said', 20_000, () => daemon.said.slice(before).some((line) => line.includes('010.1.2.3')))
    const said = daemon.said.slice(before).join('\n')
    assert.match(said, /^error: the configuration was not loaded again; the old one stays in force$/m)
    assert.match(said, /^error: \S+parameters\.ts.*lgos.*logs/m)
    assert.deepEqual(await scene.banned(), [])
    await scene.guess(t, attacker, { from: first, count: 1 })
    await scene.addedAt(first, 1_000)

    daemon.configure(good)
    daemon.hangUp()
    await waitFor('it is loaded', 20_000, () => daemon.said.some((line) => line.startsWith('the configuration was loaded again')))
    assert.deepEqual(await scene.banned(), [first])
    await scene.guess(t, attacker, { from: second, count: 1 })
    await scene.addedAt(second, 1_000)
    await scene.guess(t, attacker, { from: third, count: 3 })
    await scene.addedAt(third, 1_000)
    assert.deepEqual(
      daemon.decisions.map(({ kind, address, score }) => ({ kind, address, score })),
      [
        { kind: 'ban', address: first, score: 100 },
        { kind: 'ban', address: second, score: 60 },
        { kind: 'ban', address: third, score: 60 },
      ],
    )
  })

  test('`log2table reload` says what is in force, or the faults', async (t) => {
    const daemon = scene.log2table(t)
    await daemon.start()
    const good = await daemon.run('reload')
    assert.equal(good.status, 0, good.stderr)
    daemon.configure('  tables: {},\n  rules: {},\n  logs: {')
    const { status, stderr } = await daemon.run('reload')
    assert.equal(status, 78)
    assert.match(stderr, /parameters\.ts/)
    assert.equal((await daemon.status()).tables.length, 1)
  })
})
