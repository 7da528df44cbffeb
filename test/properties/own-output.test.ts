import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logFormats, logTo } from '../../src/base/log.ts'
import { decisionLine } from '../../src/cli/output.ts'
import type { Decision } from '../../src/core/model.ts'
import { nameOf } from '../../src/matching/pattern.ts'
import { scannerOf } from '../../src/matching/scanner-of.ts'
import * as sets from '../../src/patterns/index.ts'

const AT = Date.UTC(2026, 10, 21, 10)
const output = { write() {}, isTerminal: false, width: undefined, hasColour: false, closed: new Promise<void>(() => {}) }

/** What we write of a line, in our own log and as a decision, in every format, bare and as syslog hands it on. */
function writtenOf(line: string, pattern: string, address: string): readonly string[] {
  const lines: string[] = []
  for (const format of logFormats) {
    logTo((text) => lines.push(text), { format, now: () => AT }).warning('it was said', { line, address })
  }
  const reason = `${pattern} in /var/log/authlog`
  const ban: Decision = {
    kind: 'ban',
    at: AT,
    address,
    table: 'bad_ip',
    until: AT + 3_600_000,
    rule: 'hackers',
    score: 100,
    reason,
  }
  const notify: Decision = { kind: 'notify', at: AT, address, rule: 'hackers', reason: line }
  for (const json of [false, true])
    for (const decision of [ban, notify]) lines.push(decisionLine(decision, output, { json }).trimEnd())
  const heads = ['Nov 21 10:00:00 www log2table[4711]: ', '2026-11-21T10:00:00.000000+00:00 www log2table[4711]: ']
  return lines.flatMap((text) => [text, ...heads.map((head) => head + text)])
}

test('what we write ourselves is no hit, whatever hostile lines are quoted in it', () => {
  const patterns = Object.values(sets).flat()
  const scanner = scannerOf([{ rule: '', patterns }])
  const hitsIn = (lines: readonly string[]) => {
    const block = Buffer.from(lines.map((line) => `${line}\n`).join(''))
    const found: string[] = []
    scanner.scan(block, {
      match: ({ pattern, start }) => found.push(`${nameOf(pattern)}: ${block.subarray(start, block.indexOf('\n', start))}`),
      repeated() {},
    })
    return found
  }
  const samples = patterns.flatMap((pattern) => {
    const { match = [], forged = [] } = pattern.samples ?? {}
    return [...match, ...forged].map(([scene, address]) => ({
      pattern: nameOf(pattern),
      scene,
      address: address ?? '203.0.113.9',
    }))
  })
  assert.ok(hitsIn(samples.map(({ scene }) => scene)).length > samples.length / 2, 'the lines themselves are hits')
  assert.deepEqual(hitsIn(samples.flatMap(({ pattern, scene, address }) => writtenOf(scene, pattern, address))), [])
})
