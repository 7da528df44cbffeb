import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../base/units.ts'
import { parseTimestamp } from './timestamp.ts'

const by = Date.parse('2026-11-22T00:00:00Z')

/** Whole seconds from 2001 to 2099. */
const seconds = fc.integer({ min: 978_307_200, max: 4_070_908_800 }).map((second) => second * SECOND_MS)

/** `Nov 21 10:00:00`, in UTC. */
function syslogDate(at: number): string {
  const date = new Date(at)
  return `${date.toUTCString().slice(8, 11)} ${String(date.getUTCDate()).padStart(2)} ${date.toISOString().slice(11, 19)}`
}

/** The time of a line as ISO 8601, dates without a zone being of `zone`. */
function timeOf(line: string, { zone = 'UTC', by: by_ = '2026-11-22T00:00:00Z' } = {}): string | undefined {
  const at = parseTimestamp(line, { by: Date.parse(by_), zone })
  return at === undefined ? undefined : new Date(at).toISOString()
}

describe('the date of a line', () => {
  const lines: readonly (readonly [line: string, at: string])[] = [
    ['Nov 21 10:00:00 www sshd[1]: x', '2026-11-21T10:00:00.000Z'],
    ['Nov  1 10:00:00 www sshd[1]: x', '2026-11-01T10:00:00.000Z'],
    ['Nov 1 10:00:00 www sshd[1]: x', '2026-11-01T10:00:00.000Z'],
    ['Nov 21 10:00:00.123456 www sshd[1]: x', '2026-11-21T10:00:00.123Z'],
    ['Nov 21 2025 10:00:00 switch x', '2025-11-21T10:00:00.000Z'],
    ['<38>Nov 21 10:00:00 www sshd[1]: x', '2026-11-21T10:00:00.000Z'],
    ['2026-11-21T10:00:00.123456+01:00 www sshd[1]: x', '2026-11-21T09:00:00.123Z'],
    ['2026-11-21T10:00:00+0100 www sshd[1]: x', '2026-11-21T09:00:00.000Z'],
    ['2026-11-21T10:00:00-03:30 www sshd[1]: x', '2026-11-21T13:30:00.000Z'],
    ['2026-11-21T10:00:00.5Z www sshd[1]: x', '2026-11-21T10:00:00.500Z'],
    ['2026-11-21T10:00:00Z', '2026-11-21T10:00:00.000Z'],
    ['2026-11-21 10:00:00,123 fail [1]: x', '2026-11-21T10:00:00.123Z'],
    ['2026-11-21 10:00:00 +0100 x', '2026-11-21T09:00:00.000Z'],
    ['2026-11-21 10:00:00.123 UTC [1] FATAL: x', '2026-11-21T10:00:00.123Z'],
    ['<38>1 2026-11-21T10:00:00.123456+01:00 bsd sshd 1 - - x', '2026-11-21T09:00:00.123Z'],
    ['4711:M 21 Nov 2026 10:00:00.123 # Possible SECURITY ATTACK detected.', '2026-11-21T10:00:00.123Z'],
    ['21 Nov 2026 10:00:00 x', '2026-11-21T10:00:00.000Z'],
    ['t=2026-11-21T10:00:00+0100 lvl=eror msg="x"', '2026-11-21T09:00:00.000Z'],
    [
      'logger=context userId=0 orgId=0 uname=t=2020-01-01 t=2026-11-21T10:00:00.123456789Z level=info',
      '2026-11-21T10:00:00.123Z',
    ],
    ['time="2026-11-21T10:00:00Z" level=info msg="x"', '2026-11-21T10:00:00.000Z'],
    ['<165>1 2026-11-21T10:00:00Z bsd sshd 1 - - x', '2026-11-21T10:00:00.000Z'],
    ['2026/11/21 10:00:00 [error] 12#12: *1 open() failed', '2026-11-21T10:00:00.000Z'],
    ['Sat Nov 21 10:00:00 2026 : Auth: x', '2026-11-21T10:00:00.000Z'],
    ['Sat Nov 21 10:00:00 UTC 2026 x', '2026-11-21T10:00:00.000Z'],
    ['Sat Nov 21 10:00:00 CET 2026 x', '2026-11-21T10:00:00.000Z'],
    ['Sat 2026-11-21 10:00:00 UTC www sshd[1]: x', '2026-11-21T10:00:00.000Z'],
    ['[Sat Nov 21 10:00:00.123456 2026] [core:error] [pid 1] x', '2026-11-21T10:00:00.123Z'],
    ['[21-Nov-2026 10:00:00 UTC] PHP Warning: x', '2026-11-21T10:00:00.000Z'],
    ['21-Nov-2026 10:00:00.123 client 192.0.2.1#53: x', '2026-11-21T10:00:00.123Z'],
    ['203.0.113.9 - - [21/Nov/2026:10:00:00 +0100] "GET / HTTP/1.1" 200 5', '2026-11-21T09:00:00.000Z'],
    ['www.example.org 2001:db8::9 - - [21/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5', '2026-11-21T10:00:00.000Z'],
    ['1795255200.123   456 192.0.2.1 TCP_DENIED/403 x', '2026-11-21T10:00:00.123Z'],
    ['[1795255200] unbound[1:0] info: 192.0.2.1 example.org. A IN', '2026-11-21T10:00:00.000Z'],
    ['@400000006b016baa1dcd6500 x', '2026-11-21T10:00:00.500Z'],
    ['2026-12-31T23:59:60Z x', '2027-01-01T00:00:00.000Z'],
  ]
  for (const [line, at] of lines) test(`is read from ${line.slice(0, 45)}`, () => assert.equal(timeOf(line), at))

  const withoutDate = [
    '',
    'x',
    'last message repeated 3 times',
    'Failed password at Nov 21 10:00:00',
    'Nov 31 10:00:00 no such day',
    'Nov 21 24:00:00 no such hour',
    'Nov 21 10-00-00 no time',
    '2026-13-01T00:00:00Z no such month',
    '2025-02-29T00:00:00Z no such day',
    '2026-11-21X10:00:00Z',
    '1234567890123 milliseconds',
    '12345 a number',
    '@400000006b016 cut short',
    '@fffffffffffffffffffffff0',
    '203.0.113.9 - - [yesterday] "GET /?at=[21/Nov/2026:10:00:00" 200',
    `${'x'.repeat(300)} [21/Nov/2026:10:00:00 +0000]`,
  ]
  for (const line of withoutDate) test(`is not found in ${line.slice(0, 45)}`, () => assert.equal(timeOf(line), undefined))

  test("is the server's own, not one in the name of a user", () => {
    const line = '203.0.113.9 - [01/Jan/2020:00:00:00 +0000] [21/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 401 5'
    assert.equal(timeOf(line), '2026-11-21T10:00:00.000Z')
  })

  test('is whatever the line, and never a reason to fail', () => {
    const pieces = [
      'Nov ',
      '21',
      ' ',
      '10:00:00',
      '2026',
      '-',
      '/',
      ':',
      '[',
      ']',
      '"',
      '.',
      ',',
      '+01:00',
      'Z',
      'T',
      'Sat ',
      '@4',
      '<38>1 ',
    ]
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 3 })), { maxLength: 12 }), (parts) => {
        const at = parseTimestamp(parts.join(''), { by })
        assert.ok(at === undefined || Number.isFinite(at))
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('a date without a year', () => {
  test('in December is of last year when it is read in January', () => {
    assert.equal(timeOf('Dec 31 23:59:59 www x', { by: '2027-01-01T00:00:05Z' }), '2026-12-31T23:59:59.000Z')
  })
  test("in January is of the new year even where the reader's clock is behind", () => {
    assert.equal(timeOf('Jan  1 00:00:05 www x', { by: '2026-12-31T23:59:59Z' }), '2027-01-01T00:00:05.000Z')
  })
  test('of tomorrow is tomorrow, and of the day after it a year ago', () => {
    assert.equal(timeOf('Nov 22 10:00:00 www x', { by: '2026-11-21T10:00:00Z' }), '2026-11-22T10:00:00.000Z')
    assert.equal(timeOf('Nov 22 10:00:01 www x', { by: '2026-11-21T10:00:00Z' }), '2025-11-22T10:00:01.000Z')
  })
  test('on a leap day is of the last leap year', () => {
    assert.equal(timeOf('Feb 29 10:00:00 www x', { by: '2028-03-01T00:00:00Z' }), '2028-02-29T10:00:00.000Z')
    assert.equal(timeOf('Feb 29 10:00:00 www x', { by: '2027-03-01T00:00:00Z' }), '2024-02-29T10:00:00.000Z')
    assert.equal(timeOf('Feb 29 10:00:00 www x', { by: '2104-02-28T00:00:00Z' }), '2096-02-29T10:00:00.000Z')
  })
  test('is the latest that is not after the time by which it was there', () => {
    fc.assert(
      fc.property(seconds, fc.nat(363), (at, daysLater) => {
        fc.pre(!syslogDate(at).startsWith('Feb 29'))
        assert.equal(parseTimestamp(`${syslogDate(at)} www x`, { by: at + daysLater * DAY_MS, zone: 'UTC' }), at)
      }),
    )
  })
})

describe('a date without a zone', () => {
  test('is of the zone that the log was said to have', () => {
    assert.equal(timeOf('Nov 21 10:00:00 www x', { zone: 'Europe/Berlin' }), '2026-11-21T09:00:00.000Z')
    assert.equal(timeOf('Jul 21 10:00:00 www x', { zone: 'Europe/Berlin' }), '2026-07-21T08:00:00.000Z')
    assert.equal(timeOf('Nov 21 10:00:00 www x', { zone: 'Asia/Kathmandu' }), '2026-11-21T04:15:00.000Z')
    assert.equal(timeOf('Nov 21 10:00:00 www x', { zone: '+05:30' }), '2026-11-21T04:30:00.000Z')
    assert.equal(timeOf('Nov 21 10:00:00 www x', { zone: '-0330' }), '2026-11-21T13:30:00.000Z')
  })
  test('that comes twice, when clocks are set back, is the earlier one', () => {
    assert.equal(timeOf('2026-10-25 02:30:00 x', { zone: 'Europe/Berlin' }), '2026-10-25T00:30:00.000Z')
    assert.equal(timeOf('2026-10-25 03:00:00 x', { zone: 'Europe/Berlin' }), '2026-10-25T02:00:00.000Z')
    assert.equal(timeOf('2026-11-01 01:30:00 x', { zone: 'America/New_York' }), '2026-11-01T05:30:00.000Z')
  })
  test('that is left out, when clocks are set forward, is what it would be had they not been set', () => {
    assert.equal(timeOf('2026-03-29 02:30:00 x', { zone: 'Europe/Berlin' }), '2026-03-29T01:30:00.000Z')
    assert.equal(timeOf('2026-03-29 03:00:00 x', { zone: 'Europe/Berlin' }), '2026-03-29T01:00:00.000Z')
    assert.equal(timeOf('2026-10-04 02:15:00 x', { zone: 'Australia/Lord_Howe' }), '2026-10-03T15:45:00.000Z')
  })
  test('agrees with an own zone in the date, whatever that zone is', () => {
    for (const zone of ['Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Pacific/Apia', 'UTC']) {
      const wall = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' })
      fc.assert(
        fc.property(seconds, (at) => {
          const written = wall.format(at)
          const parsed = parseTimestamp(written, { by, zone })!
          assert.equal(wall.format(parsed), written)
          assert.ok(parsed <= at, 'the earlier one of two')
        }),
      )
    }
  })
  test('is not understood in a zone that there is not', () => {
    assert.throws(() => timeOf('2026-11-21 10:00:00 x', { zone: 'Europe/Atlantis' }), RangeError)
  })
})

describe('a date of this machine', () => {
  const zone = process.env.TZ
  before(() => {
    process.env.TZ = 'Europe/Berlin'
  })
  after(() => {
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone
  })

  test('is in its zone, summer and winter', () => {
    assert.equal(parseTimestamp('Nov 21 10:00:00 www x', { by }), Date.parse('2026-11-21T09:00:00Z'))
    assert.equal(parseTimestamp('Jul 21 10:00:00 www x', { by }), Date.parse('2026-07-21T08:00:00Z'))
  })
  test('is what Date makes of it, at every quarter around a change and at any time', () => {
    const agrees = (at: number) => {
      const local = new Date(at).toISOString().slice(0, 19)
      assert.equal(parseTimestamp(local, { by }), new Date(local).getTime(), local)
    }
    for (const change of ['2026-03-29', '2026-10-25']) {
      for (let at = Date.parse(change) - DAY_MS; at < Date.parse(change) + DAY_MS; at += 5 * MINUTE_MS) agrees(at)
    }
    fc.assert(fc.property(seconds, agrees))
  })
})
