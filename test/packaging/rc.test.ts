import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { createNamespace, NAMESPACE_PROGRAMS } from '../lib/namespace.ts'
import { needs, program } from '../lib/programs.ts'

const packaging = path.resolve(import.meta.dirname, '../../packaging')
const textOf = (name: string) => readFileSync(path.join(packaging, name), 'utf8')
const scripts = ['openbsd/log2table', 'freebsd/log2table', 'pflog/openbsd/log2table_pflog', 'pflog/freebsd/log2table_pflog']

let folder: string
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'log2table-rc-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

interface Verb {
  /** What rc.conf says, and how "log2table check" ends. */
  readonly variables?: Readonly<Record<string, string>>
  readonly shell?: string
}

/** What a script does at a verb, line by line, in the words of a stub of rc.subr; the last line is its exit status. */
function done(script: string, stub: string, verb: string, { variables = {}, shell = 'sh' }: Verb = {}): readonly string[] {
  const subr = script.startsWith('openbsd') ? '/etc/rc.d/rc.subr' : '/etc/rc.subr'
  const text = textOf(script)
  assert.ok(text.includes(`\n. ${subr}\n`))
  writeFileSync(path.join(folder, 'rc.subr'), stub)
  const command = path.join(folder, 'log2table')
  writeFileSync(command, `#!/bin/sh\necho "log2table $* with $LOG2TABLE_NODE"\nexit $TEST_CHECK\n`)
  chmodSync(command, 0o755)
  const here = text
    .replace(`. ${subr}\n`, `. ${folder}/rc.subr\n`)
    .replaceAll('/var/db/log2table', `${folder}/db`)
    .replace(/ \/usr\/local\/bin\/log2table"$/m, ` ${command}"`)
  writeFileSync(path.join(folder, 'script'), here)
  const env = { PATH: process.env.PATH, TEST_CHECK: '0', ...variables }
  const { status, stdout, stderr } = spawnSync(shell, [path.join(folder, 'script'), verb], { encoding: 'utf8', env })
  return `${stdout}${stderr}status ${status}`.replaceAll(folder, '').split('\n')
}

/** There is a configuration that was accepted. */
function keepAccepted(): void {
  mkdirSync(path.join(folder, 'db/accepted'), { recursive: true })
  writeFileSync(path.join(folder, 'db/accepted/parameters.ts'), '')
}

for (const script of scripts) {
  it(`${script} can be read by every shell that may run it`, { skip: needs(['mksh']) }, () => {
    for (const shell of ['sh', program('mksh')]) execFileSync(shell, ['-n', path.join(packaging, script)])
  })
}

describe("OpenBSD's rc.d script", { skip: needs(['mksh']) }, () => {
  /** The order of OpenBSD's rc.subr(8): configtest before start, restart and reload, and nothing more where it says no. */
  const stub = `
daemon_flags=\${log2table_flags-\${daemon_flags-}}
pexp="$daemon\${daemon_flags:+ $daemon_flags}"
rc_exec() { echo "exec $*"; case "$*" in *' check'*) return "$TEST_CHECK" ;; esac; }
signal() { echo "$1 to all that are $pexp"; }
rc_cmd() {
  case $1 in
  configtest) rc_configtest ;;
  check) signal 0 ;;
  start) rc_configtest && rc_exec "$daemon $daemon_flags" && echo "in the background: $rc_bg, to the log: $daemon_logger" ;;
  reload) rc_configtest && signal "\${rc_reload_signal:-HUP}" ;;
  stop) signal TERM ;;
  esac
}
`
  const verb = (name: string, variables?: Record<string, string>) =>
    done('openbsd/log2table', stub, name, { shell: program('mksh'), ...(variables && { variables }) })
  const process = String.raw`[^ ]*node .*/dist/cli/main\.js run`

  it('checks the configuration before it starts, in the background, with what it says sent to syslog', () => {
    assert.deepEqual(verb('start'), [
      'exec /usr/local/bin/log2table check',
      'exec /usr/local/bin/log2table run ',
      'in the background: YES, to the log: daemon.info',
      'status 0',
    ])
  })

  it('starts with faults only where a configuration was accepted before', () => {
    assert.deepEqual(verb('start', { TEST_CHECK: '78' }), ['exec /usr/local/bin/log2table check', 'status 1'])
    keepAccepted()
    assert.equal(verb('start', { TEST_CHECK: '78' })[1], 'exec /usr/local/bin/log2table run ')
  })

  it('reloads by HUP, and leaves the old configuration alone where the new one has faults', () => {
    assert.deepEqual(verb('reload'), ['exec /usr/local/bin/log2table check', `HUP to all that are ${process}`, 'status 0'])
    keepAccepted()
    assert.deepEqual(verb('reload', { TEST_CHECK: '78' }), ['exec /usr/local/bin/log2table check', 'status 1'])
  })

  it('checks the configuration of the folder that the flags name', () => {
    for (const option of ['--config /etc/other', '--config=/etc/other']) {
      assert.equal(
        verb('configtest', { log2table_flags: `-d ${option} --json` })[0],
        `exec /usr/local/bin/log2table check ${option}`,
      )
    }
  })

  it('means the keeper, which root started, and not the engine that it starts', () => {
    for (const flags of ['', '-d --config /etc/other']) {
      const [said] = verb('check', { log2table_flags: flags })
      const pexp = new RegExp(`^${said!.replace('0 to all that are ', '')}$`)
      const keeper = `node --disable-warning=ExperimentalWarning --max-semi-space-size=8 /usr/local/bin/../lib/log2table/dist/cli/main.js run${flags && ` ${flags}`}`
      assert.match(keeper, pexp)
      assert.doesNotMatch(`${keeper} --accepted /var/db/log2table/accepted --keeper /var/run/log2table-keeper/keeper.sock`, pexp)
      assert.doesNotMatch(keeper.replace('main.js run', 'main.js status'), pexp)
      assert.doesNotMatch(`/bin/sh /usr/local/bin/log2table run${flags}`, pexp)
    }
    assert.deepEqual(verb('stop'), [`TERM to all that are ${process}`, 'status 0'])
  })
})

describe("FreeBSD's rc.d script", () => {
  /** The order of FreeBSD's rc.subr(8): required files, the command before, the command or a signal to whom the pid file names. */
  const stub = `
