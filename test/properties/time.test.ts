import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { parseNetwork } from '../../src/base/address.ts'
import { DAY_MS, FOR_LIFE, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/base/units.ts'
import { Core } from '../../src/core/core.ts'
import type { Fact } from '../../src/core/model.ts'
import { parseTimestamp } from '../../src/lines/timestamp.ts'
import type { Generic } from '../../src/rules/generic.ts'
import { Hackers } from '../../src/rules/hackers.ts'
import { WifiTemp } from '../../src/rules/wifi-temp.ts'

const zone = process.env.TZ
after(() => {
  if (zone === undefined) delete process.env.TZ
  else process.env.TZ = zone
})

/** Moments at which the clocks of a zone are changed: by an hour forth and back, by half an hour, by a whole day. */
const changes = [
  ['Europe/Berlin', Date.UTC(2026, 2, 29, 1)],
  ['Europe/Berlin', Date.UTC(2026, 9, 25, 1)],
  ['America/New_York', Date.UTC(2026, 10, 1, 6)],
  ['Australia/Lord_Howe', Date.UTC(2026, 3, 4, 15)],
  ['Pacific/Apia', Date.UTC(2011, 11, 30, 10)],
] as const

function newCore(): Core {
  const rules = new Map<string, Generic>([
    ['hackers', new Hackers({ table: 'bad_ip', ban: ['1h', '25d'] })],
    ['wifi', new WifiTemp({ table: 'wifi' })],
  ])
  return new Core({ rules, tables: new Set(['bad_ip', 'wifi']), offender: () => undefined })
}

function hit(rule: string, at: number, weight: number): Fact {
  return {
    ...{ kind: 'hit', at, rule, log: 'authlog', position: 0, pattern: 'p', set: undefined, weight, once: false },
    ...{ distinct: undefined, spoofable: false, login: undefined, address: 0xc0000207, session: undefined, account: undefined },
    ...{ times: 1, parameters: {}, line: '' },
  }
}

/** What is decided, and how long after `at`. Time goes by in steps, and now and then none is told for a day. */
function decided(core: Core, at: number, until: number): readonly string[] {
  for (let now = at; now < until; now += now % 7 === 0 ? DAY_MS : 20 * MINUTE_MS) core.tell({ kind: 'clock', at: now })
  core.tell({ kind: 'clock', at: until })
  return core.take().decisions.map((one) => `${one.kind} ${'table' in one ? one.table : ''} ${(one.at - at) / SECOND_MS}`)
}

describe('where clocks are changed', () => {
  for (const [name, changeAt] of changes) {
    test(`${name} ${new Date(changeAt).toISOString().slice(0, 10)}: bans end after as long as they should, and points run out after an hour`, () => {
      process.env.TZ = name
      const offset = (at: number) => new Date(at).getTimezoneOffset()
      assert.notEqual(offset(changeAt - 1), offset(changeAt), 'the clocks are not changed then')
      const at = changeAt - 10 * MINUTE_MS
      const core = newCore()
      core.tell(hit('wifi', at, 10))
      core.tell(hit('hackers', at, 60))
      core.tell(hit('hackers', at + HOUR_MS - 1, 40))
      assert.deepEqual(decided(core, at, at + 5 * HOUR_MS), [
        'ban bad_ip 3599.999',
        'ban wifi 3600',
        'unban bad_ip 7199.999',
        'unban wifi 7200',
      ])
      const late = newCore()
      late.tell(hit('hackers', at, 60))
      late.tell(hit('hackers', at + HOUR_MS, 40))
      assert.deepEqual(decided(late, at, at + 5 * HOUR_MS), [])
    })
  }

  test('old lines count by the offset that was in force when they were written', () => {
    const lines = ['Mar 29 01:30:00', 'Mar 29 03:30:00', 'Oct 25 01:59:59', 'Oct 25 03:00:00']
    const writtenBy = Date.UTC(2026, 10, 21)
    process.env.TZ = 'Europe/Berlin'
    const at = lines.map((line) => parseTimestamp(`${line} gate sshd[1]: x`, { by: writtenBy }))
    assert.deepEqual(at, [
      Date.UTC(2026, 2, 29, 0, 30),
      Date.UTC(2026, 2, 29, 1, 30),
      Date.UTC(2026, 9, 24, 23, 59, 59),
      Date.UTC(2026, 9, 25, 2),
    ])
  })
})

test('bans of a second, 25 days, 400 days and for life end at their time, however rarely time is told', () => {
  const at = Date.UTC(2026, 10, 21)
  const core = newCore()
  const lengths = [SECOND_MS, 25 * DAY_MS, 400 * DAY_MS, FOR_LIFE]
  for (const [n, length] of lengths.entries()) {
    const network = parseNetwork(`192.0.2.${n}`)!
    core.tell({ kind: 'order', at, order: { do: 'ban', network, table: 'bad_ip', until: at + length, reason: '' } })
  }
  core.take()
  const ends = [1, 25 * 86_400, 400 * 86_400]
  assert.deepEqual(
    decided(core, at, at + 3_000 * DAY_MS),
    ends.map((seconds) => `unban bad_ip ${seconds}`),
  )
  assert.deepEqual([...core.wanted('bad_ip').keys()], ['192.0.2.3'])
  assert.equal(core.nextWakeAt(), undefined)
})

test('after a long sleep everything that came due happened at its own time, in its order, once', () => {
  const at = Date.UTC(2026, 10, 21)
  const core = newCore()
  core.tell(hit('wifi', at, 10))
  core.tell(hit('hackers', at, 100))
  core.take()
  core.tell(hit('hackers', at + 3 * DAY_MS, 100))
  const decisions = core.take().decisions.map(({ kind, at: when }) => `${kind} ${(when - at) / HOUR_MS}`)
  assert.deepEqual(decisions, ['unban 1', 'ban 1', 'unban 2', 'ban 72'])
})
