import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { formatNetwork, parseAddress, parseNetwork, type sourceNetwork, sourceOf } from '../../src/base/address.ts'
import { exitStatus } from '../../src/base/exit-status.ts'
import { silentLog } from '../../src/base/log.ts'
import { DAY_MS, FOR_LIFE, HOUR_MS, MINUTE_MS } from '../../src/base/units.ts'
import { Core } from '../../src/core/core.ts'
import type { HitFact } from '../../src/core/model.ts'
import { idleControl } from '../../src/daemon/control.testing.ts'
import { type ControlServer, listenForControl } from '../../src/daemon/control.ts'
import type { StandingReport } from '../../src/daemon/control-protocol.ts'
import { Hackers } from '../../src/rules/hackers.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { assertGolden } from '../lib/golden.ts'
import { failed, log2table, NOW, type SessionOptions } from './session.ts'

process.env.TZ = 'UTC'

let folder: string
let server: ControlServer
let core: Core
const database = () => join(folder, 'state.db')

/** A failed password, so many minutes before now. */
function failure(minutesAgo: number, address: string, more: Partial<HitFact> = {}): HitFact {
  const account = more.account ?? 'root'
  return {
    ...{
      kind: 'hit',
      at: NOW - minutesAgo * MINUTE_MS,
      rule: 'hackers',
      log: '/var/log/auth.log',
      position: 100_000 - minutesAgo,
    },
    ...{ pattern: 'sshd/failed-password', set: 'sshd', weight: 20, once: false, distinct: undefined, spoofable: false },
    ...{ login: undefined, address: parseAddress(address), session: undefined, account, times: 1, parameters: {} },
    line: `gate sshd[${minutesAgo}]: Failed password for ${account} from ${address} port 50022 ssh2`,
    ...more,
  }
}

const accepted = (minutesAgo: number, address: string, account: string): HitFact =>
  failure(minutesAgo, address, {
    ...{ weight: -100, login: 'opened', account, session: `${minutesAgo}`, pattern: 'sshd/accepted' },
    line: `gate sshd[${minutesAgo}]: Accepted publickey for ${account} from ${address} port 50022 ssh2`,
  })

const facts = [
  // Comes back, for longer each time; and by another log while it is banned.
  ...[4, 3, 2, 1, 0].map((n) => failure(3 * 24 * 60 + n, '203.0.113.9')),
  ...[4, 3, 2, 1, 0].map((n) => failure(30 + n, '203.0.113.9', { account: 'admin' })),
  failure(10, '203.0.113.9', {
    log: '/var/log/nginx/access.log',
    pattern: 'httpd/probe',
    weight: 50,
    account: undefined,
    line: '203.0.113.9 - - "GET /\u001b[2J HTTP/1.1" 404',
  }),
  // Below: some points have run out, some were taken back by a good login.
  failure(90, '198.51.100.1', { account: 'bob' }),
  failure(50, '198.51.100.1', { account: 'ann' }),
  failure(49, '198.51.100.1', { account: 'bob' }),
  accepted(48, '198.51.100.1', 'ann'),
  failure(47, '198.51.100.1', { login: 'closed', weight: 0, session: '48', account: undefined }),
  // Had the points, and is logged in.
  accepted(200, '198.51.100.2', 'eve'),
  ...Array.from({ length: 15 }, (_, n) => failure(40 - n, '198.51.100.2', { account: `guess${n}` })),
  // On the ignore list: its lines do not even count.
  failure(20, '192.0.2.7'),
  // From several addresses of a /64; what can be forged is marked.
  ...[1, 2, 3, 4].map((n) => failure(9 - n, `2001:db8:1:2::${n}`)),
  failure(2, '2001:db8:1:2::9', { spoofable: true, log: 'pflog:pflog0', pattern: 'pf/scan', account: undefined, line: '' }),
].sort((a, b) => a.at - b.at)

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'log2table-why-'))
  const store = openSqlite(database())
  const rules = new Map([['hackers', new Hackers({ table: 'bad_ip', ban: ['1h', '1d'] })]])
  core = new Core({ rules, tables: new Set(['bad_ip', 'blockips']), offender: (source) => store.offender(source) })
  core.tell({ kind: 'protect', at: 0, ignored: [parseNetwork('192.0.2.0/24')!], protected: [] })
  const settle = () => {
    store.commit(core.take().changes)
    core.committed()
  }
  for (const fact of facts) {
    core.tell(fact)
    settle()
  }
  const network = parseNetwork('203.0.113.128/25')!
  const ban = { do: 'ban', network, table: 'blockips', until: FOR_LIFE, reason: 'case 1234' } as const
  core.tell({ kind: 'order', at: NOW - MINUTE_MS, order: ban })
  core.tell({ kind: 'clock', at: NOW })
  settle()
  store.close()
  const standing: (network: ReturnType<typeof sourceNetwork>) => StandingReport = (network) => ({
    address: formatNetwork(network),
    database: database(),
    refusal: core.refusal(network) ?? null,
    rules: core
      .standing(sourceOf(network.address))
      .map((one) => ({ ...one, threshold: one.threshold ?? null, quarantine: null, frozen: null })),
  })
  server = await listenForControl({
    path: join(folder, 'run/control.sock'),
    control: idleControl({ standing }),
    log: silentLog,
    now: () => NOW,
  })
})