load_rc_config() { [ -z "\${TEST_FLAGS-}" ] || log2table_flags=$TEST_FLAGS; }
run_rc_command() {
  echo "$rcvar=$log2table_enable, also: $extra_commands"
  [ "$1" != start ] || [ -r "$required_files" ] || { echo "$required_files is not readable"; return 1; }
  eval "before=\\\${\${1}_precmd-} instead=\\\${\${1}_cmd-}"
  [ -z "$before" ] || $before || return
  case $1 in
  start) echo "$command \${log2table_flags} $command_args" ;;
  stop) echo "TERM to $procname of $pidfile" ;;
  reload) echo "$sig_reload to $procname of $pidfile" ;;
  *) $instead ;;
  esac
}
`
  const first = 'log2table_enable=NO, also: reload checkconfig'
  const node = '/usr/local/bin/node'
  const verb = (name: string, more: Record<string, string> = {}) =>
    done('freebsd/log2table', stub, name, { variables: { log2table_config: folder, ...more } })

  it('starts only what is configured, checked before, and known by its pid', () => {
    assert.deepEqual(verb('start'), [first, '/parameters.ts is not readable', 'status 1'])
    writeFileSync(path.join(folder, 'parameters.ts'), '')
    const daemon = `/usr/sbin/daemon  -f -S -T log2table -p /var/run/log2table.pid /usr/bin/env LOG2TABLE_NODE=${node} /log2table`
    assert.deepEqual(verb('start'), [first, `log2table check --config  with ${node}`, `${daemon} run --config  `, 'status 0'])
    assert.equal(verb('start', { TEST_FLAGS: '-d' })[2], `${daemon} run --config  -d`)
    assert.equal(verb('start', { log2table_node: '/opt/node' })[1], 'log2table check --config  with /opt/node')
  })

  it('starts with faults only where a configuration was accepted before', () => {
    writeFileSync(path.join(folder, 'parameters.ts'), '')
    assert.equal(verb('start', { TEST_CHECK: '78' }).length, 3)
    keepAccepted()
    assert.match(verb('start', { TEST_CHECK: '78' })[2]!, /^\/usr\/sbin\/daemon /)
  })

  it('reloads by HUP, and leaves the old configuration alone where the new one has faults', () => {
    const check = `log2table check --config  with ${node}`
    assert.deepEqual(verb('reload'), [first, check, `HUP to ${node} of /var/run/log2table.pid`, 'status 0'])
    keepAccepted()
    assert.deepEqual(verb('reload', { TEST_CHECK: '78' }), [first, check, 'status 78'])
    assert.deepEqual(verb('checkconfig', { TEST_CHECK: '78' }), [first, check, 'status 78'])
    assert.deepEqual(verb('stop'), [first, `TERM to ${node} of /var/run/log2table.pid`, 'status 0'])
  })
})

describe('what goes with the services', () => {
  it('rotates the file that syslog writes', () => {
    const places = [
      ['openbsd/newsyslog.conf', 'openbsd/syslog.conf'],
      ['freebsd/newsyslog.conf', 'freebsd/syslog.conf'],
      ['linux/logrotate', 'linux/rsyslog.conf'],
    ]
    for (const [rotation, syslog] of places) {
      const file = /\/var\/log\/log2table(?:\.log)?(?=[ "\t])/.exec(textOf(rotation!))?.[0]
      assert.ok(file, rotation)
      assert.ok(textOf(syslog!).includes(file), syslog)
    }
    for (const file of ['openbsd/newsyslog.conf', 'freebsd/newsyslog.conf'])
      assert.match(textOf(file), /\/var\/log\/auth\.?log\s+root:_log2table 640 /)
  })

  it('rsyslog understands its lines', { skip: needs(['rsyslogd']) }, () => {
    const file = path.join(folder, 'rsyslog.conf')
    writeFileSync(file, `${textOf('linux/rsyslog.conf')}*.* ${folder}/rest\n`)
    const { status, stderr } = spawnSync(program('rsyslogd'), ['-N1', '-f', file], { encoding: 'utf8' })
    assert.equal(status, 0, stderr)
  })

  it('the example of nftables replaces itself and leaves our table as it is', {
    skip: needs([...NAMESPACE_PROGRAMS, 'nft']),
  }, async (t) => {
    const namespace = await createNamespace()
    t.after(() => namespace.close())
    const nft = (...args: string[]) => namespace.run([program('nft'), ...args])
    const ours =
      'table inet log2table {\nset bad_ip_v4 {\ntype ipv4_addr; flags timeout\nelements = { 192.0.2.1 timeout 1h }\n}\n}\n'
    await namespace.run([program('nft'), '-f', '-'], ours)
    const example = path.join(packaging, 'firewalls/nftables.conf')
    await nft('-f', example)
    const once = await nft('list', 'table', 'inet', 'filter')
    await nft('-f', example)
    assert.equal(await nft('list', 'table', 'inet', 'filter'), once)
    assert.match(await nft('list', 'ruleset'), /192\.0\.2\.1/)
    assert.match(once, /tcp dport \{ 22, 80, 443 \} accept/)
  })

  it('the container has the user and the folders that the program looks for', () => {
    assert.match(textOf('docker/Dockerfile'), /useradd .* log2table$/m)
    const compose = textOf('docker/compose.yaml')
    for (const place of ['/etc/log2table:/etc/log2table:ro', 'state:/var/lib/log2table', 'keeper:/var/lib/log2table-keeper'])
      assert.ok(compose.includes(`- ${place}\n`), place)
    assert.ok(existsSync(path.join(packaging, 'docker/compose.yaml')))
  })
})
