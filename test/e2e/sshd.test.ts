import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { noSshScene, SshScene } from '../lib/ssh-scene.ts'
import { PASSWORD } from '../lib/ssh-server.ts'
import { waitFor } from '../lib/wait-for.ts'

describe('from a real sshd to a real nft set', { skip: noSshScene() }, () => {
  let scene: SshScene
  before(async () => {
    scene = await SshScene.start()
  })
  after(() => scene.close())
  beforeEach(() => scene.clear())

  for (const family of ['ipv4', 'ipv6'] as const) {
    test(`wrong passwords over ${family} get their address banned at once, and nobody else, until the ban ends`, async (t) => {
      const { attacker, office, officeAddress } = scene
      const bad = scene.newAttacker()
      const banned = { ipv4: bad.ipv4, ipv6: bad.network }[family]
      const daemon = scene.log2table(t, { ban: '4s' })
      await daemon.start()

      const failures = await scene.guess(t, attacker, { from: bad[family], count: 5 })
      const tookMs = (await scene.addedAt(banned, 1_000)) - failures[4]!.at
      t.diagnostic(`${tookMs.toFixed(1)} ms from the line in the log to the element in the set`)
      assert.deepEqual(await scene.banned(), [banned])

      // Of IPv6, all of a /64 are one source.
      const banished = family === 'ipv4' ? [bad.ipv4] : [bad.ipv6, bad.neighbour]
      const bystanders = [scene.newAttacker()[family], officeAddress[family]]
      const [shutOut, letIn] = await Promise.all([
        Promise.all(banished.map((from) => attacker.connect({ from }))),
        Promise.all(bystanders.map((from) => (from === officeAddress[family] ? office : attacker).connect({ from }))),
      ])
      assert.deepEqual(new Set(shutOut), new Set(['no connection']))
      assert.deepEqual(letIn, ['logged in', 'logged in'])

      await waitFor('the ban ends', 4_000, async () => (await scene.banned()).length === 0)
      for (const from of banished) assert.equal(await attacker.connect({ from }), 'logged in')
      const decided = daemon.decisions.map(({ kind, address, table, rule }) => ({ kind, address, table, rule }))
      const decision = { address: banned, table: 'bad_ip', rule: 'hackers' }
      assert.deepEqual(decided, [
        { kind: 'ban', ...decision },
        { kind: 'unban', ...decision },
      ])
    })
  }

  test('guessing names gets banned by the fourth', async (t) => {
    const { ipv4: from } = scene.newAttacker()
    const daemon = scene.log2table(t)
    await daemon.start()
    for (const user of ['admin', 'oracle', 'test']) await scene.guess(t, scene.attacker, { from, user, count: 1 })
    await scene.read(daemon)
    assert.equal(daemon.decisions.length, 0)
    // The name alone is enough; the password is not waited for.
    const last = scene.attacker.begin({ from, user: 'git', passwords: ['wrong'] })
    t.after(() => last.giveUp())
    await scene.addedAt(from, 5_000)
    assert.deepEqual(
      daemon.decisions.map(({ score }) => score),
      [100],
    )
  })

  test('two typos and a good login ban nobody, however often, and a typo afterwards neither', async (t) => {
    const { ipv4: from } = scene.newAttacker()
    const daemon = scene.log2table(t)
    await daemon.start()
    const addressesWithPoints = async () => {
      await scene.read(daemon)
      return (await daemon.status()).rules[0]!.scored
    }
    for (let day = 0; day < 3; day++) {
      assert.equal(await scene.attacker.connect({ from, passwords: ['wrong', 'wrong', PASSWORD] }), 'logged in')
    }
    await scene.sshd.logged(/pam_unix\(sshd:session\): session closed for user alice/, 3)
    assert.equal(await addressesWithPoints(), 0)
    assert.equal(await scene.attacker.connect({ from, passwords: ['wrong'] }), 'refused')
    await scene.sshd.logged(/: Failed password for alice/, 7)
    assert.equal(await addressesWithPoints(), 1)
    assert.deepEqual(await scene.banned(), [])
    assert.deepEqual(daemon.decisions, [])
    assert.equal(await scene.attacker.connect({ from }), 'logged in')
  })

  for (const family of ['ipv4', 'ipv6'] as const) {
    test(`whoever is logged in over ${family} is not banned for a stranger behind the same router, and is once he has left`, async (t) => {
      const { office, sshd } = scene
      const from = scene.officeAddress[family]
      const banned = { ipv4: from, ipv6: '2001:db8:b:7::/64' }[family]
      const daemon = scene.log2table(t)
      await daemon.start()
      const administrator = await office.stay({ from })
      t.after(() => administrator.giveUp())

      // Three times the usual: a good login came from there not long ago.
      await scene.guess(t, office, { from, count: 15 })
      await scene.read(daemon)
      const refusal = { kind: 'refused', address: banned, score: 300, reason: 'logged in at this moment' }
      const decided = () => daemon.decisions.map(({ kind, address, score, reason }) => ({ kind, address, score, reason }))
      assert.deepEqual(decided(), [refusal])
      assert.deepEqual(await scene.banned(), [])
      assert.equal(await office.connect({ from, passwords: [PASSWORD] }), 'logged in')

      await administrator.giveUp()
      await sshd.logged(/session closed for user alice/, 2)
      await scene.guess(t, office, { from, count: 14 })
      await scene.read(daemon)
      assert.deepEqual(await scene.banned(), [])
      await scene.guess(t, office, { from, count: 1 })
      await scene.addedAt(banned, 1_000)
      assert.deepEqual(
        decided().map(({ kind }) => kind),
        ['refused', 'ban'],
      )
      assert.equal(await office.connect({ from }), 'no connection')
    })
  }
})
