import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Automaton, compileAutomaton } from './automaton.ts'

function automatonOf(regex: RegExp, options?: { statesMax: number }): Automaton {
  const automaton = compileAutomaton(regex, options)
  assert.equal(automaton.kind, 'automaton', `${regex}: ${JSON.stringify(automaton)}`)
  return automaton as Automaton
}

/** What is found in a text: the match, then its groups. */
function textsIn(regex: RegExp, text: string, options?: { statesMax: number }): (string | undefined)[] | undefined {
  const bytes = Buffer.from(text, 'latin1')
  const spans = automatonOf(regex, options).match(bytes, 0, bytes.length)
  if (!spans) return undefined
  return Array.from({ length: spans.length / 2 }, (_, group) => {
    const start = spans[2 * group]!
    return start < 0 ? undefined : text.slice(start, spans[2 * group + 1])
  })
}

function reasonOf(regex: RegExp): string | undefined {
  const compiled = compileAutomaton(regex)
  return compiled.kind === 'inexpressible' ? compiled.reason : undefined
}

describe('an automaton finds what RegExp finds', () => {
  const cases: readonly (readonly [regex: RegExp, text: string, found: readonly (string | undefined)[] | undefined])[] = [
    // The leftmost match, and of those that begin there the one that comes first by priority, not the longest.
    [/b+|a/, 'xxabbb', ['a']],
    [/(a|ab)(c|bcd)?/, 'abcd', ['abcd', 'a', 'bcd']],
    [/a|ab/, 'ab', ['a']],
    [/(?:ab|a)(?:c|bcd)?$/, 'abcd', ['abcd']],
    // Greedy and lazy.
    [/^(.*) from (.*)$/, 'a from b from c', ['a from b from c', 'a from b', 'c']],
    [/^(.*?) from (.*)$/, 'a from b from c', ['a from b from c', 'a', 'b from c']],
    [/a{2,3}?(a*)/, 'aaaa', ['aaaa', 'aa']],
    [/^(a{2,3})(a*)$/, 'aaaa', ['aaaa', 'aaa', 'a']],
    // A turn of a loop begins with its groups undefined, and may not be empty unless it must be made.
    [/^(?:(a)|(b))*$/, 'ab', ['ab', undefined, 'b']],
    [/(a*)*/, 'b', ['', undefined]],
    [/(a*)+/, 'b', ['', '']],
    [/(?:a|())?b/, 'b', ['b', undefined]],
    [/^(?:()|a)*$/, 'aa', ['aa', undefined]],
    [/^(?:(a?)b?){3}$/, 'ab', ['ab', '']],
    [/(z)((a+)?(b+)?(c))*/, 'zaacbbbcac', ['zaacbbbcac', 'z', 'ac', 'a', undefined, 'c']],
    // Anchors and words.
    [/^a|b$/, 'ba', undefined],
    [/^a|b$/, 'ab', ['a']],
    [/\bport\b/, 'report port', ['port']],
    [/\Bport/, 'port report', ['port']],
    [/(?:^|-)a/, 'b-a', ['-a']],
    // Bytes.
    [/^[^a]+$/i, 'bAc', undefined],
    [/^.+/, 'a\xff\0b\nc', ['a\xff\0b']],
    [/^\xe9\xff\xb5$/i, '\xc9\xff\xb5', ['\xc9\xff\xb5']],
    [/[^\s\S]/, 'a', undefined],
  ]
  for (const [regex, text, found] of cases) {
    test(`${regex} in ${JSON.stringify(text)}`, () => {
      const expected = regex.exec(text)
      assert.deepEqual(expected ? [...expected] : undefined, found, 'the case itself')
      assert.deepEqual(textsIn(regex, text), found)
    })
  }

  test('in a line within a larger buffer: what stands around it is not seen, positions are the buffer’s', () => {
    const automaton = automatonOf(/^\bfrom (?<ip>\S+)$/)
    const bytes = Buffer.from('xfrom 192.0.2.1\nfrom 192.0.2.2')
    assert.deepEqual([...automaton.match(bytes, 1, 15)!], [1, 15, 6, 15])
    assert.equal(automaton.groups.get('ip'), 1)
    assert.equal(automaton.match(bytes, 0, 15), undefined)
    assert.equal(automaton.match(bytes, 16, bytes.length)?.[1], bytes.length)
  })

  test('upper and lower case of every byte are the same where they are to RegExp', () => {
    for (let byte = 0; byte < 256; byte++) {
      const regex = new RegExp(`\\x${byte.toString(16).padStart(2, '0')}`, 'i')
      const automaton = automatonOf(regex)
      for (let other = 0; other < 256; other++) {
        const isFound = automaton.match(Uint8Array.of(other), 0, 1) !== undefined
        assert.equal(isFound, regex.test(String.fromCharCode(other)), `${regex} on ${other}`)
      }
    }
  })

  test('a character outside of latin1 is, without regard to case, a byte where it is to RegExp', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte)
    const text = Buffer.from(bytes).toString('latin1')
    for (let code = 256; code <= 0xffff; code++) {
      const letter = String.fromCharCode(code)
      // Only what has an upper case or is one can be folded.
      if (letter.toUpperCase() === letter && letter.toLowerCase() === letter) continue
      const regex = new RegExp(letter, 'i')
      assert.equal(automatonOf(regex).match(bytes, 0, 256)?.[0], regex.exec(text)?.index, letter)
    }
  })
})

