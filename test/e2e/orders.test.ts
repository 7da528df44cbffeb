import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { noSshScene, SshScene } from '../lib/ssh-scene.ts'
import { waitFor } from '../lib/wait-for.ts'

describe('orders over the control socket, and the real firewall', { skip: noSshScene() }, () => {
  let scene: SshScene
  before(async () => {
    scene = await SshScene.start()
  })
  after(() => scene.close())
  beforeEach(() => scene.clear())

  test('a ban and an unban by hand are in force at once, and listed', async (t) => {
    const { attacker } = scene
    const { ipv4, ipv6, network } = scene.newAttacker()
    const daemon = scene.log2table(t)
    await daemon.start()
    for (const address of [ipv4, network]) {
      const { status, stdout } = await daemon.run('ban', address, '--for', '10m', '--reason', 'case 1234')
      assert.equal(status, 0)
      assert.match(stdout, new RegExp(`^banned ${address} in bad_ip for 10m until `))
    }
    await waitFor('both are banned', 1_000, async () => (await scene.banned()).length === 2)
    assert.deepEqual(await scene.banned(), [network, ipv4].sort())
    for (const from of [ipv4, ipv6]) assert.equal(await attacker.connect({ from }), 'no connection')

    const { stdout } = await daemon.run('bans')
    assert.match(stdout, new RegExp(`^${ipv4}\tbad_ip\t.*\tcase 1234\n${network}\tbad_ip\t.*\tcase 1234\n$`))
    const { tables } = await daemon.status()
    assert.deepEqual(
      tables.map(({ table, desired, enforced, state }) => ({ table, desired, enforced, state })),
      [{ table: 'bad_ip', desired: 2, enforced: 2, state: 'enforcing' }],
    )
    assert.match((await daemon.run('status')).stdout, /^all is well\n/)

    for (const address of [ipv4, network]) assert.equal((await daemon.run('unban', address)).status, 0)
    await waitFor('nobody is banned', 1_000, async () => (await scene.banned()).length === 0)
    // On one link with us nobody hears from whoever is banned where he is, and for a moment afterwards "no route to host" is what he gets.
    const connect = (from: string) => attacker.connect({ from }).catch(() => 'no connection')
    for (const from of [ipv4, ipv6]) await waitFor(`${from} is let in`, 5_000, async () => (await connect(from)) === 'logged in')
    assert.equal((await daemon.run('unban', ipv4)).status, 1)
    assert.equal((await daemon.run('bans')).stdout, '')
  })

  test('an unban of somebody whom a rule has banned lets him in with no points left', async (t) => {
    const { ipv4: from } = scene.newAttacker()
    const daemon = scene.log2table(t)
    await daemon.start()
    await scene.guess(t, scene.attacker, { from, count: 5 })
    await scene.addedAt(from, 1_000)
    assert.equal((await daemon.run('unban', from)).status, 0)
    await waitFor('he is let in', 1_000, async () => (await scene.banned()).length === 0)
    await scene.guess(t, scene.attacker, { from, count: 4 })
    await scene.read(daemon)
    assert.deepEqual(await scene.banned(), [])
  })

  test('what would lock somebody out is refused', async (t) => {
    const { office, officeAddress } = scene
    const daemon = scene.log2table(t)
    await daemon.start()
    const administrator = await office.stay({ from: officeAddress.ipv4 })
    t.after(() => administrator.giveUp())
    await scene.read(daemon)
    for (const [address, reason] of [
      ['198.51.100.1', /own address/],
      [officeAddress.ipv4, /logged in at this moment/],
      ['198.51.100.0/24', /own address|logged in at this moment/],
      ['127.0.0.0/8', /loopback/],
    ] as const) {
      const { status, stdout, stderr } = await daemon.run('ban', address)
      assert.equal(status, 1, address)
      assert.match(stdout + stderr, reason)
    }
    assert.deepEqual(await scene.banned(), [])
  })
})
