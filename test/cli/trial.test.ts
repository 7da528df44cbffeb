import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { exitStatus } from '../../src/base/exit-status.ts'
import { configurationFolder } from '../lib/configuration-folder.ts'
import { failed, log2table } from './session.ts'

const authLog = `2026-11-21T10:00:00+00:00 www sshd[4711]: Failed password for root from 203.0.113.9 port 50022 ssh2
2026-11-21T10:00:01+00:00 www sshd[4711]: message repeated 3 times: [ Failed password for root from 203.0.113.9 port 50022 ssh2]
2026-11-21T10:00:02+00:00 www sshd[4711]: Failed password for root from gate\x1b.example.org port 50022 ssh2
2026-11-21T10:00:03+00:00 www sshd[4712]: Failed password for root from 203.0.113.9 port 50022 ssh2
2026-11-21T10:00:04+00:00 www sshd[4713]: Failed password for root from 203.0.113.9 port 50022 ssh2
2026-11-21T10:00:05+00:00 www sshd[4714]: Accepted publickey for alice from 198.51.100.7 port 50022 ssh2: ED25519 SHA256:x
2026-11-21T10:00:06+00:00 www sshd[4715]: Failed password for bob from 192.0.2.25 port 50022 ssh2
`

const parameters = `import { dryRun, Hackers, parameters } from 'log2table'
import { sshd } from 'log2table/patterns'
export default parameters({
  ignore: ['192.0.2.0/24'],
  tables: { bad_ip: dryRun() },
  rules: { hackers: new Hackers({ table: 'bad_ip' }) },
  logs: { '/var/log/auth.log': { hackers: sshd } },
})
`

const scene = (t: TestContext, files: Readonly<Record<string, string>> = {}) => {
  const folder = configurationFolder(t, { 'auth.log': authLog, 'etc/parameters.ts': parameters, ...files })
  return (name: string) => join(folder, name)
}

const records = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('test LOG', () => {
  test('shows by pattern what matches, with address and groups, and what nearly does', async (t) => {
    const seen = await log2table(['test', '--pattern', 'sshd/failed-password', scene(t)('auth.log')])
    assert.deepEqual(seen, {
      status: exitStatus.done,
      stdout: `sshd/failed-password: 5 matches
  2026-11-21T10:00:00+00:00 www sshd[4711]: Failed password for root from 203.0.113.9 port 50022 ssh2
    203.0.113.9  user=root
  2026-11-21T10:00:01+00:00 www sshd[4711]: message repeated 3 times: [ Failed password for root from 203.0.113.9 port 50022 ssh2]
    203.0.113.9  user=root
  2026-11-21T10:00:03+00:00 www sshd[4712]: Failed password for root from 203.0.113.9 port 50022 ssh2
    203.0.113.9  user=root
  nearly
  2026-11-21T10:00:02+00:00 www sshd[4711]: Failed password for root from gate\\x1b.example.org port 50022 ssh2
    fits up to "Failed password for root from ", then wants (?<ip>[\\da-fA-F:.]+)
`,
      stderr: '7 lines, 5 matches, 2 lines missed\n',
    })
  })

  test('tells machines every line that matches, of .gz logs as well', async (t) => {
    const at = scene(t)
    writeFileSync(at('auth.log.1.gz'), gzipSync(authLog))
    const { stdout, stderr } = await log2table(['test', '--json', '--pattern', 'sshd', at('auth.log.1.gz'), at('auth.log')])
    const matches = records(stdout).filter(({ kind }) => kind === 'match')
    assert.equal(matches.length, 12)
    assert.deepEqual(matches[0], {
      kind: 'match',
      pattern: 'sshd/failed-password',
      address: '203.0.113.9',
      groups: { user: 'root' },
      line: authLog.split('\n')[0],
    })
    assert.deepEqual(records(stderr), [{ kind: 'trial', lines: 14, matched: 12, missed: 2 }])
  })

  test('says no where nothing matches', async (t) => {
    const seen = await log2table(['test', '--pattern', 'vsftpd', scene(t)('auth.log')])
    assert.deepEqual(seen, { status: exitStatus.no, stdout: '', stderr: '7 lines, 0 matches, 7 lines missed\n' })
  })
})

