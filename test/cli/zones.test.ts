import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { log2table } from './session.ts'

test('lines of a log whose zone is set count by that zone, in replay as in the daemon', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'log2table-zones-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const log = join(folder, 'fw1.log')
  const line = '2026-07-14 12:00:00 gate sshd[4711]: refused 192.0.2.9\n'
  writeFileSync(log, line.repeat(10))
  writeFileSync(
    join(folder, 'parameters.ts'),
    `import { dryRun, Hackers, parameters } from 'log2table'
export default parameters({
  tables: { bad_ip: dryRun() },
  rules: { hackers: new Hackers({ table: 'bad_ip' }) },
  zones: { '${log}': 'Asia/Kolkata' },
  logs: { '${log}': { hackers: [{ regex: /refused (?<ip>\\S+)$/ }] } },
})
`,
  )
  const { stdout } = await log2table(['replay', '--json', '--config', folder, log])
  const [ban] = stdout.split('\n').map((text) => (text === '' ? undefined : JSON.parse(text)))
  assert.equal(ban?.kind, 'ban')
  assert.equal(ban?.at, '2026-07-14T06:30:00.000Z')
})
