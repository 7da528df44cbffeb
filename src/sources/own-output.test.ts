import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, linkSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { configurationFolder } from '../../test/lib/configuration-folder.ts'
import { ownOutputFault, ownUnit } from './own-output.ts'

test('the file that our output goes to is known by any name, and no other file is', (t) => {
  const folder = configurationFolder(t, { 'other.log': '' })
  const path = join(folder, 'own.log')
  const fd = openSync(path, 'a')
  linkSync(path, join(folder, 'link.log'))
  const module = new URL('own-output.ts', import.meta.url).href
  const script = `import { ownOutputFault } from ${JSON.stringify(module)}
    const faults = ['own.log', 'link.log', 'other.log', 'none.log'].map((name) => ownOutputFault(${JSON.stringify(folder)} + '/' + name))
    process.stdout.write(JSON.stringify(faults.map((fault) => fault ?? null)))`
  const argv = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script]
  for (const stdio of [
    ['ignore', 'pipe', fd],
    ['ignore', fd, 'ignore'],
  ] as const) {
    const { stdout } = spawnSync(process.execPath, argv, { stdio: [...stdio], encoding: 'utf8' })
    const said = JSON.parse(stdout ?? readFileSync(path, 'utf8'))
    assert.match(said[0], /is the file that log2table writes to itself/)
    assert.deepEqual(said, [said[0], said[0], null, null])
  }
  closeSync(fd)
})

test('our unit is that of our control group, where our output is the journal', (t) => {
  const folder = configurationFolder(t, {
    service: '0::/system.slice/log2table.service\n',
    session: '0::/user.slice/user-1000.slice/session-1.scope\n',
  })
  const env = { JOURNAL_STREAM: '9:42' }
  assert.equal(ownUnit(env, join(folder, 'service')), 'log2table.service')
  assert.equal(ownUnit({}, join(folder, 'service')), undefined)
  assert.equal(ownUnit(env, join(folder, 'session')), undefined)
  assert.equal(ownUnit(env, join(folder, 'none')), undefined)
  assert.match(ownOutputFault('journal:log2table.service', 'log2table.service') ?? '', /is where log2table itself writes/)
  assert.equal(ownOutputFault('journal:ssh.service', 'log2table.service'), undefined)
})
