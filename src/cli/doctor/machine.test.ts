import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HOUR_MS, MINUTE_MS } from '../../base/units.ts'
import { clockFindings, nodeFinding, rightsFinding } from './machine.ts'

const NOW = Date.UTC(2026, 10, 21, 9, 30)
const line = (log: string, saidAgoMs: number, writtenAgoMs = saidAgoMs) => ({
  log,
  saidAt: NOW - saidAgoMs,
  writtenAt: NOW - writtenAgoMs,
})
const told = (...lines: readonly ReturnType<typeof line>[]) =>
  clockFindings(NOW, lines).map(({ state, about, says }) => `${state} ${about}: ${says}`)

test('Node is new enough from 22.18 on', () => {
  assert.deepEqual(
    ['20.19.0', '22.17.1', '22.18.0', '24.0.0'].map((version) => nodeFinding(version).state),
    ['wrong', 'wrong', 'ok', 'ok'],
  )
})

test('root, or who has CAP_NET_ADMIN, may ask the firewall', () => {
  assert.equal(rightsFinding(0, undefined).state, 'ok')
  assert.equal(rightsFinding(1000, 'Name:\tnode\nCapEff:\t0000000000001000\n').state, 'ok')
  assert.equal(rightsFinding(1000, 'Name:\tnode\nCapEff:\t0000000000000400\n').state, 'warning')
  assert.equal(rightsFinding(1000, undefined).state, 'warning')
})

test('a clock before 2020 was never set', () => {
  assert.deepEqual(clockFindings(Date.UTC(1970, 0, 2), [])[0], {
    about: 'clock',
    state: 'wrong',
    says: 'it is set to 1970-01-02T00:00:00.000Z',
    todo: 'set it, and let a service such as ntpd or chrony keep it',
  })
})

test('the newest line of all logs tells whether the clock is far from the others', () => {
  assert.deepEqual(told(line('/var/log/authlog', 48 * HOUR_MS), line('/var/log/messages', 3 * MINUTE_MS)), [
    'ok clock: it is set to 2026-11-21T09:30:00.000Z, and the newest line of all logs is 3m old',
  ])
  assert.deepEqual(told(line('/var/log/authlog', 48 * HOUR_MS)), ['warning clock: the newest line of all logs is 2d old by it'])
  assert.deepEqual(told(line('/var/log/authlog', -40 * MINUTE_MS, -40 * MINUTE_MS)), [
    'wrong clock: the last line of /var/log/authlog is 40m ahead of it',
  ])
  assert.deepEqual(told(), ['ok clock: it is set to 2026-11-21T09:30:00.000Z'])
})

test('a log whose dates are whole quarters of an hour from when it was written is in another zone', () => {
  assert.deepEqual(told(line('/var/log/app.log', -2 * HOUR_MS + 300, 0), line('/var/log/authlog', 1_000)), [
    'ok clock: it is set to 2026-11-21T09:30:00.000Z, and the newest line of all logs is 1s old',
    'warning log /var/log/app.log: its last line is dated 2h ahead of the time at which it was written',
  ])
})
