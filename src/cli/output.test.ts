import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FOR_LIFE } from '../base/units.ts'
import type { Decision } from '../core/model.ts'
import type { Output } from './command.ts'
import { alignedLines, decisionLine, roughly, timeLeft, writingTogether } from './output.ts'

process.env.TZ = 'Europe/Berlin'

const at = Date.UTC(2026, 10, 21, 9, 0)
const output = (changes: Partial<Output> = {}): Output => ({
  write() {},
  isTerminal: false,
  width: undefined,
  hasColour: false,
  closed: new Promise(() => {}),
  ...changes,
})

const decisions = {
  ban: {
    kind: 'ban',
    at,
    address: '203.0.113.9',
    table: 'bad_ip',
    until: at + 3_600_000,
    rule: 'hackers',
    score: 100,
    reason: 'sshd/failed-password in /var/log/auth.log',
  },
  life: { kind: 'ban', at, address: '2001:db8::/64', table: 'blockips', until: FOR_LIFE, rule: 'by hand', score: 0, reason: '' },
  unban: { kind: 'unban', at, address: '203.0.113.9', table: 'bad_ip', rule: 'hackers', reason: 'ended' },
  refused: {
    kind: 'refused',
    at,
    address: '192.0.2.1',
    table: 'bad_ip',
    rule: 'hackers',
    score: 120,
    reason: 'own address of eth0',
  },
  notify: { kind: 'notify', at, address: undefined, rule: 'mine', reason: 'rule mine is quarantined: \x1b[2J' },
  run: { kind: 'run', at, address: '203.0.113.9', rule: 'mine', command: 'page', parameters: { user: '\x9b\u202e' } },
} as const satisfies Record<string, Decision>

const texts: Readonly<Record<keyof typeof decisions, string>> = {
  ban: '2026-11-21T10:00:00+01:00 ban 203.0.113.9 bad_ip for 1h until 11:00:00, hackers 100 points: sshd/failed-password in /var/log/auth.log',
  life: '2026-11-21T10:00:00+01:00 ban 2001:db8::/64 blockips for life, by hand',
  unban: '2026-11-21T10:00:00+01:00 unban 203.0.113.9 bad_ip, hackers: ended',
  refused: '2026-11-21T10:00:00+01:00 refused 192.0.2.1 bad_ip, hackers 120 points: own address of eth0',
  notify: '2026-11-21T10:00:00+01:00 notify - mine: rule mine is quarantined: \\x1b[2J',
  run: '2026-11-21T10:00:00+01:00 run 203.0.113.9 page, mine: {"user":"\\u009b\\u202e"}',
}

const records: Readonly<Record<keyof typeof decisions, string>> = {
  ban: '{"at":"2026-11-21T09:00:00.000Z","kind":"ban","address":"203.0.113.9","table":"bad_ip","until":"2026-11-21T10:00:00.000Z","rule":"hackers","score":100,"reason":"sshd/failed-password in /var/log/auth.log"}',
  life: '{"at":"2026-11-21T09:00:00.000Z","kind":"ban","address":"2001:db8::/64","table":"blockips","until":null,"rule":"by hand","score":0,"reason":""}',
  unban:
    '{"at":"2026-11-21T09:00:00.000Z","kind":"unban","address":"203.0.113.9","table":"bad_ip","rule":"hackers","reason":"ended"}',
  refused:
    '{"at":"2026-11-21T09:00:00.000Z","kind":"refused","address":"192.0.2.1","table":"bad_ip","rule":"hackers","score":120,"reason":"own address of eth0"}',
  notify: '{"at":"2026-11-21T09:00:00.000Z","kind":"notify","rule":"mine","reason":"rule mine is quarantined: \\u001b[2J"}',
  run: '{"at":"2026-11-21T09:00:00.000Z","kind":"run","address":"203.0.113.9","rule":"mine","command":"page","parameters":{"user":"\\u009b\\u202e"}}',
}

for (const [name, decision] of Object.entries(decisions) as [keyof typeof decisions, Decision][]) {
  test(`a decision (${name}) is one line for people, and one of JSON with its keys in their order`, () => {
    assert.equal(decisionLine(decision, output()), `${texts[name]}\n`)
    assert.equal(decisionLine(decision, output(), { json: true }), `${records[name]}\n`)
  })
}

test('a terminal gets columns, and colour where it may have it', () => {
  const terminal = output({ isTerminal: true, width: 80 })
  assert.equal(
    decisionLine(decisions.unban, terminal),
    '2026-11-21T10:00:00+01:00 unban   203.0.113.9     bad_ip, hackers: ended\n',
  )
  assert.match(decisionLine(decisions.ban, output({ isTerminal: true, hasColour: true })), /^\S+ \x1b\[31mban {4}\x1b\[39m 203/)
})

test('a ban over midnight names the day', () => {
  const until = at + 20 * 3_600_000
  assert.match(decisionLine({ ...decisions.ban, until }, output()), / for 20h until 2026-11-22T06:00:00, /)
})

test('the time that is left is told as roughly as one wants to know it', () => {
  assert.equal(timeLeft(at + 59 * 60_000 + 1_234, at), 'in 59m1s')
  assert.equal(timeLeft(at + 7 * 86_400_000 - 1, at), 'in 6d23h')
  assert.equal(timeLeft(at + 400, at), 'in 400ms')
  assert.equal(timeLeft(at, at), 'now')
  assert.equal(timeLeft(FOR_LIFE, at), 'for life')
  assert.equal(roughly(90_061_001), '1d1h')
})

test('columns are as wide as they must be, amounts to the right, and the last one is cut', () => {
  const rows = [
    ['192.0.2.1', '1,234', '-', 'some reason'],
    ['192.0.2.100', '7', '1.5 KiB', 'x'],
  ]
  assert.deepEqual(alignedLines(['ADDRESS', 'HITS', 'UNREAD', 'REASON'], rows, 40), [
    'ADDRESS       HITS   UNREAD  REASON',
    '192.0.2.1    1,234        -  some reason',
    '192.0.2.100      7  1.5 KiB  x',
  ])
  assert.equal(alignedLines(['ADDRESS', 'HITS', 'UNREAD', 'REASON'], rows, 36)[1], '192.0.2.1    1,234        -  some r…')
})

test('what is written within one turn of the event loop is one write, in its order, and what comes later another', async () => {
  const writes: string[] = []
  const write = writingTogether({ write: (text) => void writes.push(text) })
  write('a\n')
  write('b\n')
  assert.deepEqual(writes, [])
  await new Promise(setImmediate)
  assert.deepEqual(writes, ['a\nb\n'])
  write('c\n')
  await new Promise(setImmediate)
  assert.deepEqual(writes, ['a\nb\n', 'c\n'])
})
