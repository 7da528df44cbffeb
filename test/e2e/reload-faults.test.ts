import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { exitStatus } from '../../src/base/exit-status.ts'
import { DaemonProcess } from '../lib/daemon-process.ts'
import { program } from '../lib/programs.ts'
import { waitFor } from '../lib/wait-for.ts'

/** How a configuration is made faulty, and what is said of it. */
interface Faulty {
  readonly what: string
  readonly says: RegExp
  /** What becomes of the text of parameters.ts. */
  readonly text?: (good: string) => string
  /** Files that are put beside it. */
  readonly files?: Readonly<Record<string, string>>
  /** What is done to its file or folder, and what undoes it. */
  readonly done?: (file: string) => () => void
}

const mode = (wrong: number, right: number, path: (file: string) => string) => (file: string) => {
  chmodSync(path(file), wrong)
  return () => chmodSync(path(file), right)
}
const away = (file: string) => {
  renameSync(file, `${file}.away`)
  return () => renameSync(`${file}.away`, file)
}
const folderInstead = (file: string) => {
  rmSync(file)
  mkdirSync(file)
  return () => rmSync(file, { recursive: true })
}
const withLine = (line: string) => (good: string) => `${line}\n${good}`
const withKey = (key: string) => (good: string) => good.replace(/\}\)\n$/, `  ${key}\n})\n`)
const insteadOf = (from: string | RegExp, to: string) => (good: string) => good.replace(from, to)

