import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isLogOf, logKeyFault, openLogs } from './index.ts'
import type { Source } from './source.ts'

test('a key that cannot be opened is told with what can', () => {
  assert.equal(logKeyFault('/var/log/authlog'), undefined)
  assert.equal(logKeyFault('/var/www/logs/*access.log'), undefined)
  assert.equal(logKeyFault('stdin:'), undefined)
  assert.equal(logKeyFault('stdin:x'), 'write "stdin:", with nothing after it')
  for (const key of [
    'journal:ssh.service',
    'command:mail',
    'syslog:udp://127.0.0.1:5514',
    'docker:/var/lib/docker/*/*-json.log',
    'pflog:pflog0',
    'nflog:5',
  ])
    assert.equal(logKeyFault(key), undefined, key)
  assert.equal(
    logKeyFault('constructor:x'),
    'there is no source "constructor:"; there are paths, globs and ' +
      'journal:UNIT, command:NAME, syslog:udp://ADDRESS:PORT, docker:PATH, pflog:INTERFACE, nflog:GROUP, stdin:',
  )
  assert.equal(logKeyFault('docker:abc'), 'write "docker:/var/lib/docker/containers/*/*-json.log"')
  assert.match(logKeyFault('command:')!, /^write "command:NAME"/)
  assert.match(logKeyFault('syslog:udp://localhost:514')!, /^write "syslog:udp/)
  assert.equal(logKeyFault('authlog'), 'a log is a whole path, beginning with "/"')
  assert.equal(logKeyFault('/var/log/**/x.log'), '"**" is not understood; name each folder, "*" stands for one')
})

test('a log belongs to the key that is its path, or that it matches', () => {
  assert.ok(isLogOf('/var/log/authlog', '/var/log/authlog'))
  assert.ok(isLogOf('/var/www/*/[!e]*.log', '/var/www/a/access.log'))
  assert.ok(!isLogOf('/var/www/*/[!e]*.log', '/var/www/a/error.log'))
  assert.ok(!isLogOf('/var/log/*.log', '/var/log/a/b.log'))
  assert.ok(!isLogOf('/var/log/*.log', '/var/log/.log'))
  assert.ok(isLogOf('/var/log/a?c.\\*', '/var/log/abc.*'))
  assert.ok(!isLogOf('/var/log/a.c*', '/var/log/abc'))
  assert.ok(isLogOf('docker:/c/*/*-json.log', 'docker:/c/a/a-json.log'))
  assert.ok(!isLogOf('docker:/c/*/*-json.log', '/c/a/a-json.log'))
  assert.ok(!isLogOf('journal:*', 'journal:x'))
})

test('an opened log is announced before the call returns, at its own position', () => {
  const folder = mkdtempSync(join(tmpdir(), 'log2table-index-'))
  try {
    const path = join(folder, 'log')
    writeFileSync(path, '1\n')
    const told: string[] = []
    const context = {
      positionOf: (log: string) => void told.push(`position of ${log}`),
      isFollowed: () => false,
      onOpened: (source: Source) => told.push(`opened ${source.log}`),
      onReady: (source: Source) => told.push(`ready ${source.log}`),
      onClosed: () => {},
      say: () => {},
      now: Date.now,
    }
    const logs = openLogs(path, context)
    assert.deepEqual(told, [`position of ${path}`, `opened ${path}`, `ready ${path}`])
    assert.equal(logs.sources[0]!.read()?.bytes.length, 0)
    assert.equal(Buffer.from(logs.sources[0]!.read()!.bytes).toString(), '1\n')
    logs.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
