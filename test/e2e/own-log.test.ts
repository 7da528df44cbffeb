import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { exitStatus } from '../../src/base/exit-status.ts'
import { DaemonProcess } from '../lib/daemon-process.ts'
import { waitFor } from '../lib/wait-for.ts'

/** A daemon whose standard error goes to a file, as a service manager may have it. */
function withLogFile(t: TestContext, { file, before = '' }: { file: string; before?: string }) {
  const script = `${before} exec "$@" 2>>"$0"`
  const daemon: DaemonProcess = new DaemonProcess(t, { around: (argv) => ['/bin/sh', '-c', script, daemon.path(file), ...argv] })
  writeFileSync(daemon.path(file), '')
  return { daemon, said: () => readFileSync(daemon.path(file), 'utf8').replaceAll(daemon.folder, 'FOLDER') }
}

const follow = (daemon: DaemonProcess, key: string) =>
  daemon.configure({
    more: `logs: { '${daemon.path(key)}': { hackers: [{ name: 'bad', regex: /^bad (?<ip>\\S+)$/, weight: 50 }] } },`,
  })

const isRunning = (said: () => string) => waitFor('it runs', 20_000, () => /^(?:<6>)?running |"running"/m.test(said()))

test('a log that is its own output is refused at the start, and at a reload', async (t) => {
  const { daemon, said } = withLogFile(t, { file: 'own.log' })
  const fault = /logs\["FOLDER\/own\.log"\]: is the file that log2table writes to itself; take it out of logs/
  follow(daemon, 'own.log')
  assert.equal((await daemon.startInVain()).status, exitStatus.configuration)
  assert.match(said(), fault)
  daemon.configure()
  void daemon.start().catch(() => {})
  await isRunning(said)
  follow(daemon, 'own.log')
  const { status, stderr } = await daemon.run('reload')
  assert.equal(status, exitStatus.configuration)
  assert.match(stderr, fault)
  daemon.misbehave('203.0.113.1')
  await daemon.bans('203.0.113.1')
})

test('a glob that its own output matches follows all others', async (t) => {
  const { daemon, said } = withLogFile(t, { file: 'own.log' })
  writeFileSync(daemon.path('app.log'), '')
  follow(daemon, '*.log')
  void daemon.start().catch(() => {})
  await isRunning(said)
  assert.match(said(), /^warning: FOLDER\/own\.log is what log2table writes itself, and is not followed$/m)
  daemon.misbehave('203.0.113.1')
  await daemon.bans('203.0.113.1')
  const { logs } = JSON.parse((await daemon.run('status --json')).stdout)
  assert.deepEqual(
    logs.map(({ log }: { log: string }) => log),
    ['FOLDER/app.log'],
  )
})

test('where standard error is the journal, each line says how much it matters; elsewhere, and with another format, it does not', async (t) => {
  const before = 'export JOURNAL_STREAM="$(/usr/bin/stat -c %d:%i "$0")";'
  const marked = withLogFile(t, { file: 'own.log', before })
  void marked.daemon.start().catch(() => {})
  await isRunning(marked.said)
  marked.daemon.configure({ more: '!' })
  marked.daemon.hangUp()
  await waitFor('it says the fault', 20_000, () => marked.said().includes('syntax error'))
  assert.match(marked.said(), /^<6>running version=/m)
  assert.match(marked.said(), /^<3>error: the configuration was not loaded again; the old one stays in force$/m)

  const json = withLogFile(t, { file: 'own.log', before })
  void json.daemon.start('--log-format', 'json').catch(() => {})
  await isRunning(json.said)
  const [running] = json
    .said()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual([running.level, running.message, typeof running.fields.pid], ['info', 'running', 'number'])

  const elsewhere = withLogFile(t, { file: 'own.log', before: 'export JOURNAL_STREAM=1:2;' })
  void elsewhere.daemon.start('--log-level', 'info').catch(() => {})
  await waitFor('it runs', 20_000, () => /^running /m.test(elsewhere.said()))
})
