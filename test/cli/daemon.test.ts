import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { formatNetwork, parseNetwork } from '../../src/base/address.ts'
import { exitStatus } from '../../src/base/exit-status.ts'
import { silentLog } from '../../src/base/log.ts'
import { FOR_LIFE } from '../../src/base/units.ts'
import { UserError } from '../../src/base/user-error.ts'
import type { SavedBan } from '../../src/core/model.ts'
import { idleControl, wellReport } from '../../src/daemon/control.testing.ts'
import { type ControlServer, listenForControl } from '../../src/daemon/control.ts'
import type { BanOrder, DaemonControl } from '../../src/daemon/control-protocol.ts'
import { failed, log2table, NOW, printed, type SessionOptions } from './session.ts'

process.env.TZ = 'Europe/Berlin'

let folder: string
let env: Readonly<Record<string, string>>
let server: ControlServer | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log2table-cli-'))
  env = { LOG2TABLE_SOCKET: join(folder, 'run', 'control.sock') }
})

afterEach(async () => {
  await server?.close()
  server = undefined
  rmSync(folder, { recursive: true })
})

async function daemon(changes: Partial<DaemonControl>): Promise<void> {
  server = await listenForControl({ path: env.LOG2TABLE_SOCKET!, control: idleControl(changes), log: silentLog, now: () => NOW })
}

const run = (line: string | readonly string[], options: SessionOptions = {}) =>
  log2table(line, { ...options, env: { ...env, ...options.env } })

const bans: readonly SavedBan[] = [
  {
    id: '1',
    at: NOW - 60_000,
    network: parseNetwork('203.0.113.9')!,
    table: 'bad_ip',
    rule: 'hackers',
    until: NOW + 59 * 60_000,
    score: 100,
    reason: 'sshd/failed-password in /var/log/auth.log',
  },
  {
    id: '2',
    at: NOW - 3_600_000,
    network: parseNetwork('2001:db8:0:1::/64')!,
    table: 'blockips',
    rule: 'by hand',
    until: FOR_LIFE,
    score: 0,
    reason: 'case 1234\x1b[2J',
  },
]

test('status says that all is well, and how far everything is', async () => {
  await daemon({})
  const well = `all is well

version 2.0.0, process 4711, up 1d, enforcing
configuration /etc/log2table
state /var/lib/log2table, store keeping
12 networks protected from bans

LOG                STATE     LINES  HITS  UNREAD  LOST  OVERLONG
/var/log/auth.log  reading  12,345    99       -     -         -

TABLE   KIND      STATE      IN FORCE  OF  QUEUED
bad_ip  nftables  enforcing         3   3       -

RULE     STATE    HITS  BANS  ADDRESSES WITH POINTS
hackers  running    99     7                     21

BOUND                  USED  OF AT MOST
addresses with points    21   1,000,000
`
  assert.deepEqual(await run('status'), printed(well))
})

test('status says what is wrong before anything else, and its exit status is 1', async () => {
  const [log] = wellReport.logs
  const [table] = wellReport.tables
  await daemon({
    status: () => ({
      ...wellReport,
      configuration: null,
      mode: 'dry run',
      logs: [
        { ...log!, log: '/var/log/\x1b[31m', state: 'waiting', reason: 'no such file', behindBytes: 3_000_000, lagMs: null },
      ],
      tables: [{ ...table!, enforced: 0, state: 'not enforcing', reason: 'nft: killed after 10s', queued: 3 }],
    }),
  })
  const seen = await run('status', { terminal: { width: 60 } })
  assert.equal(seen.status, exitStatus.no)
  assert.equal(
    seen.stdout,
    `not all is well
  table bad_ip (nftables) is not enforcing: 0 of 3 entries are in force: nft: killed after 10s
  log /var/log/\\x1b[31m is not read: no such file

version 2.0.0, process 4711, up 1d, dry run: no table is changed
no configuration: the shipped patterns are used
state /var/lib/log2table, store keeping
12 networks protected from bans

LOG                STATE     LINES  HITS   UNREAD  LOST  OV…
/var/log/\\x1b[31m  waiting  12,345    99  2.9 MiB     -    …

TABLE   KIND      STATE          IN FORCE  OF  QUEUED
bad_ip  nftables  not enforcing         0   3       3

RULE     STATE    HITS  BANS  ADDRESSES WITH POINTS
hackers  running    99     7                     21

BOUND                  USED  OF AT MOST
addresses with points    21   1,000,000
`,
  )
})

