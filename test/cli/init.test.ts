import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { exitStatus } from '../../src/base/exit-status.ts'
import { configurationFolder } from '../lib/configuration-folder.ts'
import { type FakeMachine, fakeMachine, fakeMachines } from '../lib/fake-machines.ts'
import { assertGolden } from '../lib/golden.ts'
import { failed, log2table, type SessionOptions } from './session.ts'

const fromHome: SessionOptions = { env: { SSH_CONNECTION: '198.51.100.7 50000 192.0.2.1 22' } }
/** Loopback is spared anyway, so nobody is named. */
const fromConsole: SessionOptions = { env: { SSH_CONNECTION: '127.0.0.1 50000 127.0.0.1 22' } }
const closedLogs: Partial<Record<FakeMachine, readonly string[]>> = {
  openbsd: ['var/log/authlog', 'var/log/maillog'],
  freebsd: ['var/log/auth.log', 'var/www/nextcloud/data/nextcloud.log'],
}

for (const name of Object.keys(fakeMachines) as FakeMachine[]) {
  test(`what is found on ${name}, written for it, and left to do`, async (t) => {
    const root = fakeMachine(t, name, closedLogs[name])
    const { status, stdout, stderr } = await log2table(['init', '--dry-run', '--root', root], fromHome)
    assert.deepEqual({ status, stderr }, { status: exitStatus.done, stderr: '' })
    assertGolden(stdout.replaceAll(root, 'ROOT'), `init/${name.replaceAll(' ', '-')}.txt`)
    assert.deepEqual(readdirSync(join(root, 'etc')).includes('log2table'), false)
  })
}

test('with --yes the files are written as --dry-run shows them, for everybody to read, and check accepts them', async (t) => {
  const root = fakeMachine(t, 'debian with a journal')
  const before = process.umask(0o077)
  t.after(() => process.umask(before))
  const shown = await log2table(['init', '--dry-run', '--root', root, '--json'], fromHome)
  const { status, stdout } = await log2table(['init', '--yes', '--root', root], fromHome)
  assert.equal(status, exitStatus.done)
  const folder = join(root, 'etc/log2table')
  assert.ok(stdout.includes(`\nwrote ${folder}/parameters.ts\nwrote ${folder}/rules.ts\n\nWhat is left to do:\n`), stdout)
  assert.equal(statSync(folder).mode & 0o777, 0o755)
  const files = shown.stdout.split('\n').flatMap((line) => {
    const record = line === '' ? {} : JSON.parse(line)
    return record.kind === 'file' ? [record] : []
  })
  assert.deepEqual(
    files.map(({ path }) => path),
    ['parameters.ts', 'rules.ts'].map((name) => join(folder, name)),
  )
  for (const { path, text, written } of files) {
    assert.equal(written, false)
    assert.equal(readFileSync(path, 'utf8'), text)
    assert.equal(statSync(path).mode & 0o777, 0o644)
  }
  const checked = await log2table(['check', '--config', folder])
  assert.deepEqual({ status: checked.status, stderr: checked.stderr }, { status: exitStatus.done, stderr: '' })
})

for (const name of ['parameters.ts', 'rules.ts', 'commands.json']) {
  test(`where there is a ${name} already, nothing is written, and the file stays as it is`, async (t) => {
    const root = fakeMachine(t, 'freebsd')
    const folder = join(root, 'etc/log2table')
    mkdirSync(folder)
    writeFileSync(join(folder, name), 'mine')
    const message = `${folder}/${name} is there already; nothing is written, move it away first`
    const seen = await log2table(['init', '--yes', '--root', root], fromConsole)
    assert.deepEqual(seen, failed(exitStatus.no, message))
    assert.deepEqual(readdirSync(folder), [name])
    assert.equal(readFileSync(join(folder, name), 'utf8'), 'mine')
    const shown = await log2table(['init', '--dry-run', '--root', root], fromConsole)
    assert.deepEqual([shown.status, shown.stderr], [exitStatus.no, `log2table: ${message}\n`])
    assert.match(shown.stdout, /^==> .*\/parameters\.ts <==$/m)
  })
}

test('without a terminal it asks nothing and writes nothing unless --yes is said', async (t) => {
  const root = fakeMachine(t, 'netbsd')
  const message = 'there is nobody to ask; say --yes to take what is found, or --dry-run to see it first'
  assert.deepEqual(await log2table(['init', '--root', root], fromConsole), failed(exitStatus.usage, message))
  assert.deepEqual(await log2table(['init', '--json', '--root', root], fromConsole), failed(exitStatus.usage, message))
  assert.ok(!readdirSync(join(root, 'etc')).includes('log2table'))
})

test('a folder that cannot be written is told, and no file is left half way', async (t) => {
  const folder = configurationFolder(t, { 'in-the-way': '' })
  const root = fakeMachine(t, 'netbsd')
  const place = join(folder, 'in-the-way/log2table')
  const { status, stderr } = await log2table(['init', '--yes', '--config', place], fromConsole)
  assert.deepEqual([status, stderr.replace(/: ENOTDIR.*/, '')], [exitStatus.unavailable, 'log2table: nothing was written\n'])
  assert.deepEqual(readdirSync(root).sort(), ['etc', 'netbsd', 'usr', 'var'])
})

test('as JSON, each log, file and step is an object of its own', async (t) => {
  const root = fakeMachine(t, 'openbsd', ['var/log/authlog'])
  const { stdout } = await log2table(['init', '--dry-run', '--json', '--root', root], fromHome)
  const records = stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
  assert.deepEqual(records[0], {
    ...{ kind: 'machine', system: 'openbsd', firewall: 'pf', because: 'it is part of the system' },
    ...{ people: ['198.51.100.7'], proxies: [{ network: '127.0.0.1', from: '/etc/relayd.conf' }], ownAddresses: [] },
  })
  assert.deepEqual(records[1], { kind: 'log', key: '/var/log/authlog', sets: ['sshd'], closed: true })
  assert.deepEqual(
    records.filter(({ kind }) => kind === 'step').flatMap(({ lines }) => lines.slice(0, 2))[0],
    'useradd -d /var/empty -s /sbin/nologin _log2table',
  )
})
