import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { exitStatus } from '../../src/base/exit-status.ts'
import { configurationFolder } from '../lib/configuration-folder.ts'
import { log2table } from './session.ts'

test('a replay names in its summary the pattern that a line made hang, and finds what the others find', async (t) => {
  const folder = configurationFolder(t, {
    'parameters.ts': String.raw`
import { dryRun, Hackers, parameters } from 'log2table'
const trap = { name: 'trap', regex: /^(?=x)(?:x+x+)+y(?<ip>\S+)$/, weight: 50 }
const bad = { name: 'bad', regex: /^bad (?<ip>\S+)$/, weight: 50 }
export default parameters({
  tables: { bad_ip: dryRun() },
  rules: { hackers: new Hackers({ table: 'bad_ip' }) },
  logs: { '/var/log/app.log': { hackers: [bad, trap] } },
})
`,
    'app.log': `xxy192.0.2.1\n${'x'.repeat(60)}!xy\nbad 203.0.113.9\nxxy192.0.2.1\n`,
  })
  const line = ['replay', '--config', folder, '--as', '/var/log/app.log', join(folder, 'app.log')]
  const { status, stderr } = await log2table(line)
  assert.equal(status, exitStatus.done, stderr)
  assert.match(stderr, /^pattern trap was looked for no more once it ran out of time on 63 bytes of a line$/m)
  assert.match(stderr, /^ +1 {2}bad$/m)
  const summary = JSON.parse((await log2table([...line, '--json'])).stderr.trimEnd().split('\n').at(-1)!)
  assert.deepEqual(summary.quarantined, { trap: 'ran out of time on 63 bytes of a line' })
})
