import assert from 'node:assert/strict'
import { appendFileSync, readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { exitStatus } from '../../src/base/exit-status.ts'
import { DaemonProcess } from '../lib/daemon-process.ts'
import { needs } from '../lib/programs.ts'
import { openTerminal, TERMINAL_PROGRAMS, type Terminal } from '../lib/terminal.ts'
import { waitFor } from '../lib/wait-for.ts'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const options = { skip: needs(TERMINAL_PROGRAMS) }

/** A daemon of which one source is at half of a ban and one is banned. */
async function startDaemon(t: TestContext): Promise<DaemonProcess> {
  const daemon = new DaemonProcess(t)
  appendFileSync(daemon.path('app.log'), '')
  appendFileSync(daemon.path('other.log'), '')
  await daemon.start()
  daemon.misbehave('203.0.113.9')
  appendFileSync(daemon.path('other.log'), 'bad 198.51.100.7\n')
  await daemon.bans('203.0.113.9')
  return daemon
}

/** `top` at work in a shell, so that what was on the terminal before can be seen to come back. */
async function openTop(t: TestContext, daemon: DaemonProcess, size = { columns: 100, rows: 24 }): Promise<Terminal> {
  const top = [process.execPath, '--disable-warning=ExperimentalWarning', main, 'top'].map((word) => `'${word}'`).join(' ')
  const script = `echo before; ${top}; echo "status $?"; stty -a | grep -o -E -e '-?(icanon|echo)\\b' | tr '\\n' ' '; exec sleep 600`
  const env = { LOG2TABLE_SOCKET: daemon.path('run/control.sock'), TZ: 'UTC' }
  const terminal = await openTerminal(t, { argv: ['sh', '-c', script], env, ...size })
  await terminal.until(/^CLIMBING[\s\S]*198\.51\.100\.7[\s\S]*^DECIDED[\s\S]*203\.0\.113\.9/m)
  return terminal
}

/** What does not depend on the moment (in the last hour of a day a ban ends tomorrow), nor on the folder of this test. */
function masked(screen: string, daemon: DaemonProcess): string {
  return screen
    .replaceAll(daemon.folder, 'FOLDER')
    .replaceAll(/(?:\d{4}-\d\d-\d\dT)?\d\d:\d\d:\d\d/g, 'hh:mm:ss')
    .replaceAll(/up \d+s/g, 'up Ns')
    .replaceAll(/ {2,}(?:now|\d+s ago) {2,}/g, '  Ns ago  ')
    .replaceAll(/ +all is well$/gm, '  all is well')
}

/** What stays on the terminal when `top` has given it back. */
async function afterwards(terminal: Terminal): Promise<string> {
  const screen = await terminal.until(/^-?icanon/m)
  assert.deepEqual(await terminal.state(), { isAlternate: false, isCursorVisible: true, hasEnded: false, status: null })
  return screen
}

const LEFT = (status: number) => `before\nstatus ${status}\nicanon echo\n`

test(
  'the page tells what comes in, how tables stand, who climbs and what was decided; q gives the terminal back',
  options,
  async (t) => {
    const daemon = await startDaemon(t)
    const terminal = await openTop(t, daemon, { columns: 160, rows: 24 })
    const screen = await terminal.until(/ 0 lines\/s/)
    assert.equal(
      masked(screen, daemon),
      `log2table hh:mm:ss, up Ns, dry run, 0 lines/s, 1 in force  all is well

LINES/S  LINES  HITS  UNREAD  LOG
      0      2     2       -  FOLDER/app.log
      0      1     1       -  FOLDER/other.log

IN FORCE  OF  FULL  QUEUED  STATE      TABLE
       1   1     -       -  enforcing  bad_ip (dryRun)

CLIMBING                  POINTS   OF  RULE     LAST
198.51.100.7  █████░░░░░      50  100  hackers  Ns ago  bad

DECIDED
hh:mm:ss  ban  203.0.113.9  bad_ip for 1h until hh:mm:ss, hackers 100 points: bad in FOLDER/app.log
`,
    )
    assert.deepEqual(await terminal.state(), { isAlternate: true, isCursorVisible: false, hasEnded: false, status: null })

    daemon.misbehave('203.0.113.77')
    await terminal.until(/^DECIDED\n\S+ {2}ban {2}203\.0\.113\.77 .*\n\S+ {2}ban {2}203\.0\.113\.9 /m)
    await terminal.until(/^ +2 +2 +- +- +enforcing {2}bad_ip/m)
    await terminal.press('q')
    assert.equal(await afterwards(terminal), LEFT(exitStatus.done))
  },
)

test('a terminal of another size gets a page that fits, and no line is ever wider', options, async (t) => {
  const daemon = await startDaemon(t)
  const terminal = await openTop(t, daemon)
  appendFileSync(daemon.path('app.log'), Array.from({ length: 60 }, (_, i) => `bad 192.0.2.${i + 1}\n`).join(''))
  const before = await terminal.until(/^and \d+ more$/m)
  assert.equal(before.split('\n').length - 1, 24)
  await terminal.resize(60, 16)
  // Until it is drawn anew, the terminal shows what it has cut itself.
  const isAnew = (screen: string) => screen.split('\n').length - 1 === 16 && /^DECIDED\n.*…$/m.test(screen)
  const small = await terminal.until(isAnew)
  for (const line of small.split('\n')) assert.ok(line.length <= 60, line)
  await terminal.resize(120, 40)
  await terminal.until((screen) => screen.split('\n').length - 1 === 40)
  await terminal.press('C-c')
  assert.equal(await afterwards(terminal), LEFT(exitStatus.done))
})

for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
  test(`${signal} gives the terminal back`, options, async (t) => {
    const terminal = await openTop(t, await startDaemon(t))
    process.kill(await topIn(terminal), signal)
    assert.equal(await afterwards(terminal), LEFT(exitStatus.done))
  })
}

