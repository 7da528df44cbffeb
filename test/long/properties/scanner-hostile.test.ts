import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compileAutomaton } from '../../../src/matching/automaton/automaton.ts'
import { compilePattern, compilePrefix } from '../../../src/matching/compile.ts'
import * as sets from '../../../src/patterns/index.ts'
import { type Attack, recheck } from '../../lib/recheck.ts'

const SIZES = [1_000, 4_000, 16_000]
const STEPS_PER_BYTE = 3
/** How long an attack on one regex is looked for. */
const SEARCH_MS_MAX = Number(process.env.RECHECK_MS ?? 5_000)

const patterns = Object.values(sets).flat()
const prefixes = [...new Set(patterns.flatMap(({ set }) => set?.prefix ?? []))].map(compilePrefix)
const shipped = [...prefixes, ...patterns.map((pattern) => compilePattern(pattern).regex)]
const findAttack = await recheck()

test('attacks that recheck finds on a shipped pattern cost its automaton a few steps a byte', {
  skip: typeof findAttack === 'string' && findAttack,
}, async (t) => {
  if (typeof findAttack === 'string') return
  assert.ok(await findAttack(/^(a+)+$/, SEARCH_MS_MAX), 'recheck finds no attack where there is one')
  let attacked = 0
  for (const regex of new Map(shipped.map((one) => [String(one), one])).values()) {
    const attack = await findAttack(regex, SEARCH_MS_MAX)
    const automaton = compileAutomaton(regex)
    assert.equal(automaton.kind, 'automaton', String(regex))
    if (!attack || automaton.kind !== 'automaton') continue
    attacked++
    for (const size of SIZES) {
      const bytes = Buffer.from(pumped(attack, size), 'latin1')
      const before = automaton.steps
      automaton.match(bytes, 0, bytes.length)
      const steps = (automaton.steps - before) / (bytes.length + 1)
      assert.ok(steps <= STEPS_PER_BYTE, `${steps} steps a byte by ${regex} on ${bytes.length} bytes`)
    }
  }
  t.diagnostic(`recheck finds attacks on ${attacked} of ${shipped.length} regexes`)
})

function pumped({ pumps, suffix }: Attack, bytes: number): string {
  const each = Math.floor(bytes / pumps.length)
  return pumps.map(({ prefix, pump }) => prefix + pump.repeat(Math.ceil(each / pump.length))).join('') + suffix
}
