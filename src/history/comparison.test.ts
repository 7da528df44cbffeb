import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseAddress } from '../base/address.ts'
import { FOR_LIFE, HOUR_MS, type Until } from '../base/units.ts'
import type { Decision } from '../core/model.ts'
import { compare } from './comparison.ts'

const who = { table: 'bad_ip', rule: 'hackers', reason: '' } as const
const ban = (address: string, at: number, until: Until = at + HOUR_MS): Decision => ({
  kind: 'ban',
  address,
  at,
  until,
  score: 100,
  ...who,
})
const unban = (address: string, at: number): Decision => ({ kind: 'unban', address, at, ...who })

function told(before: readonly Decision[], after: readonly Decision[], friends: readonly string[] = []) {
  const logins = new Set(friends.map((address) => parseAddress(address)!))
  const { differences, same } = compare({ decisions: before, logins }, { decisions: after, logins: new Set() })
  const lines = differences.map(({ change, address, before, after }) => [change, address, before?.at, after?.at])
  return { lines, same }
}

test('bans that overlap are one and the same, earlier or later', () => {
  assert.deepEqual(told([ban('192.0.2.1', 1_000)], [ban('192.0.2.1', 500)]).lines, [['earlier', '192.0.2.1', 1_000, 500]])
  assert.deepEqual(told([ban('192.0.2.1', 500)], [ban('192.0.2.1', 1_000)]).lines, [['later', '192.0.2.1', 500, 1_000]])
  assert.deepEqual(told([ban('192.0.2.1', 500, FOR_LIFE)], [ban('192.0.2.1', 500)]), { lines: [], same: 1 })
})

test('those that do not are gained and lost', () => {
  const [first, second] = [ban('192.0.2.1', 0), ban('192.0.2.1', HOUR_MS)]
  assert.deepEqual(told([first], [second]).lines, [
    ['lost', '192.0.2.1', 0, undefined],
    ['gained', '192.0.2.1', undefined, HOUR_MS],
  ])
  assert.deepEqual(told([first], [ban('192.0.2.2', 0)]).lines.length, 2)
})

test('a ban ends where it was lifted', () => {
  const lifted = [ban('192.0.2.1', 0), unban('192.0.2.1', 1_000)]
  assert.deepEqual(
    told(lifted, [ban('192.0.2.1', 2_000)]).lines.map(([change]) => change),
    ['lost', 'gained'],
  )
})

test('whoever logged in is known, within a network and a /64 as well', () => {
  const mistakes = (address: string, friend: string) =>
    compare({ decisions: [ban(address, 0)], logins: new Set([parseAddress(friend)!]) }, { decisions: [], logins: new Set() })
  assert.deepEqual(mistakes('192.0.2.1', '192.0.2.1').before.falsePositives, ['192.0.2.1'])
  assert.deepEqual(mistakes('192.0.2.0/28', '192.0.2.1').before.falsePositives, ['192.0.2.0/28'])
  assert.deepEqual(mistakes('2001:db8::/64', '2001:db8::').before.falsePositives, ['2001:db8::/64'])
  assert.deepEqual(
    mistakes('192.0.2.1', '192.0.2.2').differences.map(({ hasLoggedIn }) => hasLoggedIn),
    [false],
  )
})
