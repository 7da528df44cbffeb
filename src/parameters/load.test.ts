import assert from 'node:assert/strict'
import { chmodSync, cpSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { configurationFolder } from '../../test/lib/configuration-folder.ts'
import type { Hackers } from '../rules/hackers.ts'
import { loadConfiguration } from './load.ts'
import { formatFault, summaryLines } from './report.ts'

const parametersFile = (rule: string, before = '') => `import { dryRun, Hackers, parameters } from 'log2table'
${before}
export default parameters({
  tables: { bad_ip: dryRun() },
  rules: { hackers: ${rule} },
  logs: { '/var/log/authlog': { hackers: [{ regex: /^(?<ip>\\S+) / }] } },
})
`
const good = parametersFile("new Hackers({ table: 'bad_ip' })")

/** What loading FOLDER/parameters.ts says, `FOLDER` for the folder. */
async function said(folder: string): Promise<readonly string[]> {
  const { configuration, faults } = await loadConfiguration(folder)
  assert.equal(configuration, undefined)
  return faults.map((fault) => formatFault(fault).replaceAll(folder, 'FOLDER'))
}

async function thresholdOf(folder: string): Promise<number> {
  const { configuration } = await loadConfiguration(folder)
  return (configuration!.rules.get('hackers') as Hackers).threshold
}

test('a configuration with rules of its own and shipped patterns is loaded from a folder that is no part of the package', async (t) => {
  const folder = configurationFolder(t, {})
  const fixture = fileURLToPath(new URL('../../test/fixtures/etc-log2table', import.meta.url))
  for (const file of ['parameters.ts', 'rules.ts']) cpSync(join(fixture, file), join(folder, file), { mode: 0 })
  const { configuration, faults, files } = await loadConfiguration(folder)
  assert.deepEqual(faults.map(formatFault), [])
  assert.deepEqual(files, [join(folder, 'parameters.ts'), join(folder, 'rules.ts')])
  assert.ok(configuration)
  assert.equal(configuration.folder, folder)
  const lines = summaryLines(configuration)
  assert.deepEqual(lines.slice(0, 4), [
    'table   bad_ip (nftables)',
    'table   watched (dryRun)',
    'rule    hackers bans into bad_ip',
    'rule    steps bans into watched',
  ])
  assert.match(lines[4]!, /^log {5}\/var\/log\/authlog: \d+ patterns for hackers$/)
  assert.deepEqual(lines.slice(6), ['log     /var/log/unbound.log: 1 pattern for steps', 'ignore  3 networks'])
})

test('a reload reads imported files anew as well', async (t) => {
  const folder = configurationFolder(t, {
    'parameters.ts': parametersFile("new Hackers({ table: 'bad_ip', threshold })", "import { threshold } from './rules.ts'"),
    'rules.ts': 'export const threshold: number = 50\n',
  })
  const threshold = () => thresholdOf(folder)
  assert.equal(await threshold(), 50)
  writeFileSync(join(folder, 'rules.ts'), 'export const threshold: number = 70\n')
  assert.equal(await threshold(), 70)
})

test('a folder that is a symbolic link, and a file that is one, are read where they lead to, and anew', async (t) => {
  const folder = configurationFolder(t, { 'real/parameters.ts': good, 'elsewhere/rules.ts': 'export const threshold = 50\n' })
  writeFileSync(
    join(folder, 'real/parameters.ts'),
    parametersFile("new Hackers({ table: 'bad_ip', threshold })", "import { threshold } from './rules.ts'"),
  )
  symlinkSync('../elsewhere/rules.ts', join(folder, 'real/rules.ts'))
  symlinkSync('real', join(folder, 'etc'))
  const threshold = () => thresholdOf(join(folder, 'etc'))
  assert.equal(await threshold(), 50)
  writeFileSync(join(folder, 'elsewhere/rules.ts'), 'export const threshold = 70\n')
  assert.equal(await threshold(), 70)
})

test('two loads at once do not disturb each other', async (t) => {
  const one = configurationFolder(t, { 'parameters.ts': good })
  const two = configurationFolder(t, { 'parameters.ts': 'export default 5\n' })
  const [first, second] = await Promise.all([loadConfiguration(one), loadConfiguration(two)])
  assert.deepEqual([first.files, first.faults], [[join(one, 'parameters.ts')], []])
  assert.equal(second.faults.length, 1)
})

test('no parameters file at all is told apart from a bad one', async (t) => {
  const missing = await loadConfiguration(join(configurationFolder(t, {}), 'nowhere'))
  assert.equal(missing.isMissing, true)
  const bad = await loadConfiguration(configurationFolder(t, { 'parameters.ts': 'export default 5\n' }))
  assert.equal(bad.isMissing, false)
})

describe('a file that cannot be run is told with its place:', () => {
  const cases: readonly (readonly [what: string, files: Readonly<Record<string, string>>, faults: readonly string[]])[] = [
    [
      'a syntax error',
      { 'parameters.ts': "const a: number = 1\nexport default {\n  logs: { '/var/log/authlog': [ }\n}\n" },
      ['FOLDER/parameters.ts:3:33: syntax error: Expression expected'],
    ],
    [
      'a syntax error in an imported file',
      { 'parameters.ts': "import './rules.ts'\n", 'rules.ts': 'export class Mine {\n  onHit( {}\n}\n' },
      ["FOLDER/rules.ts:3:1: syntax error: Expected ',', got '}'"],
    ],
    [
      'a regex that is none',
      { 'parameters.ts': good.replace('/^(?<ip>\\S+) /', '/^(?<ip>\\S+ /') },
      ['FOLDER/parameters.ts:6:52: syntax error: Invalid regular expression: /^(?<ip>\\S+ /: Unterminated group'],
    ],
    [
      'what only the later part of Node finds',
      {
        'parameters.ts': "import {\n  Hackers,\n} from 'log2table'\nconst a: number = 1\nexport const b = Hackers\nconst a = 2\n",
      },
      ["FOLDER/parameters.ts:6:7: syntax error: Identifier 'a' has already been declared"],
    ],
    [
      'TypeScript that is more than types',
      { 'parameters.ts': 'enum Weight { Low }\nexport default Weight\n' },
      [
        'FOLDER/parameters.ts:1:1: TypeScript enum is not supported in strip-only mode; only types can be taken away: ' +
          'no enum, namespace, decorator, or property declared by a parameter',
      ],
    ],
    [
      'an exception',
      {
        'parameters.ts': "import { make } from './rules.ts'\n\nexport default make()\n",
        'rules.ts': 'export function make(): void {\n  null!.x\n}\n',
      },
      ["FOLDER/rules.ts:2:9: threw TypeError: Cannot read properties of null (reading 'x')"],
    ],
    ['something thrown that is no error', { 'parameters.ts': "throw 'no'\n" }, ['FOLDER/parameters.ts: threw "no"']],
    [
      'a regex made of text that is none',
      { 'parameters.ts': "\nexport default new RegExp('(')\n" },
      ['FOLDER/parameters.ts:2:16: threw SyntaxError: Invalid regular expression: /(/: Unterminated group'],
    ],
    [
      'an import without its ending',
      { 'parameters.ts': "import './rules'\n", 'rules.ts': '' },
      ['FOLDER/parameters.ts:1: imports "./rules", but FOLDER/rules does not exist; write \'./rules.ts\''],
    ],
    [
      'an import of what is not there',
      { 'parameters.ts': "\nimport left from 'left-pad-of-nobody'\nexport default left\n" },
      ['FOLDER/parameters.ts:2: imports "left-pad-of-nobody", but there is no such package'],
    ],
    [
      'a part of this package that is not public',
      { 'parameters.ts': "import { Core } from 'log2table/core'\nexport default Core\n" },
      [
        "FOLDER/parameters.ts:1: imports \"log2table/core\", but there is no such package; write 'log2table' or 'log2table/patterns'",
      ],
    ],
    [
      'a name that this package does not export',
      { 'parameters.ts': "import { Hackerz } from 'log2table'\nexport default Hackerz\n" },
      ["FOLDER/parameters.ts:1:10: syntax error: The requested module 'log2table' does not provide an export named 'Hackerz'"],
    ],
    [
      'no default export',
      { 'parameters.ts': 'export const a = 1\n' },
      ['FOLDER/parameters.ts: has no default export; write "export default parameters({ ... })"'],
    ],
    [
      'a value that throws when it is looked at',
      { 'parameters.ts': 'export default {\n  get rules() { throw new Error("no") }\n}\n' },
      ['FOLDER/parameters.ts:2:23: threw Error: no'],
    ],
  ]
  for (const [what, files, expected] of cases) {
    test(what, async (t) => assert.deepEqual(await said(configurationFolder(t, files)), expected))
  }
})

test('nothing of a configuration is run when it has a syntax error', async (t) => {
  const folder = configurationFolder(t, {
    'parameters.ts': "import './first.ts'\nimport './second.ts'\n",
    'first.ts': 'Object.assign(globalThis, { wasRun: true })\n',
    'second.ts': 'const = 5\n',
  })
  assert.equal((await said(folder)).length, 1)
  assert.ok(!('wasRun' in globalThis))
})

test('a file that went away between two loads is said to be missing', async (t) => {
  const folder = configurationFolder(t, { 'parameters.ts': good })
  assert.deepEqual((await loadConfiguration(folder)).faults, [])
  renameSync(join(folder, 'parameters.ts'), join(folder, 'parameters.ts~'))
  assert.equal((await loadConfiguration(folder)).isMissing, true)
})

test('a file that others may write stays refused where the import that failed is caught', async (t) => {
  const folder = configurationFolder(t, {
    'parameters.ts': parametersFile("new Hackers({ table: 'bad_ip' })", "await import('./extra.ts').catch(() => {})"),
    'extra.ts': 'Object.assign(globalThis, { wasRun: true })\n',
  })
  chmodSync(join(folder, 'extra.ts'), 0o666)
  assert.deepEqual(await said(folder), ['FOLDER/extra.ts: is writable by everybody (mode 0666); chmod go-w FOLDER/extra.ts'])
  assert.ok(!('wasRun' in globalThis))
})

test('a link that others can turn elsewhere is not followed', async (t) => {
  const folder = configurationFolder(t, { 'etc/parameters.ts': "import '../open/rules.ts'\n", 'safe/rules.ts': '' })
  mkdirSync(join(folder, 'open'))
  symlinkSync('../safe/rules.ts', join(folder, 'open/rules.ts'))
  chmodSync(join(folder, 'open'), 0o777)
  const { faults } = await loadConfiguration(join(folder, 'etc'))
  assert.deepEqual(
    faults.map(({ file, message }) => [file, message]),
    [[join(folder, 'open'), 'is writable by everybody (mode 0777)']],
  )
})

test('an optional import that is not there is no fault where it is caught', async (t) => {
  const folder = configurationFolder(t, {
    'parameters.ts': parametersFile("new Hackers({ table: 'bad_ip' })", "await import('./extra.ts').catch(() => {})"),
  })
  assert.deepEqual((await loadConfiguration(folder)).faults, [])
})

test('what JavaScript would read as two comparisons are the types of a call', async (t) => {
  for (const call of ['same<Date>(50)', 'same<Map<Date, Date>> (50)', 'same<Date>/* a date */(50)']) {
    const threshold = `const same = (it) => it\nconst threshold = ${call}`
    const folder = configurationFolder(t, {
      'parameters.ts': parametersFile("new Hackers({ table: 'bad_ip', threshold })", threshold),
    })
    assert.equal(await thresholdOf(folder), 50)
  }
})
