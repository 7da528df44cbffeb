import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import fc from 'fast-check'
import { wellReport } from '../daemon/control.testing.ts'
import type { ClimbingAnswer, DecisionAnswer, StatusAnswer } from '../daemon/control-protocol.ts'
import { type PageOptions, topPage, type View } from './top-page.ts'

process.env.TZ = 'UTC'

const at = '2026-11-21T10:00:00.000Z'
const status: StatusAnswer = { at, kind: 'status', isWell: true, ...wellReport }

function climbing(address: string, score: number, more: Partial<ClimbingAnswer> = {}): ClimbingAnswer {
  const lastAt = '2026-11-21T09:59:48.000Z'
  return {
    ...{ kind: 'climbing', address, rule: 'hackers', score, certain: score, threshold: 100, pattern: 'sshd/failed-password' },
    lastAt,
    ...more,
  }
}

function ban(address: string, more: Partial<Extract<DecisionAnswer, { kind: 'ban' }>> = {}): DecisionAnswer {
  return {
    ...{ at: '2026-11-21T09:59:00.000Z', kind: 'ban', address, table: 'bad_ip', until: '2026-11-21T10:59:00.000Z' },
    ...{ rule: 'hackers', score: 110, reason: 'sshd/failed-password in /var/log/auth.log' },
    ...more,
  }
}

const view: View = {
  status,
  climbing: [
    climbing('203.0.113.45', 80),
    climbing('2001:db8:1:2::/64', 50),
    climbing('198.51.100.7', 20, { threshold: null, pattern: null }),
  ],
  decisions: [
    ban('203.0.113.9'),
    { at, kind: 'unban', address: '192.0.2.7', table: 'bad_ip', rule: 'hackers', reason: 'ended' },
    { at, kind: 'notify', rule: 'hackers', reason: 'listed 16 times' },
  ],
}

const page = (more: Partial<PageOptions> = {}, of: View = view) =>
  topPage(of, { rates: new Map([['/var/log/auth.log', 3.25]]), output: { width: 100, hasColour: false }, ...more })

test('all that there is, on a page without an end', () => {
  assert.equal(
    page().join('\n'),
    `log2table 10:00:00, up 1d, 3 lines/s, 3 in force                                         all is well

LINES/S   LINES  HITS  UNREAD  LOG
    3.3  12,345    99       -  /var/log/auth.log

IN FORCE  OF  FULL  QUEUED  STATE      TABLE
       3   3     -       -  enforcing  bad_ip (nftables)

CLIMBING                       POINTS   OF  RULE     LAST
203.0.113.45       ████████░░      80  100  hackers  12s ago  sshd/failed-password
2001:db8:1:2::/64  █████░░░░░      50  100  hackers  12s ago  sshd/failed-password
198.51.100.7       ░░░░░░░░░░      20    -  hackers  12s ago

DECIDED
10:00:00  notify  -            hackers: listed 16 times
10:00:00  unban   192.0.2.7    bad_ip, hackers: ended
09:59:00  ban     203.0.113.9  bad_ip for 1h until 10:59:00, hackers 110 points: sshd/failed-passwo…`,
  )
})

test('in colour, who is near is yellow, who is nearest red, and so is what is wrong', () => {
  const lines = page({ output: { width: 100, hasColour: true } })
  const colours = lines.map((line) => /^\x1b\[(\d+)m/.exec(line)?.[1])
  assert.deepEqual(colours.slice(8, 12), ['1', '31', '33', undefined])
  assert.match(lines.at(-1)!, /^09:59:00 {2}\x1b\[31mban\x1b\[39m {5}203/)
  assert.deepEqual(lines.map(stripVTControlCharacters), page())
  const wrong = page(
    { output: { width: 100, hasColour: true } },
    { ...view, status: { ...status, isWell: false, troubles: ['a\u001b[2J'] } },
  )
  assert.equal(wrong[1], '\x1b[31ma\\x1b[2J\x1b[39m')
})

test('how full a table is, is told so that something is never nothing, and nearly full is not full', () => {
  const fullOf = (fullness: number | null) => {
    const lines = page({}, { ...view, status: { ...status, tables: [{ ...status.tables[0]!, fullness }] } })
    return lines.find((line) => line.includes('bad_ip (nftables)'))!.split(/ +/)[3]
  }
  assert.deepEqual([null, 0, 1e-6, 0.0123, 0.9999, 1].map(fullOf), ['-', '0%', '0.1%', '1%', '99%', '100%'])
})

test('of many troubles the first are told, and how many there are', () => {
  const troubles = Array.from({ length: 9 }, (_, i) => `trouble ${i}`)
  const lines = page({ silence: 'no daemon answers' }, { ...view, status: { ...status, isWell: false, troubles } })
  assert.deepEqual(lines.slice(1, 4), ['no daemon answers', 'trouble 0', 'and 8 more; "log2table status" tells all'])
  assert.doesNotMatch(lines[0]!, /all is well/)
})

test('a page of few rows shows some of each part, and says how many it leaves out', () => {
  const many: View = {
    ...view,
    climbing: Array.from({ length: 40 }, (_, i) => climbing(`203.0.113.${i}`, 90 - i)),
    decisions: Array.from({ length: 40 }, (_, i) => ban(`198.51.100.${i}`)),
  }
  const lines = page({ height: 24 }, many)
  assert.equal(lines.length, 24)
  assert.deepEqual(
    lines.filter((line) => line.startsWith('and ')),
    ['and 34 more', 'and 35 more'],
  )
  assert.ok(
    lines.some((line) => line.includes('198.51.100.39')),
    'the last that was decided',
  )
})

test('nothing happens yet: that is told, too', () => {
  const lines = page({ rates: new Map() }, { status: { ...status, logs: [], tables: [] }, climbing: [], decisions: [] })
  for (const none of ['no log is followed', 'no table is declared', 'nobody has any points'])
    assert.ok(lines.includes(none), none)
})

test('whatever the size and whoever wrote the text, the page fits, and holds no control character', () => {
  const text = fc.string({ unit: 'binary', maxLength: 60 })
  const size = fc.record({ width: fc.integer({ min: 1, max: 200 }), height: fc.integer({ min: 1, max: 60 }) })
  fc.assert(
    fc.property(
      fc.array(text, { minLength: 6, maxLength: 6 }),
      size,
      fc.nat(60),
      fc.boolean(),
      (words, { width, height }, count, isWell) => {
        const [log = '', table = '', rule = '', pattern = '', reason = '', trouble = ''] = words
        const hostile: View = {
          status: {
            ...{ ...status, isWell, troubles: isWell ? [] : [trouble, trouble] },
            logs: Array.from({ length: count }, () => ({ ...status.logs[0]!, log })),
            tables: [{ ...status.tables[0]!, table, state: 'not enforcing' }],
          },
          climbing: Array.from({ length: count }, () => climbing('203.0.113.9', 80, { rule, pattern })),
          decisions: Array.from({ length: count }, () => ban('203.0.113.9', { rule, reason, table })),
        }
        const lines = page({ height, output: { width, hasColour: false } }, hostile)
        assert.ok(lines.length <= height)
        for (const line of lines) {
          assert.ok(line.trimEnd().length <= width, `${width}: ${line}`)
          assert.doesNotMatch(line, /[\0-\x1f\x7f-\x9f\u2028-\u202e]|\p{Surrogate}/u)
        }
      },
    ),
    { numRuns: 300 },
  )
})