after(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

const run = (line: string, options: SessionOptions = {}) =>
  log2table(line, { env: { LOG2TABLE_SOCKET: join(folder, 'run/control.sock') }, ...options })

for (const [name, address, status] of [
  ['comes-back', '203.0.113.9', exitStatus.done],
  ['below', '198.51.100.1', exitStatus.no],
  ['logged-in', '198.51.100.2', exitStatus.no],
  ['ignored', '192.0.2.7', exitStatus.no],
  ['ipv6', '2001:db8:1:2::77', exitStatus.done],
  ['in-a-network', '203.0.113.200', exitStatus.done],
  ['nothing', '198.51.100.99', exitStatus.no],
] as const) {
  test(`why tells of one that is ${name}`, async () => {
    const seen = await run(`why ${address}`)
    assert.equal(seen.stderr, '')
    assertGolden(seen.stdout, `why/${name}.txt`)
    assert.equal(seen.status, status)
  })
}

test('without a daemon it tells the past, and says what it cannot know', async () => {
  const { status, stdout } = await run(`why 198.51.100.1 --state ${folder}`, { env: { LOG2TABLE_SOCKET: '/nonexistent/socket' } })
  assert.equal(status, exitStatus.no)
  assertGolden(stdout, 'why/no-daemon.txt')
})

test('as JSON each happening is an object, and the last says how it stands', async () => {
  const { stdout } = await run('why --json 203.0.113.9')
  const records = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    records.map(({ kind }) => kind).join(' '),
    'line line line line line ban unban line line line line line ban line standing',
  )
  const { at: firstAt, ...decisive } = records[11]
  assert.equal(firstAt, new Date(NOW - 30 * MINUTE_MS).toISOString())
  assert.deepEqual(decisive, {
    ...{ kind: 'line', rule: 'hackers', address: '203.0.113.9', points: 20, score: 100, pattern: 'sshd/failed-password' },
    ...{
      log: '/var/log/auth.log',
      position: 99_970,
      line: 'gate sshd[30]: Failed password for admin from 203.0.113.9 port 50022 ssh2',
    },
    ...{ spoofable: false, account: 'admin', fate: 'spent', ranOutAt: null, isDecisive: true },
  })
  assert.equal(records[12].until, new Date(NOW - 30 * MINUTE_MS + DAY_MS).toISOString())
  assert.equal(records[6].at, new Date(NOW - 3 * DAY_MS + HOUR_MS).toISOString())
  assert.equal(records[13].line, '203.0.113.9 - - "GET /\u001b[2J HTTP/1.1" 404')
  const { kind, isBanned, isKnown, refusal, rules } = records.at(-1)
  assert.deepEqual([kind, isBanned, isKnown, refusal], ['standing', true, true, null])
  assert.deepEqual(rules[0], {
    ...{ rule: 'hackers', score: 0, certain: 0, threshold: 100, windowMs: HOUR_MS },
    ...{ quarantine: null, frozen: null },
  })
})

test('where there is no database, or no address, it says so', async () => {
  const message = '/nonexistent/state.db: there is no database; name the state folder with --state, or start the daemon'
  assert.deepEqual(await run('why 192.0.2.1 --state /nonexistent'), failed(exitStatus.unavailable, message))
  assert.equal((await run('why 192.0.2')).status, exitStatus.usage)
})
