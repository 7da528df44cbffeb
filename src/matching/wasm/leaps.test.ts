import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Automaton, compileAutomaton } from '../automaton/automaton.ts'
import { AutomatonMemory } from './automaton-memory.ts'
import { LESSONS } from './leaps.ts'
import { wasmMachine } from './machine.ts'

const LINE_BYTES_MAX = 4_096
const MARGIN_BYTES = 32

/** An automaton in WebAssembly, which learns, and the same one in JavaScript, which does not. */
function pair(regex: RegExp) {
  const machine = wasmMachine()
  const at = machine.allocate(MARGIN_BYTES + LINE_BYTES_MAX + MARGIN_BYTES) + MARGIN_BYTES
  const compiled = () => compileAutomaton(regex) as Automaton
  const plain = compiled()
  const automaton = compiled()
  const memory = new AutomatonMemory(automaton, machine, machine.automata!)
  const place = (line: string) => {
    const bytes = Buffer.from(line, 'latin1')
    // What stands behind a line is no part of it, however well it would fit.
    machine.bytes.fill(bytes.at(-1) ?? 0, at, at + LINE_BYTES_MAX + MARGIN_BYTES)
    machine.bytes.set(bytes, at)
    return { bytes, end: at + bytes.length }
  }
  return {
    /** The slots in the line, or undefined where it does not match. */
    run(line: string) {
      const { bytes, end } = place(line)
      const slots = memory.run(at, end)
        ? Array.from({ length: automaton.tables.slotCount }, (_, slot) => memory.slot(slot))
        : undefined
      const expected = plain.match(bytes, 0, bytes.length)
      assert.deepEqual(
        slots?.map((slot) => (slot < 0 ? -1 : slot - at)),
        expected && [...expected],
        JSON.stringify(line),
      )
      return slots
    },
    learn(line: string) {
      const { end } = place(line)
      memory.learn(at, end)
    },
    /** The leaps that it has, by their width; 0 is a skip. */
    leaps() {
      const { tables } = automaton
      const found: number[] = []
      for (let row = tables.start; row <= tables.states * tables.rowBytes; row += tables.rowBytes) {
        const leap = tables.cells[(row + tables.leap) >>> 2]!
        if (leap !== 0) found.push(machine.words[(leap + 36) >>> 2]!)
      }
      return found.sort((a, b) => a - b)
    },
  }
}

describe('leaps and skips', () => {
  test('are behind one another where a text is long, and end where lines differ', () => {
    const { learn, run, leaps } = pair(/^\w{3} [ \d]\d [\d:]{8} \S+ sshd\[(?<session>\d+)\]: Failed password for (?<user>.*)$/)
    const line = (host: string, user: string) => `Nov 21 10:00:00 ${host} sshd[4711]: Failed password for ${user}`
    for (let n = 0; n < LESSONS; n++) learn(line('gate', 'administrator'))
    // The date, "gate sshd[", "]: Failed pas...", and the name.
    assert.deepEqual(leaps(), [0, 6, 10, 16, 16])
    for (const host of ['gate', 'gat', 'gates', 'g'])
      for (const user of ['', 'root', 'administrator', 'x'.repeat(500)]) run(line(host, user))
  })

  test('that hold in some lines only are given up', () => {
    const { learn, run, leaps } = pair(/^(?:\S+ )?from (?<ip>[\d.]+) port \d+$/)
    learn('gate from 203.0.113.99 port 50022')
    const before = leaps()
    assert.ok(
      before.some((width) => width > 8),
      `${before}`,
    )
    for (const host of ['gates', 'a', 'example.org']) learn(`${host} from 192.0.2.1 port 7`)
    assert.ok(
      leaps().every((width) => width <= 8),
      `${leaps()}`,
    )
    for (const text of ['gate from 1.2.3.4 port 1', 'from 203.0.113.99 port 50022', 'gates from 203.0.113.999 port 1 ']) run(text)
  })

  test('find in any line what the automaton finds without them', () => {
    const regexes = [
      /^a+b{2,20}(?<x>[^"]*)"c*(?<y>\d+)?$/,
      /(?<x>[a-c]*?)b(?<y>.*) from (?<ip>[\da-f:.]+)(?: port \d+)?$/,
      /^(?:(?<x>\S+) )*z|(?<y>[\w.-]{3,})@/i,
      /"(?<x>[^"\\]|\\.)*" (?<y>.*)/,
      /^\W*(?<x>[^\x00-\x1f]+)\x00*$/,
    ]
    const word = fc.oneof(
      fc.constantFrom(
        'a',
        'b',
        'bb',
        '"',
        'c',
        ' from ',
        ' port ',
        '1',
        '203.0.113.9',
        '@',
        '\\',
        'z',
        '\xe9',
        '\x00',
        ' ',
        '.',
        'ABC',
      ),
      fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 20 }),
    )
    const line = fc
      .array(fc.tuple(word, fc.integer({ min: 1, max: 30 })), { maxLength: 12 })
      .map((words) => words.map(([text, times]) => text.repeat(times)).join(''))
    fc.assert(
      fc.property(fc.constantFrom(...regexes), fc.array(line, { minLength: 1, maxLength: 40 }), (regex, lines) => {
        const { run, learn } = pair(regex)
        for (const one of lines) if (run(one.slice(0, LINE_BYTES_MAX))) learn(one.slice(0, LINE_BYTES_MAX))
        for (const one of lines) run(one.slice(0, LINE_BYTES_MAX))
      }),
      { numRuns: 300 },
    )
  })
})
