import assert from 'node:assert/strict'
import { test } from 'node:test'
import { differences, killRun } from '../lib/chaos-kill.ts'
import { createNamespace, NAMESPACE_PROGRAMS } from '../lib/namespace.ts'
import { needs, program } from '../lib/programs.ts'

const KILLS = Number(process.env.CHAOS_KILLS ?? 40)

test(`killed ${KILLS} times over a real nftables, the table holds what was banned and nothing else`, {
  skip: needs([...NAMESPACE_PROGRAMS, 'nft']),
}, async (t) => {
  const namespace = await createNamespace()
  t.after(() => namespace.close())
  const { lostForNoReason, bans } = await killRun(t, { kills: KILLS, rotation: 'rename', namespace })
  assert.equal(lostForNoReason, '')
  const ruleset = await namespace.run([program('nft'), 'list', 'ruleset'])
  const held = ruleset.match(/\b11\.\d+\.\d+\.\d+\b/g) ?? []
  const banned = bans.map((ban) => ban.split(' ')[0]!)
  assert.equal(differences(held, banned), '')
})
