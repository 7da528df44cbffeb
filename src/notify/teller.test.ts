import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { silentLog } from '../base/log.ts'
import { DAY_MS, FOR_LIFE, HOUR_MS, MINUTE_MS } from '../base/units.ts'
import type { BanDecision } from '../core/model.ts'
import type { Channel } from './channel.ts'
import type { Message } from './message.ts'
import { MovedClock } from './moved-clock.testing.ts'
import { COLLECT_MS, SETTLE_MS, Teller, URGENT_EVERY_MS } from './teller.ts'

process.env.TZ = 'UTC'

const START = Date.UTC(2026, 10, 21, 10)

class Clock extends MovedClock {
  /** Passes time with whatever becomes due, and with `each` every five seconds. */
  async pass(ms: number, each?: () => void): Promise<void> {
    const end = this.now + ms
    while (this.now < end) {
      const next = each ? this.now + 5_000 : this.nextAt
      this.now = Math.min(next, end)
      each?.()
      this.callDue()
      await new Promise(setImmediate)
    }
  }
}

let clock: Clock
let sent: Message[]
let fails: boolean
let teller: Teller
const logged: string[] = []

beforeEach(() => {
  clock = new Clock(START)
  sent = []
  fails = false
  const channel: Channel = {
    name: 'test',
    async send(message) {
      if (fails) throw new Error('connection refused')
      sent.push(message)
    },
  }
  const log = { ...silentLog, warning: (message: string) => logged.push(message) }
  teller = new Teller({ host: 'fw1', log, timers: clock.timers, now: () => clock.now })
  teller.use([channel], DAY_MS)
})

const ban = (changes: Partial<BanDecision> = {}): BanDecision => ({
  kind: 'ban',
  at: clock.now,
  address: '203.0.113.9',
  table: 'bad_ip',
  until: clock.now + HOUR_MS,
  rule: 'hackers',
  score: 100,
  reason: 'sshd/failed-password in /var/log/auth.log',
  ...changes,
})

