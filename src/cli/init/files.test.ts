import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { configurationFolder } from '../../../test/lib/configuration-folder.ts'
import { type FakeMachine, fakeMachine, fakeMachines } from '../../../test/lib/fake-machines.ts'
import { loadConfiguration } from '../../parameters/load.ts'
import { discover, planOf } from './discovery.ts'
import { filesOf } from './files.ts'
import { firewallsOf } from './firewalls.ts'
import type { Plan, PlannedFile } from './plan.ts'
import { siteAt } from './site.ts'

const checkout = resolve(import.meta.dirname, '../../..')
const biome = join(checkout, 'node_modules/.bin/biome')

const inFolder = (folder: string, files: readonly PlannedFile[]) =>
  Object.fromEntries(files.map(({ name, text }) => [`${folder}/${name}`, text]))

/** Each machine with each firewall of its system, with and without proxies and people, with and without a table for life. */
function variantsOf(plan: Plan): readonly Plan[] {
  const proxies = [{ network: '10.0.0.0/8', from: '/etc/nginx/nginx.conf' }]
  const ignore = Array.from({ length: 12 }, (_, i) => `2001:db8:1:${i}::/64`)
  return firewallsOf[plan.system].flatMap((firewall) =>
    [false, true].flatMap((hasLifers) => [
      { ...plan, firewall, hasLifers },
      { ...plan, firewall, hasLifers, proxies: [], ignore, readerFolders: ['/srv/logs'] },
      { ...plan, firewall, hasLifers, proxies: [...plan.proxies, ...proxies] },
    ]),
  )
}

for (const name of Object.keys(fakeMachines) as FakeMachine[]) {
  test(`what is written for ${name} is accepted by check, and has the form of the examples`, async (t) => {
    const plans = variantsOf(planOf(await discover(siteAt(fakeMachine(t, name)), undefined)))
    const root = configurationFolder(t, Object.assign({}, ...plans.map((plan, index) => inFolder(String(index), filesOf(plan)))))
    for (const [index, plan] of plans.entries()) {
      const { configuration, faults } = await loadConfiguration(join(root, String(index)))
      assert.deepEqual(faults, [], JSON.stringify(plan))
      assert.deepEqual(
        [...configuration!.tables.values()].map(({ kind }) => kind),
        plan.hasLifers && plan.firewall !== 'bsdRoute' ? [plan.firewall, plan.firewall] : [plan.firewall],
      )
      assert.equal(configuration!.logs.length, Math.max(1, plan.logs.length))
      assert.equal(configuration!.proxies.length, plan.proxies.length)
      assert.equal(configuration!.ignore.networks.length, plan.ignore.length)
    }
    const form = JSON.stringify({ extends: [join(checkout, 'biome.json')], vcs: { enabled: false } })
    const formFolder = configurationFolder(t, { 'biome.json': form })
    const { status, stdout, stderr } = spawnSync(biome, ['check', '--config-path', formFolder, root], { encoding: 'utf8' })
    assert.equal(status, 0, `${stdout}${stderr}`)
  })
}

test('the rule of rules.ts works as its comment says', async (t) => {
  const plan = planOf(await discover(siteAt(fakeMachine(t, 'openbsd')), undefined))
  const files = filesOf(plan)
  const comment = files.find(({ name }) => name === 'rules.ts')!.text.match(/^\/\/ {5}.*/gm)!
  const [importLine, rule, log] = comment.map((line) => line.replace(/^\/\/ {5}/, '').replace(/^\w+: \{ \.\.\., (.*) \}$/, '$1,'))
  const text = files[0]!.text
    .replace(/^(?=import )/m, `${importLine}\n`)
    .replace('  rules: {\n', (line) => `${line}    ${rule}\n`)
    .replace('  logs: {\n', (line) => `${line}    ${log}\n`)
  const folder = configurationFolder(t, inFolder('.', [{ name: 'parameters.ts', text }, ...files.slice(1)]))
  const { configuration, faults } = await loadConfiguration(folder)
  assert.deepEqual(faults, [])
  const third = configuration!.rules.get('thirdTime')!
  const hit = { at: 1_000 } as Parameters<typeof third.onHit>[1]
  assert.deepEqual(third.onHit(undefined, hit), { kept: 1, wakeAt: 3_601_000 })
  assert.deepEqual(third.onHit(2, hit), {
    ...{ kept: undefined, decisions: [{ kind: 'ban', table: 'bad_ip', for: '1d', reason: 'three times' }] },
  })
})
