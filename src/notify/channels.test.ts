import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { httpServer, type Mail, type Posted, smtpServer } from '../../test/lib/message-servers.ts'
import { escapeText } from '../base/escape.ts'
import type { Channel } from './channel.ts'
import { commandChannel } from './command.ts'
import { ntfyChannel, webhookChannel } from './http.ts'
import { mailChannel } from './mail.ts'
import { digestMessage, type Message } from './message.ts'

const hello: Message = { subject: 'log2table on fw1: 3 bans', text: 'Grüße\n.\n..two\n', isUrgent: false }
const never = new AbortController().signal

test('mail arrives at a real server, from whom and to whom it should', async (t) => {
  const { url, mails } = await smtpServer(t)
  const channel = mailChannel(
    { kind: 'mail', to: ['ops@example.org', 'night@example.org'], from: 'fw1@example.org', server: url },
    'fw1',
  )
  assert.equal(channel.name, 'mail to ops@example.org, night@example.org')
  await channel.send(hello, never)
  const [mail] = mails as [Mail]
  assert.deepEqual({ from: mail.from, to: mail.to }, { from: 'fw1@example.org', to: ['ops@example.org', 'night@example.org'] })
  assert.match(mail.headers, /^Subject: log2table on fw1: 3 bans$/m)
  assert.match(mail.headers, /^Auto-Submitted: auto-generated$/m)
  assert.match(mail.body, /^Gr=C3=BC=C3=9Fe\r\n\.\r\n\.\.two/)
})

test('what there is as a page too is sent as both, and whoever shows no page shows the text', async (t) => {
  const { url, mails } = await smtpServer(t)
  const channel = mailChannel({ kind: 'mail', to: ['ops@example.org'], from: 'fw1@example.org', server: url }, 'fw1')
  await channel.send({ ...hello, html: '<!doctype html>\n<p>Grüße</p>\n' }, never)
  const [{ headers, body }] = mails as [Mail]
  assert.match(headers, /^Content-Type: multipart\/alternative;/m)
  assert.match(
    body,
    /Content-Type: text\/plain; charset=utf-8[\s\S]*Gr=C3=BC=C3=9Fe[\s\S]*Content-Type: text\/html; charset=utf-8/,
  )
  assert.match(body, /<p>Gr=C3=BC=C3=9Fe<\/p>/)
  const web = await httpServer(t)
  await webhookChannel({ kind: 'webhook', url: web.url, headers: {} }).send({ ...hello, html: '<p>' }, never)
  assert.deepEqual(JSON.parse(web.asked[0]!.body), { subject: hello.subject, text: hello.text, urgent: false })
})

test('a mail server that is not there is an error in words', async () => {
  const channel = mailChannel({ kind: 'mail', to: ['ops@example.org'], from: undefined, server: 'smtp://127.0.0.1:1' }, 'fw1')
  await assert.rejects(channel.send(hello, never), /ECONNREFUSED/)
})

test('no text of a stranger becomes a header, another recipient or a second mail', async (t) => {
  const { url, mails } = await smtpServer(t)
  const channel = mailChannel({ kind: 'mail', to: ['ops@example.org'], from: 'fw1@example.org', server: url }, 'fw1')
  const hostile = fc.string({
    unit: fc.oneof(
      fc.constantFrom('\r', '\n', '\r\n', '\r\n.\r\n', '\nBcc: evil@example.net\n', '\u2028', '\0', '=?utf-8?q?', '<b>'),
      fc.string(),
    ),
  })
  let runs = 0
  await fc.assert(
    fc.asyncProperty(hostile, hostile, async (reason, text) => {
      const ban = { kind: 'ban', at: 0, address: '203.0.113.9', table: 't', until: 1, rule: 'r', score: 1, reason } as const
      const news = [{ at: 0, text }]
      const digest = { host: 'fw1', since: 0, until: 1, bans: new Map([['r, t', 1]]), latestBans: [ban], news }
      await channel.send({ ...digestMessage(digest), subject: escapeText(`log2table: ${text}`) }, never)
      runs++
      assert.equal(mails.length, runs)
      const { to, headers } = mails.at(-1)!
      assert.deepEqual(to, ['ops@example.org'])
      const names = headers.split(/\r\n(?![ \t])/).map((line) => line.split(':')[0]!.toLowerCase())
      assert.deepEqual([...new Set(names)].sort(), [...names].sort(), 'no header stands twice')
      for (const name of names) assert.ok(expectedHeaders.has(name), name)
    }),
    { numRuns: 100 },
  )
})

const expectedHeaders = new Set([
  'from',
  'to',
  'subject',
  'auto-submitted',
  'message-id',
  'date',
  'mime-version',
  'content-type',
  'content-transfer-encoding',
])

test('a webhook gets JSON and the headers that were asked for', async (t) => {
  const { url, asked } = await httpServer(t, { status: 204 })
  const channel = webhookChannel({ kind: 'webhook', url: `${url}/hook?key=secret`, headers: { authorization: 'Bearer 1' } })
  assert.equal(channel.name, `webhook ${url}/hook`, 'the key is not shown')
  await channel.send(hello, never)
  const [{ path, headers, body }] = asked as [Posted]
  assert.deepEqual([path, headers.authorization], ['/hook?key=secret', 'Bearer 1'])
  assert.deepEqual(JSON.parse(body), { subject: hello.subject, text: hello.text, urgent: false })
})

test('ntfy gets its topic, title and priority as JSON', async (t) => {
  const { url, asked } = await httpServer(t, { status: 200 })
  await ntfyChannel({ kind: 'ntfy', url: `${url}/ops`, token: 'tk_1' }).send({ ...hello, isUrgent: true }, never)
  const [{ path, headers, body }] = asked as [Posted]
  assert.deepEqual([path, headers.authorization], ['/', 'Bearer tk_1'])
  assert.deepEqual(JSON.parse(body), { topic: 'ops', title: hello.subject, message: hello.text, priority: 4 })
})

test('an answer that is no success, and one that sends us elsewhere, is an error', async (t) => {
  const failing = await httpServer(t, { status: 503 })
  await assert.rejects(send(failing.url), /the server answers 503/)
  const moved = await httpServer(t, { status: 302, headers: { location: 'http://127.0.0.1:1/' } })
  await assert.rejects(send(moved.url), /redirect/)
  await assert.rejects(send('http://127.0.0.1:1'), /ECONNREFUSED|bad port/)
})

const send = (url: string) => webhookChannel({ kind: 'webhook', url, headers: {} }).send(hello, never)

test('a server that never answers is left when time is over', async (t) => {
  const server = createServer(() => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const channel = webhookChannel({
    kind: 'webhook',
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    headers: {},
  })
  await assert.rejects(channel.send(hello, AbortSignal.timeout(50)), /timeout|aborted/i)
})

test('a command gets the message on its standard input, and no argument but its own', async () => {
  const commands: unknown[] = []
  let status = 0
  const channel: Channel = commandChannel('page', ['/usr/local/bin/page', '-q'], async (command) => {
    commands.push(command)
    return { status, stdout: '', stderr: 'no paper\nnor ink' }
  })
  await channel.send(hello, never)
  assert.deepEqual(commands, [{ argv: ['/usr/local/bin/page', '-q'], stdin: `${hello.subject}\n\n${hello.text}` }])
  status = 3
  await assert.rejects(channel.send(hello, never), /exit status 3: no paper$/)
})
