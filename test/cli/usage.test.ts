import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exitStatus } from '../../src/base/exit-status.ts'
import { commandEntries } from '../../src/cli/commands/index.ts'
import { failed, log2table, printed } from './session.ts'

const overview = `log2table follows logs, weighs suspicious lines, and puts the addresses that
reach 100 points into a firewall table, for an hour at first.

Usage: log2table COMMAND [OPTION...] [ARGUMENT...]

To begin with
  init                  look at this machine and write a configuration for it
  watch [LOG...]        say live what would be banned; changes nothing
  replay LOG...         say what would have been banned, by old logs (.gz too)

The configuration
  check                 find every fault of the configuration
  test [FILE...]        prove patterns by their samples, or try them on a log

The daemon
  run                   follow the logs and keep the tables, in the foreground
  keeper                change the firewall for a daemon that may not
  reader                read logs for a daemon that may not
  status                say whether all is well, and if not, what is wrong
  top                   show live what happens, and who is nearest to a ban
  doctor                say whether it really blocks, and if not, why
  reload                put the changed configuration in force
  release [NAME...]     list patterns and rules that were stopped; free them

Bans
  bans                  list who is banned, until when and why
  why ADDRESS           tell why an address is banned, or why not
  ban ADDRESS           ban an address or network by hand
  unban ADDRESS         end all bans of an address or network
  panic                 empty all tables at once, with or without a daemon

The past
  offenders             rank who offended, over months; who is proposed for life
  report                tell what happened in a week, as text or HTML
  snapshot [FILE]       put tables, or another machine's, into the history
  confirm [ADDRESS...]  ban for life who was proposed for it
  parole [ADDRESS...]   list those banned for life who fell silent; free them

Packets
  pflog                 follow pf's packet log as text, or read a capture

The program
  help [COMMAND]        explain the program, or one command and its options
  completion SHELL      print what makes your shell complete our command lines
  version               print the version

"log2table help COMMAND" tells more. All that print can print JSON: --json.
The configuration is /etc/log2table/parameters.ts; to begin, none is needed.
`

const unbanHelp = `Usage: log2table unban [OPTION...] ADDRESS

End all bans of an address or network.

  ADDRESS  an address or network, as "log2table bans" lists it

Options
  --reason TEXT  why; kept in its history
  --json         print one JSON object a line
  --socket PATH  where the daemon listens, else LOG2TABLE_SOCKET, else
                 /var/run/log2table/control.sock
  -h, --help     print this

Ends all bans of it, by whatever rule and in whatever table, and forgets its
points: what it did up to now bans it no more, what it does from now on counts.
To spare it for good, put it on the ignore list.

Examples
  log2table unban 203.0.113.9
  log2table unban 2001:db8:0:1::/64 --reason "our own backup"

Exit status
  0   unbanned
  1   it was not banned
  64  no address, or an unknown option
  69  no daemon answers; or the firewall does not, then it is let in as soon as
      it does
`

test('help that is asked for goes to standard output', async () => {
  for (const line of ['help', '--help', '-h']) assert.deepEqual(await log2table(line), printed(overview))
})

test('a bare log2table is a mistake, and gets the help on standard error', async () => {
  assert.deepEqual(await log2table(''), { status: exitStatus.usage, stdout: '', stderr: overview })
})

test('a command explains itself with its options, examples and exit statuses, in every way one may ask', async () => {
  for (const line of ['help unban', 'unban --help', 'unban -h', 'unban 192.0.2.7 --help']) {
    assert.deepEqual(await log2table(line), printed(unbanHelp), line)
  }
})

test('every command has its help, and it fits a console', async () => {
  for (const { name } of commandEntries) {
    const { status, stdout, stderr } = await log2table(`help ${name}`)
    assert.deepEqual({ status, stderr }, { status: exitStatus.done, stderr: '' }, name)
    assert.match(stdout, new RegExp(`^Usage: log2table ${name} \\[OPTION...\\]`))
    assert.doesNotMatch(stdout, /^(?:Examples|Options|Exit status):/m)
    // A command line cannot be wrapped; all else is.
    for (const line of stdout.split('\n')) assert.ok(line.length <= 80 || line.startsWith('  log2table '), `${name}: ${line}`)
  }
})

test('what an option needs is told from what it can do without', async () => {
  const { stdout } = await log2table('help run')
  assert.match(stdout, /^ {2}--config DIR {2}/m)
  assert.match(stdout, /^ {2}--try \[DIR\] {2}/m)
})

