import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { parseAddress, parseNetwork } from '../../src/base/address.ts'
import { exitStatus } from '../../src/base/exit-status.ts'
import { dayOf } from '../../src/base/listings.ts'
import { DAY_MS, FOR_LIFE, HOUR_MS } from '../../src/base/units.ts'
import { reportHtml } from '../../src/cli/report-html.ts'
import { type Reported, reportText } from '../../src/cli/report-text.ts'
import type { Change, SavedBan } from '../../src/core/model.ts'
import { type ReportedPast, reportOf } from '../../src/history/report.ts'
import { openSqlite } from '../../src/store/sqlite.ts'
import { DaemonProcess } from '../lib/daemon-process.ts'
import { failed, log2table, NOW, type SessionOptions } from './session.ts'

process.env.TZ = 'UTC'

const network = (text: string) => parseNetwork(text)!

/** A ban so many days ago. */
function ban(daysAgo: number, address: string, more: Partial<SavedBan> = {}): SavedBan {
  const at = NOW - daysAgo * DAY_MS
  const id = `${at} ${address}`
  const reason = 'sshd/failed-password in /var/log/auth.log'
  return {
    ...{ id, at, network: network(address), table: 'bad_ip', rule: 'hackers', until: at + HOUR_MS, score: 100, reason },
    ...more,
  }
}

const ended = (one: SavedBan): Change[] => [
  { kind: 'ban', ban: one },
  { kind: 'unban', id: one.id, at: one.until, reason: 'ended' },
]

function line(daysAgo: number, address: string, pattern: string, points: number): Change {
  const source = parseAddress(address)!
  const hit = {
    ...{ at: NOW - daysAgo * DAY_MS, rule: 'hackers', source, address: source, points, spoofable: false },
    ...{ account: undefined, distinct: undefined, pattern, log: '/var/log/auth.log', position: 0, line: '' },
  }
  return { kind: 'hit', hit }
}

const size = (daysAgo: number, entries: number): Change => {
  return { kind: 'snapshot', day: dayOf(NOW) - daysAgo, table: 'bad_ip', entries, networks: [] }
}

const changes: readonly Change[] = [
  ...[9, 6, 2].flatMap((daysAgo) => ended(ban(daysAgo, '203.0.113.9'))),
  ...ended(ban(2, '203.0.113.77')),
  ...ended(ban(20, '198.51.100.1')),
  { kind: 'ban', ban: ban(1, '192.0.2.7', { table: 'blockips', until: FOR_LIFE, rule: 'by hand', reason: 'enough' }) },
  line(2, '203.0.113.9', 'sshd/failed-password', 80),
  line(2, '203.0.113.9', 'sshd/failed-password', 20),
  line(2, '203.0.113.77', 'httpd/<script>\u001b[2J', 50),
  line(8, '203.0.113.77', 'sshd/old', 50),
  ...[0, 10, 30, 20, 15].map((entries, index) => size(4 - index, entries)),
  {
    kind: 'proposal',
    proposal: {
      ...{ at: NOW - DAY_MS, network: network('203.0.113.9'), table: 'bad_ip', rule: 'hackers' },
      reason: '16 listings and 4 bans within 90d',
    },
  },
  ...[3, 1].map((daysAgo): Change => {
    const refusal = { at: NOW - daysAgo * DAY_MS, network: network('192.0.2.200'), table: 'bad_ip', rule: 'hackers', score: 110 }
    return { kind: 'refused', refusal: { ...refusal, reason: 'own address of eth0' } }
  }),
]

const text = `log2table on HOST
2026-11-14T09:30:00+00:00 to 2026-11-21T09:30:00+00:00

4 bans of 3 addresses, 1 in the 7d before
1 in force now, 1 of them for life; 2 refused; 1 proposed for life

No daemon answered: what is wrong at this moment is not known.

Bans, 1d each
  ▁▅▁▁▁█▅  0 to 2

Tables, by day
         LEAST  MOST  LAST  TABLE
  ▁▃█▆▅      0    30    15  bad_ip

By rule
  BANS  BANNED  RULE     TABLE
     3       2  hackers  bad_ip
     1       1  by hand  blockips

What they did
  POINTS  LINES  SOURCES  RULE     PATTERN
     100      2        1  hackers  sshd/failed-password
      50      1        1  hackers  httpd/<script>\\x1b[2J

Who
  BANS  POINTS  ADDRESS       LAST                       LOGS
     2     100  203.0.113.9   2026-11-19T09:30:00+00:00  /var/log/auth.log
     1      50  203.0.113.77  2026-11-19T09:30:00+00:00  /var/log/auth.log
     1       0  192.0.2.7     2026-11-20T09:30:00+00:00

From where
  ADDRESSES  BANS  POINTS  NETWORK
          2     3     150  203.0.113.0/24

Proposed for life; "log2table confirm" bans them
  ADDRESS      TABLE   RULE     REASON
  203.0.113.9  bad_ip  hackers  16 listings and 4 bans within 90d

Not banned, and why
  TIMES  LAST                       ADDRESS      REASON
      2  2026-11-20T09:30:00+00:00  192.0.2.200  own address of eth0
`

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'log2table-report-'))
  const store = openSqlite(join(folder, 'state.db'))
  store.commit(changes)
  store.close()
})
after(() => rmSync(folder, { recursive: true, force: true }))

const run = async (line: string, options: SessionOptions = {}) => {
  const seen = await log2table(`${line} --state ${folder} --socket ${folder}/no.sock`, options)
  return { ...seen, stdout: seen.stdout.replaceAll(hostname(), 'HOST') }
}

