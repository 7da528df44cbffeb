import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseAddress, parseNetwork } from '../../src/base/address.ts'
import { exitStatus } from '../../src/base/exit-status.ts'
import { DAY_MS, FOR_LIFE, HOUR_MS } from '../../src/base/units.ts'
import type { Change, SavedBan } from '../../src/core/model.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { DaemonProcess } from '../lib/daemon-process.ts'
import { failed, log2table, NOW, printed, type SessionOptions } from './session.ts'

process.env.TZ = 'UTC'

/** A ban so many days ago. */
function ban(daysAgo: number, address: string, more: Partial<SavedBan> = {}): SavedBan {
  const at = NOW - daysAgo * DAY_MS
  const id = `${at} ${address}`
  const reason = 'sshd/failed-password in /var/log/auth.log'
  return {
    ...{ id, at, network: parseNetwork(address)!, table: 'bad_ip', rule: 'hackers', until: at + HOUR_MS, score: 100, reason },
    ...more,
  }
}

function line(daysAgo: number, address: string, log: string, points: number): Change {
  const source = parseAddress(address)!
  const hit = {
    ...{ at: NOW - daysAgo * DAY_MS, rule: 'hackers', source, address: source, points, spoofable: false },
    ...{ account: undefined, distinct: undefined, pattern: 'sshd/x', log, position: 0, line: '' },
  }
  return { kind: 'hit', hit }
}

const ended = (one: SavedBan): Change[] => [
  { kind: 'ban', ban: one },
  { kind: 'unban', id: one.id, at: one.until, reason: 'ended' },
]
const lifer = (daysAgo: number, address: string): Change => {
  const reason = '17 listings and 5 bans within 90d'
  return { kind: 'ban', ban: ban(daysAgo, address, { table: 'blockips', until: FOR_LIFE, rule: 'by hand', reason }) }
}

const changes: readonly Change[] = [
  ...[40, 20, 10, 2].flatMap((daysAgo) => ended(ban(daysAgo, '203.0.113.9'))),
  ...ended(ban(30, '203.0.113.77', { until: NOW - 20 * DAY_MS })),
  ...ended(ban(200, '198.51.100.1')),
  lifer(300, '192.0.2.7'),
  lifer(250, '2001:db8:1:2::/64'),
  line(41, '203.0.113.9', '/var/log/auth.log', 20),
  line(2, '203.0.113.9', '/var/log/\u001b[2J', 80),
  line(5, '203.0.113.200', '/var/log/auth.log', 99), // never banned
  line(100, '192.0.2.7', 'pflog:pflog0', 0),
  {
    kind: 'proposal',
    proposal: {
      ...{ at: NOW - DAY_MS, network: parseNetwork('203.0.113.9')!, table: 'bad_ip', rule: 'hackers' },
      reason: '16 listings and 4 bans within 90d',
    },
  },
  {
    kind: 'proposal',
    proposal: { at: NOW, network: parseNetwork('203.0.113.77')!, table: 'bad_ip', rule: 'hackers', reason: 'r' },
  },
]

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'log2table-offenders-'))
  const store = openSqlite(join(folder, 'state.db'))
  store.commit(changes)
  store.close()
})
after(() => rmSync(folder, { recursive: true }))

const run = (command: string, options: SessionOptions = {}) => {
  const env = { LOG2TABLE_SOCKET: '/nonexistent/socket', ...options.env }
  return log2table(`${command} --state ${folder}`, { ...options, env })
}

test('offenders are ranked by how often they were listed', async () => {
  const { status, stdout } = await run('offenders', { terminal: { width: 200 } })
  assert.equal(status, exitStatus.done)
  assert.equal(
    stdout,
    `ADDRESS            LISTINGS  BANS  POINTS  FOR LIFE  FIRST                      LAST                       LOGS
192.0.2.7                91     0       0  yes       2026-01-25T09:30:00+00:00  2026-01-25T09:30:00+00:00  -
2001:db8:1:2::/64        91     0       0  yes       2026-03-16T09:30:00+00:00  2026-03-16T09:30:00+00:00  -
203.0.113.77             11     1       0  -         2026-10-22T09:30:00+00:00  2026-10-22T09:30:00+00:00  -
203.0.113.9               4     4     100  -         2026-10-11T09:30:00+00:00  2026-11-19T09:30:00+00:00  /var/log/\\x1b[2J, /var/log/auth.log
`,
  )
})

test('by other things, with at least so many listings, over another time, as networks', async () => {
  const order = async (options: string) => (await run(`offenders ${options}`)).stdout.split('\n').map((row) => row.split('\t')[0])
  assert.deepEqual((await order('--by bans')).slice(0, 2), ['203.0.113.9', '203.0.113.77'])
  assert.deepEqual((await order('--by points')).slice(0, 1), ['203.0.113.9'])
  assert.deepEqual((await order('--by last')).slice(0, 1), ['203.0.113.9'])
  assert.deepEqual(await order('--min 11'), ['192.0.2.7', '2001:db8:1:2::/64', '203.0.113.77', ''])
  assert.deepEqual(await order('--since 15d --min 2 --by bans'), ['203.0.113.9', '192.0.2.7', '2001:db8:1:2::/64', ''])
  assert.deepEqual(await order('--since 365d --min 1 --by first'), [
    ...['192.0.2.7', '2001:db8:1:2::/64', '198.51.100.1', '203.0.113.9', '203.0.113.77', ''],
  ])
  assert.deepEqual(
    (await run('offenders --networks --min 12 --json')).stdout.split('\n').flatMap((row) => (row ? JSON.parse(row) : []))[2],
    {
      ...{ kind: 'offender', address: '203.0.113.0/24', listings: 15, bans: 5, points: 100 },
      logs: ['/var/log/\u001b[2J', '/var/log/auth.log'],
      ...{ addresses: 2, isForLife: false, firstAt: '2026-10-11T09:30:00.000Z', lastAt: '2026-11-19T09:30:00.000Z' },
    },
  )
  assert.deepEqual(await run('offenders --min 92'), { status: exitStatus.no, stdout: '', stderr: '' })
})

