import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { EITHER_CASE, literalsOf } from './literals.ts'

/** Longer is rarer. */
const share = (literal: string) => literal.length ** -2
/** The literals, letters of either case as `<a>`. */
const found = (regex: RegExp) =>
  literalsOf(regex, share)
    ?.map((literal) =>
      [...literal].map((one) => (one.charCodeAt(0) < EITHER_CASE ? one : `<${String.fromCharCode(one.charCodeAt(0) & 0xff)}>`)),
    )
    .map((all) => all.join('').replaceAll('><', ''))
    .sort()

describe('what every match must contain', () => {
  test('is the longest run of characters', () => {
    assert.deepEqual(found(/^Failed password for (?<user>.*) from (?<ip>\S+) port \d+ ssh2$/), ['Failed password for '])
  })

  test('is one of several, where there are alternatives', () => {
    assert.deepEqual(found(/^(?:Invalid|Illegal) user (?<ip>\S+)/), ['Illegal user ', 'Invalid user '])
    assert.deepEqual(found(/(?:xx|yyy+|z(?:1|2)3)\d/), ['xx', 'yyy', 'z13', 'z23'])
    assert.equal(found(/(?:abc|\d+)/), undefined)
  })

  test('goes on through what may be missing', () => {
    assert.deepEqual(found(/Failed (?:x )?login\d/), ['Failed login', 'Failed x login'])
    assert.deepEqual(found(/ab*c/), ['a'])
    assert.deepEqual(found(/ab+cd{2}e/), ['bcdde'])
  })

  test('holds letters of either case where the regex does', () => {
    assert.deepEqual(found(/\/[a-z]+\/wp-login/i), ['/<wp>-<login>'])
    assert.deepEqual(found(/[Aa]uthentication\d/), ['<a>uthentication'])
  })

  test('is not what stands in a lookaround, which takes nothing', () => {
    assert.deepEqual(found(/a(?=bcd)b(?!efgh)c/), ['abc'])
    assert.deepEqual(found(/(?<=abcd)e$/), ['e'])
  })

  test('is a piece that many have in common, where it is rare', () => {
    const words = ['password-one', 'password-two', 'password-three']
    const rare = (literal: string) => (literal.length >= 8 ? 0 : 1)
    assert.deepEqual(literalsOf(new RegExp(words.join('|')), rare), ['password'])
  })

  test('is nothing, where a match may be anything', () => {
    for (const regex of [/^(?<ip>\S+)$/, /\d+/, /(?:)/, /x*/, /[^a]/]) assert.equal(found(regex), undefined)
  })
})

test('whatever a regex matches contains one of its literals', () => {
  const atom = fc.constantFrom(
    'a',
    'b',
    'A',
    'ab',
    '[ab]',
    '[^b]',
    '.',
    '\\d',
    '1',
    '\\b',
    '(?=a)',
    '(?:)',
    '\\x4a',
    '[a-c1]',
    'é',
  )
  // What repeats without end holds nothing that does: RegExp itself would take for ever.
  const repeated = fc
    .tuple(atom, fc.constantFrom('', '', '', '?', '*', '+', '{2}', '{1,2}', '{0}', '{3,}', '*?'))
    .map(([one, count]) => (/^(?:\\b|\(\?=)/.test(one) ? one : `(?:${one})${count}`))
  const { source } = fc.letrec<{ source: string }>((tie) => ({
    source: fc
      .array(fc.array(fc.oneof({ maxDepth: 3 }, repeated, group(tie('source'))), { maxLength: 4 }), {
        minLength: 1,
        maxLength: 3,
      })
      .map((all) => all.map((sequence) => sequence.join('')).join('|')),
  }))
  const text = fc.array(fc.constantFrom('a', 'b', 'A', 'B', '1', 'J', 'j', '\xe9', '\xc9', '\xc3', ' '), { maxLength: 7 })
  let matched = 0
  fc.assert(
    fc.property(source, fc.constantFrom('', 'i'), fc.array(text, { minLength: 20, maxLength: 60 }), (source, flags, texts) => {
      const regex = new RegExp(source, flags)
      const literals = literalsOf(regex, share)
      for (const parts of texts) {
        const line = parts.join('')
        if (!literals || !regex.test(line)) continue
        matched++
        assert.ok(
          literals.some((literal) => holds(line, literal)),
          `/${source}/${flags} matches "${line}"`,
        )
      }
    }),
    { numRuns: 1_000 },
  )
  assert.ok(matched > 500)
})

function group(source: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(source, fc.constantFrom('', '', '?', '{2}', '{1,2}', '{0}')).map(([inner, count]) => `(?:${inner})${count}`)
}

function holds(line: string, literal: string): boolean {
  for (let from = 0; from + literal.length <= line.length; from++) {
    const isHere = [...literal].every((one, i) => {
      const code = one.charCodeAt(0)
      const byte = line.charCodeAt(from + i)
      return code < EITHER_CASE ? byte === code : (byte | 0x20) === (code & 0xff)
    })
    if (isHere) return true
  }
  return false
}
