import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { exitStatus } from '../../src/base/exit-status.ts'
import { silentLog } from '../../src/base/log.ts'
import { idleControl, wellReport } from '../../src/daemon/control.testing.ts'
import { type ControlServer, listenForControl } from '../../src/daemon/control.ts'
import type { Held } from '../../src/daemon/control-protocol.ts'
import { failed, log2table, NOW, printed, type SessionOptions } from './session.ts'

const reason = 'ran out of time on 63 bytes of a line'
let folder: string
let server: ControlServer
let held: readonly Held[]

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'log2table-release-'))
  held = [
    { what: 'rule', name: 'mine', reason: 'TypeError: oops \x1b[2J' },
    { what: 'pattern', name: 'set/slow', reason },
    { what: 'pattern', name: 'set/slower', reason },
  ]
  const rules = () => {
    const isHeld = held.find(({ what }) => what === 'rule')
    const [rule] = wellReport.rules
    return [rule!, { ...rule!, rule: 'mine', ...(isHeld ? { state: 'quarantined' as const, reason: isHeld.reason } : {}) }]
  }
  const patterns = () =>
    held
      .filter(({ what }) => what === 'pattern')
      .map(({ name: pattern, reason }) => ({ pattern, state: 'quarantined' as const, reason }))
  const control = idleControl({
    status: () => ({ ...wellReport, rules: rules(), patterns: patterns() }),
    release(name) {
      const released = held.filter((one) => name === undefined || one.name === name)
      held = held.filter((one) => !released.includes(one))
      return released
    },
  })
  server = await listenForControl({ path: join(folder, 'run', 'control.sock'), control, log: silentLog, now: () => NOW })
})

afterEach(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

const run = (line: string, options: SessionOptions = {}) =>
  log2table(line, { ...options, env: { LOG2TABLE_SOCKET: join(folder, 'run', 'control.sock') } })

test('without a name it lists what was stopped, and why', async () => {
  assert.deepEqual(
    await run('release', { terminal: { width: 80 } }),
    printed(`NAME        WHAT     STATE        REASON
mine        rule     quarantined  TypeError: oops \\x1b[2J
set/slow    pattern  quarantined  ran out of time on 63 bytes of a line
set/slower  pattern  quarantined  ran out of time on 63 bytes of a line
`),
  )
  const [first] = (await run('release --json')).stdout.split('\n')
  assert.deepEqual(JSON.parse(first!), { kind: 'stopped', ...held[0], state: 'quarantined' })
  held = []
  assert.deepEqual(await run('release', { terminal: { width: 80 } }), printed('nothing was stopped\n'))
  assert.deepEqual(await run('release'), printed(''))
})

test('with a name it frees that pattern or rule, and no other', async () => {
  assert.deepEqual(await run('release set/slow mine'), printed('released pattern set/slow\nreleased rule mine\n'))
  assert.deepEqual(
    held.map(({ name }) => name),
    ['set/slower'],
  )
  assert.deepEqual(
    await run('release set/slow'),
    failed(exitStatus.no, 'no pattern or rule "set/slow" was stopped; "log2table release" lists them'),
  )
})

test('it frees all at once where that is asked for, and says so where there was nothing', async () => {
  const { status, stdout } = await run('release --all --json')
  assert.equal(status, exitStatus.done)
  const lines = stdout.trimEnd().split('\n')
  assert.deepEqual(JSON.parse(lines[1]!), {
    at: '2026-11-21T09:30:00.000Z',
    kind: 'released',
    ...{ what: 'pattern', name: 'set/slow', reason },
  })
  assert.equal(lines.length, 3)
  assert.deepEqual(await run('release --all'), failed(exitStatus.no, 'nothing was stopped'))
  assert.deepEqual(await run('release --all mine'), failed(exitStatus.usage, 'give names or --all, not both'))
})
