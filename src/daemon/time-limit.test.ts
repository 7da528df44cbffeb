import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Pattern } from '../matching/pattern.ts'
import { scannerOf } from '../matching/scanner-of.ts'
import { fair, scanTimeLimit } from './time-limit.ts'

const lookahead = { name: 'lookahead', regex: /^(?=x)(x+x+)+y(?<ip>\S+)$/, weight: 50 }
const nested = { name: 'nested', regex: /^(a+)+$(?<ip>)/, weight: 50 }
const backreference = { name: 'backreference', regex: /^(.+)+=\1(?<ip>\S*)$/, weight: 50 }
const other = { name: 'other', regex: /^from (?<ip>\S+)$/ }
const hostile = [`${'x'.repeat(60)}!xy`, `${'a'.repeat(60)}!`, `${'z'.repeat(40)}=!`]

/** Names of what is found in lines, and of what is quarantined then. */
function scan(patterns: readonly Pattern[], lines: readonly string[]) {
  const scanner = scannerOf([{ rule: 'hackers', patterns }], { timeLimit: scanTimeLimit })
  const again = (more: readonly string[]) => {
    const found: (string | undefined)[] = []
    const block = Buffer.from(more.map((line) => `${line}\n`).join(''))
    scanner.scan(block, { match: ({ pattern }) => found.push(pattern.name), repeated() {} })
    return found
  }
  return { scanner, found: again(lines), again, quarantined: () => scanner.quarantined.map(({ pattern }) => pattern.name) }
}

describe('what is cut off', () => {
  test('has another turn where the machine was busy with others, but not for ever', () => {
    for (const [usedMs, turns] of [
      [0, 50],
      [10, 3],
      [40, 1],
    ] as const) {
      let used = 0
      let taken = 0
      const limit = () => {
        used += usedMs
        taken++
        return false
      }
      assert.equal(
        fair(limit, 50, () => used)(() => {}),
        false,
      )
      assert.equal(taken, turns)
    }
  })

  test('is as good as done where it comes to its end in a later turn', () => {
    const turns = [false, false, true]
    assert.equal(
      fair(
        () => turns.shift()!,
        50,
        () => 0,
      )(() => {}),
      true,
    )
    assert.deepEqual(turns, [])
  })
})

describe('a regex that hangs', () => {
  test('is cut off and quarantined, the others go on, in the same lines too', () => {
    const lines = ['from 192.0.2.1', ...hostile, 'xxy192.0.2.9', 'from 192.0.2.2']
    const { scanner, found, quarantined } = scan([lookahead, nested, backreference, other], lines)
    assert.deepEqual(found, ['other', 'other'])
    assert.deepEqual(quarantined(), ['lookahead', 'backreference'])
    assert.match(scanner.quarantined[0]!.reason, /^ran out of time on 63 bytes of a line$/)
    assert.equal(scanner.counts.lines, lines.length)
  })

  test('still counts for the lines before the one that hung it, and for none behind', () => {
    const lines = ['xxy192.0.2.1', 'xxy192.0.2.2', hostile[0]!, 'xxy192.0.2.3']
    assert.deepEqual(scan([lookahead], lines).found, ['lookahead', 'lookahead'])
  })

  test('is quarantined as well where no line hangs it, and all of a block do', () => {
    const slow = Array.from({ length: 2_000 }, (_, index) => `${'x'.repeat(15)}!${index}xy`)
    const { scanner, found, again } = scan([lookahead, other], [...slow, 'from 192.0.2.1'])
    assert.deepEqual(found, ['other'])
    assert.match(scanner.quarantined[0]!.reason, /^ran out of time on \d+ lines$/)
    scanner.release(lookahead)
    again(slow.slice(0, 1))
    assert.deepEqual(scanner.quarantined, [])
  })

  test('is quarantined from the beginning where it was before, until it is released', () => {
    const why = 'ran out of time on 63 bytes of a line'
    const scanner = scannerOf([{ rule: 'hackers', patterns: [lookahead, other] }], {
      timeLimit: scanTimeLimit,
      quarantinedBefore: ({ name }) => (name === 'lookahead' ? why : undefined),
    })
    assert.deepEqual(scanner.quarantined, [{ pattern: lookahead, reason: why }])
    const lines = Buffer.from('xxy192.0.2.9\nfrom 192.0.2.2\n')
    const found: (string | undefined)[] = []
    const look = () => scanner.scan(lines, { match: ({ pattern }) => found.push(pattern.name), repeated() {} })
    look()
    scanner.release(lookahead)
    look()
    assert.deepEqual(found, ['other', 'lookahead', 'other'])
  })

  test('costs nothing more while it is quarantined, and is looked for again when it is released', () => {
    const { scanner, again, quarantined } = scan([lookahead, other], hostile)
    const start = process.cpuUsage()
    assert.deepEqual(again(['xxy192.0.2.9', hostile[0]!, 'from 192.0.2.2']), ['other'])
    assert.ok(process.cpuUsage(start).user < 40_000)
    scanner.release(lookahead)
    assert.deepEqual(quarantined(), [])
    assert.deepEqual(again(['xxy192.0.2.9']), ['lookahead'])
  })

  test('in the prefix of a set takes the patterns of that set with it', () => {
    const set = { name: 'set', prefix: /^(?=x)(?:x+x+)+y/ }
    const { found, quarantined } = scan(
      [{ name: 'one', regex: /^(?<ip>\S+)$/, set }, { name: 'two', regex: /(?<ip>\d+)y/, set }, other],
      [hostile[0]!, 'from 192.0.2.1'],
    )
    assert.deepEqual(found, ['other'])
    assert.deepEqual(quarantined(), ['one', 'two'])
  })
})
