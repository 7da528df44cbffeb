import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import vm from 'node:vm'
import fc from 'fast-check'
import { LINE_BYTES_MAX } from '../../src/base/limits.ts'
import { type Automaton, compileAutomaton } from '../../src/matching/automaton/automaton.ts'
import { compilePattern, compilePrefix } from '../../src/matching/compile.ts'
import { AutomatonMemory } from '../../src/matching/wasm/automaton-memory.ts'
import { type Machine, wasmMachine } from '../../src/matching/wasm/machine.ts'
import * as sets from '../../src/patterns/index.ts'

/** How many patterns are drawn, and half of how often shipped ones get new lines; FUZZ_RUNS sets another number. */
const RUNS = Number(process.env.FUZZ_RUNS ?? 6_000)
const REFERENCE_MS_MAX = 50

/** Of drawn and of shipped patterns, what was compared; `slow`: lines on which RegExp takes over 50 ms, which are passed over. */
const drawn = { patterns: 0, lines: 0, matches: 0, slow: 0, inexpressible: 0 }
const shipped = { patterns: 0, lines: 0, matches: 0, slow: 0, inexpressible: 0 }

after(() => console.log(`compared with RegExp: ${JSON.stringify({ drawn, shipped })}`))

/** Pieces that patterns are made of: over a small alphabet, so that drawn lines often match, and with what folds in odd ways. */
const atom = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('a', 'b', 'A', '1', ' ', '-') },
  { weight: 3, arbitrary: fc.constantFrom('\\xe9', '\\xc9', '\\xff', '\\xb5', '\\xdf', '\\0', '\\n', '\\u0178', '\\u039c') },
  { weight: 6, arbitrary: fc.constantFrom('.', '\\d', '\\D', '\\w', '\\W', '\\s', '\\S') },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      '[ab]',
      '[^a]',
      '[a-c1]',
      '[^\\w]',
      '[\\W\\d]',
      '[\\s\\S]',
      '[^b-]',
      '[\\xe0-\\xff]',
      '[^\\xc9]',
      '[]',
      '[^]',
    ),
  },
  { weight: 4, arbitrary: fc.constantFrom('^', '$', '\\b', '\\B') },
)
const count = fc
  .tuple(fc.nat(2), fc.nat(2))
  .chain(([min, more]) => fc.constantFrom(`{${min}}`, `{${min},}`, `{${min},${min + more}}`))
const quantifier = fc
  .tuple(
    fc.oneof({ weight: 3, arbitrary: fc.constantFrom('*', '+', '?') }, { weight: 1, arbitrary: count }),
    fc.constantFrom('', '', '?'),
  )
  .map((parts) => parts.join(''))

const { alternatives } = fc.letrec<{ alternatives: string; sequence: string; part: string; group: string }>((tie) => ({
  alternatives: fc.array(tie('sequence'), { minLength: 1, maxLength: 3 }).map((all) => all.join('|')),
  sequence: fc.array(tie('part'), { maxLength: 4 }).map((all) => all.join('')),
  part: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    atom,
    fc.tuple(atom, quantifier).map(([of, times]) => (/^(?:[\^$]|\\[bB])$/.test(of) ? `(?:${of})${times}` : of + times)),
    tie('group'),
    fc.tuple(tie('group'), quantifier).map((parts) => parts.join('')),
  ),
  group: fc.tuple(fc.constantFrom('(', '(', '(?:'), tie('alternatives')).map(([open, inside]) => `${open}${inside})`),
}))

const regex = fc.tuple(alternatives, fc.constantFrom('', '', 'i')).map(([source, flags]) => new RegExp(source, flags))

const byte = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom(...Buffer.from('aabbAB11 -c_')) },
  { weight: 2, arbitrary: fc.constantFrom(0x00, 0x0a, 0x0d, 0xe9, 0xc9, 0xff, 0xb5, 0xdf, 0xa0, 0x80) },
  { weight: 1, arbitrary: fc.nat(255) },
)
const line = fc.oneof(
  { weight: 6, arbitrary: fc.array(byte, { maxLength: 12 }) },
  { weight: 1, arbitrary: fc.array(byte, { minLength: 20, maxLength: 60 }) },
)

test('a drawn pattern finds in drawn lines the match and the groups that RegExp finds', () => {
  fc.assert(
    fc.property(
      regex,
      fc.array(line, { minLength: 8, maxLength: 12 }),
      fc.constantFrom(2_000, 2_000, 3, 8),
      (regex, lines, statesMax) => {
        drawn.patterns++
        const automaton = compileAutomaton(regex, { statesMax })
        const texts = lines.map((bytes) => Buffer.from(bytes).toString('latin1'))
        if (automaton.kind === 'automaton') compare(automaton, regex, texts, drawn, statesMax)
        else drawn.inexpressible++
      },
    ),
    { numRuns: RUNS },
  )
  assert.ok(
    drawn.inexpressible * 100 < drawn.patterns,
    `${drawn.inexpressible} of ${drawn.patterns} drawn patterns have no automaton`,
  )
  assert.ok(drawn.slow * 100 < drawn.lines, `RegExp was too slow for ${drawn.slow} of ${drawn.lines} lines`)
})

