import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseAddress } from '../base/address.ts'
import { type Instant, isoTime } from '../base/units.ts'
import type { SavedPosition } from '../core/model.ts'
import { type Feed, patternSet } from '../matching/pattern.ts'
import { regexpScanner } from '../matching/regexp-scanner.testing.ts'
import { scannerOf } from '../matching/scanner-of.ts'
import type { Block } from '../sources/source.ts'
import { LogReader, type ReadBlock } from './log-reader.ts'

const LOG = '/var/log/app.log'
const TEN = Date.UTC(2026, 10, 21, 10)
const MINUTE = 60_000

const patterns = patternSet({ name: 'app', prefix: /^\S+ \S+ app\[(?<session>\d+)\]: / }, [
  { name: 'bad', regex: /^bad password for (?<user>\S+) from (?<ip>\S+)$/, weight: 20, severity: 'high' },
  { name: 'probe', regex: /^probe from (?<ip>\S+)$/, spoofable: true, distinct: 'ip' },
])
const feeds: readonly Feed[] = [{ rule: 'hackers', patterns }]

function readerOf(saved?: SavedPosition, keepsLines = true): LogReader {
  return new LogReader({ log: LOG, feeds, scanner: regexpScanner(feeds), saved, keepsLines })
}

/** A line of the log, written so many minutes after ten. */
const line = (minutes: number, text: string) => `${isoTime(TEN + minutes * MINUTE)} host ${text}\n`
const bad = (minutes: number, host = 1) => line(minutes, `app[7]: bad password for root from 192.0.2.${host}`)
const repeatedLine = (minutes: number, times: number) => line(minutes, `last message repeated ${times} times`)
const dull = (minutes: number) => line(minutes, 'app[7]: all is well')

interface BlockOptions {
  readonly offset?: number
  readonly catchingUp?: boolean
}

function blockOf(text: string, { offset = 0, catchingUp = false }: BlockOptions = {}): Block {
  const bytes = Buffer.from(text, 'latin1')
  return { bytes, offset, catchingUp, writtenBy: TEN + 60 * MINUTE, position: offset + bytes.length }
}

/** When each hit happened, in minutes after ten. */
const minutesOf = ({ hits }: ReadBlock) => hits.map(({ at }) => (at - TEN) / MINUTE)

/** The log as a file: cut into blocks, each read where the one before ended. */
function readAll(
  reader: LogReader,
  texts: readonly string[],
  { catchingUp = false, offset = 0 },
  arrivedAt: Instant,
): ReadBlock[] {
  return texts.map((text) => {
    const read = reader.read(blockOf(text, { offset, catchingUp }), arrivedAt)
    offset += Buffer.byteLength(text, 'latin1')
    return read
  })
}

test('a match becomes a fact with all that its pattern, its set and its line say', () => {
  const text = `${dull(0)}${line(1, 'app[812]: bad password for j\xc3\xb6rg from 2001:db8::7')}`
  const { hits } = readerOf().read(blockOf(text, { offset: 1_000 }), TEN + 2 * MINUTE)
  assert.deepEqual(hits, [
    {
      kind: 'hit',
      at: TEN + 2 * MINUTE,
      rule: 'hackers',
      log: LOG,
      position: 1_000 + dull(0).length,
      pattern: 'app/bad',
      set: 'app',
      weight: 20,
      once: false,
      distinct: undefined,
      spoofable: false,
      login: undefined,
      address: parseAddress('2001:db8::7'),
      session: '812',
      account: 'j\u00f6rg',
      times: 1,
      parameters: { severity: 'high', user: 'j\u00f6rg' },
      line: '2026-11-21T10:01:00.000Z host app[812]: bad password for j\u00f6rg from 2001:db8::7',
    },
  ])
})

test('a line is kept only where somebody needs it', () => {
  assert.equal(readerOf(undefined, false).read(blockOf(bad(0)), TEN).hits[0]!.line, '')
})

