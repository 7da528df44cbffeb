import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { exitStatus } from '../../src/base/exit-status.ts'
import { DAY_MS, isoTime } from '../../src/base/units.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { DaemonProcess } from '../lib/daemon-process.ts'
import { failed, log2table, printed } from './session.ts'

test('tables of other machines count as listings, by a dump or by a command, as often as one likes', async (t) => {
  const daemon = new DaemonProcess(t)
  await daemon.start()
  // Without what pf passes over by itself.
  const dump = readFileSync(new URL('../fixtures/pfctl/show.txt', import.meta.url), 'utf8').replace(/^ *!.*\n/gm, '')
  writeFileSync(daemon.path('dump'), dump)
  daemon.provide('fw2', `echo 203.0.113.9; echo 198.51.100.1; echo "$1" >&2`)
  const commands = {
    commands: { fw2: { argv: [daemon.path('bin/fw2')] }, broken: { argv: ['/bin/sh', '-c', 'echo no route >&2; exit 3'] } },
  }
  writeFileSync(daemon.path('etc/commands.json'), JSON.stringify(commands), { mode: 0o644 })

  const entries = dump.trim().split('\n').length
  assert.deepEqual(await daemon.run(`snapshot --table fw1/bad_ip ${daemon.path('dump')}`), printed(`fw1/bad_ip: ${entries}\n`))
  const config = `--config ${daemon.path('etc')}`
  for (let time = 0; time < 2; time++) {
    assert.deepEqual(await daemon.run(`snapshot --table fw2/bad_ip --command fw2 ${config}`), printed('fw2/bad_ip: 2\n'))
  }
  const broken = await daemon.run(`snapshot --table fw3/bad_ip --command broken ${config}`)
  assert.deepEqual(broken, failed(exitStatus.badData, '/bin/sh -c echo no route >&2; exit 3: ended with status 3: no route'))

  daemon.misbehave('203.0.113.9')
  await daemon.bans('203.0.113.9')
  assert.deepEqual(await daemon.run('snapshot'), printed('bad_ip: 1\n'))
  const offenders = (await daemon.run('offenders --json')).stdout.split('\n').flatMap((row) => (row ? JSON.parse(row) : []))
  const of = (address: string) => offenders.find((one) => one.address === address)
  assert.deepEqual([of('203.0.113.9').listings, of('203.0.113.9').bans], [2, 1])
  assert.deepEqual([of('198.51.100.1').listings, of('198.51.100.1').bans], [1, 0])
  const today = isoTime(Date.now()).slice(0, 10)
  const tables = await daemon.run('offenders --tables')
  assert.deepEqual(tables.stdout.split('\n'), [
    `bad_ip\t${today}\t1`,
    `fw1/bad_ip\t${today}\t${entries}`,
    `fw2/bad_ip\t${today}\t2`,
    '',
  ])
})

test('a long list goes over in parts, and an empty table is news, too', async (t) => {
  const daemon = new DaemonProcess(t)
  await daemon.start()
  const addresses = Array.from({ length: 2_500 }, (_, n) => `10.0.${n >> 8}.${n & 255}\n`).join('')
  writeFileSync(daemon.path('many'), addresses)
  assert.deepEqual(await daemon.run(`snapshot --table fw1/t ${daemon.path('many')}`), printed('fw1/t: 2,500\n'))
  assert.equal((await daemon.run('offenders')).stdout.split('\n').length, 2_501)
  writeFileSync(daemon.path('none'), '\n')
  assert.deepEqual(await daemon.run(`snapshot --table fw1/empty ${daemon.path('none')}`), printed('fw1/empty: 0\n'))
  writeFileSync(daemon.path('page'), '<html>\n')
  assert.equal((await daemon.run(`snapshot --table fw1/t ${daemon.path('page')}`)).status, exitStatus.badData)
  assert.match((await daemon.run(`snapshot --table bad_ip ${daemon.path('many')}`)).stderr, /table: write HOST\/TABLE/)
  assert.match((await daemon.run(`snapshot ${daemon.path('many')}`)).stderr, /say whose table it is/)
})

test('on a terminal the sizes of tables are a line of blocks', async (t) => {
  const daemon = new DaemonProcess(t)
  const store = openSqlite(daemon.path('state/state.db'))
  const now = Date.UTC(2026, 10, 21)
  const sizes = [3, 5, 8, 70, 64]
  store.commit(
    sizes.map((entries, index) => ({ kind: 'snapshot', day: now / DAY_MS - 5 + index, table: 'bad_ip', entries, networks: [] })),
  )
  store.close()
  const { stdout } = await log2table(`offenders --tables --state ${daemon.path('state')}`, {
    env: { LOG2TABLE_SOCKET: '/nonexistent' },
    terminal: { width: 100 },
    now,
  })
  assert.equal(
    stdout,
    `TABLE   LEAST  MOST  LAST  SINCE       BY DAY
bad_ip      3    70    64  2026-11-16  ▁▂▂█▇
`,
  )
})
