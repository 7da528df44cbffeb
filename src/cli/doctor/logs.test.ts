import assert from 'node:assert/strict'
import { mkdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { configurationFolder } from '../../../test/lib/configuration-folder.ts'
import { databaseFindings } from './database.ts'
import { viewOfLogs } from './logs.ts'

test('every key of logs is looked at: files, globs and programs; of others the daemon must tell', (t) => {
  const folder = configurationFolder(t, {
    'a.log': 'x\nNov 21 09:30:00 host sshd[1]: hello\nunfinished',
    'www/1-access.log': '',
    'www/2-access.log': '192.0.2.1 - - [21/Nov/2026:10:00:00 +0100] "GET / HTTP/1.1" 200 1 "-" "-"\n',
  })
  mkdirSync(join(folder, 'folder.log'))
  utimesSync(join(folder, 'a.log'), new Date(), new Date(Date.UTC(2026, 10, 21, 9, 30, 5)))
  const keys = ['a.log', 'www/*access.log', 'no.log', 'no/*.log', 'folder.log'].map((name) => join(folder, name))
  const others = ['journal:ssh.service', 'syslog:udp://127.0.0.1:5514']
  const { findings, lastLines, ...rest } = viewOfLogs(
    {
      logs: [...keys, 'command:true', 'command:no', ...others].map((key) => ({ key, feeds: [], zone: 'UTC' })),
      commands: new Map([
        ['true', [process.execPath]],
        ['no', [join(folder, 'a.log')]],
      ]),
    },
    'log2table',
  )
  assert.deepEqual(
    findings.map(({ about, state, says }) => `${state} ${about}: ${says}`.replaceAll(folder, 'FOLDER')),
    [
      'ok log FOLDER/a.log: user log2table can read it',
      'ok log FOLDER/www/*access.log: user log2table can read all its 2 files',
      'warning log FOLDER/no.log: there is no such file',
      'warning log FOLDER/no/*.log: no file matches',
      'wrong log FOLDER/folder.log: it is no file',
      `ok log command:true: user log2table can run ${process.execPath}`,
      'wrong log command:no: user log2table cannot run FOLDER/a.log',
    ],
  )
  assert.deepEqual(
    lastLines.map(({ saidAt }) => new Date(saidAt).toISOString()),
    ['2026-11-21T09:30:00.000Z', '2026-11-21T09:00:00.000Z'],
  )
  assert.deepEqual(rest, { others })
})

test('a database that is not there yet is no fault, a damaged one is, and so is a file that is none', (t) => {
  const folder = configurationFolder(t, { 'state.db': 'this is no database at all, whatever its name says it is'.repeat(100) })
  assert.deepEqual(
    databaseFindings(join(folder, 'none.db')).map(({ state }) => state),
    ['warning'],
  )
  const [finding] = databaseFindings(join(folder, 'state.db'))
  assert.equal(finding!.state, 'wrong')
  assert.match(finding!.says, /state\.db cannot be read: file is not a database$/)
})