const faults: readonly Faulty[] = [
  { what: 'a syntax error', text: withLine('const = 1'), says: /parameters\.ts:1:\d+: syntax error/ },
  { what: 'TypeScript that is not only types', text: withLine('enum A { B }'), says: /parameters\.ts:1/ },
  { what: 'a fault of types', text: insteadOf('new Hackers({', "new Hackers({ threshold: '100',"), says: /threshold.*write 100/ },
  { what: 'something that is no rule', text: insteadOf(/new Hackers\(.*\)/, '{}'), says: /rules\.hackers/ },
  { what: 'a throw while it is loaded', text: withLine("throw new Error('no')"), says: /parameters\.ts:1:\d+: threw Error: no/ },
  {
    what: 'a throw after it was loaded',
    text: withLine("setImmediate(() => { throw new Error('late') }); await new Promise(() => {})"),
    says: /Error: late/,
  },
  { what: 'a getter that throws', text: withKey("get ignore() { throw new Error('no') },"), says: /threw Error: no/ },
  { what: 'a loop without end', text: withLine('for (;;) {}'), says: /did not come to an end/ },
  { what: 'a wait without end', text: withLine('await new Promise(() => {})'), says: /did not end within 10s/ },
  { what: 'process.exit()', text: withLine('process.exit(0)'), says: /ended the program/ },
  {
    what: 'all memory taken',
    text: withLine('const all = []; for (;;) all.push({ all })'),
    says: /ended the program \(SIGABRT\)/,
  },
  { what: 'no default export', text: () => 'export const a = 1\n', says: /has no default export/ },
  { what: 'nothing in it', text: () => '', says: /has no default export/ },
  { what: 'bytes that are no text', text: () => '\0\x01\x7f\uFFFE', says: /parameters\.ts/ },
  {
    what: 'an import of what is not there',
    text: withLine("import './friends.ts'"),
    says: /imports "\.\/friends\.ts".*does not exist/,
  },
  {
    what: 'an imported file with a fault',
    text: withLine("import './more.ts'"),
    files: { 'more.ts': 'null.x' },
    says: /more\.ts:1:\d+: threw TypeError/,
  },
  { what: 'an unknown key', text: withKey('lgos: {},'), says: /lgos: unknown key; did you mean "logs"/ },
  {
    what: 'a regex that is none',
    text: insteadOf('(?<ip>\\S+)', '(?<ip>\\S+'),
    says: /syntax error: Invalid regular expression/,
  },
  { what: 'a regex without an address', text: insteadOf('(?<ip>\\S+)', '\\S+'), says: /no named group ip/ },
  {
    what: 'a table that is not declared',
    text: insteadOf("Hackers({ table: 'bad_ip' })", "Hackers({ table: 'worse_ip' })"),
    says: /worse_ip/,
  },
  { what: 'a table whose name no firewall takes', text: insteadOf('tables: {', "tables: { 'x; y': dryRun(),"), says: /x; y/ },
  {
    what: 'a table of a firewall that there is not',
    text: insteadOf('tables: {', "tables: { other: { kind: 'netgate' },"),
    says: /other/,
  },
  { what: 'an address that is read in two ways', text: withKey("ignore: ['010.1.2.3'],"), says: /010\.1\.2\.3.*octal/ },
  {
    what: 'a file of friends that is not there',
    text: withKey("ignore: ['file:/nowhere/friends'],"),
    says: /\/nowhere\/friends does not exist/,
  },
  { what: 'a log that is no path', text: insteadOf(/logs: \{/, "logs: { 'auth.log': { hackers: [] },"), says: /auth\.log/ },
  {
    what: 'another state folder',
    text: insteadOf(/stateFolder: '.*'/, "stateFolder: '/var/lib/elsewhere'"),
    says: /changed by a restart only/,
  },
  {
    what: 'another control socket',
    text: insteadOf(/control: '.*'/, "control: '/run/elsewhere/control.sock'"),
    says: /changed by a restart only/,
  },
  { what: 'a commands.json that is none', files: { 'commands.json': '{' }, says: /commands\.json/ },
  {
    what: 'a commands.json with a shell line',
    files: { 'commands.json': '{ "commands": { "x": "rm -rf /" } }' },
    says: /commands\.json.*x/,
  },
  {
    what: 'no file',
    done: away,
    says: /does not exist/,
  },
  {
    what: 'a folder in its place',
    done: folderInstead,
    says: /parameters\.ts/,
  },
  { what: 'no right to read the file', done: mode(0o000, 0o644, (file) => file), says: /permission denied/ },
  { what: 'no right to enter the folder', done: mode(0o600, 0o755, dirname), says: /permission denied/ },
  { what: 'a file that everybody may write', done: mode(0o666, 0o644, (file) => file), says: /is writable by everybody/ },
  { what: 'a folder that its group may write', done: mode(0o775, 0o755, dirname), says: /is writable by its group/ },
]

describe('a configuration that is loaded again and has a fault leaves the one before in force', () => {
  let daemon: DaemonProcess
  let file: string
  let good: string
  let attackers = 0
  const ends: (() => unknown)[] = []
  before(async () => {
    // Root without its right to read everything.
    const mere = [program('setpriv'), '--bounding-set', '-dac_override,-dac_read_search', '--']
    const context = { after: (end: () => unknown) => ends.unshift(end), passed: true, diagnostic() {} }
    daemon = new DaemonProcess(context as never, { around: (argv) => (process.geteuid?.() === 0 ? [...mere, ...argv] : argv) })
    file = daemon.path('etc/parameters.ts')
    good = readFileSync(file, 'utf8')
    writeFileSync(daemon.path('other.log'), '')
    await daemon.start()
  })
  after(async () => {
    for (const end of ends) await end()
  })

  const attack = async () => {
    const address = `203.0.113.${++attackers}`
    daemon.misbehave(address)
    await daemon.bans(address)
  }

  for (const { what, says, text = (same: string) => same, files = {}, done = () => () => {} } of faults) {
    test(what, async () => {
      const changed = text(good)
      assert.ok(changed !== good || Object.keys(files).length > 0 || done.length > 0, 'there is a fault')
      writeFileSync(file, changed)
      for (const [name, content] of Object.entries(files)) writeFileSync(join(dirname(file), name), content, { mode: 0o644 })
      const undo = done(file)
      const reloading = daemon.run('reload')
      await attack()
      const { status, stdout, stderr } = await reloading
      assert.deepEqual({ status, stdout }, { status: exitStatus.configuration, stdout: '' }, stderr)
      assert.match(stderr, says)
      const { status: isWell, troubles } = await daemon.troubles()
      assert.equal(isWell, exitStatus.no)
      assert.match(troubles.join('\n'), /^the configuration was not loaded again at \S+; the one before is in force: /m)
      assert.match(troubles.join('\n'), says)
      await attack()
      undo()
      for (const name of Object.keys(files)) rmSync(join(dirname(file), name))
      writeFileSync(file, good)
    })
  }

  test('and when the fault is mended, it is loaded and all is well', async () => {
    const saidBefore = daemon.said.length
    daemon.configure({ more: '!' })
    daemon.hangUp()
    await waitFor('the fault is said', 20_000, () => daemon.said.slice(saidBefore).some((line) => line.includes('syntax error')))
    daemon.configure()
    const { status, stderr } = await daemon.run('reload')
    assert.equal(status, exitStatus.done, stderr)
    assert.deepEqual(await daemon.troubles(), { status: exitStatus.done, troubles: [] })
    await attack()
  })
})