test('the version is told in words and as JSON', async () => {
  const { stdout } = await log2table('version')
  assert.match(stdout, /^log2table \d+\.\d+\.\d+\S* \(Node \d+\.\d+\.\d+, \w+ \w+\)\n$/)
  assert.deepEqual(await log2table('--version'), printed(stdout))
  assert.deepEqual(await log2table('-V'), printed(stdout))
  const told = JSON.parse((await log2table('version --json')).stdout)
  assert.deepEqual(Object.keys(told), ['kind', 'version', 'node', 'platform', 'arch'])
})

const mistakes: readonly (readonly [line: string, message: string])[] = [
  ['stauts', 'unknown command "stauts"; did you mean "status"?'],
  ['frobnicate', 'unknown command "frobnicate"; "log2table help" lists them all'],
  ['help stauts', 'unknown command "stauts"; did you mean "status"?'],
  ['status --jsn', 'unknown option "--jsn" of status; did you mean "--json"?'],
  ['status -q', 'unknown option "-q" of status; "log2table help status" lists them all'],
  ['--nonsense', 'unknown option "--nonsense"; "log2table help" lists them all'],
  ['status --json=yes', 'unknown option "--json=yes" of status; "log2table help status" lists them all'],
  ['status now', 'status takes no argument, and there is "now"; see "log2table help status"'],
  ['ban 192.0.2.7 192.0.2.8', 'ban takes one argument, and there is "192.0.2.8"; see "log2table help ban"'],
  ['ban', 'ban needs ADDRESS; see "log2table help ban"'],
  ['unban --json', 'unban needs ADDRESS; see "log2table help unban"'],
  ['ban 192.0.2.7 --for', '--for needs DURATION after it; see "log2table help ban"'],
  ['status --socket', '--socket needs PATH after it; see "log2table help"'],
  ['ban 192.0.2.7 --for 1hour', '--for: "1hour" is not a length of time; write "1h", or "life"'],
  ['ban 192.0.2.7 --for ever', '--for: "ever" is not a length of time; write for example "90s", "10m", "1h" or "7d", or "life"'],
  ['ban 010.1.2.3', '010.1.2.3: a number with a leading zero is read as octal by some tools; write 10.1.2.3'],
  ['ban 1.2.3', '1.2.3: an IPv4 address has four numbers'],
  ['ban example.org', 'example.org: a name; names are never resolved, give the address'],
  ['ban 192.0.2.7/24', '192.0.2.7/24: host bits are set; did you mean 192.0.2.0/24 or 192.0.2.7?'],
  [
    'unban fe80::1%eth0',
    'fe80::1%eth0: an address with a zone (%eth0) holds on one interface only and cannot be in a table; write fe80::1',
  ],
  ['test --pattern sshd/faild-password', 'no pattern is called "sshd/faild-password"; did you mean "sshd/failed-password"?'],
]

for (const [line, message] of mistakes) {
  test(`"log2table ${line}" says what to do instead`, async () => {
    assert.deepEqual(await log2table(line), failed(exitStatus.usage, message))
  })
}

test('what is typed comes back without control characters', async () => {
  const { stderr } = await log2table(['\x1b[31mred\x07'])
  assert.equal(stderr, 'log2table: unknown command "\\x1b[31mred\\x07"; "log2table help" lists them all\n')
  assert.ok((await log2table(['status', `--${'x'.repeat(100_000)}`])).stderr.length < 200)
})

test('a path that is too long for a socket is said to be', async () => {
  const path = `/${'x'.repeat(103)}`
  assert.deepEqual(
    await log2table(['status', '--socket', path]),
    failed(exitStatus.usage, `${path}: the path of a socket has at most 103 bytes`),
  )
})

test('an address in IPv6 clothes is taken as what it is, and an unknown option never reaches the daemon', async () => {
  const env = { LOG2TABLE_SOCKET: '/nonexistent/control.sock' }
  const seen = failed(
    exitStatus.unavailable,
    'no daemon answers on /nonexistent/control.sock; is it running? start it with "log2table run"',
  )
  assert.deepEqual(await log2table('ban ::ffff:192.0.2.7', { env }), seen)
  assert.deepEqual(await log2table('status --socket /nonexistent/control.sock'), seen)
  assert.deepEqual(
    await log2table('--socket /nonexistent/control.sock status', { env: { LOG2TABLE_SOCKET: '/elsewhere' } }),
    seen,
  )
})