test('status counts entries that others put into a table, and says of its sets how full they are', async () => {
  const [table] = wellReport.tables
  const bounds = [{ name: 'entries of table bad_ip, set v4', limit: 1_000, used: 850 }]
  await daemon({ status: () => ({ ...wellReport, tables: [{ ...table!, byOthers: 2 }], bounds }) })
  const { status, stdout } = await run('status')
  assert.equal(status, exitStatus.no)
  assert.match(stdout, /^not all is well\n {2}entries of table bad_ip, set v4: 850 of at most 1000 are used\n/)
  assert.match(stdout, / OF {2}QUEUED {2}BY OTHERS\nbad_ip .* 3 +3 +- +2\n/)
})

test('status as JSON is one object, its verdict first, and safe to print', async () => {
  await daemon({ status: () => ({ ...wellReport, troubles: ['odd \x9b\u202e'] }) })
  const { status, stdout } = await run('status --json')
  assert.equal(status, exitStatus.no)
  assert.match(stdout, /^\{"at":"2026-11-21T09:30:00\.000Z","kind":"status","isWell":false,"troubles":\["odd \\u009b\\u202e"\],/)
  assert.deepEqual(JSON.parse(stdout).logs, wellReport.logs)
  assert.equal(stdout.trimEnd().includes('\n'), false)
})

test('bans are aligned on a terminal, with the time that is left', async () => {
  await daemon({ bans: () => bans })
  assert.deepEqual(
    await run('bans', { terminal: { width: 132 } }),
    printed(`ADDRESS            TABLE     ENDS      RULE     POINTS  SINCE                      REASON
203.0.113.9        bad_ip    in 59m    hackers     100  2026-11-21T10:29:00+01:00  sshd/failed-password in /var/log/auth.log
2001:db8:0:1::/64  blockips  for life  by hand       -  2026-11-21T09:30:00+01:00  case 1234\\x1b[2J
`),
  )
})

test('bans in a pipe are whole, one a line, parted by tabs', async () => {
  await daemon({ bans: () => bans })
  const rows = [
    ['203.0.113.9', 'bad_ip', '2026-11-21T11:29:00+01:00', 'hackers', '100', '2026-11-21T10:29:00+01:00', bans[0]!.reason],
    ['2001:db8:0:1::/64', 'blockips', 'for life', 'by hand', '-', '2026-11-21T09:30:00+01:00', 'case 1234\\x1b[2J'],
  ]
  assert.deepEqual(await run('bans'), printed(rows.map((row) => `${row.join('\t')}\n`).join('')))
})

test('who is free first stands first, for life last, and addresses of one end are in their order', async () => {
  const ban = (address: string, until: number): SavedBan => ({ ...bans[0]!, network: parseNetwork(address)!, until })
  await daemon({
    bans: () => [
      ban('192.0.2.1', FOR_LIFE),
      ban('203.0.113.10', NOW + 2_000),
      ban('203.0.113.9', NOW + 2_000),
      ban('203.0.113.11', NOW + 1_000),
      ban('192.0.2.0/24', FOR_LIFE),
    ],
  })
  const order = ['203.0.113.11', '203.0.113.9', '203.0.113.10', '192.0.2.0/24', '192.0.2.1']
  const lines = (text: string) => text.trimEnd().split('\n')
  assert.deepEqual(
    lines((await run('bans')).stdout).map((line) => line.split('\t')[0]),
    order,
  )
  assert.deepEqual(
    lines((await run('bans --json')).stdout).map((line) => JSON.parse(line).address),
    order,
  )
})

test('bans as JSON have the keys that every ban has, and null for life', async () => {
  await daemon({ bans: ({ table }) => bans.filter((ban) => table === undefined || ban.table === table) })
  const line = String.raw`{"at":"2026-11-21T08:30:00.000Z","kind":"ban","address":"2001:db8:0:1::/64","table":"blockips","until":null,"rule":"by hand","score":0,"reason":"case 1234\u001b[2J"}`
  assert.deepEqual(await run('bans --json --table blockips'), printed(`${line}\n`))
})

test('nobody banned is said to a person, and is nothing in a pipe', async () => {
  await daemon({})
  assert.deepEqual(await run('bans', { terminal: { width: 80 } }), printed('nobody is banned\n'))
  assert.deepEqual(await run('bans'), printed(''))
})

test('a ban by hand reaches the daemon as it was meant, and its end is told', async () => {
  const orders: BanOrder[] = []
  await daemon({
    ban(order) {
      orders.push(order)
      const until = order.forMs === null ? FOR_LIFE : NOW + order.forMs
      const address = formatNetwork(order.address)
      return {
        decisions: [
          {
            kind: 'ban',
            at: NOW,
            address,
            table: order.table ?? 'bad_ip',
            until,
            rule: 'by hand',
            score: 0,
            reason: order.reason,
          },
        ],
      }
    },
  })
  assert.deepEqual(await run('ban ::ffff:203.0.113.9'), printed('banned 203.0.113.9 in bad_ip for 1h until 11:30:00\n'))
  const invoked = { env: { SSH_CONNECTION: '192.0.2.44 50022 192.0.2.1 22' } }
  assert.deepEqual(
    await run(['ban', '203.0.113.0/24', '--for', '1d12h', '--table', 'blockips', '--reason', 'case 1234'], invoked),
    printed('banned 203.0.113.0/24 in blockips for 1d12h until 2026-11-22T22:30:00\n'),
  )
  assert.deepEqual(await run('ban 203.0.113.9 --for life'), printed('banned 203.0.113.9 in bad_ip for life\n'))
  assert.deepEqual(orders, [
    { address: parseNetwork('203.0.113.9'), forMs: 3_600_000, reason: '' },
    {
      address: parseNetwork('203.0.113.0/24'),
      forMs: 129_600_000,
      table: 'blockips',
      reason: 'case 1234',
      invoker: parseNetwork('192.0.2.44'),
    },
    { address: parseNetwork('203.0.113.9'), forMs: null, reason: '' },
  ])
  const { stdout } = await run('ban 203.0.113.9 --json')
  assert.deepEqual(Object.keys(JSON.parse(stdout)), ['at', 'kind', 'address', 'table', 'until', 'rule', 'score', 'reason'])
})

test('what must not be banned is refused with the reason', async () => {
  const reason = 'own address of eth0'
  await daemon({
    ban: () => ({
      decisions: [{ kind: 'refused', at: NOW, address: '192.0.2.1', table: 'bad_ip', rule: 'by hand', score: 0, reason }],
    }),
  })
  assert.deepEqual(await run('ban 192.0.2.1'), failed(exitStatus.no, '192.0.2.1 must not be banned: own address of eth0'))
  const { status, stdout } = await run('ban 192.0.2.1 --json')
  assert.equal(status, exitStatus.no)
  assert.equal(JSON.parse(stdout).reason, reason)
})

test('an unban tells each ban that it ended, and that there was none', async () => {
  const unban = { kind: 'unban', at: NOW, address: '203.0.113.9', rule: 'hackers', reason: '' } as const
  await daemon({
    unban: ({ address }) => ({
      decisions:
        formatNetwork(address) === '203.0.113.9'
          ? [
              { ...unban, table: 'bad_ip' },
              { ...unban, table: 'blockips', rule: 'by hand' },
            ]
          : [],
    }),
  })
  assert.deepEqual(
    await run('unban 203.0.113.9'),
    printed(`unbanned 203.0.113.9 in bad_ip (hackers)
unbanned 203.0.113.9 in blockips (by hand)
`),
  )
  assert.deepEqual(await run('unban 203.0.113.8'), failed(exitStatus.no, '203.0.113.8 is not banned'))
})

test('an order that the firewall does not follow yet is told with both halves of the truth', async () => {
  const ban = {
    kind: 'ban',
    at: NOW,
    address: '203.0.113.9',
    table: 'bad_ip',
    until: FOR_LIFE,
    rule: 'by hand',
    score: 0,
    reason: '',
  } as const
  await daemon({ ban: () => ({ decisions: [ban], notEnforced: 'nft: killed after 10s' }) })
  assert.deepEqual(await run('ban 203.0.113.9 --for life'), {
    status: exitStatus.unavailable,
    stdout: 'banned 203.0.113.9 in bad_ip for life\n',
    stderr: 'log2table: not in force yet: nft: killed after 10s\n',
  })
})

test('a reload says what is in force, or every fault that keeps the old one there', async () => {
  let isFaulty = false
  await daemon({
    async reload() {
      if (isFaulty) throw new UserError(exitStatus.configuration, 'parameters.ts: rules: missing\nparameters.ts: logs: missing')
      return { configuration: '/etc/log2table', logs: 1, rules: 2, tables: 3 }
    },
  })
  assert.deepEqual(await run('reload'), printed('/etc/log2table is in force: 1 log, 2 rules, 3 tables\n'))
  isFaulty = true
  assert.deepEqual(
    await run('reload'),
    failed(exitStatus.configuration, 'parameters.ts: rules: missing\nlog2table: parameters.ts: logs: missing'),
  )
})

test('a command whose output nobody reads any more ends without waiting for the daemon', async () => {
  await daemon({ reload: () => new Promise(() => {}) })
  assert.deepEqual(await run('reload', { closed: Promise.resolve() }), printed(''))
})

test('a daemon that is not there, was killed, or is not ours, is told from one another', async () => {
  const path = env.LOG2TABLE_SOCKET!
  const absent = failed(exitStatus.unavailable, `no daemon answers on ${path}; is it running? start it with "log2table run"`)
  for (const line of ['status', 'bans', 'ban 203.0.113.9', 'unban 203.0.113.9', 'reload'])
    assert.deepEqual(await run(line), absent, line)

  const says = async (text: string) => {
    const other = createServer((socket) =>
      socket
        .on('error', () => {})
        .resume()
        .end(text),
    )
    const at = join(folder, 'other')
    await new Promise<void>((resolve) => other.listen(at, resolve))
    const { stdout, ...seen } = await run(`status --socket ${at}`)
    await new Promise((resolve) => other.close(resolve))
    assert.equal(stdout, '')
    return { ...seen, stderr: seen.stderr.replace(at, 'PATH') }
  }
  const { unavailable } = exitStatus
  assert.deepEqual(await says(''), {
    status: unavailable,
    stderr: 'log2table: the daemon on PATH hung up; it may be stopping, or have too many requests: try again\n',
  })
  assert.deepEqual(await says('220 mail.example.org ESMTP\r\n'), {
    status: unavailable,
    stderr: 'log2table: the daemon on PATH does not speak as this command does; is it of another version?\n',
  })
})

test('who may not speak to the daemon is told who may', async () => {
  await daemon({})
  chmodSync(folder, 0)
  const isRoot = process.geteuid?.() === 0
  if (isRoot) process.seteuid!(65_534)
  try {
    assert.deepEqual(
      await run('status'),
      failed(
        exitStatus.notPermitted,
        `no permission to speak to the daemon on ${env.LOG2TABLE_SOCKET}; run this as root or as the daemon's user`,
      ),
    )
  } finally {
    if (isRoot) process.seteuid!(0)
    chmodSync(folder, 0o700)
  }
})