test('a wrong word is answered with the right one', async () => {
  assert.deepEqual(
    await run('offenders --by listing'),
    failed(exitStatus.usage, '--by: there is no "listing"; did you mean "listings"?'),
  )
  assert.deepEqual(
    await run('offenders --min many'),
    failed(exitStatus.usage, '--min: "many" is not a whole number; write one from 0 to 1000000'),
  )
  assert.deepEqual(
    await run('offenders --since 3months'),
    failed(exitStatus.usage, '--since: "3months" is not a length of time; write for example "90s", "10m", "1h" or "7d"'),
  )
})

test('those who are proposed for life are listed with their evidence', async () => {
  assert.deepEqual(
    await run('offenders --for-life'),
    printed(
      '203.0.113.9\tbad_ip\t2026-11-20T09:30:00+00:00\thackers\t16 listings and 4 bans within 90d\n203.0.113.77\tbad_ip\t2026-11-21T09:30:00+00:00\thackers\tr\n',
    ),
  )
})

test('lifers who fell silent are listed, longest first; a line that came while they were banned is no silence', async () => {
  const reason = '17 listings and 5 bans within 90d'
  assert.deepEqual(
    await run('parole --silent 90d'),
    printed(
      `2001:db8:1:2::/64\tblockips\t250d\t2026-03-16T09:30:00+00:00\tby hand\t${reason}\n192.0.2.7\tblockips\t100d\t2026-01-25T09:30:00+00:00\tby hand\t${reason}\n`,
    ),
  )
  assert.match((await run('parole')).stdout, /^2001:db8:1:2::\/64\t[^\n]*\n$/)
  assert.equal((await run('parole --silent 300d')).status, exitStatus.no)
})

test("pf's counters are believed before the lines: who sent a packet is not silent, and what was before they began is not known", async () => {
  const counters = fileURLToPath(new URL('../fixtures/pfctl/show-counters.txt', import.meta.url))
  const addresses = async (more: string) => (await run(`parole ${more}`)).stdout.split('\n').map((row) => row.split('\t')[0])
  assert.deepEqual(await addresses('--silent 90d'), ['2001:db8:1:2::/64', '192.0.2.7', ''])
  assert.deepEqual(await addresses(`--silent 90d --counters ${counters}`), [''])
  assert.deepEqual(await addresses(`--silent 1d --counters ${counters}`), ['2001:db8:1:2::/64', ''])
  const text =
    'what was read holds no counters; "pfctl -t TABLE -vT show" prints them where the table has the word "counters" in /etc/pf.conf'
  assert.deepEqual(await run('parole --counters /dev/null'), failed(exitStatus.badData, text))
  assert.equal((await run('parole --counters - --command fw1')).status, exitStatus.usage)
})

test('a daemon bans for life who is confirmed, forgets who is dismissed, and frees who is paroled', async (t) => {
  const daemon = new DaemonProcess(t)
  const store = openSqlite(daemon.path('state/state.db'))
  store.commit(changes.filter(({ kind }) => kind === 'proposal'))
  store.close()
  await daemon.start()
  const proposed = async () => (await daemon.run('offenders --for-life')).stdout.split('\n').map((row) => row.split('\t')[0])
  assert.deepEqual(await proposed(), ['203.0.113.9', '203.0.113.77', ''])

  const unknown = await daemon.run('confirm 203.0.113.9 198.51.100.1')
  assert.deepEqual(unknown, {
    status: exitStatus.no,
    stdout: 'banned 203.0.113.9 in bad_ip for life\n',
    stderr: 'log2table: 198.51.100.1 is not proposed for life; "log2table ban 198.51.100.1 --for life" bans it all the same\n',
  })
  assert.match(
    (await daemon.run('bans')).stdout,
    /^203\.0\.113\.9\tbad_ip\tfor life\tby hand\t-\t\S+\t16 listings and 4 bans within 90d\n$/,
  )
  assert.deepEqual(await proposed(), ['203.0.113.77', ''])
  assert.deepEqual(await daemon.run('confirm --dismiss --all'), printed('dismissed 203.0.113.77\n'))
  assert.deepEqual(await proposed(), [''])
  assert.equal((await daemon.run('confirm')).status, exitStatus.usage)

  assert.deepEqual(await daemon.run('parole 203.0.113.9'), printed('unbanned 203.0.113.9 in bad_ip (by hand)\n'))
  assert.deepEqual(await daemon.banned(), [])
})