/** Every regex that is shipped, with its automaton, the samples of its set, and those that are its own. */
const subjects = Object.values(sets).flatMap((set) => {
  const prefixes = [...new Set(set.flatMap((pattern) => pattern.set?.prefix ?? []))].map(compilePrefix)
  const rest = (line: string) => prefixes.reduce((text, prefix) => text.slice(prefix.exec(text)?.[0].length), line)
  const linesOf = (scenes: readonly string[]) =>
    scenes.flatMap((scene) => scene.split('\n')).map((line) => Buffer.from(line).toString('latin1'))
  const lines = set.flatMap(({ samples: { match = [], forged = [], miss = [] } = {} }) =>
    linesOf([...[...match, ...forged].map(([scene]) => scene), ...miss]),
  )
  return [
    ...prefixes.map((regex) => ({ regex, automaton: compileAutomaton(regex), lines, own: lines })),
    ...set.map((pattern) => {
      const { regex } = compilePattern(pattern)
      const own = linesOf((pattern.samples?.match ?? []).map(([scene]) => scene)).map(rest)
      return { regex, automaton: compileAutomaton(regex), lines: [...lines, ...lines.map(rest)], own }
    }),
  ]
})

test('a shipped pattern finds in the samples of its set what RegExp finds', () => {
  assert.ok(subjects.length > 0)
  for (const { regex, automaton, lines } of subjects) {
    shipped.patterns++
    if (automaton.kind === 'automaton') compare(automaton, regex, [...new Set(lines)], shipped)
    else shipped.inexpressible++
  }
})

/** Which part of a sample is repeated, as parts of its length. */
const pumped: readonly (readonly [from: number, to: number])[] = [
  [0, 0.1],
  [0.2, 0.4],
  [0.5, 0.6],
  [0.9, 1],
]

test('a shipped pattern makes at most three lookups a byte in its samples drawn out to any length, once its states are made', () => {
  let lines = 0
  for (const { regex, automaton, own } of subjects) {
    if (automaton.kind === 'inexpressible') continue
    for (const [sample, [from, to], length] of own.flatMap((sample) =>
      pumped.flatMap((part) => [1_000, 4_000, LINE_BYTES_MAX].map((length) => [sample, part, length] as const)),
    )) {
      const start = Math.floor(from * sample.length)
      const piece = sample.slice(start, Math.ceil(to * sample.length))
      const line = sample.slice(0, start) + piece.repeat(Math.ceil(length / piece.length)).slice(0, length) + sample.slice(start)
      const bytes = Buffer.from(line.slice(0, LINE_BYTES_MAX), 'latin1')
      automaton.match(bytes, 0, bytes.length)
      const before = automaton.steps
      automaton.match(bytes, 0, bytes.length)
      const steps = automaton.steps - before
      assert.ok(steps <= 3 * bytes.length + 4, `${steps} steps for ${bytes.length} bytes by ${regex}`)
      const inMemory = stepsInMemory(inMemoryOf(automaton, regex), bytes)
      assert.ok(inMemory <= 3 * bytes.length + 4, `${inMemory} steps for ${bytes.length} bytes by ${regex} in memory`)
      lines++
    }
  }
  assert.ok(lines > 0)
})

/** What becomes of a line: each is told two lines and two places in the first. */
type Mutation = (line: string, other: string, from: number, to: number) => string
const mutations: readonly Mutation[] = [
  (line, _, from) => line.slice(0, from),
  (line, _, from) => line.slice(from),
  (line, _, from, to) => line.slice(0, from) + line.slice(to),
  (line, other, from, to) => line.slice(0, from) + other.slice(to),
  (line, other, from) => line.slice(0, from) + other + line.slice(from),
  (line, _, from, to) => line.slice(0, to) + line.slice(from),
  (line, _, from, to) =>
    line.slice(0, from) + line.slice(from, to).repeat(Math.ceil(LINE_BYTES_MAX / (to - from))) + line.slice(to),
  ...['\0', '\xff', '\xc3\xa9', '\xa0', ' ', '"', '\\', '\r', ']', '.', ':', '192.0.2.1', 'A'].map(
    (piece): Mutation =>
      (line, _, from) =>
        line.slice(0, from) + piece + line.slice(from),
  ),
  (line) => line.replace(/[a-z]/g, (letter) => letter.toUpperCase()),
]
interface Change {
  readonly change: Mutation
  /** Of the lines of the set, by their numbers. */
  readonly line: number
  readonly other: number
  /** Between 0 and 1, of the line. */
  readonly from: number
  readonly to: number
}
const mutation: fc.Arbitrary<Change> = fc.record({
  change: fc.constantFrom(...mutations),
  other: fc.nat(),
  line: fc.nat(),
  from: fc.double({ min: 0, max: 1, noNaN: true }),
  to: fc.double({ min: 0, max: 1, noNaN: true }),
})

