import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAddress } from '../base/address.ts'
import { HOUR_MS, MINUTE_MS } from '../base/units.ts'
import { Core } from '../core/core.ts'
import type { HitFact } from '../core/model.ts'
import { WifiTemp } from './wifi-temp.ts'

const START = Date.UTC(2026, 10, 21, 10)

function newCore(rule: WifiTemp = new WifiTemp({ table: 'wifi' })): Core {
  return new Core({ rules: new Map([['wifi', rule]]), tables: new Set(['wifi']), offender: () => undefined })
}

/** A line of dns.log. */
function seen(minutes: number, address = '192.0.2.10'): HitFact {
  return {
    ...{ kind: 'hit', at: START + minutes * MINUTE_MS, rule: 'wifi', log: '/var/log/dns.log', position: 0, pattern: 'dns' },
    ...{ set: undefined, weight: 10, once: false, distinct: undefined, spoofable: false, login: undefined, session: undefined },
    ...{ address: parseAddress(address), account: undefined, times: 1, parameters: {}, line: 'a query' },
  }
}

/** What is decided until then, each as `minutes kind address`. */
function until(core: Core, minutes: number): readonly string[] {
  core.tell({ kind: 'clock', at: START + minutes * MINUTE_MS })
  return core.take().decisions.map(({ at, kind, address }) => `${(at - START) / MINUTE_MS} ${kind} ${address}`)
}

test('an address is free for an hour from when it is first seen, in the table for the next, and free again when seen again', () => {
  const core = newCore()
  core.tell(seen(0))
  core.tell(seen(59))
  assert.deepEqual(until(core, 59), [])
  assert.deepEqual(until(core, 60), ['60 ban 192.0.2.10'])
  core.tell(seen(119)) // while it is in the table nothing begins
  assert.deepEqual(until(core, 300), ['120 unban 192.0.2.10'])
  core.tell(seen(301))
  assert.deepEqual(until(core, 1000), ['361 ban 192.0.2.10', '421 unban 192.0.2.10'])
})

test('each address has its own turns, of the lengths that were asked for', () => {
  const core = newCore(new WifiTemp({ table: 'wifi', free: '10m', blocked: '1d' }))
  core.tell(seen(0))
  core.tell(seen(5, '2001:db8::7'))
  assert.deepEqual(until(core, 20), ['10 ban 192.0.2.10', '15 ban 2001:db8::/64'])
  assert.equal(core.wanted('wifi').get('192.0.2.10')?.until, START + 10 * MINUTE_MS + 24 * HOUR_MS)
})

test('its lines cost nothing, and only the one that begins a turn is evidence', () => {
  const core = newCore()
  for (let minute = 0; minute < 50; minute++) core.tell(seen(minute))
  assert.equal(core.report().rules[0]!.sources, 0)
  const hits = core.take().changes.filter(({ kind }) => kind === 'hit')
  assert.equal(hits.length, 1)
})

test('every wrong option is told by check', () => {
  assert.deepEqual(new WifiTemp({ table: 'wifi', free: '30m', blocked: '2h' }).check(), [])
  assert.deepEqual(new WifiTemp({ table: 'wifi', fre: '1h', free: '1 hour', blocked: 5 } as never).check(), [
    { option: 'fre', message: 'unknown key', hint: 'did you mean "free"?' },
    { option: 'free', message: '"1 hour" is not a length of time', hint: 'write "1h"' },
    { option: 'blocked', message: '5 is not a length of time', hint: 'write "5s"' },
  ])
})
