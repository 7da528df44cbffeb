import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatAddress } from '../../src/base/address.ts'
import type { Pattern } from '../../src/matching/pattern.ts'
import { scannerOf } from '../../src/matching/scanner-of.ts'
import * as sets from '../../src/patterns/index.ts'
import { randomFrom } from '../lib/chaos-random.ts'
import { injectionsFor, type Victim, victimsOf } from '../lib/injections.ts'

/** Of all sets together; test/long does 1,000,000. */
const LINES = Number(process.env.INJECTION_LINES ?? 50_000)
const SEED = Number(process.env.INJECTION_SEED ?? Date.now() % 2 ** 31)
const BLOCK_LINES = 500

interface Wrong {
  readonly line: string
  readonly victim: Victim
  readonly came: string
  readonly by: string | undefined
}

interface Fuzzed {
  readonly lines: number
  /** Of them, those that still gave an address, the true one. */
  readonly matched: number
  readonly wrong: readonly Wrong[]
}

/** Fills fields of samples with injections, and reads the lines with all patterns of the set. */
function fuzz(patterns: readonly Pattern[], lines: number, seed: number): Fuzzed {
  const random = randomFrom(seed)
  const all = victimsOf(patterns)
  const victims = all.filter(({ fields }) => fields > 0)
  const injection = injectionsFor(all, random)
  const scanner = scannerOf([{ rule: '', patterns }])
  const wrong: Wrong[] = []
  let matched = 0
  for (let done = 0; done < lines; done += BLOCK_LINES) {
    const block = Array.from({ length: Math.min(BLOCK_LINES, lines - done) }, (_, index) => {
      const victim = victims[(done + index) % victims.length]!
      const chosen = Math.floor(random() * victim.fields)
      const words = new Map([[chosen, injection()]])
      // Now and then what the peer says in other places is a lie as well.
      for (let field = 0; field < victim.fields; field++) if (random() < 0.1) words.set(field, injection())
      return { victim, line: victim.fill(words).replaceAll('\n', ' ') }
    })
    const starts = new Map<number, (typeof block)[number]>()
    let start = 0
    for (const one of block) {
      starts.set(start, one)
      start += one.line.length + 1
    }
    scanner.scan(Buffer.from(block.map(({ line }) => `${line}\n`).join(''), 'latin1'), {
      match({ start, address, pattern }) {
        const { victim, line } = starts.get(start)!
        if (pattern.weight === 0) return
        // Without one of its own, the line is about the address of its session.
        const came = address === undefined ? victim.address : formatAddress(address)
        if (came === victim.address) matched++
        else wrong.push({ line, victim, came, by: pattern.name })
      },
      repeated() {},
    })
  }
  return { lines, matched, wrong }
}

describe(`whatever the peer writes, only the true source is found (seed ${SEED}; INJECTION_SEED repeats it)`, () => {
  // The others have nothing of the peer's in their lines.
  const fooling = Object.entries(sets).filter(([, patterns]) => victimsOf(patterns).some(({ fields }) => fields > 0))
  const each = Math.ceil(LINES / fooling.length)
  let total = 0
  for (const [index, [name, patterns]] of fooling.entries()) {
    test(`in lines of ${name}`, (t) => {
      const { lines, matched, wrong } = fuzz(patterns, each, SEED + index)
      total += lines
      t.diagnostic(`${lines} lines, of which ${matched} still gave the true address, ${wrong.length} a wrong one`)
      const shown = wrong
        .slice(0, 5)
        .map(({ line, victim, came, by }) => `${came} by ${by}, not ${victim.address} (${victim.name}): ${JSON.stringify(line)}`)
      assert.deepEqual(shown, [])
      assert.ok(matched > 0, 'no line matched, so nothing was tried')
    })
  }

  test('in as many lines as were asked for', (t) => {
    t.diagnostic(`seed ${SEED}: ${total} lines`)
    assert.ok(total >= LINES, `${total} lines`)
  })
})

test('a pattern that can be fooled is found out', () => {
  const samples = { match: [['login: bob from 203.0.113.9 failed', '203.0.113.9'] as const] }
  const lazy = { name: 'lazy', regex: /^login: (?<user>.*?) from (?<ip>\S+)/, samples }
  const closed = { name: 'closed', regex: /^login: (?<user>.*) from (?<ip>\S+) failed$/, samples }
  assert.notDeepEqual(fuzz([lazy], 2_000, SEED).wrong, [])
  assert.deepEqual(fuzz([closed], 2_000, SEED).wrong, [])
})
