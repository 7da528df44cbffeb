import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { DAY_MS } from '../../src/base/units.ts'
import { DaemonProcess } from '../lib/daemon-process.ts'
import { httpServer, smtpServer } from '../lib/message-servers.ts'
import { waitFor } from '../lib/wait-for.ts'

const SENT_MS_MAX = 40_000

test('the report of the week goes all ways: by mail as text and as a page, else as text; once, also through a restart', async (t) => {
  const [smtp, web] = [await smtpServer(t), await httpServer(t)]
  const daemon = new DaemonProcess(t)
  const ways = `mail({ to: 'ops@example.org', from: 'fw1@example.org', server: '${smtp.url}' }), webhook('${web.url}')`
  daemon.configure({ more: `notify: { to: [${ways}], report: 'weekly' },`, imports: ['mail', 'webhook'] })
  for (const log of ['app.log', 'other.log']) writeFileSync(daemon.path(log), '')
  writeFileSync(daemon.path('state/reported'), new Date(Date.now() - 8 * DAY_MS).toISOString())
  await daemon.start()
  daemon.misbehave('203.0.113.9')
  await waitFor('the report', SENT_MS_MAX, () => smtp.mails.length > 0 && web.asked.length > 0)
  const [mail] = smtp.mails as [(typeof smtp.mails)[number]]
  assert.match(mail.headers, /^Subject: log2table on \S+: the week$/m)
  assert.match(mail.headers, /^Content-Type: multipart\/alternative/m)
  assert.match(mail.body, /^1 ban of 1 address, 0 in the 7d before\r$/m)
  assert.match(mail.body, /<!doctype html>/)
  const { subject, text, urgent } = JSON.parse(web.asked[0]!.body)
  assert.match(subject, /: the week$/)
  assert.match(text, /^All is well at this moment\.$/m)
  assert.equal(urgent, false)
  const sentAt = Date.parse(readFileSync(daemon.path('state/reported'), 'utf8').trim())
  assert.ok(Date.now() - sentAt < DAY_MS)
  assert.equal(await daemon.stop(), 0)
  await daemon.start()
  // It has looked several times by now.
  daemon.misbehave('203.0.113.77')
  await daemon.bans('203.0.113.77')
  assert.equal(smtp.mails.length, 1)
})

test('what is counted is in a file that others may read, whole at any time; where it cannot be written, status says so', async (t) => {
  const daemon = new DaemonProcess(t)
  const file = daemon.path('log2table.prom')
  const configure = (path: string) => daemon.configure({ more: `metrics: { file: '${path}', every: '1s' },` })
  configure(file)
  for (const log of ['app.log', 'other.log']) writeFileSync(daemon.path(log), '')
  await daemon.start()
  daemon.misbehave('203.0.113.9')
  const hasBan = () => existsSync(file) && /^log2table_rule_bans_total\{rule="hackers"\} 1$/m.test(readFileSync(file, 'utf8'))
  await waitFor('the ban in the file', SENT_MS_MAX, hasBan)
  assert.equal(statSync(file).mode & 0o777, 0o644)
  assert.deepEqual(await daemon.troubles(), { status: 0, troubles: [] })
  configure(daemon.path('nowhere/log2table.prom'))
  daemon.hangUp()
  await waitFor('the trouble', SENT_MS_MAX, async () => (await daemon.troubles()).status === 1)
  const { troubles } = await daemon.troubles()
  assert.match(troubles.join('\n'), /^metrics cannot be written to FOLDER\/nowhere\/log2table\.prom: ENOENT/)
  configure(file)
  daemon.hangUp()
  await waitFor('all is well', SENT_MS_MAX, async () => (await daemon.troubles()).status === 0)
})
