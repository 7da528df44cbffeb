import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { Log2table } from '../lib/log2table.ts'
import { noSshScene, SshScene } from '../lib/ssh-scene.ts'
import { waitFor } from '../lib/wait-for.ts'

describe('a daemon that ends and is started again', { skip: noSshScene() }, () => {
  let scene: SshScene
  before(async () => {
    scene = await SshScene.start()
  })
  after(() => scene.close())
  beforeEach(() => scene.clear())

  const bansOf = (daemon: Log2table) =>
    daemon.decisions.filter(({ kind }) => kind === 'ban').map(({ address, score }) => ({ address, score }))

  test('stopped, it lifts no ban; started, it counts what was written meanwhile, and nothing twice', async (t) => {
    const { attacker } = scene
    const [banned, slow] = [scene.newAttacker().ipv4, scene.newAttacker().ipv4]
    const daemon = scene.log2table(t)
    await daemon.start()
    await scene.guess(t, attacker, { from: slow, count: 3 })
    await scene.guess(t, attacker, { from: banned, count: 5 })
    await scene.addedAt(banned, 1_000)
    assert.equal(await daemon.stop(), 0)

    assert.deepEqual(await scene.banned(), [banned])
    assert.equal(await attacker.connect({ from: banned }), 'no connection')
    await scene.guess(t, attacker, { from: slow, count: 1 })

    await daemon.start()
    await scene.read(daemon, { fromTheStart: false })
    assert.deepEqual(await scene.banned(), [banned])
    await scene.guess(t, attacker, { from: slow, count: 1 })
    await scene.addedAt(slow, 1_000)
    assert.deepEqual(await scene.banned(), [banned, slow].sort())
    assert.deepEqual(bansOf(daemon), [
      { address: banned, score: 100 },
      { address: slow, score: 100 },
    ])
  })

  test('killed, and the firewall emptied meanwhile: the bans are in force again, and nothing is counted twice', async (t) => {
    const { attacker } = scene
    const [banned, slow] = [scene.newAttacker(), scene.newAttacker()]
    const daemon = scene.log2table(t)
    await daemon.start()
    await scene.guess(t, attacker, { from: banned.ipv4, count: 5 })
    await scene.guess(t, attacker, { from: banned.ipv6, count: 5 })
    await scene.addedAt(banned.network, 1_000)
    for (let guess = 1; guess <= 4; guess++) {
      await scene.guess(t, attacker, { from: slow.ipv4, count: 1 })
      await daemon.kill()
      await scene.flushFirewall()
      const began = performance.now()
      await daemon.start()
      await waitFor('the bans are in force again', 5_000, async () => (await scene.banned()).length === 2)
      t.diagnostic(`in force ${(performance.now() - began).toFixed(0)} ms after the start`)
      assert.deepEqual(await scene.banned(), [banned.ipv4, banned.network].sort())
    }
    await scene.guess(t, attacker, { from: slow.ipv4, count: 1 })
    await scene.addedAt(slow.ipv4, 1_000)
    assert.deepEqual(bansOf(daemon), [
      { address: banned.ipv4, score: 100 },
      { address: banned.network, score: 100 },
      { address: slow.ipv4, score: 100 },
    ])
  })

  test('a second one on the same state ends at once and says why, and the first goes on', async (t) => {
    const { ipv4: from } = scene.newAttacker()
    const daemon = scene.log2table(t)
    await daemon.start()
    // Beside what loads the same configuration, and the best of three: the machine may be busy with other tests.
    const times = { refused: Number.POSITIVE_INFINITY, check: Number.POSITIVE_INFINITY }
    for (let i = 0; i < 3; i++) {
      const beganAt = performance.now()
      const { status, stdout, stderr } = await daemon.startAnother()
      const refusedAt = performance.now()
      await daemon.check()
      times.refused = Math.min(times.refused, refusedAt - beganAt)
      times.check = Math.min(times.check, performance.now() - refusedAt)
      assert.deepEqual({ status, stdout }, { status: 1, stdout: '' })
      assert.match(stderr, /^log2table: \S+\/state: another log2table is running with this folder; stop that one first\n$/)
    }
    t.diagnostic(`it ends within ${times.refused.toFixed(0)} ms; check takes ${times.check.toFixed(0)} ms`)
    assert.ok(times.refused < times.check + 500)
    await scene.guess(t, scene.attacker, { from, count: 5 })
    await scene.addedAt(from, 1_000)
  })

  test('the whole ruleset is flushed while it runs: right again within 5 s, and one line says what was amiss', async (t) => {
    const { ipv4, ipv6, network } = scene.newAttacker()
    const daemon = scene.log2table(t)
    await daemon.start()
    for (const from of [ipv4, ipv6]) await scene.guess(t, scene.attacker, { from, count: 5 })
    await scene.addedAt(network, 1_000)
    const before = daemon.said.length
    await scene.flushFirewall()
    const tookMs = await waitFor('the bans are in force again', 5_000, async () => (await scene.banned()).length === 2)
    await waitFor('it is said', 1_000, () => daemon.said.length > before)
    const said = daemon.said.slice(before)
    t.diagnostic(`right again after ${tookMs.toFixed(0)} ms: ${said}`)
    assert.equal(said.length, 1)
    assert.match(said[0]!, /^warning: table bad_ip: table inet log2table was missing and 2 of 2 entries were gone; restored/)
    for (const from of [ipv4, ipv6]) assert.equal(await scene.attacker.connect({ from }), 'no connection')
  })
})
