import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { DebianRoot, makePackage, noDebianRoot, prepareDebian } from '../../lib/debian-root.ts'
import { connect, createNamespace } from '../../lib/namespace.ts'
import { needs, program } from '../../lib/programs.ts'
import { SSH_CLIENT_PROGRAMS, SshClient } from '../../lib/ssh-client.ts'
import { waitFor } from '../../lib/wait-for.ts'

const checkout = resolve(import.meta.dirname, '../../..')
const WAIT_MS_MAX = 60_000

const SERVER = '203.0.113.1'
const ATTACKER = '203.0.113.9'
const PARAMETERS = `import { Hackers, nftables, parameters } from 'log2table'
import { sshd } from 'log2table/patterns'

export default parameters({
  tables: { bad_ip: nftables() },
  rules: { hackers: new Hackers({ table: 'bad_ip' }) },
  logs: { '/var/log/auth.log': { hackers: sshd } },
})
`

describe('the Debian package', { skip: noDebianRoot() || needs(SSH_CLIENT_PROGRAMS) }, () => {
  let folder: string
  let deb: string
  before(async () => {
    await prepareDebian()
    folder = mkdtempSync(join(tmpdir(), 'log2table-deb-'))
    deb = await makePackage(folder)
  })
  after(() => rmSync(folder, { recursive: true }))

  test('installs in an empty Debian, with its users and folders, and is gone when it is purged', async (t) => {
    const namespace = await createNamespace()
    t.after(() => namespace.close())
    const root = await DebianRoot.create(t, namespace, { minimal: true })
    const package_ = await root.take(deb)
    const before = new Set(await root.files())
    const said = await root.output('dpkg', '--install', package_)
    assert.match(said, /not started, for it is not configured yet/)

    const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))
    assert.match(await root.output('log2table', 'version'), new RegExp(version.replaceAll('.', '\\.')))
    const compiled = '/usr/lib/log2table/dist/compiled'
    const shown = (await root.output('stat', '-c', '%n %U:%G %a', '/etc/log2table', '/var/lib/log2table', compiled)).trim()
    assert.deepEqual(shown.split('\n'), [
      '/etc/log2table root:root 755',
      '/var/lib/log2table log2table:log2table 700',
      `${compiled} root:root 755`,
    ])
    assert.match(await root.output('id', '-Gn', 'log2table'), /\badm\b/)
    assert.match(await root.output('getent', 'passwd', 'log2table-keeper'), /:\/usr\/sbin\/nologin\n$/)

    const { status, stderr } = await root.run('log2table', 'check')
    assert.equal(status, 78, stderr)
    await root.write('/etc/log2table/parameters.ts', PARAMETERS)
    await root.output('log2table', 'check')

    await root.output('dpkg', '--remove', 'log2table')
    assert.equal(await root.output('cat', '/etc/log2table/parameters.ts'), PARAMETERS)
    await root.output('dpkg', '--purge', 'log2table')
    const changed = (await root.files()).filter((file) => !before.has(file))
    // What adduser and dpkg keep for themselves.
    assert.deepEqual(
      changed.filter(
        (file) => !/^\/(?:etc\/(?:passwd|group|shadow|gshadow)-?|etc\/\.pwd\.lock|var\/lib\/dpkg\/.*|var\/log\/.*)$/.test(file),
      ),
      [],
    )
  })

  test('bans a real attacker of ssh, run as its units run it, and lifts the ban when it is removed', async (t) => {
    const server = await createNamespace()
    const strangers = await createNamespace(server)
    t.after(async () => {
      await strangers.close()
      await server.close()
    })
    await connect(
      { namespace: server, interface: 'strangers', addresses: [`${SERVER}/24`] },
      { namespace: strangers, interface: 'server', addresses: [`${ATTACKER}/24`] },
    )
    const root = await DebianRoot.create(t, server)
    await root.output('dpkg', '--install', await root.take(deb))

    // The machine's kernel log is not to be taken away from it.
    await root.output('sed', '-i', '/imklog/d', '/etc/rsyslog.conf')
    const syslog = root.start('rsyslogd', '-n')
    await waitFor('syslog', WAIT_MS_MAX, async () => (await root.run('test', '-S', '/dev/log')).status === 0)
    const sshd = root.start('/usr/sbin/sshd', '-D')
    await waitFor(
      'auth.log',
      WAIT_MS_MAX,
      async () => (await root.run('grep', '-q', 'Server listening', '/var/log/auth.log')).status === 0,
    )

    t.diagnostic(await root.output('log2table', 'init', '--yes'))
    await root.output('log2table', 'check')
    const keeper = await root.startUnit('log2table-keeper')
    const reader = await root.startUnit('log2table-reader')
    const engine = await root.startUnit('log2table')
    t.after(() => {
      if (!(t as typeof t & { passed: boolean }).passed)
        t.diagnostic([keeper, reader, engine, sshd, syslog].map((one) => one.output).join('\n--\n'))
    })
    await engine.line(/^running /, { withinMs: WAIT_MS_MAX })

    const client = new SshClient({ namespace: strangers, folder, serverOf: () => SERVER })
    const guesses = Array.from({ length: 3 }, () =>
      client.begin({ from: ATTACKER, user: 'root', passwords: ['wrong', 'wrong', 'wrong'] }),
    )
    const ruleset = () => server.run([program('nft'), 'list', 'ruleset'])
    await waitFor('the ban', WAIT_MS_MAX, async () => (await ruleset()).includes(ATTACKER))
    for (const guess of guesses) await guess.giveUp()
    assert.equal(await client.connect({ from: ATTACKER }), 'no connection')
    assert.match(await root.output('log2table', 'bans'), new RegExp(ATTACKER))
    assert.match(await root.output('log2table', 'why', ATTACKER), /failed-password/)
    await root.output('log2table', 'status')

    for (const one of [engine, reader, keeper]) await root.stop(one)
    assert.match(await ruleset(), new RegExp(ATTACKER), 'stopping lifts no ban')
    await root.output('dpkg', '--purge', 'log2table')
    assert.doesNotMatch(await ruleset(), /set|chain|203\.0\.113/)
    assert.equal((await root.run('sh', '-c', 'ls -d /etc/log2table* /var/lib/log2table*')).stdout, '')
  })

  test('as the only service of a container it needs no more rights than the example gives it', async (t) => {
    const namespace = await createNamespace()
    t.after(() => namespace.close())
    const root = await DebianRoot.create(t, namespace)
    await root.output('dpkg', '--install', await root.take(deb))
    await root.write('/etc/log2table/parameters.ts', PARAMETERS)
    await root.output('install', '-m', '640', '-g', 'adm', '/dev/null', '/var/log/auth.log')
    // A volume is root's at first.
    await root.output('chown', 'root:root', '/var/lib/log2table')
    const compose = readFileSync(join(checkout, 'packaging/docker/compose.yaml'), 'utf8')
    const added = /cap_add: \[(.*)\]/.exec(compose)![1]!.split(', ')
    assert.match(compose, /cap_drop: \[ALL\]/)
    const bounds = ['-all', ...added.map((name) => `+${name.toLowerCase()}`)].join()
    const limited = ['setpriv', `--bounding-set=${bounds}`, '--inh-caps=-all', '--no-new-privs', '--']
    const daemon = root.start(...limited, 'log2table', 'run')
    await daemon.line(/^running /, { withinMs: WAIT_MS_MAX })
    const asUser = [...limited, 'setpriv', '--reuid', 'log2table', '--regid', 'log2table', '--clear-groups', 'log2table']
    assert.match(await root.output(...asUser, 'ban', ATTACKER, '--reason', 'test'), new RegExp(ATTACKER))
    const ruleset = () => namespace.run([program('nft'), 'list', 'ruleset'])
    await waitFor('the ban', WAIT_MS_MAX, async () => (await ruleset()).includes(ATTACKER))
    await root.output(...asUser, 'status')
    await root.stop(daemon)
    assert.match(daemon.output, /SIGTERM: ending/)
  })

  test('lintian finds no error', async (t) => {
    const namespace = await createNamespace()
    t.after(() => namespace.close())
    const root = await DebianRoot.create(t, namespace)
    const { status, stdout, stderr } = await root.run('lintian', '--allow-root', '--fail-on', 'error', await root.take(deb))
    t.diagnostic(`${stdout}${stderr}`)
    assert.equal(status, 0, stdout)
  })
})