describe('the work is linear in the line, whatever the line', () => {
  const line = (length: number) => Buffer.from(`${'a'.repeat(length)}!`)
  const blowUps = [
    /^(a+)+$/,
    /^(a|a)*$/,
    /^(a|aa)+$/,
    /(x+x+)+y/,
    /^(?:.*a){9}$/,
    /^(?:a?){20}a{20}$/,
    /a.*a.*a.*b/,
    /^([a-z]+)*(\d|!)$/,
  ]
  for (const regex of blowUps) {
    test(`${regex} makes at most three lookups a byte once its states are made`, () => {
      const automaton = automatonOf(regex)
      const warm = line(1_000)
      automaton.match(warm, 0, warm.length)
      for (const length of [1_000, 4_000, 16_000]) {
        const bytes = line(length)
        const before = automaton.steps
        automaton.match(bytes, 0, bytes.length)
        assert.ok(automaton.steps - before <= 3 * bytes.length + 4, `${automaton.steps - before} steps for ${length} bytes`)
      }
    })
  }

  /** Letters in an order that never comes again, so that ever new states are reached. */
  const restless = (length: number) => {
    let seed = 1
    return Buffer.from(
      Array.from({ length }, () => {
        seed = (seed * 48_271) % 2_147_483_647
        return seed & 64 ? 'a' : 'b'
      }).join(''),
    )
  }
  const regex = /^(?:a|b)*a(?:a|b){14}(?<rest>c?)$/

  test('a regex with more states than are kept stays within its bound, and takes a bounded number of steps a byte', () => {
    const automaton = automatonOf(regex, { statesMax: 300 })
    for (const length of [1_000, 4_000, 16_000]) {
      const bytes = Buffer.from(`${restless(length)}a${'b'.repeat(14)}`)
      const before = automaton.steps
      assert.ok(automaton.match(bytes, 0, bytes.length))
      assert.ok((automaton.steps - before) / length < 100, `${automaton.steps - before} steps for ${length} bytes`)
      assert.ok(automaton.states <= 300 + 1, `${automaton.states} states`)
    }
  })

  test('states that were forgotten are made again as they were', () => {
    const text = restless(3_000).toString('latin1')
    const backwards = /^(?<first>c?)(?:a|b){14}a(?:a|b)*$/
    for (const some of [regex, backwards, /(b(a+)b(?:a|b){9}a)+?(?:a|b){7}b*$/]) {
      const expected = some.exec(text)
      for (const statesMax of [3, 10, 100, 2_000])
        assert.deepEqual(textsIn(some, text, { statesMax }), expected ? [...expected] : undefined)
    }
  })
})

test('all states that lines can reach are counted, unless they are too many to be kept', () => {
  const automaton = automatonOf(/^ab*$/)
  // At the start, and behind an a or b.
  assert.equal(automaton.explore(), 2)
  assert.equal(automatonOf(/^(?:a|b)*a(?:a|b){14}$/).explore(), undefined)
})

describe('what is no automaton is said with its reason', () => {
  test('lookaround, backreferences and flags', () => {
    assert.equal(reasonOf(/a(?=b)/), 'it has a lookahead, (?=b)')
    assert.equal(reasonOf(/(?<!a)b/), 'it has a lookbehind, (?<!a)')
    assert.equal(reasonOf(/(?<q>["']).*\k<q>/), 'it has a backreference, \\k<q>')
    assert.equal(reasonOf(/^a/m), 'it has the flags "m"')
  })

  test('counts that make it too large, and ways through it that do', () => {
    assert.equal(reasonOf(/^(?:abc){1,2000}$/), 'written out, its counts make it too large')
    assert.equal(reasonOf(/^(?:a?){1000}$/), 'there are too many ways through it')
  })

  test('a count of nothing is nothing, however large', () => {
    assert.deepEqual(textsIn(/^(?:){1000000000}a{0}b{1}$/, 'b'), ['b'])
  })
})