test('5,000 bans are one message, which counts them and shows the last', async () => {
  for (let i = 0; i < 4_990; i++) teller.decided(ban())
  for (let i = 0; i < 10; i++) teller.decided(ban({ rule: 'wifi', until: FOR_LIFE, reason: 'over \u001b[2J' }))
  await clock.pass(DAY_MS)
  assert.equal(sent.length, 1)
  const [{ subject, text, isUrgent }] = sent as [Message]
  assert.deepEqual({ subject, isUrgent }, { subject: 'log2table on fw1: 5,000 bans', isUrgent: false })
  assert.match(text, /^ {4}4990 {2}hackers, bad_ip\n {6}10 {2}wifi, bad_ip$/m)
  assert.match(text, /for life \(wifi: over \\x1b\[2J\)$/m)
  assert.equal(text.match(/203\.0\.113\.9/g)?.length, 50)
})

test('a day without news is a day without a message', async () => {
  await clock.pass(3 * DAY_MS)
  assert.deepEqual(sent, [])
})

test('what is wrong for a minute is told at once, and once; that it is over stands in the digest', async () => {
  const wrong = (count: number) => `table bad_ip (nftables) is not enforcing: ${count} of 900 entries are in force`
  let count = 0
  await clock.pass(SETTLE_MS + COLLECT_MS + 5_000, () => teller.look([wrong(count++)]))
  assert.equal(sent.length, 1)
  assert.match(sent[0]!.subject, /^log2table on fw1: table bad_ip \(nftables\) is not enforcing/)
  assert.equal(sent[0]!.isUrgent, true)
  await clock.pass(HOUR_MS, () => teller.look([wrong(count++)]))
  await clock.pass(HOUR_MS, () => teller.look([]))
  assert.equal(sent.length, 1)
  await clock.pass(DAY_MS - HOUR_MS)
  assert.equal(sent.length, 2)
  assert.match(sent[1]!.text, /over: table bad_ip/)
})

test('what goes on is told again after a day', async () => {
  await clock.pass(DAY_MS + 5 * MINUTE_MS, () => teller.look(['log x is not read']))
  assert.equal(sent.filter(({ isUrgent }) => isUrgent).length, 2)
})

test('what is wrong for less than a minute, as at a start, is nobody told', async () => {
  await clock.pass(SETTLE_MS - 5_000, () => teller.look(['log x is not read: no such file']))
  await clock.pass(2 * DAY_MS, () => teller.look([]))
  assert.deepEqual(sent, [])
})

test('a hundred troubles in an hour are few messages', async () => {
  let minute = 0
  await clock.pass(HOUR_MS, () => {
    minute = Math.floor((clock.now - START) / MINUTE_MS)
    teller.look(Array.from({ length: minute }, (_, i) => `rule r${'x'.repeat(i)} is quarantined`))
  })
  assert.ok(sent.length >= 2 && sent.length <= HOUR_MS / URGENT_EVERY_MS + 1, `${sent.length} messages`)
  assert.ok(sent.some(({ subject }) => /messages that cannot wait$/.test(subject)))
})

test('what a rule wants people to know is told at once', async () => {
  teller.decided({ kind: 'notify', at: clock.now, address: '203.0.113.9', rule: 'hackers', reason: 'listed 16 times in 90 d' })
  await clock.pass(COLLECT_MS)
  assert.equal(sent[0]!.subject, 'log2table on fw1: 203.0.113.9: hackers: listed 16 times in 90 d')
})

test('a server that is down for an hour gets everything afterwards, in order', async () => {
  fails = true
  teller.decided({ kind: 'notify', at: clock.now, address: undefined, rule: 'a', reason: 'first' })
  await clock.pass(20 * MINUTE_MS)
  teller.decided({ kind: 'notify', at: clock.now, address: undefined, rule: 'a', reason: 'second' })
  await clock.pass(40 * MINUTE_MS)
  assert.deepEqual([sent.length, teller.waiting], [0, 2])
  fails = false
  await clock.pass(HOUR_MS)
  assert.deepEqual(
    sent.map(({ subject }) => subject),
    ['log2table on fw1: a: first', 'log2table on fw1: a: second'],
  )
})

test('a server that is down for months costs no memory, and the next digest says what was given up', async () => {
  fails = true
  for (let day = 0; day < 60; day++) {
    teller.decided(ban())
    await clock.pass(DAY_MS)
  }
  assert.ok(teller.waiting <= 20)
  fails = false
  await clock.pass(2 * HOUR_MS)
  teller.decided(ban())
  await clock.pass(DAY_MS)
  const told = sent.filter(({ text }) => /\d+ messages before this could not be sent and were given up\./.test(text))
  assert.deepEqual(told, [sent[0]])
})

test('told nobody, it keeps nothing; somebody who comes with a reload is told what happens from then on', async () => {
  const [channel] = [{ name: 'test', send: async (message: Message) => void sent.push(message) }]
  teller.use([], DAY_MS)
  teller.decided(ban())
  await clock.pass(DAY_MS)
  teller.use([channel], HOUR_MS)
  teller.decided(ban({ rule: 'wifi' }))
  await clock.pass(HOUR_MS)
  assert.equal(sent.length, 1)
  assert.match(sent[0]!.text, /^ {7}1 {2}wifi, bad_ip$/m)
  assert.doesNotMatch(sent[0]!.text, /hackers/)
})

test('what waits for a channel goes on waiting through a reload', async () => {
  fails = true
  teller.decided({ kind: 'notify', at: clock.now, address: undefined, rule: 'a', reason: 'first' })
  await clock.pass(COLLECT_MS + 1_000)
  teller.use([{ name: 'test', send: async (message: Message) => void sent.push(message) }], DAY_MS)
  await clock.pass(HOUR_MS)
  assert.equal(sent.length, 1)
})
