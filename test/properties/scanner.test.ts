import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { generateLog, type LogKind } from '../../bench/logs/log.ts'
import { LINE_BYTES_MAX } from '../../src/base/limits.ts'
import { literalScanner } from '../../src/matching/literal-scanner.ts'
import type { Feed, Pattern } from '../../src/matching/pattern.ts'
import { regexpScanner } from '../../src/matching/regexp-scanner.testing.ts'
import type { Scanner } from '../../src/matching/scanner.ts'
import { wasmMachine } from '../../src/matching/wasm/machine.ts'
import { plainMachine } from '../../src/matching/wasm/plain-machine.ts'
import * as sets from '../../src/patterns/index.ts'

/** How many lines of each kind of log are generated, and how often samples are changed; `test/long` says more. */
const GENERATED = Number(process.env.GENERATED_LINES ?? 5_000)
const RUNS = Number(process.env.RUNS ?? 400)

const shipped: readonly Pattern[] = Object.values(sets)
  .flat()
  .filter(({ set }) => set?.json === undefined)
/** All in one feed, and those of single sets in others, so that several feeds find something in one line. */
const feeds: readonly Feed[] = [shipped, sets.sshd, sets.httpd].map((patterns, index) => ({ rule: `rule${index}`, patterns }))

const reference = regexpScanner(feeds)
const scanners: readonly Scanner[] = [wasmMachine(), plainMachine()].map((machine) => literalScanner(feeds, { machine }))
let comparisons = 0

/** All that a scanner brings. */
function findings(scanner: Scanner, block: Uint8Array): readonly unknown[] {
  const found: unknown[] = []
  const before = { ...scanner.counts }
  scanner.scan(block, {
    match: ({ feed, pattern, start, end, address, session, times, groups }) =>
      found.push([feed, pattern.name, start, end, String(address), session, times, groups]),
    repeated: (start, end, times) => found.push([start, end, times]),
  })
  const { lines, overlong, withoutAddress } = scanner.counts
  return [...found, lines - before.lines, overlong - before.overlong, withoutAddress - before.withoutAddress]
}

function agree(block: Uint8Array): void {
  const expected = findings(reference, block)
  for (const scanner of scanners) assert.deepEqual(findings(scanner, block), expected)
  comparisons += expected.at(-3) as number
}

const samples: readonly Buffer[] = shipped
  .flatMap(({ samples }) => [
    ...(samples?.match?.map(([line]) => line) ?? []),
    ...(samples?.miss ?? []),
    ...(samples?.forged?.map(([line]) => line) ?? []),
  ])
  .map((text) => Buffer.from(text))

describe('the scanner finds what RegExp finds, line by line', () => {
  test('in the samples of all shipped patterns', () => {
    for (const sample of samples) agree(Buffer.concat([sample, Buffer.from('\n')]))
    agree(Buffer.concat(samples.flatMap((sample) => [sample, Buffer.from('\n')])))
  })

  for (const kind of ['auth', 'access'] satisfies LogKind[]) {
    test(`in ${GENERATED} lines of a generated ${kind}.log, cut into blocks anywhere`, () => {
      const text = Buffer.from(
        [...generateLog({ kind, lines: GENERATED, seed: 7, startAt: Date.UTC(2026, 10, 21), days: 1 })].join(''),
      )
      let size = 1
      for (let from = 0; from < text.length; size = (size * 7 + 13) % 20_011) {
        const to = text.indexOf(10, Math.min(from + size, text.length - 1)) + 1
        agree(text.subarray(from, to))
        from = to
      }
    })
  }

  test('in samples that are cut, spliced, injected, repeated, and made long', () => {
    const sample = fc.constantFrom(...samples)
    const bytes = fc.oneof(
      fc.constantFrom('\0', '\r', '\xff\xfe', ' ', '"', ']', '192.0.2.1', '2001:db8::1', 'last message repeated 3 times', 'é'),
      sample.map((one) => one.toString('latin1')),
    )
    const place = fc.double({ min: 0, max: 1, noNaN: true })
    const mutation = fc.oneof(
      fc.record({ kind: fc.constant('cut' as const), from: place, to: place }),
      fc.record({ kind: fc.constant('inject' as const), from: place, text: bytes }),
      fc.record({ kind: fc.constant('long' as const), from: place, to: fc.integer({ min: 1, max: LINE_BYTES_MAX + 10 }) }),
      fc.record({ kind: fc.constant('case' as const), from: place, to: place }),
    )
    const mutated = fc.tuple(sample, fc.array(mutation, { maxLength: 3 })).map(([start, mutations]) => {
      let line = start.toString('latin1')
      for (const one of mutations) {
        const at = Math.floor(one.from * line.length)
        if (one.kind === 'cut') line = line.slice(0, at) + line.slice(Math.floor(one.to * line.length))
        else if (one.kind === 'inject') line = line.slice(0, at) + one.text + line.slice(at)
        else if (one.kind === 'long') line = line.slice(0, at) + line.charAt(at).repeat(one.to) + line.slice(at)
        else line = line.slice(0, at) + line.slice(at).toUpperCase()
      }
      return Buffer.from(`${line.replaceAll('\n', ' ')}\n`, 'latin1')
    })
    fc.assert(
      fc.property(fc.array(mutated, { maxLength: 8 }), (lines) => agree(Buffer.concat(lines))),
      { numRuns: RUNS },
    )
  })

  test('in as many lines as this', (t) => {
    t.diagnostic(`${comparisons} lines compared, with ${shipped.length} patterns`)
    assert.ok(comparisons > 10_000)
  })
})
