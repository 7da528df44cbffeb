import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { configurationFolder } from '../../test/lib/configuration-folder.ts'
import { allowedLogsOf, checkCommands, loadCommands, namedOf } from './commands-json.ts'
import { formatFault } from './report.ts'

const said = (raw: unknown) => checkCommands(raw).faults.map(formatFault)

test('a command is a name and a list of words', (t) => {
  const folder = configurationFolder(t, {
    'commands.json': '{ "commands": { "mail": { "argv": ["/usr/bin/ssh", "mail", ""] } } }',
  })
  assert.deepEqual(loadCommands(folder), { commands: new Map([['mail', ['/usr/bin/ssh', 'mail', '']]]), faults: [] })
})

test('without the file there are no commands', (t) => {
  assert.deepEqual(loadCommands(configurationFolder(t, {})), { commands: new Map(), faults: [] })
  assert.deepEqual(checkCommands({}).commands, new Map())
})

test('every fault is told at once, with its path', () => {
  const commands = {
    'a b': { argv: ['/bin/true'] },
    shell: { argv: 'tail -f /var/log/x | grep y' },
    relative: { argv: ['tail', 5, 'a\0b'] },
    empty: { argv: [] },
    missing: { argw: ['/bin/true'] },
    none: null,
  }
  assert.deepEqual(said({ commands, command: {} }), [
    'command: unknown key; did you mean "commands"?',
    'commands["a b"]: is no name of a command; write a letter, then letters, digits, _ and -',
    'commands.shell.argv: "tail -f /var/log/x | grep y" is not a list of a program and its arguments; write ["/usr/bin/program"]; no shell reads it',
    'commands.relative.argv[0]: "tail" is not an absolute path; write the program with its whole path',
    'commands.relative.argv[1]: 5 is not text',
    'commands.relative.argv[2]: holds a NUL, which no argument can',
    'commands.empty.argv: is empty: there is no program to run; write ["/usr/bin/program"]; no shell reads it',
    'commands.missing.argw: unknown key; did you mean "argv"?',
    'commands.missing.argv: is missing; write ["/usr/bin/program"]; no shell reads it',
    'commands.none: null is not an object; write { "argv": ["/usr/bin/program"] }',
  ])
})

test('a file that is not JSON, or that others may write, is refused', (t) => {
  const folder = configurationFolder(t, { 'commands.json': '{ "commands": ' })
  const file = join(folder, 'commands.json')
  assert.match(loadCommands(folder).faults.map(formatFault).join(), /commands\.json: is not JSON: .*; write \{ "commands"/)
  chmodSync(file, 0o666)
  const { commands, faults } = loadCommands(folder)
  assert.equal(commands, undefined)
  assert.deepEqual(faults.map(formatFault), [`${file}: is writable by everybody (mode 0666); chmod go-w ${file}`])
  chmodSync(file, 0o644)
  assert.match(
    loadCommands(folder, 4711).faults.map(formatFault).join(),
    process.getuid?.() === 0 ? /not JSON/ : /belongs to user/,
  )
})

test('files that are kept have absolute paths', () => {
  assert.deepEqual(checkCommands({ files: { blockips: '/etc/blockips' } }).files, new Map([['blockips', '/etc/blockips']]))
  assert.deepEqual(said({ files: { blockips: 'blockips' } }), [
    'files.blockips: "blockips" is not an absolute path; write "/etc/blockips"',
  ])
  assert.deepEqual(said({ files: [] }), ['files: a list is not an object; write { "blockips": "/etc/blockips" }'])
})

test('words that are put before commands begin with a program and its whole path', () => {
  const words = ['/usr/bin/ssh', '-o', 'BatchMode=yes', 'fw1', 'doas']
  assert.deepEqual(checkCommands({ via: { fw1: words } }).via, new Map([['fw1', words]]))
  assert.deepEqual(said({ via: { fw1: ['ssh', 'fw1'], fw2: '/usr/bin/ssh fw2' } }), [
    'via.fw1[0]: "ssh" is not an absolute path; write the program with its whole path',
    'via.fw2: "/usr/bin/ssh fw2" is not a list of a program and its arguments; write ["/usr/bin/program"]; no shell reads it',
  ])
  assert.deepEqual(said({ via: [] }), ['via: a list is not an object; write { "fw1": ["/usr/bin/ssh", "fw1", "doas"] }'])
})

test('tables that others may have are listed by the kind of their firewall', () => {
  const tables = { pf: ['worst', 'bans/log2table:bad_ip'], ipfw: [] }
  assert.deepEqual(namedOf(checkCommands({ tables })).tables, new Map(Object.entries(tables)))
  const example = 'write ["bad_ip"], or ["ANCHOR:bad_ip"] for one in an anchor of pf'
  assert.deepEqual(said({ tables: { pf: 'bad_ip', ipfv: ['bad_ip'], npf: ['<bad_ip>', 5] } }), [
    'tables.ipfv: unknown key; did you mean "ipfw"?',
    `tables.pf: "bad_ip" is not a list of tables; ${example}`,
    `tables.npf[0]: "<bad_ip>" is no name of a table; ${example}`,
    `tables.npf[1]: 5 is no name of a table; ${example}`,
  ])
  assert.deepEqual(said({ tables: ['bad_ip'] }), ['tables: a list is not an object; write { "pf": ["bad_ip"] }'])
})

test('what the reader may read is a list of folders, files and captures; by default where logs are', () => {
  const logs = ['/var/log/', '/srv/app.log', 'pflog:pflog0', 'nflog:5']
  const allowed = { paths: ['/var/log', '/srv/app.log'], captures: ['pflog:pflog0', 'nflog:5'] }
  assert.deepEqual(allowedLogsOf(checkCommands({ logs })), allowed)
  assert.deepEqual(allowedLogsOf(checkCommands({})), { paths: ['/var/log', '/var/www/logs'], captures: [] })
  assert.deepEqual(allowedLogsOf(checkCommands({ logs: [] })), { paths: [], captures: [] })
  const hint = 'is no folder or file, nor a capture; write a whole path, "/var/log", or "pflog:pflog0", "nflog:5"'
  assert.deepEqual(said({ logs: ['log', '/var/log/*', 5, 'journal:', '/', '/var/log/..', 'pflog:/var/log/pflog'] }), [
    `logs[0]: "log" ${hint}`,
    `logs[1]: "/var/log/*" ${hint}`,
    `logs[2]: 5 ${hint}`,
    `logs[3]: "journal:" ${hint}`,
    'logs[4]: "/" does not say which logs; name their folders, without ".."',
    'logs[5]: "/var/log/.." does not say which logs; name their folders, without ".."',
    `logs[6]: "pflog:/var/log/pflog" ${hint}`,
  ])
  assert.deepEqual(said({ logs: '/var/log' }), ['logs: "/var/log" is not a list; write ["/var/log", "pflog:pflog0"]'])
})

test('what may be used by name is nothing where there is a fault', () => {
  const none = { commands: new Map(), files: new Map(), via: new Map() }
  assert.deepEqual(namedOf(checkCommands({ files: { a: '/a' }, via: { b: ['/b'] }, commands: { c: { argv: ['c'] } } })), none)
  assert.deepEqual(namedOf(checkCommands({ files: { a: '/a' }, via: { b: ['/b'] } })), {
    commands: new Map(),
    files: new Map([['a', '/a']]),
    via: new Map([['b', ['/b']]]),
  })
})
