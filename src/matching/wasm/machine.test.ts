import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Corpus } from '../corpus.ts'
import { literalTables } from '../literal-tables.ts'
import { EITHER_CASE, type Literal } from '../literals.ts'
import { type Machine, wasmMachine } from './machine.ts'
import { plainMachine } from './plain-machine.ts'

const corpus = new Corpus([])
const machines: Readonly<Record<string, () => Machine>> = { WebAssembly: wasmMachine, 'plain JavaScript': plainMachine }

interface Setting {
  readonly literals: readonly Literal[]
  /** Numbers of patterns that are candidates on every line, and how many patterns there are. */
  readonly always?: readonly number[]
  readonly patterns?: number
  readonly lineBytesMax?: number
  readonly recordsBytes?: number
}

/** Each candidate line with the numbers of its literals, and the lines that were counted. */
function scan(machine: Machine, setting: Setting, block: Uint8Array, offset = 0) {
  const { literals, always = [], patterns = literals.length, lineBytesMax = 1_000, recordsBytes = 8_192 } = setting
  const words = (patterns >>> 5) + 1
  const sought = literals.map((literal, number) => ({ literal, patterns: [number] }))
  const tables = literalTables({ sought, always, words }, corpus, (byteLength) => machine.allocate(byteLength))
  const records = machine.allocate(recordsBytes)
  const from = machine.allocate(block.length + 64) + offset
  const { at, bytes, sets, hashShift, shorts } = tables
  machine.bytes.set(bytes, at)
  machine.bytes.fill(0x61, from - offset, from + block.length + 64 - offset)
  machine.bytes.set(block, from)
  const { code } = machine
  code.configure(at, sets, words, hashShift, shorts, records, records + recordsBytes, lineBytesMax)
  code.begin(from, from + block.length)
  const found: string[] = []
  while (!code.isDone()) {
    const end = code.scan()
    for (let record = records; record < end; record += 8 + 4 * words) {
      const [start, stop, ...bits] = machine.words.subarray(record >>> 2, (record >>> 2) + 2 + words)
      const numbers = Array.from({ length: 32 * words }, (_, number) => number).filter(
        (number) => (bits[number >>> 5]! >>> (number & 31)) & 1,
      )
      found.push(`${start! - from}-${stop! - from}: ${numbers}`)
    }
  }
  return { found, lines: code.countedLines(), overlong: code.countedOverlong() }
}

/** The same, as plainly as can be said. */
function expected({ literals, always = [], lineBytesMax = 1_000 }: Setting, block: Uint8Array) {
  const found: string[] = []
  let lines = 0
  let overlong = 0
  for (let start = 0; start < block.length; ) {
    const lineFeed = block.indexOf(10, start)
    const end = lineFeed > start && block[lineFeed - 1] === 13 ? lineFeed - 1 : lineFeed
    const line = Buffer.from(block.subarray(start, lineFeed)).toString('latin1')
    const numbers = [...literals.keys()].filter((number) => regexOf(literals[number]!).test(line) || always.includes(number))
    lines++
    if (lineFeed - start > lineBytesMax) overlong++
    else if (numbers.length > 0 || always.length > 0) {
      found.push(`${start}-${end}: ${[...new Set([...numbers, ...always])].sort((a, b) => a - b)}`)
    }
    start = lineFeed + 1
  }
  return { found, lines, overlong }
}

function regexOf(literal: Literal): RegExp {
  const parts = [...literal].map((one) => {
    const code = one.charCodeAt(0)
    const hex = (byte: number) => `\\x${byte.toString(16).padStart(2, '0')}`
    return code < EITHER_CASE ? hex(code) : `[${hex(code & 0xff)}${hex(code & 0xdf)}]`
  })
  return new RegExp(parts.join(''))
}

const either = (text: string) => [...text].map((one) => String.fromCharCode(one.charCodeAt(0) | EITHER_CASE)).join('')
const block = (...lines: string[]) => Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1')

for (const [name, machineOf] of Object.entries(machines)) {
  describe(`the scan in ${name}`, () => {
    const machine = machineOf()

    test('tells which lines hold which literal', () => {
      const setting = { literals: ['Failed', either('get'), ' from ', 'x'] }
      const lines = block('Failed from', 'GET me from it', 'failed', 'gEt', '', 'Faile', 'd box', 'Failed\r')
      assert.deepEqual(scan(machine, setting, lines), {
        found: ['0-11: 0', '12-26: 1,2', '34-37: 1', '45-50: 3', '51-57: 0'],
        lines: 8,
        overlong: 0,
      })
    })

    test('finds a literal wherever it stands, at any length', () => {
      for (let length = 1; length <= 64; length++) {
        const literal = 'qZ%'.repeat(22).slice(0, length)
        for (let before = 0; before < 40; before++) {
          const lines = block(`${'-'.repeat(before)}${literal}-`, literal, '-')
          assert.deepEqual(scan(machine, { literals: [literal] }, lines).found, [
            `0-${before + length + 1}: 0`,
            `${before + length + 2}-${before + 2 * length + 2}: 0`,
          ])
        }
      }
    })

    test('does not find one across the end of a line or of the block', () => {
      assert.deepEqual(scan(machine, { literals: ['ab', 'xaaa', 'aa'] }, block('a', 'b', 'xa')).found, [])
    })

    test('gives every line where a pattern has no literal', () => {
      const setting = { literals: ['ab'], always: [40], patterns: 41 }
      assert.deepEqual(scan(machine, setting, block('', 'ab')).found, ['0-0: 40', '1-3: 0,40'])
    })

    test('counts lines over the cap and gives none of them', () => {
      const setting = { literals: ['ab'], lineBytesMax: 20 }
      const lines = block('ab'.repeat(10), `${'ab'.repeat(10)}c`, 'ab')
      assert.deepEqual(scan(machine, setting, lines), { found: ['0-20: 0', '43-45: 0'], lines: 3, overlong: 1 })
    })

    test('goes on where the records are full', () => {
      const setting = { literals: ['ab'], recordsBytes: 40 * 12 }
      const lines = block(...Array.from({ length: 100 }, () => 'ab'), 'x')
      assert.deepEqual(scan(machine, setting, lines), expected(setting, lines))
    })

    test('finds what a RegExp finds, at every offset in memory', () => {
      const byte = fc.constantFrom('a', 'b', 'A', 'B', '1', ' ', '\r', '\0', '\xff', '\n')
      const code = fc.constantFrom('a', 'b', 'A', '1', '\xff', either('a'), either('b'))
      const literal = fc.array(code, { minLength: 1, maxLength: 20 }).map((codes) => codes.join(''))
      fc.assert(
        fc.property(
          fc.uniqueArray(literal, { minLength: 1, maxLength: 120 }),
          fc.array(fc.array(fc.oneof(byte, literal.map(lowered)), { maxLength: 12 }), { maxLength: 12 }),
          fc.nat(15),
          fc.integer({ min: 3, max: 60 }),
          (literals, lines, offset, lineBytesMax) => {
            const setting = { literals, lineBytesMax, recordsBytes: 2_048 }
            const bytes = block(...lines.map((parts) => parts.join('')))
            assert.deepEqual(scan(machine, setting, bytes, offset), expected(setting, bytes))
          },
        ),
        { numRuns: 300 },
      )
    })
  })
}

function lowered(literal: Literal): string {
  return literal.replaceAll(/[\u0100-\u01ff]/g, (one) => String.fromCharCode(one.charCodeAt(0) & 0xff))
}
