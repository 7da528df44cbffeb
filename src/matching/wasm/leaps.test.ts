import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { type Automaton, compileAutomaton } from '../automaton/automaton.ts'
import { AutomatonMemory } from './automaton-memory.ts'
import { LESSONS } from './leaps.ts'
import { wasmMachine } from './machine.ts'

const LINE_BYTES_MAX = 4_096
const MARGIN_BYTES = 32
/** See leaps.ts. */
const WIDTH = 32
const THEN = 36
const MARKS_BYTES = 44
const MARKS = 48

/** An automaton in WebAssembly, which learns, and the same one in JavaScript, which does not. */
function pair(regex: RegExp) {
  const machine = wasmMachine()
  const at = machine.allocate(MARGIN_BYTES + LINE_BYTES_MAX + MARGIN_BYTES) + MARGIN_BYTES
  const compiled = () => compileAutomaton(regex) as Automaton
  const plain = compiled()
  const automaton = compiled()
  const memory = new AutomatonMemory(automaton, machine, machine.automata!)
  const word = (leap: number, offset: number) => machine.words[(leap + offset) >>> 2]!
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
    /** Takes up memory, so that it grows once so many bytes more are wanted. */
    leave(bytes: number) {
      machine.allocate(machine.bytes.length - machine.allocate(0) - bytes)
    },
    /** Whether it wants to learn more. */
    learn(line: string) {
      const { end } = place(line)
      return memory.learn(at, end)
    },
    /** The leaps that it has, by their width, with what they set; of a skip only the one behind it. */
    leaps() {
      const { tables } = automaton
      const found: string[] = []
      for (let row = tables.start; row <= tables.states * tables.rowBytes; row += tables.rowBytes) {
        let leap = tables.cells[(row + tables.leap) >>> 2]!
        const isSkip = leap !== 0 && word(leap, WIDTH) === 0
        if (isSkip) leap = word(leap, THEN)
        if (leap === 0) continue
        const offsets = Array.from({ length: word(leap, MARKS_BYTES) / 4 }, (_, mark) => word(leap, MARKS + 4 * mark) >>> 24)
        found.push([isSkip ? 'skip,' : 'leap', word(leap, WIDTH), ...offsets.map((offset) => `@${offset}`)].join(' '))
      }
      return found
    },
  }
}

describe('leaps and skips', () => {
  test('are behind one another where a text is long, set where groups begin and end, and end where lines differ', () => {
    const { learn, run, leaps } = pair(
      /^\w{3} [ \d]\d [\d:]{8} \S+ sshd\[(?<session>\d+)\]: Failed for (?<user>\S*) from (?<ip>[\d.]+)$/,
    )
    const line = (host: string, user: string) => `Nov 21 10:00:00 ${host} sshd[4711]: Failed for ${user} from 192.0.2.1`
    for (let n = 0; n < LESSONS; n++) learn(line('gate', n % 2 ? 'root' : 'administrator'))
    // The date; "gate sshd[4711]"; ": Failed for " and three bytes of the name; the rest of that, and " from 192.0.2.1" behind it.
    assert.deepEqual(leaps(), ['leap 16', 'leap 16 @10 @14', 'leap 16 @12', 'skip, 15 @0 @6'])
    for (const host of ['gate', 'gat', 'gates', 'g'])
      for (const user of ['', 'root', 'administrator', 'x'.repeat(500)]) run(line(host, user))
  })

  test('are made shorter where lines differ, and are of no use to lines that begin otherwise', () => {
    const { learn, run, leaps } = pair(/^(?:gate sshd(?:-session)?|cron) (?<ip>[\d.]+)$/)
    learn('gate sshd 192.0.2.1')
    assert.deepEqual(leaps()[0], 'leap 16 @10')
    learn('gate sshd-session 192.0.2.1')
    assert.deepEqual(leaps()[0], 'leap 9')
    for (let n = 0; n < 6; n++) learn('cron 192.0.2.1')
    assert.deepEqual(leaps()[0], 'leap 9')
    for (let n = 0; n < 2; n++) learn('cron 192.0.2.1')
    assert.notDeepEqual(leaps()[0], 'leap 9')
    for (const text of ['gate sshd 1.2.3.4', 'gate sshd-session 1.2.3.4', 'cron 203.0.113.99', 'cron 1 ']) run(text)
  })

  test('are learned again where the log has changed', () => {
    const { learn, run, leaps } = pair(/^\S+ (?:sshd|sshd-session)\[(?<session>\d+)\]$/)
    const [before, after] = ['gate sshd[4711]', 'gate sshd-session[4711]']
    const lessons = Array.from({ length: LESSONS }, () => learn(before))
    assert.deepEqual([lessons.indexOf(false), lessons.at(-2)], [LESSONS - 1, true])
    for (let n = 0; n < 1_100; n++) run(before)
    assert.equal(learn(before), false)
    for (let n = 0; n < 3_000; n++) run(after)
    assert.equal(learn(after), true)
    learn(after)
    assert.deepEqual(leaps().slice(0, 2), ['leap 9', 'leap 14 @9 @13'])
  })

  test('are learned whenever memory grows, which takes away all that was had of it', () => {
    const regex = /^(?:\S+ )?(?<name>[^:]*): (?:Failed|Accepted) for (?<user>.*) from (?<ip>[\da-f:.]+)$/
    const [first, ...others] = [
      'gate sshd: Failed for root from 192.0.2.1',
      'gate sshd: Accepted for bob from from from 2001:db8::1',
      'x: Accepted for : from ::',
    ]
    for (const lessons of [1, LESSONS - 1]) {
      for (let left = 0; left < 8_192; left += 32) {
        const { leave, learn, leaps, run } = pair(regex)
        for (let n = 0; n < lessons; n++) learn(first!)
        leave(left)
        for (const line of others) learn(line)
        assert.match(leaps()[0]!, /^leap (?:[4-9]|1\d)/)
        for (const line of [first!, ...others]) run(line)
      }
    }
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
