import assert from 'node:assert/strict'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { configurationFolder } from '../../test/lib/configuration-folder.ts'
import { acceptedIn, keepAccepted } from './accepted.ts'
import { loadConfiguration } from './load.ts'

const parameters = (table: string) => `import { dryRun, Hackers, parameters } from 'log2table'
import { own } from './lib/own.ts'
export default parameters({
  tables: { ${table}: dryRun() },
  rules: { hackers: new Hackers({ table: '${table}' }) },
  logs: { '/var/log/authlog': { hackers: [own] } },
})
`
const own = `export const own = { name: 'own', regex: /^bad (?<ip>\\S+)$/ }\n`

test('a configuration that was accepted is there, with what it imports, when the folder is half edited', async (t) => {
  const folder = configurationFolder(t, {
    'etc/parameters.ts': parameters('one'),
    'etc/lib/own.ts': own,
    'etc/commands.json': '{}',
  })
  const [etc, copy] = [join(folder, 'etc'), join(folder, 'accepted')]
  assert.equal(acceptedIn(copy), undefined)
  keepAccepted(etc, copy)
  rmSync(join(etc, 'lib'), { recursive: true })
  writeFileSync(join(etc, 'parameters.ts'), 'export default {')
  assert.equal(acceptedIn(copy), copy)
  const { configuration, faults } = await loadConfiguration(copy)
  assert.deepEqual([faults, [...(configuration?.tables.keys() ?? [])]], [[], ['one']])
})

test('a later one takes its place whole; what cannot be copied leaves it as it was', (t) => {
  const folder = configurationFolder(t, { 'etc/parameters.ts': 'one', 'etc/old.ts': '', 'etc/.git/config': '' })
  const [etc, copy] = [join(folder, 'etc'), join(folder, 'accepted')]
  keepAccepted(etc, copy)
  rmSync(join(etc, 'old.ts'))
  writeFileSync(join(etc, 'parameters.ts'), 'two')
  keepAccepted(etc, copy)
  assert.equal(readFileSync(join(copy, 'parameters.ts'), 'utf8'), 'two')
  assert.throws(() => readFileSync(join(copy, 'old.ts')), /ENOENT/)
  assert.throws(() => readFileSync(join(copy, '.git/config')), /ENOENT/)
  for (let i = 0; i <= 1_000; i++) writeFileSync(join(etc, `${i}.txt`), '')
  assert.throws(() => keepAccepted(etc, copy), /holds more than 1000 files/)
  assert.equal(readFileSync(join(copy, 'parameters.ts'), 'utf8'), 'two')
})
