import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { configurationFolder } from '../../test/lib/configuration-folder.ts'
import * as shipped from '../patterns/index.ts'
import { defaults, defaultsFor } from './defaults.ts'

const namesOf = (feeds: readonly { readonly patterns: readonly { readonly name?: string }[] }[]) =>
  feeds.flatMap(({ patterns }) => patterns.map(({ name }) => name))

test('the usual logs that are there are followed, each with the patterns of the program that writes it', (t) => {
  const root = configurationFolder(t, {
    'var/log/auth.log': '',
    'var/log/messages': '',
    'var/log/nginx/shop.access.log': '',
    'var/log/nginx/error.log': '',
    'var/log/haproxy.log': '',
    'var/log/mail.log': '',
  })
  const { configuration, found, notFound } = defaults({ root })
  const places = ['var/log/auth.log', 'var/log/nginx/*access.log', 'var/log/nginx/*error.log', 'var/log/haproxy.log']
  assert.deepEqual(
    found,
    [...places, 'var/log/mail.log'].map((place) => join(root, place)),
  )
  assert.deepEqual(
    configuration.logs.slice(0, 4).map(({ key, feeds }) => [key, namesOf(feeds)]),
    [
      [join(root, 'var/log/auth.log'), shipped.sshd.map(({ name }) => name)],
      [join(root, 'var/log/nginx/*access.log'), shipped.httpd.map(({ name }) => name)],
      [join(root, 'var/log/nginx/*error.log'), shipped.nginx.map(({ name }) => name)],
      [join(root, 'var/log/haproxy.log'), shipped.haproxy.map(({ name }) => name)],
    ],
  )
  const mail = namesOf(configuration.logs[4]!.feeds)
  for (const name of ['postfix/sasl-failed', 'dovecot/auth-failed', 'opensmtpd/auth-failed']) assert.ok(mail.includes(name), name)
  assert.deepEqual(
    notFound.map(({ key, reason }) => `${key.slice(root.length)}: ${reason}`),
    [
      '/var/log/authlog: no such file',
      '/var/www/logs/*access.log: no such file',
      '/var/log/apache2/*access.log: no such file',
      '/var/log/httpd/*access_log: no such file',
      '/var/log/httpd-access.log: no such file',
    ],
  )
})

test('the general log is followed where there is no other for logins', (t) => {
  const root = configurationFolder(t, { 'var/log/messages': '' })
  assert.deepEqual(defaults({ root }).found, [join(root, 'var/log/messages')])
})

test('a machine without any of them gets a configuration that follows nothing', (t) => {
  const { configuration, found } = defaults({ root: configurationFolder(t, {}) })
  assert.deepEqual([configuration.logs, found], [[], []])
})

test('a log that is there but closed to us is told apart from one that is not', (t) => {
  const root = configurationFolder(t, { 'var/log/authlog': '' })
  for (const folder of ['', 'var', 'var/log']) chmodSync(join(root, folder), 0o755)
  chmodSync(join(root, 'var/log/authlog'), 0)
  const before = process.geteuid!()
  // Nothing is closed to root.
  if (before === 0) process.seteuid!(65_534)
  try {
    assert.deepEqual(defaults({ root }).notFound[0], { key: join(root, 'var/log/authlog'), reason: 'permission denied' })
  } finally {
    process.seteuid!(before)
  }
})

test('nothing is banned but on paper', () => {
  const { tables, rules } = defaults({ root: '/nowhere' }).configuration
  assert.deepEqual([...tables.values()], [{ name: 'bad_ip', kind: 'dryRun', options: {} }])
  assert.deepEqual(rules.get('hackers')?.tables, ['bad_ip'])
})

test('logs that are named get every shipped pattern, each with its name and weight', () => {
  const { logs } = defaultsFor(['/tmp/old.log', 'stdin:'])
  assert.deepEqual(
    logs.map(({ key }) => key),
    ['/tmp/old.log', 'stdin:'],
  )
  for (const { feeds } of logs) {
    assert.deepEqual(feeds[0]!.patterns, Object.values(shipped).flat())
    assert.ok(feeds[0]!.patterns.every(({ name, weight }) => name !== undefined && weight !== undefined))
  }
})
