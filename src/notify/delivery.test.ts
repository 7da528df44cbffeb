import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { httpServer, smtpServer } from '../../test/lib/message-servers.ts'
import { waitFor } from '../../test/lib/wait-for.ts'
import { silentLog } from '../base/log.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../base/units.ts'
import type { Decision } from '../core/model.ts'
import { webhookChannel } from './http.ts'
import { mailChannel } from './mail.ts'
import { MovedClock } from './moved-clock.testing.ts'
import { Teller } from './teller.ts'

process.env.TZ = 'UTC'

/** However busy the machine is. */
const SENT_MS_MAX = 20_000
const START = Date.UTC(2026, 10, 21, 10)

/** Passes time; what becomes due on the way is called at its time. */
function pass(clock: MovedClock, ms: number): void {
  const end = clock.now + ms
  while (clock.nextAt <= end) {
    clock.now = clock.nextAt
    clock.callDue()
  }
  clock.now = end
}

const ban = (more: Partial<Extract<Decision, { kind: 'ban' }>> = {}): Decision => ({
  ...{ kind: 'ban', at: START, address: '203.0.113.9', table: 'bad_ip', until: START + HOUR_MS, rule: 'hackers', score: 100 },
  reason: 'sshd/failed-password in /var/log/auth.log',
  ...more,
})

/** A teller of mail and a webhook at these ports, with the failures that it told of. */
function telling({ host = 'fw1', mailPort = 0, webPort = 0 }) {
  const clock = new MovedClock(START)
  const failures: string[] = []
  const log = { ...silentLog, warning: (message: string) => failures.push(message) }
  const teller = new Teller({ host, log, timers: clock.timers, now: () => clock.now })
  teller.use(
    [
      mailChannel(
        { kind: 'mail', to: ['ops@example.org'], from: 'fw1@example.org', server: `smtp://127.0.0.1:${mailPort}` },
        host,
      ),
      webhookChannel({ kind: 'webhook', url: `http://127.0.0.1:${webPort}/hook`, headers: {} }),
    ],
    DAY_MS,
  )
  return { clock, teller, failures }
}

test('5,000 bans are one mail and one post, also where both servers were down for an hour when it was due', async (t) => {
  const first = { mail: await smtpServer(t), web: await httpServer(t) }
  const [mailPort, webPort] = [first.mail.port, first.web.port]
  await first.mail.close()
  await first.web.close()
  const { clock, teller, failures } = telling({ mailPort, webPort })
  t.after(() => teller.stop())
  for (let i = 0; i < 5_000; i++) teller.decided(ban({ address: `203.0.113.${i % 256}` }))
  pass(clock, DAY_MS)
  await waitFor('both have failed', SENT_MS_MAX, () => failures.length === 2)
  assert.equal(teller.waiting, 2)
  // Each try ends before the next is due, as it does in an hour that is not moved.
  for (let minute = 0; minute < 59; minute++) {
    pass(clock, MINUTE_MS)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const [mail, web] = [await smtpServer(t, mailPort), await httpServer(t, { port: webPort })]
  await waitFor('both have arrived', SENT_MS_MAX, () => {
    pass(clock, MINUTE_MS)
    return teller.waiting === 0
  })
  assert.equal(mail.mails.length, 1)
  assert.match(mail.mails[0]!.headers, /^Subject: log2table on fw1: 5,000 bans$/m)
  assert.match(mail.mails[0]!.body, /^ {4}5000 {2}hackers, bad_ip\r$/m)
  const posted = web.asked.map(({ body }) => JSON.parse(body).subject)
  assert.deepEqual(posted, ['log2table on fw1: 5,000 bans'])
})

const hostile = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      '\r',
      '\n',
      '\r\n',
      '\r\n.\r\n',
      '\nBcc: evil@example.net\n',
      '\r\n\r\n',
      '\u2028',
      '\0',
      '=?utf-8?q?',
      '\ud800',
    ),
    fc.constantFrom('<b>', '</pre><script>', '"', ',', ';', ':', '@'),
    fc.string({ unit: 'binary' }),
  ),
})
const HEADERS = ['auto-submitted', 'content-transfer-encoding', 'content-type', 'date', 'from', 'message-id', 'mime-version']
const MAY_STAND = new Set([...HEADERS, 'subject', 'to', 'x-priority', 'x-msmail-priority', 'importance'])

test('whatever strangers write into every field there is, a mail has our headers, each once, and goes to our people only', async (t) => {
  const mail = await smtpServer(t)
  const web = await httpServer(t)
  await fc.assert(
    fc.asyncProperty(fc.array(hostile, { minLength: 6, maxLength: 6 }), fc.boolean(), async (words, isUrgent) => {
      const [host = '', rule = '', table = '', reason = '', address = '', trouble = ''] = words
      const { clock, teller } = telling({ host, mailPort: mail.port, webPort: web.port })
      const before = mail.mails.length
      teller.decided(ban({ rule, table, reason, address }))
      if (isUrgent) teller.decided({ kind: 'notify', at: START, address, rule, reason: `${reason} ${trouble}` })
      pass(clock, DAY_MS)
      await waitFor('it was sent', SENT_MS_MAX, () => teller.waiting === 0)
      await teller.stop()
      const mails = mail.mails.slice(before)
      assert.equal(mails.length, isUrgent ? 2 : 1)
      for (const { to, headers, body } of mails) {
        assert.deepEqual(to, ['ops@example.org'])
        const names = headers.split(/\r\n(?![ \t])/).map((line) => line.split(':')[0]!.toLowerCase())
        assert.equal(new Set(names).size, names.length, headers)
        for (const name of names) assert.ok(MAY_STAND.has(name), name)
        assert.match(headers, /^Content-Type: text\/plain/m, 'no page is made of it')
        assert.doesNotMatch(headers + body, /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)|(?<!\r)\n/)
      }
      const { subject, text } = JSON.parse(web.asked.at(-1)!.body)
      assert.doesNotMatch(subject, /[\0-\x1f\x7f\u2028]/)
      assert.doesNotMatch(text, /[\0-\x09\x0b-\x1f\x7f\u2028]/)
    }),
    { numRuns: 60 },
  )
})
