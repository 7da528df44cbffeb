import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS, SECOND_MS } from '../base/units.ts'
import { Core } from '../core/core.ts'
import { Hackers } from '../rules/hackers.ts'
import { SteadyClock } from './steady-clock.ts'

const START = Date.UTC(2026, 10, 21, 10)

/** A machine on which time passes, and whose clock is set. */
function machine({ notBefore = 0 } = {}) {
  const world = { wall: START as Instant, elapsedMs: 5_000.25 }
  const said: string[] = []
  const say = (message: string) => said.push(message)
  const clock = new SteadyClock({
    wall: () => world.wall,
    elapsedMs: () => world.elapsedMs,
    log: { error: say, warning: say, info: say, detail: say },
    notBefore,
  })
  const pass = (ms: number) => {
    world.wall += ms
    world.elapsedMs += ms
    return clock.now() - START
  }
  return { world, clock, pass, said }
}

describe('a clock that is set back', () => {
  test('is followed again when it has caught up; until then time goes on at its pace, and it is said once', () => {
    const { world, pass, said } = machine()
    assert.equal(pass(MINUTE_MS), MINUTE_MS)
    world.wall -= HOUR_MS
    assert.equal(pass(0), MINUTE_MS)
    assert.equal(pass(30 * MINUTE_MS), 31 * MINUTE_MS)
    assert.equal(pass(30 * MINUTE_MS), 61 * MINUTE_MS)
    world.wall += HOUR_MS
    assert.equal(pass(MINUTE_MS), 62 * MINUTE_MS)
    assert.equal(pass(MINUTE_MS), 63 * MINUTE_MS)
    assert.deepEqual(said, ['the clock of this machine is 1h behind what it was; time goes on from there'])
  })

  test('loses nothing however often it is asked meanwhile, and a second of correction is not worth a word', () => {
    const { world, pass, said } = machine()
    pass(0)
    world.wall -= SECOND_MS
    let last = 0
    for (let n = 0; n < 10_000; n++) {
      const now = pass(0.5)
      assert.ok(now >= last)
      last = now
    }
    assert.equal(last, 5_000)
    assert.deepEqual(said, [])
  })

  test('while we were not running does not make time stand still, were it by a year', () => {
    const { pass, said } = machine({ notBefore: START + 365 * DAY_MS })
    assert.equal(pass(0), 365 * DAY_MS)
    assert.equal(pass(HOUR_MS), 365 * DAY_MS + HOUR_MS)
    assert.deepEqual(said, ['the clock of this machine is 365d behind what it was; time goes on from there'])
  })

  test('ends no ban early and none late, and points run out after their hour', () => {
    const { world, clock, pass } = machine()
    const core = new Core({
      rules: new Map([['hackers', new Hackers({ table: 'bad_ip', ban: '30m' })]]),
      tables: new Set(['bad_ip']),
      offender: () => undefined,
    })
    const told: string[] = []
    const look = () => {
      core.tell({ kind: 'clock', at: clock.now() })
      for (const { kind } of core.take().decisions) told.push(`${kind} ${Math.round(world.elapsedMs / MINUTE_MS)}`)
    }
    const order = { do: 'ban', network: { address: 0xc0000207, bits: 32 }, table: 'bad_ip', reason: '' } as const
    core.tell({ kind: 'order', at: clock.now(), order: { ...order, until: clock.now() + HOUR_MS } })
    for (let minute = 0; minute < 90; minute++) {
      look()
      pass(MINUTE_MS)
      if (minute === 10) world.wall -= 3 * HOUR_MS
      if (minute === 20) world.wall += HOUR_MS
    }
    assert.deepEqual(told, ['ban 0', 'unban 60'])
  })
})

test('a clock that is put forward is followed at once: the machine slept, and what came due meanwhile is due', () => {
  const { world, pass, said } = machine()
  world.wall += 3 * DAY_MS
  assert.equal(pass(MINUTE_MS), 3 * DAY_MS + MINUTE_MS)
  assert.deepEqual(said, [])
})
