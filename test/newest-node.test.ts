import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { before, describe, it } from 'node:test'
import { configurationFolder } from './lib/configuration-folder.ts'
import { AS_ROOT, Running, runToEnd } from './lib/running.ts'
import { waitFor } from './lib/wait-for.ts'

/** The newest that tools/node can fetch; a new one of these comes twice a year. */
const MAJOR = '26'
const checkout = path.resolve(import.meta.dirname, '..')
const main = path.join(checkout, 'src/cli/main.ts')
const WAIT_MS_MAX = 120_000

describe(`with Node ${MAJOR}, where what is deprecated fails`, {
  skip: process.platform !== 'linux' && 'only for Linux one can be fetched',
}, () => {
  let node: string
  before(() => {
    node = execFileSync(path.join(checkout, 'tools/node'), ['--fetch', MAJOR, 'node', '-p', 'process.execPath'], {
      encoding: 'utf8',
    }).trim()
  })

  const env = { ...AS_ROOT, NODE_OPTIONS: '--throw-deprecation --pending-deprecation', LOG2TABLE_SOCKET: '' }
  const argvOf = (...args: readonly string[]) => [node, '--disable-warning=ExperimentalWarning', main, ...args]
  const log2table = (...args: readonly string[]) => runToEnd(argvOf(...args), { env, withinMs: WAIT_MS_MAX })

  it('is that Node, and it does fail', async () => {
    const old = await runToEnd([node, '-e', 'new Buffer(1)'], { env, withinMs: WAIT_MS_MAX })
    assert.equal(old.status, 1)
    assert.match(old.stderr, /DEP0005/)
    assert.match((await log2table('version')).stdout, new RegExp(`\\bv?${MAJOR}\\.`))
  })

  it('a configuration is checked, shipped patterns are proved, and old logs replayed', async () => {
    for (const args of [
      ['check', '--config', path.join(checkout, 'examples')],
      ['test', '--pattern', 'sshd'],
      ['replay', path.join(checkout, 'examples/sample/authlog'), path.join(checkout, 'examples/sample/access.log')],
    ]) {
      const { status, stdout, stderr } = await log2table(...args)
      assert.equal(status, 0, stderr)
      assert.notEqual(stdout, '')
      assert.doesNotMatch(stderr, /Warning/)
    }
  })

  it('the daemon bans, reloads, answers and ends', async (t) => {
    const folder = configurationFolder(t, { 'app.log': '' })
    mkdirSync(path.join(folder, 'etc'))
    writeFileSync(
      path.join(folder, 'etc/parameters.ts'),
      `import { dryRun, Hackers, parameters } from 'log2table'
export default parameters({
  stateFolder: '${folder}/state',
  control: '${folder}/control.sock',
  tables: { bad_ip: dryRun() },
  rules: { hackers: new Hackers({ table: 'bad_ip' }) },
  logs: {
    '${folder}/app.log': { hackers: [{ name: 'bad', regex: /^bad (?<ip>\\S+) \\d+$/, weight: 50 }] },
    'syslog:unix://${folder}/log.sock': { hackers: [{ name: 'bad', regex: /^bad (?<ip>\\S+) \\d+$/, weight: 50 }] },
  },
})
`,
    )
    const daemon = new Running(argvOf('run', '--config', path.join(folder, 'etc')), { env })
    t.after(() => daemon.end(0))
    await daemon.line(/^running /, { withinMs: WAIT_MS_MAX })
    appendFileSync(path.join(folder, 'app.log'), 'bad 203.0.113.7 1\nbad 203.0.113.7 2\n')
    await daemon.line(/ ban 203\.0\.113\.7 /, { withinMs: WAIT_MS_MAX })
    const socket = ['--socket', path.join(folder, 'control.sock')]
    for (const args of [['reload'], ['status'], ['bans'], ['why', '203.0.113.7'], ['unban', '203.0.113.7']]) {
      const { status, stderr } = await log2table(...socket, ...args)
      assert.equal(status, 0, `${args}: ${stderr}`)
    }
    daemon.signal('SIGTERM')
    await waitFor('it has ended', WAIT_MS_MAX, () => daemon.hasEnded)
    assert.equal(daemon.status, 0)
    assert.doesNotMatch(daemon.output, /Warning/)
  })
})
