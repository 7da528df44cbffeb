import assert from 'node:assert/strict'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { log2table } from '../cli/session.ts'
import { configurationFolder } from '../lib/configuration-folder.ts'

/** A parameters file that is right but for what is put in. */
function parametersFile({ ignore = '[]', more = '', pattern = '{ regex: /^(?<ip>\\S+) / }' } = {}): string {
  return `import { dryRun, Hackers, parameters } from 'log2table'

export default parameters({
  ignore: ${ignore},
  tables: { bad_ip: dryRun() },
  rules: { hackers: new Hackers({ table: 'bad_ip' }) },
  logs: { '/var/log/authlog': { hackers: [${pattern}] } },
  ${more}
})
`
}

/** What `check` prints of a folder, `FOLDER` for its path. */
async function check(folder: string): Promise<{ status: number; stdout: string; stderr: string }> {
  const seen = await log2table(['check', '--config', folder])
  return { ...seen, stdout: seen.stdout.replaceAll(folder, 'FOLDER'), stderr: seen.stderr.replaceAll(folder, 'FOLDER') }
}

const refused = (...faults: readonly string[]) => ({
  status: 78,
  stdout: '',
  stderr: `${faults.join('\n')}\n${faults.length} fault${faults.length === 1 ? '' : 's'}\n`,
})

test('a good configuration is summed up', async (t) => {
  const folder = configurationFolder(t, { 'parameters.ts': parametersFile({ ignore: "['192.0.2.0/24']" }) })
  assert.deepEqual(await check(folder), {
    status: 0,
    stdout: [
      'table   bad_ip (dryRun)',
      'rule    hackers bans into bad_ip',
      'log     /var/log/authlog: 1 pattern for hackers',
      'ignore  1 network',
      'engine  1 of 1 pattern runs as an automaton',
      '',
    ].join('\n'),
    stderr: '',
  })
})

test('a warning is shown and lets the configuration pass', async (t) => {
  const folder = configurationFolder(t, { 'parameters.ts': parametersFile({ ignore: "['::/0']" }) })
  const { status, stderr } = await check(folder)
  assert.equal(status, 0)
  assert.equal(
    stderr,
    'FOLDER/parameters.ts: warning: ignore[0]: ::/0 is everybody: nobody will be banned\n0 faults, 1 warning\n',
  )
})

test('as JSON, faults and summary are one object a line with the same keys each time', async (t) => {
  const bad = configurationFolder(t, { 'parameters.ts': parametersFile({ more: 'ignor: [],' }) })
  const { status, stdout } = await log2table(['check', '--json', '--config', bad])
  assert.equal(status, 78)
  assert.deepEqual(JSON.parse(stdout), {
    kind: 'fault',
    file: join(bad, 'parameters.ts'),
    line: null,
    column: null,
    path: 'ignor',
    message: 'unknown key',
    hint: 'did you mean "ignore"?',
  })
  const good = configurationFolder(t, { 'parameters.ts': parametersFile() })
  assert.deepEqual(JSON.parse((await log2table(['check', '--json', '--config', good])).stdout), {
    kind: 'configuration',
    folder: good,
    tables: { bad_ip: 'dryRun' },
    rules: { hackers: ['bad_ip'] },
    logs: { '/var/log/authlog': { hackers: 1 } },
    ignore: { networks: 0, files: [] },
    stateFolder: process.platform.endsWith('bsd') ? '/var/db/log2table' : '/var/lib/log2table',
    control: '/var/run/log2table/control.sock',
  })
})

test('no configuration', async (t) => {
  const folder = join(configurationFolder(t, {}), 'nowhere')
  assert.deepEqual(
    await check(folder),
    refused('FOLDER/parameters.ts: does not exist; write it, or name another folder with --config DIR'),
  )
})

test('a syntax error', async (t) => {
  const folder = configurationFolder(t, { 'parameters.ts': parametersFile({ pattern: '{ regex: }' }) })
  assert.deepEqual(await check(folder), refused('FOLDER/parameters.ts:7:52: syntax error: Expression expected'))
})

test('an unknown key', async (t) => {
  const folder = configurationFolder(t, { 'parameters.ts': parametersFile({ more: 'statefolder: "/srv",' }) })
  assert.deepEqual(await check(folder), refused('FOLDER/parameters.ts: statefolder: unknown key; did you mean "stateFolder"?'))
})

test('a value of the wrong type', async (t) => {
  const folder = configurationFolder(t, {
    'parameters.ts': parametersFile({ pattern: "{ regex: /^(?<ip>\\S+) /, weight: '20' }" }),
  })
  assert.deepEqual(
    await check(folder),
    refused('FOLDER/parameters.ts: logs["/var/log/authlog"].hackers[0].weight: "20" is not a whole number; write 20'),
  )
})

