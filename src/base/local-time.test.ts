import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localTime, localTimeNear } from './local-time.ts'

const at = Date.UTC(2026, 10, 21, 9, 0, 0)

/** Node reads TZ again whenever it is assigned. */
function inZone(zone: string, body: () => void): void {
  const before = process.env.TZ
  process.env.TZ = zone
  try {
    body()
  } finally {
    if (before === undefined) delete process.env.TZ
    else process.env.TZ = before
  }
}

test('a time is shown as the clock on the wall shows it, with its offset', () => {
  inZone('Europe/Berlin', () => assert.equal(localTime(at), '2026-11-21T10:00:00+01:00'))
  inZone('UTC', () => assert.equal(localTime(at), '2026-11-21T09:00:00+00:00'))
  inZone('America/St_Johns', () => assert.equal(localTime(at), '2026-11-21T05:30:00-03:30'))
  inZone('Asia/Kathmandu', () => assert.equal(localTime(at), '2026-11-21T14:45:00+05:45'))
})

test('it reads back as the same instant, on both sides of a change of the clock', () => {
  inZone('Europe/Berlin', () => {
    for (let hour = 0; hour < 8; hour++) {
      const near = Date.UTC(2026, 9, 24, 22 + hour)
      assert.equal(Date.parse(localTime(near)), near)
    }
  })
})

test('the day is left out only where it is the same day', () => {
  inZone('Europe/Berlin', () => {
    assert.equal(localTimeNear(at + 3_600_000, at), '11:00:00')
    assert.equal(localTimeNear(at + 14 * 3_600_000, at), '2026-11-22T00:00:00')
  })
})
