import assert from 'node:assert/strict'
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { logTo } from '../../src/base/log.ts'
import { HOUR_MS } from '../../src/base/units.ts'
import { startDaemon } from '../../src/daemon/daemon.ts'
import { loadConfiguration } from '../../src/parameters/load.ts'
import { log2table } from '../cli/session.ts'
import { configurationFolder } from '../lib/configuration-folder.ts'
import { waitFor } from '../lib/wait-for.ts'

const BEGAN = Date.UTC(2026, 9, 1)

const known = 'Failed password for root from 203.0.113.9 port 50022 ssh2'
/** The same in words that no sshd has used so far. */
const reworded = 'Failed password, user root, from 203.0.113.9 port 50022 ssh2'
const lineOf = (at: number, message: string) => `${new Date(at).toISOString()} www sshd[4711]: ${message}\n`

const parameters = (folder: string) => `import { sshd } from 'log2table/patterns'
import { dryRun, Hackers, parameters } from 'log2table'
export default parameters({
  stateFolder: '${folder}/state',
  control: '${folder}/control.sock',
  tables: { bad_ip: dryRun() },
  rules: { hackers: new Hackers({ table: 'bad_ip' }) },
  logs: { '${folder}/auth.log': { hackers: sshd } },
})
`

test('a daemon whose patterns do not know the words of an upgrade says so, with the lines, over a restart too', async (t) => {
  const folder = configurationFolder(t, { 'auth.log': '' })
  appendFileSync(join(folder, 'parameters.ts'), parameters(folder))
  const log = join(folder, 'auth.log')
  const { configuration, faults } = await loadConfiguration(folder)
  assert.ok(configuration, JSON.stringify(faults))
  const said: string[] = []
  let at = BEGAN
  let stop = async () => {}
  t.after(() => stop())
  const start = async () => {
    const daemon = await startDaemon({
      ...{ configuration, reload: async () => configuration, version: '0', startAt: 'start', now: () => at },
      log: logTo((line) => said.push(line.replaceAll(folder, 'FOLDER'))),
      onDecision: () => {},
      onFault: (error) => assert.fail(String(error)),
    })
    stop = async () => {
      stop = async () => {}
      await daemon.stop()
    }
    return daemon
  }
  let daemon = await start()
  let size = 0
  const write = async (message: string, hours: number) => {
    for (let hour = 0; hour < hours; hour++, at += HOUR_MS) {
      appendFileSync(log, lineOf(at, message))
      size += 1
      const lines = size
      await waitFor('the line is read, or told', 10_000, async () => (await daemon.control.status()).logs[0]?.lines === lines)
    }
  }
  await write(known, 11)
  await write(reworded, 15)
  assert.deepEqual((await daemon.control.status()).blindSpots, [])
  await stop()
  daemon = await start()
  size = 0
  await write(reworded, 15)

  const [spot] = (await daemon.control.status()).blindSpots
  assert.equal(spot?.lastHitAt, new Date(BEGAN + 10 * HOUR_MS).toISOString())
  assert.equal(spot?.lines, 30)
  const { status, stdout } = await log2table('status', { env: { LOG2TABLE_SOCKET: join(folder, 'control.sock') }, now: at })
  assert.equal(status, 1)
  const sentence = `no line of ${log} has matched sshd since 2026-10-01T10:00:00.000Z, though its program goes on logging and one in 1h is usual`
  assert.ok(stdout.startsWith(`not all is well\n  ${sentence}\n`), stdout)
  assert.match(
    stdout,
    /Failed password, user root, from 203\.0\.113\.9 port 50022 ssh2\n {4}sshd\/failed-password.* fits up to "Failed password/,
  )
  await waitFor('the line is read, or told', 10_000, () => said.length >= 2)
  assert.equal(said[0], `warning: ${sentence.replace(folder, 'FOLDER')}`)
  assert.match(
    said[1]!,
    /^warning: sshd does not know this line line=".*Failed password, user root, from.*" nearest=sshd\/failed-password/,
  )

  await write(known, 1)
  await waitFor('the line is read, or told', 10_000, () => said.length >= 3)
  assert.equal(said.at(-1), 'lines match again, or are not waited for any more: sshd FOLDER/auth.log')
  assert.deepEqual((await daemon.control.status()).troubles, [])
  await stop()
  assert.match(readFileSync(join(folder, 'state/blind-spots.json'), 'utf8'), /"set":"sshd","busy":12/)
})

test('replay says from when on patterns went blind', async (t) => {
  const lines = (messages: readonly string[]) => messages.map((message, hour) => lineOf(BEGAN + hour * HOUR_MS, message)).join('')
  const folder = configurationFolder(t, {
    'blind.log': lines([...Array(24).fill(known), ...Array(48).fill(reworded)]),
    'well.log': lines(Array(72).fill(known)),
  })
  const replay = async (name: string) => (await log2table(`replay ${join(folder, name)}`)).stderr
  assert.match(
    await replay('blind.log'),
    /no line of \S+\/blind\.log has matched sshd since 2026-10-01T23\S+ though .* one in 1h is usual\n {2}\S+ www sshd\[4711\]: Failed password, user root, from/,
  )
  assert.doesNotMatch(await replay('well.log'), /has matched/)
})