test('a shipped pattern finds in lines that were cut, spliced, injected into and drawn out what RegExp finds', () => {
  fc.assert(
    fc.property(fc.nat(), fc.array(fc.tuple(mutation, mutation), { minLength: 30, maxLength: 30 }), (number, changes) => {
      const { regex, automaton, lines, own } = subjects[number % subjects.length]!
      if (automaton.kind === 'inexpressible' || own.length === 0) return
      const changed = (line: string, { change, other, from, to }: Change) => {
        const first = Math.floor(from * line.length)
        const second = first + 1 + Math.floor(to * (line.length - first))
        return change(line, lines[other % lines.length]!, first, second).slice(0, LINE_BYTES_MAX)
      }
      compare(
        automaton,
        regex,
        changes.map(([once, twice]) => {
          const line = changed(own[once.line % own.length]!, once)
          return twice.line % 2 === 0 ? line : changed(line, twice)
        }),
        shipped,
      )
    }),
    { numRuns: 2 * RUNS },
  )
})

const sandbox = vm.createContext({})
const searching = new vm.Script(
  'texts.map((text) => { const found = regex.exec(text); return found && found.indices.flatMap((span) => span ?? [-1, -1]) })',
)

/** What RegExp finds in each text: where match and groups begin and end; undefined where it takes too long. */
function references({ source, flags }: RegExp, texts: readonly string[]): readonly (readonly number[] | null | undefined)[] {
  sandbox.regex = new RegExp(source, `${flags}d`)
  const run = (some: readonly string[]) => {
    sandbox.texts = some
    try {
      const found: (number[] | null)[] = searching.runInContext(sandbox, { timeout: REFERENCE_MS_MAX })
      return Array.from(found, (spans) => spans && Array.from(spans))
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ERR_SCRIPT_EXECUTION_TIMEOUT')
      return undefined
    }
  }
  return run(texts) ?? texts.flatMap((text) => run([text]) ?? [undefined])
}

function compare(automaton: Automaton, regex: RegExp, texts: readonly string[], counts: typeof drawn, statesMax?: number): void {
  const expected = references(regex, texts)
  const inMemory = inMemoryOf(automaton, regex, statesMax)
  for (const [number, text] of texts.entries()) {
    const spans = expected[number]
    if (spans === undefined) counts.slow++
    else {
      for (const found of [spansOf(automaton, text), ...[1, 2].map(() => spansInMemory(inMemory, text, automaton))]) {
        if (String(found) !== String(spans)) assert.deepEqual(found, spans, `${regex} on ${JSON.stringify(text)}`)
      }
      counts.lines++
      if (spans) counts.matches++
    }
  }
}

/** The same by an automaton, in the middle of a buffer so that what stands around the line would be seen. */
function spansOf(automaton: Automaton, text: string): number[] | null {
  const around = 'a1'
  const bytes = Buffer.from(around + text + around, 'latin1')
  const spans = automaton.match(bytes, around.length, around.length + text.length)
  return spans ? Array.from(spans, (at) => (at < 0 ? -1 : at - around.length)) : null
}

/** The same in WebAssembly. Memory is not given back, so after a while another machine is taken. */
interface InMemory {
  readonly machine: Machine
  readonly memory: AutomatonMemory
  readonly room: number
}
const known = new WeakMap<Automaton, InMemory>()
const LINE_ROOM = LINE_BYTES_MAX + 64
let machine = wasmMachine()
let room = machine.allocate(LINE_ROOM)

/** Another automaton of the same regex: each can be run in one place only. */
function inMemoryOf(automaton: Automaton, regex: RegExp, statesMax?: number): InMemory {
  const old = known.get(automaton)
  if (old) return old
  if (machine.bytes.length > 32 * 1024 * 1024) {
    machine = wasmMachine()
    room = machine.allocate(LINE_ROOM)
  }
  const own = compileAutomaton(regex, statesMax === undefined ? {} : { statesMax }) as Automaton
  const one = { machine, memory: new AutomatonMemory(own, machine, machine.automata!), room }
  known.set(automaton, one)
  return one
}

function spansInMemory({ machine, memory, room }: InMemory, text: string, { tables }: Automaton): number[] | null {
  const around = 'a1'
  const start = room + around.length
  machine.bytes.set(Buffer.from(around + text + around, 'latin1'), room)
  if (!memory.run(start, start + text.length)) return null
  const spans = Array.from({ length: tables.slotCount }, (_, slot) => {
    const at = memory.slot(slot)
    return at < 0 ? -1 : at - start
  })
  // What it learns must not be seen in the lines that follow, nor in the same one.
  memory.learn(start, start + text.length)
  return spans
}

/** What WebAssembly takes for a line that it has run on before. */
function stepsInMemory({ machine, memory, room }: InMemory, line: Uint8Array): number {
  machine.bytes.set(line, room)
  memory.run(room, room + line.length)
  const before = machine.automata!.stepsTaken()
  memory.run(room, room + line.length)
  return machine.automata!.stepsTaken() - before
}