test(
  'a daemon that is started again is waited for; one that is gone gives the terminal back, and says so',
  options,
  async (t) => {
    const daemon = await startDaemon(t)
    const terminal = await openTop(t, daemon)
    await daemon.stop()
    await terminal.until(/^no daemon answers on /m)
    await daemon.start()
    await terminal.until(/all is well/)
    assert.doesNotMatch(await terminal.screen(), /no daemon answers/)
    await daemon.stop()
    const left = await afterwards(terminal)
    assert.match(left, /^before\nlog2table: no daemon answers on \S*\n?[\s\S]*\nstatus 69\nicanon echo\n$/)
  },
)

test('^Z gives the terminal back for as long as it lasts', options, async (t) => {
  const terminal = await openTop(t, await startDaemon(t))
  const pid = await topIn(terminal)
  await terminal.press('C-z')
  await waitFor('the terminal is given back', 20_000, async () => !(await terminal.state()).isAlternate)
  process.kill(pid, 'SIGCONT')
  await terminal.until(/^CLIMBING/m)
  assert.equal((await terminal.state()).isAlternate, true)
  await terminal.press('q')
  assert.equal(await afterwards(terminal), LEFT(exitStatus.done))
})

test('text of strangers is escaped on the page', options, async (t) => {
  const daemon = new DaemonProcess(t)
  await daemon.start()
  await daemon.run(['ban', '203.0.113.9', '--reason', 'x\u001b[2J\u001b]0;owned\u0007\u202e<b>'].join(' '))
  const { stdout } = await daemon.run('top --once')
  assert.match(stdout, /by hand: x\\x1b\[2J\\x1b\]0;owned\\x07\\u\{202e\}<b>$/m)
  assert.equal(stripVTControlCharacters(stdout), stdout)
})

/** The process that draws: a child of the shell. */
async function topIn(terminal: Terminal): Promise<number> {
  const shell = (await terminal.ask('display-message', '-p', '#{pane_pid}')).trim()
  return Number(readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').trim())
}
