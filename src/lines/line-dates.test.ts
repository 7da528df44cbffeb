import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { LineDates } from './line-dates.ts'
import { parseTimestamp } from './timestamp.ts'

const written = { by: Date.parse('2026-11-22T00:00:00Z'), zone: 'UTC' }

/** What it says of each line of a block, one after the other. */
function datesOf(lines: readonly string[]): readonly (number | undefined)[] {
  const text = Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1')
  const dates = new LineDates(text, written)
  let end = -1
  return lines.map((line) => {
    const start = end + 1
    end = start + line.length
    return dates.of(start, end)
  })
}

describe('the dates of the lines of a block are those of each line', () => {
  const expectSame = (lines: readonly string[]) => {
    assert.deepEqual(
      datesOf(lines),
      lines.map((line) => parseTimestamp(line, written)),
    )
  }

  test('where they are of one second, of others, and of the first again', () => {
    const lines = [
      'Nov 21 10:00:00 www a',
      'Nov 21 10:00:00 www b',
      'Nov 21 10:00:01 www a',
      'Nov 21 10:00:00 www a',
      'Nov 21 10:00:01 ',
    ]
    expectSame(lines)
    assert.deepEqual(
      datesOf(lines).map((at) => new Date(at!).getUTCSeconds()),
      [0, 0, 1, 0, 1],
    )
  })

  test('where something else only looks like a date of syslog', () => {
    const access = 'x [21/Nov/2026:10:00:00 +0000] "GET /"'
    expectSame([
      `Nov 21 10:00:00 ${access}`,
      // No month: the bracket of an access log is looked for in all of the line.
      `Nix 21 10:00:00 ${access}`,
      'Nix 21 10:00:00 x',
      `Nix 21 10:00:00 ${access.replace('10:', '11:')}`,
      'Nov 31 10:00:00 x',
      'Nov 21 10:00:00.5 x',
      'Nov 21 10:00:00',
      'Nov 21 2025 10:00:00 x',
      'Sat Nov 21 10:00:00 2026 x',
      'Sat 21 10:00:00 2026 x',
      '2026-11-21T10:00:00Z x',
      '123 56 89:12:45 x',
      'Nov 21 10:00:00 www x',
    ])
  })

  test('or of what was made of a line, where something was', () => {
    const dates = new LineDates(Buffer.from('Nov 21 10:00:00 x\n'), written)
    assert.equal(dates.of(0, 17, '2026-11-21T11:00:00Z y'), Date.parse('2026-11-21T11:00:00Z'))
    assert.equal(dates.of(0, 17, 'no date'), undefined)
    assert.equal(dates.of(0, 17), Date.parse('2026-11-21T10:00:00Z'))
  })

  test('whatever the lines are', () => {
    const part = fc.constantFrom(
      'Nov',
      'Oct',
      'Sat',
      'Nix',
      ' ',
      '  ',
      '21',
      '7',
      '10:00:00',
      '10:00:01',
      '2026',
      '.5',
      '[',
      '"',
      'x ',
      ':',
    )
    const line = fc.array(part, { maxLength: 12 }).map((parts) => parts.join(''))
    const usual = fc
      .tuple(
        fc.constantFrom('Nov 21 ', 'Nov  7 ', 'Nix 21 ', 'Sat 21 '),
        fc.constantFrom('10:00:00', '10:00:01', '25:00:00'),
        line,
      )
      .map(([day, time, rest]) => `${day}${time}${rest}`)
    fc.assert(
      fc.property(fc.array(fc.oneof(line, usual), { maxLength: 20 }), (lines) => expectSame(lines)),
      { numRuns: 2_000 },
    )
  })
})