describe('when a hit happened', () => {
  test('live, it is when the line was read, whatever the line says', () => {
    assert.deepEqual(minutesOf(readerOf().read(blockOf(bad(-90) + bad(90)), TEN + 5 * MINUTE)), [5, 5])
  })

  test('while catching up, it is when the line was written', () => {
    const block = blockOf(bad(1) + dull(2) + bad(3), { catchingUp: true })
    assert.deepEqual(minutesOf(readerOf().read(block, TEN + 60 * MINUTE)), [1, 3])
  })

  test('while catching up, a line of JSON was written when the text says that is made of it', () => {
    const json = patternSet({ name: 'web', json: '{ts} {ip}' }, [{ regex: /^\S+ (?<ip>\S+)$/ }])
    const jsonFeeds = [{ rule: 'hackers', patterns: json }]
    const reader = new LogReader({ log: LOG, feeds: jsonFeeds, scanner: scannerOf(jsonFeeds), keepsLines: true })
    const text = `{"ip":"192.0.2.1","note":"[21/Nov/2026:10:50:00 +0000] ","ts":${(TEN + MINUTE) / 1000}}\n`
    const read = reader.read(blockOf(text, { catchingUp: true }), TEN + 60 * MINUTE)
    assert.deepEqual([minutesOf(read), read.hits[0]!.line], [[1], text.trimEnd()])
  })

  test('while catching up, it is never later than the line was read', () => {
    const block = blockOf(bad(1) + bad(90), { catchingUp: true })
    assert.deepEqual(minutesOf(readerOf().read(block, TEN + 5 * MINUTE)), [1, 5])
  })

  test('it is never before the line before, in the same block or the next, also where a clock was set back', () => {
    const reader = readerOf()
    const texts = [bad(3) + bad(1), bad(2) + bad(4)]
    assert.deepEqual(readAll(reader, texts, { catchingUp: true }, TEN + 60 * MINUTE).map(minutesOf), [
      [3, 3],
      [3, 4],
    ])
    assert.deepEqual(minutesOf(reader.read(blockOf(bad(0)), TEN + 2 * MINUTE)), [4])
  })

  test('nor is it before the last line that was read before a restart', () => {
    const first = readerOf().read(blockOf(bad(3), { catchingUp: true }), TEN + 60 * MINUTE)
    const block = blockOf(bad(1), { offset: bad(3).length, catchingUp: true })
    assert.deepEqual(minutesOf(readerOf(first.position).read(block, TEN + 60 * MINUTE)), [3])
  })

  test('of a line without a date it is when the line was read; in replay, the time reached so far', () => {
    const undated = 'undated host app[7]: probe from 192.0.2.9\n'
    assert.deepEqual(minutesOf(readerOf().read(blockOf(undated, { catchingUp: true }), TEN + 5 * MINUTE)), [5])
    assert.deepEqual(minutesOf(readerOf().read(blockOf(bad(2) + undated), undefined)), [2, 2])
  })

  test('in replay it is when the line was written, be that in the future', () => {
    assert.deepEqual(minutesOf(readerOf().read(blockOf(bad(1) + bad(59)), undefined)), [1, 59])
  })

  test('only lines that match move the time: a wrong date on any other line does no harm', () => {
    const block = blockOf(dull(50) + bad(1), { catchingUp: true })
    assert.deepEqual(minutesOf(readerOf().read(block, TEN + 60 * MINUTE)), [1])
  })
})

