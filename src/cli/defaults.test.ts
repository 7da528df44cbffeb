import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { configurationFolder } from '../../test/lib/configuration-folder.ts'
import { defaults } from './defaults.ts'
import { siteAt } from './init/site.ts'

test('the usual logs that are there are followed, each with the patterns of the programs that write it', (t) => {
  const root = configurationFolder(t, {
    'var/log/auth.log': '',
    'var/log/messages': '',
    'var/log/nginx/shop.access.log': '',
    'var/log/nginx/error.log': '',
    'var/log/haproxy.log': '',
    'var/log/mail.log': '',
    'etc/postfix/main.cf': '',
  })
  const { configuration, found, notFound } = defaults(siteAt(root))
  const expected = [
    ['/var/log/auth.log', 'sshd'],
    ['/var/log/nginx/*access.log', 'httpd'],
    ['/var/log/nginx/*error.log', 'nginx'],
    ['/var/log/haproxy.log', 'haproxy'],
    ['/var/log/mail.log', 'postfix'],
  ]
  assert.deepEqual(
    found,
    expected.map(([key]) => key),
  )
  const setsOf = (index: number) => [
    ...new Set(configuration.logs[index]!.feeds[0]!.patterns.map(({ name }) => name?.split('/')[0])),
  ]
  assert.deepEqual(
    configuration.logs.map(({ key }, index) => [key, ...setsOf(index)]),
    expected,
  )
  assert.deepEqual(
    notFound.map(({ key, reason }) => `${key}: ${reason}`),
    [
      '/var/log/authlog: no such file',
      '/var/www/logs/*access.log: no such file',
      '/var/log/apache2/*access.log: no such file',
      '/var/log/httpd/*access_log: no such file',
      '/var/log/httpd-access.log: no such file',
    ],
  )
})

test('logs without a byte are told apart from those that hold something', (t) => {
  const emptyWith = (files: Readonly<Record<string, string>>) => defaults(siteAt(configurationFolder(t, files))).areEmpty
  assert.equal(emptyWith({}), true)
  assert.equal(emptyWith({ 'var/log/auth.log': '' }), true)
  assert.equal(emptyWith({ 'var/log/auth.log': '', 'var/log/nginx/access.log': 'a line\n' }), false)
})

test('a machine without any of them gets a configuration that follows nothing', (t) => {
  const { configuration, found } = defaults(siteAt(configurationFolder(t, {})))
  assert.deepEqual([configuration.logs, found], [[], []])
})

test('a log that is there but closed to us is told apart from one that is not, a folder of logs too', (t) => {
  const root = configurationFolder(t, { 'var/log/authlog': '', 'var/log/apache2/access.log': '' })
  for (const folder of ['', 'var', 'var/log']) chmodSync(join(root, folder), 0o755)
  chmodSync(join(root, 'var/log/authlog'), 0)
  chmodSync(join(root, 'var/log/apache2'), 0)
  const before = process.geteuid!()
  // Nothing is closed to root.
  if (before === 0) process.seteuid!(65_534)
  try {
    assert.deepEqual(
      defaults(siteAt(root)).notFound.filter(({ reason }) => reason === 'permission denied'),
      ['/var/log/authlog', '/var/log/apache2/*access.log', '/var/log/apache2/*error.log'].map((key) => {
        return { key, reason: 'permission denied' }
      }),
    )
  } finally {
    process.seteuid!(before)
    chmodSync(join(root, 'var/log/apache2'), 0o755)
  }
})