test('a regex that is none', async (t) => {
  const folder = configurationFolder(t, { 'parameters.ts': parametersFile({ pattern: '{ regex: /^(?<ip>\\S+ / }' }) })
  assert.deepEqual(
    await check(folder),
    refused('FOLDER/parameters.ts:7:52: syntax error: Invalid regular expression: /^(?<ip>\\S+ /: Unterminated group'),
  )
})

test('a regex without ip', async (t) => {
  const folder = configurationFolder(t, { 'parameters.ts': parametersFile({ pattern: '{ regex: /^from \\S+ / }' }) })
  assert.deepEqual(
    await check(folder),
    refused(
      'FOLDER/parameters.ts: logs["/var/log/authlog"].hackers[0].regex: has no named group ip, so it finds no address; ' +
        'write (?<ip>\\S+) where the address stands',
    ),
  )
})

describe('a configuration that others may write is not run', () => {
  const hostile = 'Object.assign(globalThis, { wasRun: true })\nexport const a = 1\n'

  test('whether it is the parameters file or the folder', async (t) => {
    const folder = configurationFolder(t, { 'etc/parameters.ts': hostile })
    chmodSync(join(folder, 'etc'), 0o775)
    chmodSync(join(folder, 'etc/parameters.ts'), 0o666)
    const { status, stderr } = await log2table(['check', '--config', join(folder, 'etc')])
    assert.equal(status, 78)
    assert.equal(
      stderr.replaceAll(folder, 'FOLDER'),
      [
        'FOLDER/etc: is writable by its group (mode 0775); chmod go-w FOLDER/etc',
        'FOLDER/etc/parameters.ts: is writable by everybody (mode 0666); chmod go-w FOLDER/etc/parameters.ts',
        '2 faults',
        '',
      ].join('\n'),
    )
    assert.ok(!('wasRun' in globalThis))
  })

  test('or any file that it imports, all of them told at once', async (t) => {
    const folder = configurationFolder(t, {
      'parameters.ts': "import './one.ts'\nimport './two.ts'\n",
      'one.ts': hostile,
      'two.ts': hostile,
    })
    for (const name of ['one.ts', 'two.ts']) chmodSync(join(folder, name), 0o664)
    assert.deepEqual(
      await check(folder),
      refused(
        'FOLDER/one.ts: is writable by its group (mode 0664); chmod go-w FOLDER/one.ts',
        'FOLDER/two.ts: is writable by its group (mode 0664); chmod go-w FOLDER/two.ts',
      ),
    )
    assert.ok(!('wasRun' in globalThis))
  })
})

test('bad addresses, all of them told at once', async (t) => {
  const ignore = JSON.stringify(['010.1.2.3', '1.2.3', '::ffff:1.2.3.4', 'fe80::1%eth0', 'friend.example.org', '192.0.2.7/24'])
  const folder = configurationFolder(t, { 'parameters.ts': parametersFile({ ignore }) })
  assert.deepEqual(
    await check(folder),
    refused(
      'FOLDER/parameters.ts: ignore[0]: 010.1.2.3: a number with a leading zero is read as octal by some tools; write 10.1.2.3',
      'FOLDER/parameters.ts: ignore[1]: 1.2.3: an IPv4 address has four numbers',
      'FOLDER/parameters.ts: ignore[3]: fe80::1%eth0: an address with a zone (%eth0) holds on one interface only and cannot be in a table; write fe80::1',
      'FOLDER/parameters.ts: ignore[4]: friend.example.org: a name; names are never resolved, give the address',
      'FOLDER/parameters.ts: ignore[5]: 192.0.2.7/24: host bits are set; did you mean 192.0.2.0/24 or 192.0.2.7?',
    ),
  )
})

test('a file of friends with bad addresses, and one that is not there', async (t) => {
  const folder = configurationFolder(t, { friends: '192.0.2.7\n1.2.3 # the office\n' })
  writeFileSync(
    join(folder, 'parameters.ts'),
    parametersFile({ ignore: JSON.stringify([`file:${folder}/friends`, `file:${folder}/foes`]) }),
  )
  assert.deepEqual(
    await check(folder),
    refused(
      'FOLDER/friends:2: 1.2.3: an IPv4 address has four numbers',
      'FOLDER/parameters.ts: ignore[1]: FOLDER/foes does not exist; make it (it may be empty), or take it out of ignore',
    ),
  )
})