describe('a message that is repeated', () => {
  const timesOf = ({ hits }: ReadBlock) => hits.map(({ times }) => times)

  test('counts as the line before it so many times more, at its own time and place', () => {
    const { hits } = readerOf().read(blockOf(bad(1) + repeatedLine(2, 3), { catchingUp: true }), TEN + 60 * MINUTE)
    const [first, second] = hits
    assert.equal(hits.length, 2)
    assert.deepEqual(second, { ...first, at: TEN + 2 * MINUTE, position: bad(1).length, times: 3 })
  })

  test('counts again where it is repeated again', () => {
    const { hits } = readerOf().read(blockOf(bad(1) + repeatedLine(2, 3) + repeatedLine(3, 5)), TEN)
    assert.deepEqual(timesOf({ hits } as ReadBlock), [1, 3, 5])
  })

  test('counts for each rule that the line before it hit', () => {
    const both = ['one', 'two'].map((rule): Feed => ({ rule, patterns }))
    const reader = new LogReader({ log: LOG, feeds: both, scanner: regexpScanner(both), keepsLines: false })
    const { hits } = reader.read(blockOf(bad(1) + repeatedLine(2, 3)), TEN)
    assert.deepEqual(
      hits.map(({ rule, times }) => [rule, times]),
      [
        ['one', 1],
        ['two', 1],
        ['one', 3],
        ['two', 3],
      ],
    )
  })

  test('counts over the border of two blocks', () => {
    assert.deepEqual(readAll(readerOf(), [bad(1), repeatedLine(2, 3)], {}, TEN).map(timesOf), [[1], [3]])
  })

  test('counts over the border of two blocks where lines end in CR LF', () => {
    const texts = [bad(1), repeatedLine(2, 3)].map((text) => text.replace('\n', '\r\n'))
    assert.deepEqual(readAll(readerOf(), texts, {}, TEN).map(timesOf), [[1], [3]])
    assert.deepEqual(timesOf(readerOf().read(blockOf(texts.join('')), TEN)), [1, 3])
  })

  test('counts over a restart', () => {
    const { position } = readerOf().read(blockOf(bad(1)), TEN)
    const saved = structuredClone(position)
    const block = blockOf(repeatedLine(2, 3), { offset: bad(1).length })
    assert.deepEqual(timesOf(readerOf(saved).read(block, TEN)), [3])
  })

  test('means nothing after a line that matched nothing, in the same block, the next, or after a restart', () => {
    const texts = [bad(1) + dull(1), repeatedLine(2, 3)]
    assert.deepEqual(timesOf(readerOf().read(blockOf(texts.join('')), TEN)), [1])
    const reader = readerOf()
    const [first, second] = readAll(reader, texts, {}, TEN)
    assert.deepEqual(
      [first, second].map((read) => timesOf(read!)),
      [[1], []],
    )
    const later = blockOf(texts[1]!, { offset: texts[0]!.length })
    assert.deepEqual(timesOf(readerOf(first!.position).read(later, TEN)), [])
  })
})

describe('a block of which some hits were told before a restart', () => {
  const texts = [bad(1, 1) + bad(1, 2) + dull(1), bad(2, 3) + dull(2), bad(3, 4) + bad(3, 5)]
  const all = [1, 2, 3, 4, 5]
  const hostsOf = (reads: readonly ReadBlock[]) => reads.flatMap(({ hits }) => hits.map(({ address }) => Number(address) & 0xff))

  for (const told of [0, 1, 2, 3, 4, 5]) {
    test(`gives them no second time: ${told} of ${all.length} told`, () => {
      const saved = { log: LOG, position: undefined, toldHits: told, lastAt: TEN, lastHits: [] }
      assert.deepEqual(hostsOf(readAll(readerOf(saved), texts, {}, TEN)), all.slice(told))
      // What is there at once after a restart comes in one block.
      const whole = readerOf(saved)
      assert.deepEqual(hostsOf(readAll(whole, [texts.join('')], {}, TEN)), all.slice(told))
      assert.equal(whole.hits, all.length - told)
    })
  }

  test('says with each position how many are still to be passed over', () => {
    const saved = { log: LOG, position: undefined, toldHits: 3, lastAt: TEN, lastHits: [] }
    const reads = readAll(readerOf(saved), texts, {}, TEN)
    assert.deepEqual(
      reads.map(({ start, position }) => [start.position, start.toldHits, position.position, position.toldHits]),
      [
        [undefined, 3, texts[0]!.length, 1],
        [texts[0]!.length, 1, texts[0]!.length + texts[1]!.length, 0],
        [texts[0]!.length + texts[1]!.length, 0, texts.join('').length, 0],
      ],
    )
  })

  test('gives those after them the times that they would have had', () => {
    const reader = () => readerOf({ log: LOG, position: undefined, toldHits: 1, lastAt: 0, lastHits: [] })
    const block = blockOf(bad(3) + bad(1), { catchingUp: true })
    assert.deepEqual(minutesOf(reader().read(block, TEN + 60 * MINUTE)), [3])
  })

  test('still gives a repetition of the last one that was told', () => {
    const reader = readerOf({ log: LOG, position: undefined, toldHits: 1, lastAt: 0, lastHits: [] })
    const { hits } = reader.read(blockOf(bad(1) + repeatedLine(2, 4)), TEN)
    assert.deepEqual(
      hits.map(({ times }) => times),
      [4],
    )
  })
})