test('a week is told: who, what, from where, and where the tables go; the same on a terminal', async () => {
  const seen = { status: exitStatus.done, stdout: text, stderr: '' }
  assert.deepEqual(await run('report'), seen)
  assert.deepEqual(await run('report', { terminal: { width: 40, hasColour: true } }), seen)
})

test('another time has its own figures, in pieces that fit', async () => {
  assert.match((await run('report --since 1h')).stdout, /^0 bans of 0 addresses, 0 in the 1h before$/m)
  const year = (await run('report --since 365d')).stdout
  assert.match(year, /^6 bans of 4 addresses, 0 in the 365d before$/m)
  assert.match(year, /^Bans, 12d each\n {2}▁{29}\S{2} {2}0 to 5$/m)
  assert.deepEqual(
    await run('report --since soon'),
    failed(exitStatus.usage, '--since: "soon" is not a length of time; write for example "90s", "10m", "1h" or "7d"'),
  )
})

test('as JSON it is one object', async () => {
  const record = JSON.parse((await run('report --json')).stdout)
  assert.deepEqual(record.rules, [
    { rule: 'hackers', table: 'bad_ip', bans: 3, banned: 2 },
    { rule: 'by hand', table: 'blockips', bans: 1, banned: 1 },
  ])
  const { kind, bans, banned, bansBefore, bansByPiece, troubles } = record
  assert.deepEqual(
    { kind, bans, banned, bansBefore, bansByPiece, troubles },
    { kind: 'report', bans: 4, banned: 3, bansBefore: 1, bansByPiece: [0, 1, 0, 0, 0, 2, 1], troubles: null },
  )
})

test('as a page it loads and runs nothing, and every figure of the text is in it', async () => {
  const { stdout } = await run('report --html')
  assert.match(stdout, /^<!doctype html>\n/)
  assert.match(stdout, /default-src 'none'; style-src 'unsafe-inline'/)
  for (const word of ['203.0.113.0/24', 'sshd/failed-password', 'own address of eth0', '16 listings and 4 bans within 90d'])
    assert.ok(stdout.includes(word), word)
  assert.ok(stdout.includes('httpd/&#60;script&#62;\\x1b[2J'))
  assert.doesNotMatch(stdout, /<(?:script|link|img|iframe|object|base|form)|\b(?:src|href|on\w+)=|url\(|@import/i)
})

test('what is wrong at this moment the daemon says', async (t) => {
  const daemon = new DaemonProcess(t)
  await daemon.start()
  await daemon.says(/^running/)
  assert.match((await daemon.run('report')).stdout, /^What is wrong at this moment\n {2}log FOLDER\/app\.log is not read: /m)
  const { stdout } = await daemon.run(`report --state ${folder}`)
  assert.match(stdout, /^No daemon answered/m, 'it is the daemon of another database')
})

/** A report in which a stranger wrote all that a stranger may, and more. */
function reportedOf(words: readonly string[]): Reported {
  const [host = '', rule = '', table = '', pattern = '', log = '', reason = '', trouble = '', refusal = ''] = words
  const source = parseAddress('203.0.113.9')!
  const bans = ['203.0.113.9', '203.0.113.10'].map((address) => ({
    ...ban(1, address, { rule, table, reason }),
    ended: undefined,
  }))
  const past: ReportedPast = {
    bans,
    listings: [],
    traces: [{ source, points: 5, lines: 1, logs: [log], firstAt: NOW - DAY_MS, lastAt: NOW - DAY_MS }],
    patterns: [{ rule, pattern, points: 5, lines: 1, sources: 1 }],
    proposals: [{ at: NOW, network: network('203.0.113.9'), table, rule, reason }],
    refusals: [{ at: NOW, network: network('203.0.113.9'), table, rule, score: 1, reason: refusal }],
    tableSizes: [{ day: dayOf(NOW), table, entries: 2 }],
  }
  return { report: reportOf(past, NOW - 7 * DAY_MS, NOW), host, troubles: [trouble] }
}

const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '<',
      '>',
      '"',
      "'",
      '&',
      '`',
      '</td>',
      '<script>alert(1)</script>',
      '<!--',
      ']]>',
      '&lt;',
      '{{',
      'javascript:',
    ),
    fc.constantFrom('\n', '\r', '\0', '\u001b[2J', '\u202e', '\u2028', '\ud800', '\u009b', '='),
    fc.string({ unit: 'binary' }),
  ),
})

test('no text of a stranger becomes markup, a control character or another line', () => {
  const tags = (page: string) => page.match(/<[^>]*>/g)
  const plain = reportedOf(Array.from({ length: 8 }, () => 'x'))
  const wanted = { tags: tags(reportHtml(plain)), lines: reportText(plain).split('\n').length }
  fc.assert(
    fc.property(fc.array(hostile, { minLength: 8, maxLength: 8 }), (words) => {
      const reported = reportedOf(words)
      const [page, text] = [reportHtml(reported), reportText(reported)]
      assert.deepEqual(tags(page), wanted.tags)
      const between = page.replace(/<style>[\s\S]*<\/style>/, '').replaceAll(/<[^>]*>/g, '')
      assert.doesNotMatch(between, /[<>"'`]|&(?!#\d+;)/)
      assert.equal(text.split('\n').length, wanted.lines)
      for (const one of [page, text])
        assert.doesNotMatch(one, /[\0-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]|\p{Surrogate}/u)
    }),
    { numRuns: 300 },
  )
})