describe('test --explain', () => {
  test('tells of each line what it counted and what came of it, as the engine has it', async (t) => {
    const at = scene(t)
    const seen = await log2table(['test', '--config', at('etc'), '--explain', 'sshd', at('auth.log')])
    const told = seen.stdout
      .split('\n')
      .filter((line) => line.startsWith('  '))
      .map((line) => line.trim())
      .filter((line) => !line.startsWith('sshd/'))
    assert.deepEqual(
      told.map((line) =>
        line
          .replaceAll(/\d{4}-\d\d-\d\dT\S+ /g, '')
          .replace(at('auth.log'), 'LOG')
          .replaceAll(/until \S+,/g, 'until THEN,')
          .replaceAll(/until [\d:]+$/g, 'until THEN'),
      ),
      [
        '20 points, 20 of 100 within 1h: 80 short of a ban',
        '60 points, 80 of 100 within 1h: 20 short of a ban',
        'no pattern matches it',
        'nearest sshd/failed-password: fits up to "Failed password for root from ", then wants (?<ip>[\\da-fA-F:.]+)',
        'nearest sshd/failed-password-unknown-user: fits up to "Failed password for ", then wants invalid user',
        '20 points, 100 of 100 within 1h',
        'ban 203.0.113.9 bad_ip for 1h until THEN, hackers 100 points: sshd/failed-password in LOG',
        'no points: it is banned, for 59m59s until THEN',
        'no points: a good login, and the account is forgiven',
        'no points: on the ignore list (192.0.2.0/24)',
      ],
    )
  })

  test('is about one line where the whole of it is given, and JSON for machines', async (t) => {
    const at = scene(t)
    const line = authLog.split('\n')[3]!
    const { stdout } = await log2table(['test', '--json', '--config', at('etc'), '--explain', line, at('auth.log')])
    const [told, ...others] = records(stdout)
    assert.deepEqual(others, [])
    assert.deepEqual([told.number, told.line, told.nearest], [4, line, []])
    const [{ verdict, decisions }] = told.hits
    assert.deepEqual(verdict, { kind: 'counted', points: 20, standing: { score: 100, threshold: 100, windowMs: 3_600_000 } })
    assert.deepEqual(
      decisions.map(({ kind, until }: { kind: string; until: string }) => [kind, until]),
      [['ban', '2026-11-21T11:00:03.000Z']],
    )
  })

  test('does not give a line what the time alone has brought others', async (t) => {
    const other = '2026-11-21T12:00:00+00:00 www sshd[4716]: Failed password for bob from 198.51.100.9 port 50022 ssh2'
    const at = scene(t, { 'auth.log': `${authLog}${other}\n` })
    const { stdout } = await log2table(['test', '--json', '--config', at('etc'), '--explain', 'T12:00:00', at('auth.log')])
    const [{ verdict, decisions }] = records(stdout)[0].hits
    assert.deepEqual([verdict.points, decisions], [20, []])
  })

  test('needs a log, and a line in it', async (t) => {
    assert.deepEqual(
      await log2table(['test', '--explain', 'x']),
      failed(exitStatus.usage, '--explain needs a log that holds the line; name it'),
    )
    assert.deepEqual(
      await log2table(['test', '--explain', 'nobody', scene(t)('auth.log')]),
      failed(exitStatus.no, 'no line holds "nobody"'),
    )
  })
})

describe('test FILE', () => {
  const door = `import { Generic, patternSet } from 'log2table'
export const door = patternSet({ name: 'door', prefix: /^\\S+ door: / }, [
  { name: 'knock', regex: /^(?<ip>\\S+) knocked$/, samples: { match: [['gate door: 203.0.113.9 knocked', '203.0.113.9']], miss: [], forged: [] } },
])
export class Doorman extends Generic { onHit() { return {} } }
`

  test('runs the samples of a file from a friend alone, and tries its patterns on a log', async (t) => {
    const at = scene(t, { 'door.ts': door, 'door.log': 'gate door: 192.0.2.9 knocked\n' })
    assert.deepEqual(await log2table(['test', at('door.ts')]), {
      status: exitStatus.done,
      stdout: 'Doorman: a rule\ndoor: 1 pattern, 1 sample, all right\n',
      stderr: '',
    })
    const { stdout } = await log2table(['test', at('door.ts'), at('door.log')])
    assert.match(stdout, /door\/knock: 1 match\n {2}gate door: 192\.0\.2\.9 knocked\n {4}192\.0\.2\.9\n/)
  })

  test('shows the line with which a pattern of it is fooled, and takes it no further', async (t) => {
    const at = scene(t, { 'door.js': 'export default [{ regex: /knock by (?<user>.*) from (?<ip>[\\d.]+)/ }]\n' })
    const { status, stdout, stderr } = await log2table(['test', at('door.js')])
    assert.deepEqual({ status, stdout }, { status: exitStatus.no, stdout: '' })
    assert.match(
      stderr,
      /door\.js: default\[0\]\.regex: is fooled: for 203\.0\.113\.9, a stranger could have 192\.0\.2\.66 banned by writing "knock by /,
    )
    assert.match(stderr, /door\.js: warning: default\[0\]\.regex: may begin anywhere in a line/)
  })

  test('says what is wrong with a file that is none', async (t) => {
    const at = scene(t, { 'empty.ts': 'export const answer = 42\n' })
    assert.match((await log2table(['test', at('empty.ts')])).stderr, /empty\.ts: exports neither patterns nor rules/)
    const missing = await log2table(['test', '/nonexistent.ts'])
    assert.equal(missing.status, exitStatus.no)
    assert.match(missing.stderr, /^\/nonexistent\.ts: does not exist/)
  })
})
