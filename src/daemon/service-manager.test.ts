import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { logTo } from '../base/log.ts'
import { Progress, serviceManager } from './service-manager.ts'

type Report = Awaited<ReturnType<Parameters<typeof serviceManager>[0]['report']>>

/** Of what is looked at; one log, and nothing else. */
function reportOf({
  lines = 0,
  behindBytes = 0,
  state = 'reading',
  store = 'keeping',
  troubles = [] as readonly string[],
} = {}): Report {
  const log = { log: '/var/log/authlog', state, reason: null, behindBytes, lagMs: 0, lines, hits: 0 }
  const parts = { tables: [], rules: [], patterns: [], blindSpots: [], bounds: [], troubles }
  return { ...parts, logs: [log], store: { path: 'x', state: store, reason: null, pending: 0 } } as unknown as Report
}

/** A service manager that records what it is told, and time that is moved. */
function scene(env: Readonly<Record<string, string>>, first = reportOf()) {
  const said: string[] = []
  const told: (readonly string[])[] = []
  let report = first
  let failure: Error | undefined
  const manager = serviceManager({
    env,
    log: logTo((line) => said.push(line)),
    report: async () => report,
    pid: 7,
    parentPid: 3,
    notify: async (words) => {
      if (failure) throw failure
      told.push(words)
    },
  })
  return {
    ...{ manager, told, said },
    set: (next: Report) => (report = next),
    fail: (error: Error | undefined) => (failure = error),
    async pass(ms: number) {
      mock.timers.tick(ms)
      for (let n = 0; n < 5; n++) await turn()
    },
  }
}

const WATCHED = { NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '60000000', WATCHDOG_PID: '7' }
const apis = { apis: ['setTimeout'] } as const

test('nobody is told anything where nobody asked', async () => {
  const { manager, told } = scene({})
  await manager.ready()
  await manager.stopping()
  assert.deepEqual(told, [])
})

test('it is told that all has begun, and that we end', async () => {
  const { manager, told } = scene({ NOTIFY_SOCKET: '/run/x' })
  await manager.ready()
  await manager.stopping()
  assert.deepEqual(told, [['READY=1'], ['STOPPING=1']])
})

test('its watchdog hears of us in half of its time, as long as logs are read', async (t) => {
  mock.timers.enable({ ...apis })
  t.after(() => mock.timers.reset())
  const { manager, told, said, set, pass } = scene(WATCHED, reportOf({ lines: 1, behindBytes: 5 }))
  await manager.ready()
  await pass(29_999)
  assert.equal(told.length, 1)
  await pass(1)
  assert.deepEqual(told[1], ['WATCHDOG=1', 'STATUS=all is well'])
  set(reportOf({ lines: 2, behindBytes: 5 }))
  await pass(30_000)
  assert.equal(told.length, 3)
  await pass(30_000)
  assert.equal(told.length, 3, 'nothing was read')
  assert.match(said.join('\n'), /^error: there is no progress: .* logs=\/var\/log\/authlog$/)
  set(reportOf({ lines: 3, troubles: ['a', 'b'] }))
  await pass(30_000)
  assert.deepEqual(told.slice(3), [['WATCHDOG=1', 'STATUS=a (and 1 more)']])
  await manager.stopping()
  await pass(60_000)
  assert.deepEqual(told.slice(4), [['STOPPING=1']])
})

test('a watchdog that waits for another process than ours or our parent is not served', async (t) => {
  mock.timers.enable({ ...apis })
  t.after(() => mock.timers.reset())
  for (const [pid, count] of [
    ['3', 2],
    ['8', 1],
  ] as const) {
    const { manager, told, pass } = scene({ ...WATCHED, WATCHDOG_PID: pid })
    await manager.ready()
    await pass(30_000)
    assert.equal(told.length, count, pid)
    await manager.stopping()
  }
})

test('that it cannot be told is said once, and again after it could', async () => {
  const { manager, said, fail } = scene({ NOTIFY_SOCKET: '/run/x' })
  fail(new Error('no systemd-notify'))
  await manager.ready()
  await manager.stopping()
  assert.deepEqual(said, ['warning: the service manager could not be told error="no systemd-notify"'])
})

test('a log is stuck that has bytes and goes nowhere; not one that waits, is at its end, or whose database is in trouble', () => {
  const stuck = (...reports: readonly Report[]) => {
    const progress = new Progress()
    return reports.map((report) => progress.stuckLogs(report).length)
  }
  assert.deepEqual(stuck(reportOf({ behindBytes: 5 }), reportOf({ behindBytes: 5 })), [0, 1])
  assert.deepEqual(stuck(reportOf({ behindBytes: 5 }), reportOf({ behindBytes: 9 })), [0, 0])
  assert.deepEqual(stuck(reportOf(), reportOf()), [0, 0])
  const waiting = reportOf({ behindBytes: 5, state: 'waiting' })
  assert.deepEqual(stuck(waiting, waiting), [0, 0])
  const full = reportOf({ behindBytes: 5, store: 'failing' })
  assert.deepEqual(stuck(full, full), [0, 0])
})
